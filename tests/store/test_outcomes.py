"""Totals that are read bit by bit are those of all that there is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from pipeline.desks import NOW, desk_on
from pipeline.shop import OTHER, Shop, shipped

from cws_filedrop.pipeline import outbox
from cws_filedrop.store import audit, outcomes, uploads
from cws_filedrop.store.audit import Row
from cws_filedrop.store.database import stamp
from cws_filedrop.store.outcomes import Counted, Outcomes, Step
from cws_filedrop.store.schema import UPLOADS

LIMITS = (1.0, 100.0)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """A shop."""
    desk = desk_on(tmp_path)
    yield Shop(desk)
    desk.db.close()


def answered(shop: Shop, *, seconds: float) -> None:
    """A file arrives, is sent, answered, and had its receipt so many seconds later."""
    upload_id = shop.drop(shipped(), shipped(order=OTHER), "4711\tshipped\t\t\t\t\t")
    if shop.files == 1:
        shop.answered({})
    then = replace(shop.desk, clock=lambda: NOW + timedelta(seconds=seconds))
    assert outbox.answer(then, uploads.some(shop.desk.db, [upload_id])) == []


def told(found: Outcomes) -> tuple[object, ...]:
    return (found.lines(), found.uploads(), *(found.seconds(step) for step in Step), found.doors())


def entry(shop: Shop, event: str) -> None:
    row = Row(stamp(NOW), event, "anna", "192.0.2.7", "sftp", "WinSCP", "", "", None, "", 1)
    audit.add(shop.desk.db, [row])


@pytest.mark.parametrize("hours", [0, 24 * 400], ids=["while it is new", "when it is long ago"])
def test_what_was_counted_before_is_not_counted_again(shop: Shop, hours: int) -> None:
    later = lambda: NOW + timedelta(hours=hours)  # noqa: E731
    found = Outcomes(shop.desk.db, LIMITS, later)
    assert told(found) == ({}, {}, *[Counted([0, 0], 0, 0.0)] * 3, {})
    answered(shop, seconds=0.5)
    entry(shop, "login")
    once = told(found)
    assert once == told(found) == told(Outcomes(shop.desk.db, LIMITS, later))
    assert once[:2] == ({"confirmed": 2, "rejected": 1}, {"ftp": 1})
    assert once[2] == Counted([1, 1], 1, pytest.approx(0.5, abs=0.01))
    answered(shop, seconds=50)
    entry(shop, "login")
    twice = told(found)
    assert twice == told(Outcomes(shop.desk.db, LIMITS, later))
    assert twice[:2] == ({"confirmed": 2, "duplicate": 2, "rejected": 2}, {"ftp": 2})
    assert twice[2] == Counted([1, 2], 2, pytest.approx(50.5, abs=0.01))
    assert twice[-1] == {("sftp", "login"): 2}


def test_an_upload_that_is_in_work_keeps_the_mark_back(shop: Shop) -> None:
    found = Outcomes(shop.desk.db, LIMITS, lambda: NOW + timedelta(days=400))
    shop.drop(shipped())
    shop.submitted()
    told(found)
    answered(shop, seconds=1)
    shop.settled(1, {})
    with shop.desk.db.write() as connection:
        connection.execute(UPLOADS.update().values(answered_at=stamp(NOW)))
    assert found.seconds(Step.RECEIPT).number == found.seconds(Step.ANSWER).number + 1 == 2


def test_a_long_trail_is_read_from_near_its_end(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    found = Outcomes(shop.desk.db, LIMITS, lambda: NOW)
    rows = [Row(stamp(NOW), "login", "anna", "", "ftp", "", "", "", None, "", 2)] * (outcomes.FAR_BEHIND + 500)
    audit.add(shop.desk.db, rows)
    assert found.doors() == {("ftp", "login"): 2 * len(rows)}
    audit.forget(shop.desk.db, before=NOW + timedelta(days=1))
    entry(shop, "login")
    assert found.doors()["ftp", "login"] == 2 * 499, "counted before they were forgotten"
