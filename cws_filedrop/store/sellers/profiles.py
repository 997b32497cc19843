"""Sellers' profiles: rows in, `model.Profile` out. Knows nothing of what a profile says."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Final

import sqlalchemy as sa

from cws_filedrop import log
from cws_filedrop.errors import ConfigError
from cws_filedrop.formats import profile
from cws_filedrop.model import Profile
from cws_filedrop.store.database import Database, stamp
from cws_filedrop.store.schema import PROFILES, SELLERS

LOG: Final = log.get(__name__)


@dataclass(frozen=True, slots=True)
class StoredProfile:
    """A profile as it is kept."""

    name: str
    text: str
    changed_at: str


def put(db: Database, seller_id: int, name: str, text: str, *, now: datetime) -> bool:
    """Store a profile, replacing one of the same name; true when there was none."""
    values = {"text": text, "changed_at": stamp(now)}
    with db.write() as connection:
        changed = connection.execute(PROFILES.update().where(*_same(seller_id, name)).values(values)).rowcount > 0
        if not changed:
            connection.execute(PROFILES.insert().values(seller_id=seller_id, name=name, **values))
    return not changed


def listing(db: Database, seller_id: int) -> list[StoredProfile]:
    """A seller's profiles, by name."""
    columns = (PROFILES.c.name, PROFILES.c.text, PROFILES.c.changed_at)
    query = sa.select(*columns).where(PROFILES.c.seller_id == seller_id).order_by(PROFILES.c.name)
    with db.read() as connection:
        return [StoredProfile(*row) for row in connection.execute(query)]


def remove(db: Database, seller_id: int, name: str) -> bool:
    """Forget a profile; false when there is none of that name."""
    with db.write() as connection:
        return connection.execute(PROFILES.delete().where(*_same(seller_id, name))).rowcount > 0


def of_sellers(connection: sa.Connection, seller_ids: Iterable[int]) -> dict[int, tuple[Profile, ...]]:
    """The profiles of some sellers, by id and in order of name; sellers without any are missing."""
    columns = (PROFILES.c.seller_id, PROFILES.c.name, PROFILES.c.text)
    query = sa.select(*columns).where(PROFILES.c.seller_id.in_(list(seller_ids))).order_by(PROFILES.c.name)
    found: dict[int, tuple[Profile, ...]] = {}
    for seller_id, name, text in connection.execute(query):
        if (read := _read(name, text)) is not None:
            found[seller_id] = (*found.get(seller_id, ()), read)
    return found


def of_name(db: Database, name: str) -> tuple[Profile, ...]:
    """The profiles of the seller of that name."""
    query = sa.select(SELLERS.c.id).where(SELLERS.c.name == name.lower(), SELLERS.c.removed_at.is_(None))
    with db.read() as connection:
        return of_sellers(connection, ids).get(ids[0], ()) if (ids := list(connection.scalars(query))) else ()


@lru_cache(maxsize=256)
def _read(name: str, text: str) -> Profile | None:
    """A stored profile; None when this version of the program cannot read it, which must not stop anything else."""
    try:
        return profile.parse(text, name)
    except ConfigError as error:
        LOG.error("profile.not_read", name=name, error=str(error))
        return None


def _same(seller_id: int, name: str) -> tuple[sa.ColumnElement[bool], ...]:
    return PROFILES.c.seller_id == seller_id, PROFILES.c.name == name
