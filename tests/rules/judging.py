"""Lines to judge, for tests of rules: one good row by hand, and what came of it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, NamedTuple

import pandas as pd
from hypothesis import settings

from cws_filedrop.model import Issue, JudgementContext, Policy
from cws_filedrop.rules.book import EMPTY, Effect, OrderBook
from cws_filedrop.rules.judgement import Judgement, judge
from cws_filedrop.rules.repeats import Repeats
from cws_filedrop.rules.wording import issues
from cws_filedrop.tables import TEXT

FEW = settings(max_examples=40, deadline=None)  # of a property: enough to find what breaks, on a busy machine too

NOW = datetime(2026, 11, 22, 10, 30, tzinfo=UTC)
AMAZON = frozenset({"order-id", "ship-date"})
FILLZ = frozenset({"order-id", "status"})
UPS_NUMBER = "1Z999AA10123456784"
GOOD = {
    "order-id": "026-1520163-6049104",
    "order-item-id": "01234567890123",
    "quantity": "1",
    "ship-date": "2026-11-21",
    "carrier-code": "UPS",
    "carrier-name": "",
    "tracking-number": UPS_NUMBER,
    "ship-method": "Ground",
}


def context(**policy: Any) -> JudgementContext:
    """The moment of these tests, with some settings of the seller."""
    return JudgementContext(now=NOW, policy=Policy(**policy))


def row(**cells: str) -> dict[str, str]:
    """A good row with some other cells; names with _ for -."""
    return GOOD | {name.replace("_", "-"): value for name, value in cells.items()}


def lines(*rows: dict[str, str], first: int = 2) -> pd.DataFrame:
    """LINES with the columns that any of the rows has."""
    names = list(dict.fromkeys(name for cells in rows for name in cells))
    frame = pd.DataFrame({name: pd.array([cells.get(name, "") for cells in rows], dtype=TEXT) for name in names})
    frame.index = pd.RangeIndex(first, first + len(rows))
    return frame


class Outcome(NamedTuple):
    """What came of one row."""

    verdict: str
    issues: list[Issue]
    shipment: dict[str, str]
    effect: Effect | None

    @property
    def codes(self) -> list[str]:
        return [issue.code for issue in self.issues]


def judged(
    *rows: dict[str, str],
    required: frozenset[str] = AMAZON,
    repeats: Repeats | None = None,
    book: OrderBook = EMPTY,
    **policy: Any,
) -> Judgement:
    return judge(lines(*rows), required=required, context=context(**policy), repeats=repeats, book=book)


def one(cells: dict[str, str], required: frozenset[str] = AMAZON, *, book: OrderBook = EMPTY, **policy: Any) -> Outcome:
    """What comes of one row alone."""
    came = judged(cells, required=required, book=book, **policy)
    shipments = came.shipments.to_dict("records")
    return Outcome(
        came.verdicts.iloc[0],
        [issue for _, issue in issues(came.issues)],
        {str(name): cell for name, cell in shipments[0].items()} if shipments else {},
        came.effects[0] if came.effects else None,
    )
