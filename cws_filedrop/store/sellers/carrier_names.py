"""What sellers write for carriers: the names that operators gave to all sellers, and those of one. Rows in, values out.

Knows nothing of Amazon's list.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

import sqlalchemy as sa

from cws_filedrop.model import Policy
from cws_filedrop.rules.carriers import folded
from cws_filedrop.store.database import Database, stamp
from cws_filedrop.store.schema import CARRIER_NAMES, SELLERS
from cws_filedrop.store.sellers.sellers import policy_of, policy_text


@dataclass(frozen=True, slots=True)
class CarrierName:
    """What sellers write, and the code of Amazon's list that it stands for."""

    name: str
    code: str
    changed_at: str = ""


class CarrierNames(Protocol):
    """The names of all sellers, or of one, within a transaction. A name is the same in every spelling of it."""

    def listing(self) -> list[CarrierName]:
        """All of them."""

    def put(self, names: Sequence[CarrierName], *, replacing: bool, now: datetime) -> None:
        """Add names, in place of the same ones or of all."""

    def remove(self, name: str) -> bool:
        """Forget a name; false when it is not known."""


def names(connection: sa.Connection, seller: str) -> CarrierNames | None:
    """The names of a seller, or of all (seller ""); None when there is no such seller."""
    if not seller:
        return _Everybodys(connection)
    mine = (SELLERS.c.name == seller.lower(), SELLERS.c.removed_at.is_(None))
    found = connection.execute(sa.select(SELLERS.c.id, SELLERS.c.policy).where(*mine).with_for_update()).first()
    return _Own(connection, found.id, policy_of(found.policy)) if found else None


def aliases(db: Database) -> tuple[tuple[str, str], ...]:
    """The names of all sellers, as `model.Policy` has a seller's own."""
    with db.read() as connection:
        return tuple((one.name, one.code) for one in _Everybodys(connection).listing())


@dataclass(frozen=True)
class _Everybodys:
    connection: sa.Connection

    def listing(self) -> list[CarrierName]:
        columns = (CARRIER_NAMES.c.name, CARRIER_NAMES.c.code, CARRIER_NAMES.c.changed_at)
        rows = self.connection.execute(sa.select(*columns).order_by(CARRIER_NAMES.c.folded))
        return [CarrierName(*row) for row in rows]

    def put(self, names: Sequence[CarrierName], *, replacing: bool, now: datetime) -> None:
        rows = {
            fold: {"folded": fold, "name": one.name, "code": one.code, "changed_at": stamp(now)}
            for one in names
            if (fold := folded(one.name))
        }
        old = sa.true() if replacing else CARRIER_NAMES.c.folded.in_(list(rows))
        self.connection.execute(CARRIER_NAMES.delete().where(old))
        if rows:
            self.connection.execute(CARRIER_NAMES.insert(), list(rows.values()))

    def remove(self, name: str) -> bool:
        same = CARRIER_NAMES.c.folded == folded(name)
        return self.connection.execute(CARRIER_NAMES.delete().where(same)).rowcount > 0


@dataclass
class _Own:
    connection: sa.Connection
    seller_id: int
    policy: Policy

    def listing(self) -> list[CarrierName]:
        return [CarrierName(*one) for one in self.policy.carrier_aliases]

    def put(self, names: Sequence[CarrierName], *, replacing: bool, now: datetime) -> None:
        kept = {} if replacing else {folded(name): (name, code) for name, code in self.policy.carrier_aliases}
        self._keep(kept | {folded(one.name): (one.name, one.code) for one in names})

    def remove(self, name: str) -> bool:
        kept = {folded(one): (one, code) for one, code in self.policy.carrier_aliases}
        known = kept.pop(folded(name), None) is not None
        if known:
            self._keep(kept)
        return known

    def _keep(self, kept: dict[str, tuple[str, str]]) -> None:
        self.policy = replace(self.policy, carrier_aliases=tuple(kept.values()))
        mine = SELLERS.update().where(SELLERS.c.id == self.seller_id)
        self.connection.execute(mine.values(policy=policy_text(self.policy)))
