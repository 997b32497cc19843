"""Only what changed of who is here is told on; a book that fails is tried again."""

from __future__ import annotations

from collections.abc import Collection

import pytest
from transports.doors_kit import wait_for

from cws_filedrop.drop.audit_events import AuditEvent
from cws_filedrop.gate import connections as module
from cws_filedrop.gate.connections import ConnectionRecord, ConnectionRegistry
from cws_filedrop.gate.logins import OpenSessions, SellerLogin, SessionInfo


class Guest:
    """A connection that is told what to say of itself."""

    def __init__(self, name: str) -> None:
        self.login: SellerLogin | None = SellerLogin(name, 1)
        self.busy = False
        self.dismissed: list[str] = []

    def info(self) -> SessionInfo:
        return SessionInfo("ftp", "192.0.2.1", "curl", self.busy)

    def dismiss(self, words: str) -> None:
        self.dismissed.append(words)


class Book:
    """Keeps what it was told; fails as often as it is to."""

    def __init__(self) -> None:
        self.stays: dict[str, ConnectionRecord] = {}
        self.calls = 0
        self.asked = 0
        self.failures = 0
        self.wanted: list[str] = []

    def keep(self, stays: Collection[ConnectionRecord], gone: Collection[str]) -> None:
        self.calls += 1
        if self.failures:
            self.failures -= 1
            raise OSError("no book today")
        self.stays |= {one.id: one for one in stays}
        for one in gone:
            del self.stays[one]

    def to_end(self) -> Collection[str]:
        self.asked += 1
        return self.wanted


@pytest.fixture(autouse=True)
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_LOOK_SECONDS", 0.01)


def test_nothing_is_told_while_nothing_changes() -> None:
    presence, book, seen = OpenSessions(), Book(), list[AuditEvent]()
    registry = ConnectionRegistry(book, presence.everyone, seen.append)
    registry.start()
    anna = Guest("anna")
    assert anna.login is not None
    assert presence.enter(anna.login, anna) == ""
    wait_for(lambda: book.stays)
    (stay,) = book.stays.values()
    asked = book.asked
    wait_for(lambda: book.asked > asked + 5)
    assert book.calls == 1
    anna.busy = True
    wait_for(lambda: book.stays[stay.id].info.busy)
    assert book.stays[stay.id].since == stay.since
    book.wanted = [stay.id]
    wait_for(lambda: anna.dismissed)
    presence.leave(anna.login, anna)
    wait_for(lambda: not book.stays)
    registry.stop()
    assert {deed.detail for deed in seen} == {"an operator closed the connection"}


def test_what_could_not_be_kept_is_kept_later_and_nobody_is_left_at_the_end() -> None:
    presence, book = OpenSessions(), Book()
    book.failures = 3
    registry = ConnectionRegistry(book, presence.everyone, lambda _: None)
    anna, stranger = Guest("anna"), Guest("eve")
    for one in (anna, stranger):
        assert one.login is not None
        presence.enter(one.login, one)
    stranger.login = None
    registry.start()
    wait_for(lambda: book.stays)
    assert [one.seller for one in book.stays.values()] == ["anna"]
    registry.stop()
    assert book.stays == {}
