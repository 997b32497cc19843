"""Figures over a day, a week or a month: what became of lines, how long answers took, which codes lines got, how much
of Amazon's quota was used. Knows nothing of how they are drawn.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from cws_filedrop.model import Seller, Verdict
from cws_filedrop.service_context import ServiceContext
from cws_filedrop.store.lists import charts
from cws_filedrop.store.lists.charts import DAY, HOUR, percentile

SHOWN_CODES: Final = 12
FEEDS_A_DAY: Final = 720  # createFeed: a new token every 2 minutes (docs/amazon.md#8-rate-limits)
GROUPS: Final[Mapping[str, Sequence[Verdict]]] = {
    "confirmed": (Verdict.CONFIRMED, Verdict.CONFIRMED_WARNING),
    "updated": (Verdict.UPDATED,),
    "duplicate": (Verdict.DUPLICATE,),
    "waiting": (Verdict.QUEUED, Verdict.SENT),
    "held": (Verdict.HELD,),
    "rejected": (Verdict.REJECTED,),
    "unconfirmed": (Verdict.UNCONFIRMED, Verdict.UNKNOWN),
}
SHARES: Final = {"p50": 0.5, "p95": 0.95}


@dataclass(frozen=True, slots=True)
class Range:
    """A span of time, counted by hours or days."""

    name: str
    words: str
    length: timedelta
    by: int


RANGES: Final = (
    Range("day", "24 hours", timedelta(days=1), HOUR),
    Range("week", "7 days", timedelta(days=7), DAY),
    Range("month", "30 days", timedelta(days=30), DAY),
)

Lasting = Mapping[str, Sequence[float | None]]


@dataclass(frozen=True, slots=True)
class Figures:
    """`slots` are hours or days, as stamps begin; each other sequence has a value for each of them. `fared` are lines
    by group, without groups that have none; `receipt` and `answer` are seconds from the drop on, by percentile (None:
    nothing was measured); `codes` are the commonest, with their lines."""

    slots: Sequence[str]
    fared: Mapping[str, Sequence[int]]
    receipt: Lasting
    answer: Lasting
    codes: Sequence[tuple[str, int]]


def look(context: ServiceContext, chosen: Range, seller_id: int | None) -> Figures:
    """Of all sellers, or one."""
    db, until = context.db, context.clock()
    since = until - chosen.length
    slots = charts.slots(since, until, chosen.by)
    took = charts.seconds(db, since=since, until=until, by=chosen.by, seller_id=seller_id)
    return Figures(
        slots,
        _fared(context, chosen, since, until, seller_id, slots),
        receipt=_lasting([took.get(slot, {}).get("receipt", ()) for slot in slots]),
        answer=_lasting([took.get(slot, {}).get("answer", ()) for slot in slots]),
        codes=charts.codes(db, since=since, until=until, seller_id=seller_id)[:SHOWN_CODES],
    )


def _fared(
    context: ServiceContext,
    chosen: Range,
    since: datetime,
    until: datetime,
    seller_id: int | None,
    slots: Sequence[str],
) -> dict[str, list[int]]:
    counted = charts.verdicts(context.db, since=since, until=until, by=chosen.by, seller_id=seller_id)
    by_group = {
        name: [sum(counted.get((slot, str(verdict)), 0) for verdict in verdicts) for slot in slots]
        for name, verdicts in GROUPS.items()
    }
    return {name: values for name, values in by_group.items() if any(values)}


def _lasting(measured: Sequence[Sequence[float]]) -> Lasting:
    return {name: [percentile(one, share) if one else None for one in measured] for name, share in SHARES.items()}


@dataclass(frozen=True, slots=True)
class FeedQuota:
    """Feeds that Amazon was given, by merchant id, most first; it takes `most` from each of `accounts` accounts."""

    used: Sequence[tuple[str, int]]
    most: int
    accounts: int


def quota(context: ServiceContext, chosen: Range, everyone: Sequence[Seller], seller: Seller | None) -> FeedQuota:
    """What was used of all sellers' accounts, or of one's."""
    until = context.clock()
    sent = charts.feeds(context.db, since=until - chosen.length, until=until)
    accounts = {one.account.id: one.account.merchant_id for one in everyone if seller in (None, one)}
    used = sorted(((accounts[no], many) for no, many in sent.items() if no in accounts), key=lambda one: -one[1])
    return FeedQuota(used, FEEDS_A_DAY * max(1, round(chosen.length / timedelta(days=1))), len(accounts))
