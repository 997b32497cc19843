"""Totals that are read bit by bit are those of all that there is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from pipeline.contexts import NOW, context_on
from pipeline.shop import OTHER, Shop, shipped

from cws_filedrop.pipeline import outbox
from cws_filedrop.store.database import stamp
from cws_filedrop.store.doors import audit
from cws_filedrop.store.doors.audit import AuditRow
from cws_filedrop.store.lists import outcomes
from cws_filedrop.store.lists.outcomes import LatencyCounts, OutcomeFigures, TimedStep
from cws_filedrop.store.schema import UPLOADS
from cws_filedrop.store.uploads import uploads

pytestmark = pytest.mark.postgres

LIMITS = (1.0, 100.0)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """A shop."""
    context = context_on(tmp_path)
    yield Shop(context)
    context.db.close()


def answered(shop: Shop, *, seconds: float) -> None:
    """A file arrives, is sent, answered, and had its receipt so many seconds later."""
    upload_id = shop.drop(shipped(), shipped(order=OTHER), "4711\tshipped\t\t\t\t\t")
    if shop.files == 1:
        shop.answered({})
    then = replace(shop.context, clock=lambda: NOW + timedelta(seconds=seconds))
    assert outbox.answer(then, uploads.some(shop.context.db, [upload_id])) == []


def told(found: OutcomeFigures) -> tuple[object, ...]:
    return (found.lines(), found.uploads(), *(found.seconds(step) for step in TimedStep), found.doors())


def entry(shop: Shop, event: str) -> None:
    row = AuditRow(stamp(NOW), event, "anna", "192.0.2.7", "sftp", "WinSCP", "", "", None, "", 1)
    audit.add(shop.context.db, [row])


@pytest.mark.parametrize("hours", [0, 24 * 400], ids=["while it is new", "when it is long ago"])
def test_what_was_counted_before_is_not_counted_again(shop: Shop, hours: int) -> None:
    later = lambda: NOW + timedelta(hours=hours)  # noqa: E731
    found = OutcomeFigures(shop.context.db, LIMITS, later)
    assert told(found) == ({}, {}, *[LatencyCounts([0, 0], 0, 0.0)] * 3, {})
    answered(shop, seconds=0.5)
    entry(shop, "login")
    once = told(found)
    assert once == told(found) == told(OutcomeFigures(shop.context.db, LIMITS, later))
    assert once[:2] == ({"confirmed": 2, "rejected": 1}, {"ftp": 1})
    assert once[2] == LatencyCounts([1, 1], 1, pytest.approx(0.5, abs=0.01))
    answered(shop, seconds=50)
    entry(shop, "login")
    twice = told(found)
    assert twice == told(OutcomeFigures(shop.context.db, LIMITS, later))
    assert twice[:2] == ({"confirmed": 2, "duplicate": 2, "rejected": 2}, {"ftp": 2})
    assert twice[2] == LatencyCounts([1, 2], 2, pytest.approx(50.5, abs=0.01))
    assert twice[-1] == {("sftp", "login"): 2}


def test_an_upload_that_is_in_work_keeps_the_mark_back(shop: Shop) -> None:
    found = OutcomeFigures(shop.context.db, LIMITS, lambda: NOW + timedelta(days=400))
    shop.drop(shipped())
    shop.submitted()
    told(found)
    answered(shop, seconds=1)
    shop.settled(1, {})
    with shop.context.db.write() as connection:
        connection.execute(UPLOADS.update().values(answered_at=stamp(NOW)))
    assert found.seconds(TimedStep.RECEIPT).number == found.seconds(TimedStep.ANSWER).number + 1 == 2


def test_a_long_trail_is_read_from_near_its_end(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    found = OutcomeFigures(shop.context.db, LIMITS, lambda: NOW)
    rows = [AuditRow(stamp(NOW), "login", "anna", "", "ftp", "", "", "", None, "", 2)] * (outcomes.FAR_BEHIND + 500)
    audit.add(shop.context.db, rows)
    assert found.doors() == {("ftp", "login"): 2 * len(rows)}
    audit.forget(shop.context.db, before=NOW + timedelta(days=1))
    entry(shop, "login")
    assert found.doors()["ftp", "login"] == 2 * 499, "counted before they were forgotten"
