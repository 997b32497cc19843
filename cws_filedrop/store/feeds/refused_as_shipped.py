"""Lines that Amazon refused because their units are shipped already (18021): decided once its own order was read."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from cws_filedrop.model import Verdict
from cws_filedrop.reports.marketplace import MarketplaceKind
from cws_filedrop.rules.pieces import already_shipped
from cws_filedrop.rules.pieces.already_shipped import RefusedAsShipped
from cws_filedrop.rules.pieces.orders_shown import ShownOrder
from cws_filedrop.store.database import Database, stamp
from cws_filedrop.store.feeds import shown
from cws_filedrop.store.feeds.read_backs import DueReadBack, Renewed, ReportedLine
from cws_filedrop.store.schema import LINES

_LINE: Final = (LINES.c.upload_id == sa.bindparam("u")) & (LINES.c.line == sa.bindparam("l"))


def decide(
    db: Database,
    due: DueReadBack,
    told: Sequence[ReportedLine],
    order: ShownOrder | None,
    *,
    now: datetime,
    marketplace: MarketplaceKind = MarketplaceKind.AMAZON,
) -> Renewed:
    """Give such lines of an order their verdicts, by what its order there shows; doing it again changes nothing."""
    refused = [one for one in told if not one.expected and not one.seen]
    if not refused:
        return Renewed([], [])
    ours = [one for one in told if one.accepted or one.seen]
    found = [(one, _named(already_shipped.judged(one, ours, order), marketplace)) for one in refused]
    good = [(one.upload_id, one.line) for one, said in found if said.verdict is not Verdict.UNCONFIRMED]
    with db.write() as connection:
        for one, said in found:
            _tell(connection, one, said, stamp(now))
        where = (due.account_id, due.amazon_order_id)
        why = marketplace.said("Amazon had it already")
        done = shown.shown_in(connection, *where, good, why=why, now=stamp(now)) if good else []
    return Renewed(list(dict.fromkeys(one.upload_id for one in refused)), done)


def _named(found: RefusedAsShipped, marketplace: MarketplaceKind) -> RefusedAsShipped:
    return found._replace(words=marketplace.said(found.words))


def _tell(connection: sa.Connection, one: ReportedLine, said: RefusedAsShipped, now: str) -> None:
    """Write the verdict of a line, with our sentence before Amazon's."""
    text = sa.literal(f"{said.words} | ") + LINES.c.message
    values: dict[str, Any] = {"verdict": str(said.verdict), "message": text}
    if said.verdict is Verdict.CONFIRMED:
        values["seen_at"] = now
    again = LINES.c.message.startswith(said.words, autoescape=True)
    undecided = (LINES.c.verdict == Verdict.UNCONFIRMED, ~again)
    connection.execute(LINES.update().where(_LINE, *undecided).values(values), {"u": one.upload_id, "l": one.line})
