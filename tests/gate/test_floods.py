"""What a flood becomes in the audit trail: few rows with a count, nothing lost, and a gap is told."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from databases import lay_database

from cws_filedrop.drop.audit_events import AuditEvent, AuditEventKind
from cws_filedrop.gate.audit import Audit, AuditEntry
from cws_filedrop.gate.floods import FURTHER, Floods
from cws_filedrop.gate.records import DatabaseAuditStore
from cws_filedrop.store.database import Database, default_url
from cws_filedrop.store.doors import audit, audit_exports

NOW = datetime(2026, 11, 22, 12, 0, 5, tzinfo=UTC)
FIRST = 10  # refusals of an address in a minute, kept one by one


def refused(number: int = 0, address: str = "192.0.2.1") -> AuditEvent:
    return AuditEvent(event=AuditEventKind.LOGIN_REFUSED, seller=f"guess{number}", address=address, door="sftp")


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    lay_database(tmp_path)
    opened = Database(default_url(tmp_path))
    yield opened
    opened.close()


def test_thousands_of_guesses_are_a_few_rows_whatever_the_names(db: Database) -> None:
    trail = Audit(DatabaseAuditStore(db))
    for number in range(3_000):
        trail.note(refused(number))
        if number % 1_000 == 0:
            trail.note(AuditEvent(event=AuditEventKind.UPLOAD, seller="acme", name=str(number)))
    trail.start()
    trail.stop()
    rows = audit.listing(db, event="login-refused", limit=10_000)
    assert sum(one.times for one in rows) == 3_000
    assert len(rows) <= 2 * (FIRST + 1), "of two minutes at most"
    assert [one.name for one in audit.listing(db, event="upload")] == ["2000", "1000", "0"]


def test_the_first_of_a_minute_are_kept_one_by_one_and_the_next_minute_begins_anew() -> None:
    floods = Floods()
    for minute in range(2):
        at = NOW + timedelta(minutes=minute)
        kept = [floods.sorted_in(refused(number), at) for number in range(30)]
        assert kept[:FIRST] == [refused(number) for number in range(FIRST)]
        assert {(one.event, one.seller, one.address, one.detail) for one in kept[FIRST:]} == {
            (AuditEventKind.LOGIN_REFUSED, "", "192.0.2.1", FURTHER)
        }


def test_another_address_or_kind_is_not_counted_with_it() -> None:
    floods = Floods()
    for number in range(50):
        floods.sorted_in(refused(number), NOW)
    for event in (refused(1, "192.0.2.2"), AuditEvent(event=AuditEventKind.REFUSED, address="192.0.2.1")):
        assert floods.sorted_in(event, NOW) is event


def test_a_flood_from_many_addresses_is_counted_in_all() -> None:
    floods = Floods()
    kept = [floods.sorted_in(refused(number, f"192.0.{number // 256}.{number % 256}"), NOW) for number in range(5_000)]
    assert len({(one.seller, one.address) for one in kept}) <= 2_001


def test_what_came_and_went_is_never_counted() -> None:
    floods = Floods()
    for kind in (AuditEventKind.UPLOAD, AuditEventKind.DELETE, AuditEventKind.RENAME, AuditEventKind.TOKENS):
        events = [AuditEvent(event=kind, seller="acme", name="a.txt") for _ in range(3_000)]
        assert all(floods.sorted_in(event, NOW) is event for event in events)


def further(times: int) -> AuditEntry:
    what = AuditEvent(event=AuditEventKind.LOGIN_REFUSED, address="192.0.2.1", detail=FURTHER)
    return AuditEntry(NOW.replace(second=0), what, times, further=True)


def test_what_is_counted_later_in_the_minute_is_added_to_the_same_row(db: Database) -> None:
    store = DatabaseAuditStore(db)
    for times in (7, 5):
        store.add([further(times)])
    assert [one.times for one in audit.listing(db)] == [12]
    audit_exports.keep(db, "syslog", audit_exports.newest(db), now=NOW)
    store.add([further(3)])
    assert [one.times for one in audit.listing(db)] == [3, 12], "what was exported already is not changed any more"


class Away:
    """A database that is away for a while."""

    def __init__(self) -> None:
        self.entries: list[AuditEntry] = []
        self.away = True

    def add(self, entries: Sequence[AuditEntry]) -> None:
        if self.away:
            raise OSError("away")
        self.entries += entries


def test_when_more_come_than_can_be_remembered_an_entry_says_how_many_are_missing() -> None:
    store = Away()
    trail = Audit(store, most_waiting=100)
    for number in range(150):
        trail.note(AuditEvent(event=AuditEventKind.UPLOAD, seller="acme", name=str(number)))
    store.away = False
    trail.start()
    trail.stop()
    names = [one.what.name for one in store.entries if one.what.event is AuditEventKind.UPLOAD]
    assert names == [str(number) for number in range(100)]
    (gap,) = [one for one in store.entries if one.what.event is AuditEventKind.GAP]
    assert gap.times == 50
