"""Answers and results that were due and that nothing delivered are found in the tables."""

from __future__ import annotations

from datetime import timedelta

import pytest
from store.conftest import NOW
from store.test_feeds import filled, queue

from cws_filedrop.model import Verdict
from cws_filedrop.store.database import Database, stamp
from cws_filedrop.store.feeds import feeds, settling
from cws_filedrop.store.feeds.settling import Settlement
from cws_filedrop.store.schema import UPLOADS
from cws_filedrop.store.uploads import uploads, verdict_counts

pytestmark = pytest.mark.postgres

ID = f"{NOW:%Y%m%d-%H%M%S}-abcd"
LATER = NOW + timedelta(minutes=11)


def test_a_result_is_due_until_it_is_delivered(db: Database) -> None:
    account = queue(db, ID, ["1", "2"])
    with db.write() as connection:
        connection.execute(UPLOADS.update().values(arrived_at=stamp(NOW)))
    assert verdict_counts.undelivered(db, before=LATER) == [(ID, "answer")]
    assert verdict_counts.undelivered(db, before=NOW) == [], "it may be in hand"
    verdict_counts.answered(db, [ID], at=stamp(NOW))
    assert verdict_counts.undelivered(db, before=LATER) == []
    feed_no = filled(db, account)
    feeds.submitted(db, feed_no, amazon_feed_id="F1", now=NOW)
    settling.settle(db, feed_no, Settlement(Verdict.CONFIRMED, "", "ok", {}), now=NOW)
    assert verdict_counts.undelivered(db, before=LATER) == [(ID, "result")]
    assert verdict_counts.undelivered(db, before=NOW) == []
    verdict_counts.answered(db, [ID], at=stamp(LATER))
    assert verdict_counts.undelivered(db, before=LATER) == []


def test_what_nobody_has_read_yet_has_no_answer_to_deliver(db: Database) -> None:
    queue(db, ID, ["1"])
    with db.write() as connection:
        connection.execute(UPLOADS.update().values(arrived_at=stamp(NOW), state="arrived"))
    assert uploads.in_state(db, uploads.UploadState.ARRIVED) == [ID]
    assert verdict_counts.undelivered(db, before=LATER) == []
