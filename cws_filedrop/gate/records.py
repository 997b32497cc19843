"""What doors read from the database and keep in it: who may log in, the guard's memory, connections, audit trail.

Shared by every process that lets sellers in.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol

from cws_filedrop.credentials import passwords
from cws_filedrop.drop.audit_events import AuditEvent
from cws_filedrop.gate.audit import AuditEntry
from cws_filedrop.gate.connections import ConnectionRecord
from cws_filedrop.gate.logins import SellerLogin, SessionInfo
from cws_filedrop.store.database import Database, stamp
from cws_filedrop.store.doors import audit, connections, guard
from cws_filedrop.store.doors.audit import AuditRow
from cws_filedrop.store.doors.guard import FailureRecord
from cws_filedrop.store.sellers import keys, sellers
from cws_filedrop.store.sellers.sellers import Access


class OfferedKey(Protocol):
    """A public key that a client has proved to hold (paramiko.PKey)."""

    @property
    def fingerprint(self) -> str: ...
    def get_name(self) -> str: ...
    def get_base64(self) -> str: ...


class SellerRows:
    """Who may log in, by the sellers' rows."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def authenticate(self, name: str, password: str) -> SellerLogin | None:
        """The seller of that name and password.

        Takes as long for an unknown name as for a wrong password, so that names cannot be found out by the clock.
        """
        kept = self._access(name)
        right = passwords.matches(None if kept is None else kept.password_hash, password)
        return _login(name, kept) if right and kept is not None else None

    def in_clear(self, name: str, password: str) -> SellerLogin | None:
        """The same for a password that came unencrypted: only one made for that is accepted."""
        kept = self._access(name)
        right = passwords.matches(None if kept is None else kept.clear_password_hash, password)
        return _login(name, kept) if right and kept is not None else None

    def by_key(self, name: str, key: OfferedKey) -> SellerLogin | None:
        """The seller of that name, if the key is one of its own."""
        kept, text = self._access(name), f"{key.get_name()} {key.get_base64()}"
        if kept is None or not keys.holds(self._db, kept.seller_id, key.fingerprint, text):
            return None
        return _login(name, kept)

    def current(self, names: Collection[str]) -> Mapping[str, int]:
        """The versions of sellers' logins; those who may not log in any more are missing."""
        return sellers.versions(self._db, names, datetime.now(UTC))

    def _access(self, name: str) -> Access | None:
        return sellers.access(self._db, name, datetime.now(UTC))


class DatabaseGuardStore:
    """The guard's memory, in the database."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def load(self) -> list[FailureRecord]:
        return guard.load(self._db)

    def save(self, records: Iterable[FailureRecord], *, forget: Iterable[tuple[str, str]]) -> None:
        guard.save(self._db, records, forget=forget)


class DatabaseConnectionStore:
    """Who is connected, in the database."""

    def __init__(self, db: Database, process: str) -> None:
        self._db = db
        self._process = process
        connections.begin(db, process)

    def keep(self, connected: Collection[ConnectionRecord], gone: Collection[str]) -> None:
        """Keep what is new, forget what is gone."""
        rows = [
            {"id": record.id, "seller": record.seller, "since": stamp(record.since), **_info_fields(record.info)}
            for record in connected
        ]
        connections.keep(self._db, self._process, rows, gone)

    def to_end(self) -> Collection[str]:
        """The ids of those that an operator wants closed."""
        return connections.to_end(self._db, self._process)


def _info_fields(info: SessionInfo) -> dict[str, Any]:
    return {name: getattr(info, name) for name in SessionInfo.__slots__}


class DatabaseAuditStore:
    """The audit trail, in the database."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def add(self, entries: Sequence[AuditEntry]) -> None:
        """Keep some entries."""
        with self._db.write() as connection:
            audit.add_in(connection, [_row(entry) for entry in entries if not entry.further])
            audit.add_up_in(connection, [_row(entry) for entry in entries if entry.further])


def _row(entry: AuditEntry) -> AuditRow:
    return AuditRow(at=stamp(entry.at), times=entry.times, **_event_fields(entry.what))


def _event_fields(event: AuditEvent) -> dict[str, Any]:
    """What `asdict` would give; that copies every value deeply, and takes longer than all the rest."""
    return {name: getattr(event, name) for name in AuditEvent.__slots__}


def _login(name: str, kept: Access) -> SellerLogin:
    return SellerLogin(name=name.lower(), version=kept.version, networks=kept.networks, allowance=kept.allowance)
