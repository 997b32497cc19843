"""Answers and results that were due and that nothing delivered are found in the tables."""

from __future__ import annotations

from datetime import timedelta

import pytest
from store.conftest import NOW
from store.test_feeds import filled, queue

from cws_filedrop.model import FeedState, Verdict
from cws_filedrop.store.database import Database, stamp
from cws_filedrop.store.feeds import feeds, returning, settling
from cws_filedrop.store.feeds.settling import Settlement
from cws_filedrop.store.schema import UPLOADS
from cws_filedrop.store.uploads import lines, uploads, verdict_counts

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


def test_a_result_is_due_whose_lines_nobody_knew_of_when_they_were_counted(db: Database) -> None:
    """A feed that waits for a person has unknown lines; its upload waits, whatever is counted of it meanwhile."""
    account = queue(db, ID, ["1"])
    verdict_counts.answered(db, [ID], at=stamp(NOW), waiting=[ID])
    feed_no = filled(db, account)
    feeds.mark_unknown(db, feed_no)
    verdict_counts.renew(db, [ID], at=stamp(NOW))
    assert verdict_counts.of_upload(db, ID) == {("unknown", ""): 1}
    feeds.submitted(db, feed_no, amazon_feed_id="F1", now=NOW)
    settling.settle(db, feed_no, Settlement(Verdict.CONFIRMED, "", "ok", {}), now=NOW)
    assert verdict_counts.undelivered(db, before=LATER) == [(ID, "result")]
    verdict_counts.renew(db, [ID], at=stamp(NOW))
    assert verdict_counts.undelivered(db, before=LATER) == [(ID, "result")]


def test_the_next_result_of_lines_that_go_again_is_due(db: Database) -> None:
    account = queue(db, ID, ["1"])
    feed_no = filled(db, account)
    feeds.submitted(db, feed_no, amazon_feed_id="F1", now=NOW)
    settling.settle(db, feed_no, Settlement(Verdict.UNKNOWN, "", "lost", {}), now=NOW)
    verdict_counts.answered(db, [ID], at=stamp(NOW))
    assert verdict_counts.undelivered(db, before=LATER) == []
    (number,) = [row.line for piece in lines.of_upload(db, ID) for row in piece]
    with db.write() as connection:
        assert returning.again_in(connection, account, [(ID, number)], now=NOW) == 1
    (waiting,) = returning.waiting(db)
    feeds.change(db, waiting.no, state=FeedState.FILLED)
    feeds.submitted(db, waiting.no, amazon_feed_id="F2", now=NOW)
    settling.settle(db, waiting.no, Settlement(Verdict.CONFIRMED, "", "ok", {}), now=NOW)
    assert verdict_counts.undelivered(db, before=LATER) == [(ID, "result")]
