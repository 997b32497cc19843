"""What operators decide about names of carriers: of all sellers, or of one; checked against Amazon's list, and kept."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from cws_filedrop.errors import NotPossible
from cws_filedrop.rules.carriers import folded, is_none, is_other, shipped_table
from cws_filedrop.rules.cells import carrier_name
from cws_filedrop.service_context import ServiceContext
from cws_filedrop.store.database import Connection
from cws_filedrop.store.lists import unknown_carriers
from cws_filedrop.store.lists.unknown_carriers import UnknownCarrier
from cws_filedrop.store.sellers import carrier_names, sellers
from cws_filedrop.store.sellers.carrier_names import CarrierName, CarrierNames
from cws_filedrop.store.users import decisions
from cws_filedrop.store.users.decisions import Who

LONGEST: Final = 50  # characters of a name: longer ones are refused in files, too
MOST: Final = 5_000  # names; every file that is read looks at them
SHOWN: Final = 20  # names in the record of a decision
EVERYBODY: Final = "all sellers"


def listed(context: ServiceContext, seller: str) -> list[CarrierName]:
    """The names of all sellers (seller ""), or of one. Raises: NotPossible."""
    with context.db.read() as connection:
        return _names(connection, seller).listing()


def shipped() -> list[CarrierName]:
    """The names that come with the program, without regard to case and punctuation."""
    return [CarrierName(name, code) for name, code in sorted(shipped_table().aliases.items())]


def unknown(context: ServiceContext, *, since: datetime) -> list[UnknownCarrier]:
    """The names that files used since a moment and that are no carrier's to this day, most lines first."""
    table, shared = shipped_table(), carrier_names.aliases(context.db)
    own = {one.name: table.own((*shared, *one.policy.carrier_aliases)) for one in sellers.everyone(context.db)}
    common = table.own(shared)
    return unknown_carriers.since(
        context.db, since, known=lambda name, seller: table.find(name, own.get(seller, common)) is not None
    )


def put(
    context: ServiceContext, names: Sequence[CarrierName], *, seller: str = "", replacing: bool = False, who: Who
) -> None:
    """Add names, or have them replace all that were there. Raises: NotPossible, naming the first that is wrong."""
    wanted = [_checked(one) for one in names]
    with context.db.write() as connection:
        change = _names(connection, seller)
        change.put(wanted, replacing=replacing, now=context.clock())
        if (count := len(change.listing())) > MOST:
            raise NotPossible(f"{count:,} names are more than the {MOST:,} that are kept")
        detail = "; ".join(f"{one.name} = {one.code}" for one in wanted[:SHOWN]) + (" …" if len(wanted) > SHOWN else "")
        _record(context, connection, "carriers.replace" if replacing else "carriers.add", seller, detail, who)


def take(context: ServiceContext, text: str, *, seller: str = "", replacing: bool = False, who: Who) -> int:
    """Put the names of `name<tab>code` lines (`#`: a remark); how many. Raises: NotPossible, naming a line."""
    names = _parsed(text)
    if not names:
        raise NotPossible("there is no name in it")
    put(context, names, seller=seller, replacing=replacing, who=who)
    return len(names)


def remove(context: ServiceContext, name: str, *, seller: str = "", who: Who) -> None:
    """Forget a name. Raises: NotPossible."""
    with context.db.write() as connection:
        if not _names(connection, seller).remove(name):
            raise NotPossible(f"{name!r} is not among the names of {seller or EVERYBODY}")
        _record(context, connection, "carriers.remove", seller, name, who)


def _names(connection: Connection, seller: str) -> CarrierNames:
    found = carrier_names.names(connection, seller)
    if found is None:
        raise NotPossible(f"there is no seller named {seller}")
    return found


def _parsed(text: str) -> list[CarrierName]:
    rows = [(number, row) for number, row in enumerate(text.splitlines(), 1) if row.strip() and row[0] != "#"]
    return [_row(number, row) for number, row in rows]


def _row(number: int, row: str) -> CarrierName:
    name, _, code = (part.strip() for part in row.partition("\t"))
    if not (name and code):
        raise NotPossible(f"line {number}: a name, a tab and a code of Amazon's list are wanted")
    try:
        return _checked(CarrierName(name, code))
    except NotPossible as why:
        raise NotPossible(f"line {number}: {why}") from None


def _meant(code: str) -> str:
    """The code that was meant, as a question; "" if none is near."""
    table = shipped_table()
    near = carrier_name.nearest(code, lambda name: found.code if (found := table.find(name, {})) else "", table.folds)
    return f"; did you mean {near!r}?" if near and not is_other(near) else ""


def _checked(one: CarrierName) -> CarrierName:
    table, name = shipped_table(), " ".join(one.name.split())
    if not folded(name) or len(name) > LONGEST or is_none(name) or is_other(name):
        raise NotPossible(f"{name!r} cannot be the name of a carrier")
    if one.code not in table.codes or is_other(one.code):
        raise NotPossible(f"{one.code!r} is not a carrier of Amazon's list{_meant(one.code)}")
    if (known := table.folds.get(folded(name))) and not is_other(known):
        raise NotPossible(f"{name!r} is on Amazon's list itself, as {known!r}")
    return CarrierName(name, one.code)


def _record(context: ServiceContext, connection: Connection, what: str, seller: str, detail: str, who: Who) -> None:
    decisions.add_in(connection, who, what=what, about=seller or EVERYBODY, detail=detail, now=context.clock())
