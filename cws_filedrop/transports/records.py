"""What the doors ask of the database and keep in it: who may come in, the guard's memory, the audit trail.

Every process that lets sellers in uses the same.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import paramiko

from cws_filedrop import passwords
from cws_filedrop.drop.deeds import Deed
from cws_filedrop.store import audit as trail
from cws_filedrop.store import connections, keys, sellers
from cws_filedrop.store import guard as records
from cws_filedrop.store.audit import Row
from cws_filedrop.store.database import Database, stamp
from cws_filedrop.store.guard import Record
from cws_filedrop.store.sellers import Access
from cws_filedrop.transports.audit import Entry
from cws_filedrop.transports.concierge import Stay
from cws_filedrop.transports.logins import SellerLogin, Told


class Rows:
    """Who may come in, by the sellers' rows."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def authenticate(self, name: str, password: str) -> SellerLogin | None:
        """The seller of that name and password. Takes as long for an unknown name as for a wrong password."""
        kept = self._access(name)
        right = passwords.matches(None if kept is None else kept.password_hash, password)
        return _login(name, kept) if right and kept is not None else None

    def in_clear(self, name: str, password: str) -> SellerLogin | None:
        """The same for a password that came unencrypted: only one that was made for that."""
        kept = self._access(name)
        right = passwords.matches(None if kept is None else kept.clear_password_hash, password)
        return _login(name, kept) if right and kept is not None else None

    def by_key(self, name: str, key: paramiko.PKey) -> SellerLogin | None:
        """The seller of that name, if the key is one of its own."""
        kept, text = self._access(name), f"{key.get_name()} {key.get_base64()}"
        if kept is None or not keys.holds(self._db, kept.seller_id, key.fingerprint, text):
            return None
        return _login(name, kept)

    def current(self, names: Collection[str]) -> Mapping[str, int]:
        """The versions of sellers' logins; those that may not come in any more are missing."""
        return sellers.versions(self._db, names, datetime.now(UTC))

    def _access(self, name: str) -> Access | None:
        return sellers.access(self._db, name, datetime.now(UTC))


class Shelf:
    """The guard's memory, in the database."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def load(self) -> list[Record]:
        return records.load(self._db)

    def save(self, found: Iterable[Record], *, forget: Iterable[tuple[str, str]]) -> None:
        records.save(self._db, found, forget=forget)


class Register:
    """Who is connected, in the database."""

    def __init__(self, db: Database, process: str) -> None:
        self._db = db
        self._process = process
        connections.begin(db, process)

    def keep(self, stays: Collection[Stay], gone: Collection[str]) -> None:
        """Keep what is new, forget who is gone."""
        rows = [
            {"id": one.id, "seller": one.seller, "since": stamp(one.since), **_fields_of(one.told)} for one in stays
        ]
        connections.keep(self._db, self._process, rows, gone)

    def to_end(self) -> Collection[str]:
        """Those that an operator wants closed."""
        return connections.to_end(self._db, self._process)


def _fields_of(told: Told) -> dict[str, Any]:
    return {name: getattr(told, name) for name in Told.__slots__}


class Trail:
    """The audit trail, in the database."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def add(self, entries: Sequence[Entry]) -> None:
        """Keep some entries."""
        rows = [Row(at=stamp(one.at), times=one.times, **_fields(one.deed)) for one in entries]
        trail.add(self._db, rows)


def _fields(deed: Deed) -> dict[str, Any]:
    """What `asdict` would give, which copies every text as if it could change, and takes longer than all the rest."""
    return {name: getattr(deed, name) for name in Deed.__slots__}


def _login(name: str, kept: Access) -> SellerLogin:
    return SellerLogin(name=name.lower(), version=kept.version, networks=kept.networks, allowance=kept.allowance)
