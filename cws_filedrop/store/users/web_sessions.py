"""Browsers that are logged in: one row each. The cookie's value is stored nowhere, only its hash."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from cws_filedrop.errors import expected
from cws_filedrop.model import Role
from cws_filedrop.store.database import Database, stamp
from cws_filedrop.store.schema import SELLERS, USERS, WEB_SESSIONS

LONGEST_AGENT: Final = 200
_ID_LETTERS: Final = 12  # of a hash, which opens nothing


@dataclass(frozen=True, slots=True)
class WebSession:
    """Who is logged in with a browser: a user (then it has a role) or a seller. Moments are stamps."""

    token_hash: str
    csrf: str
    second_due: bool  # the second factor is still to be asked for
    created_at: str
    seen_at: str
    user_id: int | None
    seller_id: int | None
    name: str
    role: Role | None

    @property
    def the_user(self) -> int:
        """The user's id. Raises: Impossible, when it is a seller's session."""
        return expected(self.user_id, "user of an operator's session")

    @property
    def the_seller(self) -> int:
        """The seller's id. Raises: Impossible, when it is a user's session."""
        return expected(self.seller_id, "seller of a seller's session")


def begin(
    db: Database,
    *,
    user_id: int | None = None,
    seller_id: int | None = None,
    version: int,
    second_due: bool = False,
    address: str,
    agent: str = "",
    now: datetime,
) -> str:
    """Log a browser in as a user or as a seller. Returns the value for its cookie."""
    token = secrets.token_urlsafe(32)
    row = {
        "token_hash": _hashed(token),
        "user_id": user_id,
        "seller_id": seller_id,
        "version": version,
        "second_due": second_due,
        "csrf": secrets.token_urlsafe(24),
        "address": address,
        "agent": agent[:LONGEST_AGENT],
        "created_at": stamp(now),
        "seen_at": stamp(now),
    }
    with db.write() as connection:
        connection.execute(WEB_SESSIONS.insert().values(row))
    return token


def find(db: Database, token: str, *, idle_since: datetime, begun_since: datetime, now: datetime) -> WebSession | None:
    """The session of a cookie, unless it has ended: by time, or because its user or seller may not log in any more."""
    names = ("token_hash", "csrf", "second_due", "created_at", "seen_at", "user_id", "seller_id")
    query = _live(names, idle_since=idle_since, begun_since=begun_since, now=now).add_columns(USERS.c.role)
    with db.read() as connection:
        row: Any = connection.execute(query.where(WEB_SESSIONS.c.token_hash == _hashed(token))).first()
    return None if row is None else WebSession(**{**row._mapping, "role": Role(row.role) if row.role else None})


def _live(names: Iterable[str], *, idle_since: datetime, begun_since: datetime, now: datetime) -> sa.Select[Any]:
    """Sessions that have not ended, with these columns and the name of whose each is."""
    kept = WEB_SESSIONS.c
    joined = WEB_SESSIONS.outerjoin(USERS, USERS.c.id == kept.user_id)
    joined = joined.outerjoin(SELLERS, SELLERS.c.id == kept.seller_id)
    user = sa.and_(USERS.c.enabled, USERS.c.version == kept.version)
    unexpired = sa.or_(SELLERS.c.expires_at.is_(None), SELLERS.c.expires_at > stamp(now))
    seller = sa.and_(SELLERS.c.enabled, SELLERS.c.removed_at.is_(None), SELLERS.c.version == kept.version, unexpired)
    name = sa.func.coalesce(USERS.c.name, SELLERS.c.name).label("name")
    query = sa.select(*(kept[one] for one in names), name).select_from(joined)
    return query.where(kept.seen_at >= stamp(idle_since), kept.created_at >= stamp(begun_since), sa.or_(user, seller))


@dataclass(frozen=True, slots=True)
class ListedSession:
    """A browser that is logged in, as it is listed; moments are stamps."""

    token_hash: str
    is_seller: bool
    name: str
    address: str
    agent: str
    created_at: str
    seen_at: str

    @property
    def id(self) -> str:
        """What it is called in lists."""
        return self.token_hash[:_ID_LETTERS]


def listing(db: Database, *, idle_since: datetime, begun_since: datetime, now: datetime) -> list[ListedSession]:
    """Every session that has not ended, the latest first; but for those that still lack a code."""
    names = ("token_hash", "seller_id", "address", "agent", "created_at", "seen_at")
    query = _live(names, idle_since=idle_since, begun_since=begun_since, now=now).where(~WEB_SESSIONS.c.second_due)
    with db.read() as connection:
        rows = connection.execute(query.order_by(WEB_SESSIONS.c.seen_at.desc(), WEB_SESSIONS.c.token_hash)).all()
    return [ListedSession(row.token_hash, row.seller_id is not None, row.name, *row[2:6]) for row in rows]


def end_in(connection: sa.Connection, token_hashes: Iterable[str]) -> int:
    """Log browsers out. Returns how many that were."""
    gone = WEB_SESSIONS.delete().where(WEB_SESSIONS.c.token_hash.in_(list(token_hashes)))
    return connection.execute(gone).rowcount


def seen(db: Database, session: WebSession, *, now: datetime) -> None:
    """Note that a session is in use."""
    with db.write() as connection:
        mine = WEB_SESSIONS.c.token_hash == session.token_hash
        connection.execute(WEB_SESSIONS.update().where(mine).values(seen_at=stamp(now)))


def end(db: Database, session: WebSession) -> None:
    """Log a browser out."""
    with db.write() as connection:
        connection.execute(WEB_SESSIONS.delete().where(WEB_SESSIONS.c.token_hash == session.token_hash))


def forget(db: Database, *, before: datetime) -> int:
    """Remove sessions that were last used before a moment. Returns how many."""
    with db.write() as connection:
        return connection.execute(WEB_SESSIONS.delete().where(WEB_SESSIONS.c.seen_at < stamp(before))).rowcount


def _hashed(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
