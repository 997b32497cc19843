"""What Amazon's own order shows goes into the ledger: units that it shows are accepted, whatever was answered
before."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from cws_filedrop.rules.book import LinePlace
from cws_filedrop.store.feeds import releasing
from cws_filedrop.store.orders import effects
from cws_filedrop.store.uploads import claims


def shown_in(
    connection: sa.Connection, account_id: int, order: str, lines: Sequence[LinePlace], *, why: str, now: str
) -> list[str]:
    """Amazon's own order shows what these lines told: count it as accepted, move the order, and let lines go on that
    waited for that. Returns the uploads that are done by it."""
    claims.accept_in(connection, account_id, order, lines)
    effects.settle_in(connection, account_id, [order], [], now=now, why=why)
    return releasing.release_in(connection, account_id, [order], now=now)
