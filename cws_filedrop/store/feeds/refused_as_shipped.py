"""Lines that Amazon's own order decides otherwise than by showing them: those refused because their units are shipped
already (18021), and those of unknown outcome that are not there and cannot come there any more."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from cws_filedrop.model import Verdict
from cws_filedrop.reports.marketplace import MarketplaceKind
from cws_filedrop.rules.pieces import already_shipped, unknown_lines
from cws_filedrop.rules.pieces.already_shipped import RefusedAsShipped
from cws_filedrop.rules.pieces.ledger import line_key
from cws_filedrop.rules.pieces.orders_shown import Showing, ShownOrder, showings
from cws_filedrop.store.database import Database, stamp
from cws_filedrop.store.feeds import releasing, shown
from cws_filedrop.store.feeds.read_backs import DueReadBack, Renewed, ReportedLine
from cws_filedrop.store.orders import effects
from cws_filedrop.store.orders.effects import LineRefusal
from cws_filedrop.store.schema import CLAIMS, LINES
from cws_filedrop.store.uploads import claims

Decided = tuple[ReportedLine, RefusedAsShipped]
Beside = Callable[[sa.Connection, Sequence[LineRefusal]], None]
_LINE: Final = (LINES.c.upload_id == sa.bindparam("u")) & (LINES.c.line == sa.bindparam("l"))


def decide(
    db: Database,
    due: DueReadBack,
    told: Sequence[ReportedLine],
    order: ShownOrder | None,
    *,
    now: datetime,
    beside: Beside,
    marketplace: MarketplaceKind = MarketplaceKind.AMAZON,
) -> Renewed:
    """Give such lines of an order their verdicts, by what its order there shows; doing it again changes nothing.
    `beside` is called with those that are refused by it, in the same transaction."""
    found = [(one, _named(said, marketplace)) for one, said in _decided(told, _to_be_corrected(db, due), order)]
    if not found:
        return Renewed([], [])
    with db.write() as connection:
        for one, said in found:
            _tell(connection, one, said, stamp(now))
        done = _good(connection, due, found, marketplace.said("Amazon had it already"), stamp(now))
        done += _bad(connection, due, found, stamp(now), beside)
    return Renewed(list(dict.fromkeys(one.upload_id for one, _ in found)), done)


def _to_be_corrected(db: Database, due: DueReadBack) -> dict[str, list[ReportedLine]]:
    """Packages of the order that Amazon has accepted and another line is to correct, by that line's key: while nobody
    knows of the correction, or it is refused, they stand."""
    names = ("upload_id", "line", "order_item_id", "tracking", "quantity", "corrected_by")
    ours = (CLAIMS.c.account_id == due.account_id, CLAIMS.c.amazon_order_id == due.amazon_order_id)
    query = sa.select(*(CLAIMS.c[name] for name in names)).where(*ours, CLAIMS.c.corrected_by != "")
    found: dict[str, list[ReportedLine]] = defaultdict(list)
    with db.read() as connection:
        for row in connection.execute(query.where(CLAIMS.c.accepted > 0)):
            package = (row.upload_id, row.line, row.order_item_id, row.tracking, row.quantity)
            found[row.corrected_by].append(ReportedLine(*package, accepted=True, seen=False))
    return found


def _decided(
    told: Sequence[ReportedLine], corrected: Mapping[str, Sequence[ReportedLine]], order: ShownOrder | None
) -> list[Decided]:
    """What the order decides; no unit of it stands for two lines, nor for a correction and what that is to correct."""
    ours = [one for one in told if one.accepted or one.seen or _is_shown(one, order)]
    found: list[Decided] = []
    for one in told:
        standing = corrected.get(line_key(one.upload_id, one.line), ())
        if (said := _of_line(one, [*ours, *standing], order)) is None:
            continue
        found.append((one, said))
        if said.verdict is not Verdict.UNCONFIRMED:
            ours.append(one)
    return found


def _is_shown(one: ReportedLine, order: ShownOrder | None) -> bool:
    """Does the order show the package by its number? Then its units are its own, though it may be told only now."""
    return order is not None and bool(one.tracking) and showings([one], order) == [Showing.SHOWN]


def _of_line(one: ReportedLine, ours: Sequence[ReportedLine], order: ShownOrder | None) -> RefusedAsShipped | None:
    if one.cancels:
        return unknown_lines.shipped_instead(one.cancels, order)
    if one.unknown:
        return unknown_lines.without_room(one, ours, order)
    return None if one.expected or one.seen else already_shipped.judged(one, ours, order)


def _named(found: RefusedAsShipped, marketplace: MarketplaceKind) -> RefusedAsShipped:
    return found._replace(words=marketplace.said(found.words))


def _tell(connection: sa.Connection, one: ReportedLine, said: RefusedAsShipped, now: str) -> None:
    """Write the verdict of a line, with our sentence before Amazon's."""
    text = sa.literal(f"{said.words} | ") + LINES.c.message
    values: dict[str, Any] = {"verdict": str(said.verdict), "message": text}
    if said.verdict is Verdict.CONFIRMED:
        values["seen_at"] = now
    again = LINES.c.message.startswith(said.words, autoescape=True)
    undecided = (LINES.c.verdict.in_((Verdict.UNCONFIRMED, Verdict.UNKNOWN)), ~again)
    connection.execute(LINES.update().where(_LINE, *undecided).values(values), {"u": one.upload_id, "l": one.line})


def _good(connection: sa.Connection, due: DueReadBack, found: Sequence[Decided], why: str, now: str) -> list[str]:
    good = [(one.upload_id, one.line) for one, said in found if said.verdict is not Verdict.UNCONFIRMED]
    where = (due.account_id, due.amazon_order_id)
    return shown.shown_in(connection, *where, good, why=why, now=now) if good else []


def _bad(connection: sa.Connection, due: DueReadBack, found: Sequence[Decided], now: str, beside: Beside) -> list[str]:
    """Count lines of unknown outcome as refused; what was refused before is counted so already."""
    where = (due.account_id, due.amazon_order_id)
    bad = [(one, said) for one, said in found if one.unknown and said.verdict is Verdict.UNCONFIRMED]
    if not bad:
        return []
    refusals = [LineRefusal(where[1], one.upload_id, one.line, said.words) for one, said in bad]
    ships = [line for (one, _), line in zip(bad, refusals, strict=True) if not one.cancels]
    claims.refuse_unknown_in(connection, *where, [(one.upload_id, one.line) for one in ships])
    effects.settle_in(connection, where[0], [], ships, now=now)
    effects.refuse_in(connection, where[0], [line for line in refusals if line not in ships], now=now)
    beside(connection, refusals)
    return releasing.release_in(connection, where[0], [where[1]], now=now)
