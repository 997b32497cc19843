"""Browsers that are logged in: one row each. The cookie's value is stored nowhere, only its hash."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from cws_filedrop.errors import expected
from cws_filedrop.model import Role
from cws_filedrop.store.database import Database, stamp
from cws_filedrop.store.schema import SELLERS, USERS, WEB_SESSIONS


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
        "created_at": stamp(now),
        "seen_at": stamp(now),
    }
    with db.write() as connection:
        connection.execute(WEB_SESSIONS.insert().values(row))
    return token


def find(db: Database, token: str, *, idle_since: datetime, begun_since: datetime, now: datetime) -> WebSession | None:
    """The session of a cookie, unless it has ended: by time, or because its user or seller may not log in any more."""
    kept = WEB_SESSIONS.c
    joined = WEB_SESSIONS.outerjoin(USERS, USERS.c.id == kept.user_id).outerjoin(
        SELLERS, SELLERS.c.id == kept.seller_id
    )
    user = sa.and_(USERS.c.enabled, USERS.c.version == kept.version)
    unexpired = sa.or_(SELLERS.c.expires_at.is_(None), SELLERS.c.expires_at > stamp(now))
    seller = sa.and_(SELLERS.c.enabled, SELLERS.c.removed_at.is_(None), SELLERS.c.version == kept.version, unexpired)
    query = sa.select(
        *(kept[name] for name in ("token_hash", "csrf", "second_due", "created_at", "seen_at", "user_id", "seller_id")),
        sa.func.coalesce(USERS.c.name, SELLERS.c.name).label("name"),
        USERS.c.role,
    ).select_from(joined)
    query = query.where(kept.token_hash == _hashed(token), kept.seen_at >= stamp(idle_since))
    query = query.where(kept.created_at >= stamp(begun_since), sa.or_(user, seller))
    with db.read() as connection:
        row: Any = connection.execute(query).first()
    return None if row is None else WebSession(**{**row._mapping, "role": Role(row.role) if row.role else None})


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
