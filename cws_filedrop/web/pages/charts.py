"""Charts: how lines fared, how long answers took, what was rejected, how much of the quota was used."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import Response

from cws_filedrop.model import Seller, Verdict
from cws_filedrop.pipeline.desk import Desk
from cws_filedrop.store import charts, sellers
from cws_filedrop.store.charts import DAY, HOUR, percentile
from cws_filedrop.web import office as offices
from cws_filedrop.web import svg, visitors
from cws_filedrop.web.frame import framed
from cws_filedrop.web.svg import Series

router: Final = APIRouter()
SHOWN_CODES: Final = 12
SHOWN_ACCOUNTS: Final = 12
FEEDS_A_DAY: Final = 720  # createFeed: a new token every 2 minutes (FACTS.md, usage plans)
GROUPS: Final = (
    ("confirmed", "s2", (Verdict.CONFIRMED, Verdict.CONFIRMED_WARNING)),
    ("updated", "s1", (Verdict.UPDATED,)),
    ("duplicate", "s7", (Verdict.DUPLICATE,)),
    ("waiting", "s6", (Verdict.QUEUED, Verdict.SENT)),
    ("held", "s3", (Verdict.HELD,)),
    ("rejected", "s5", (Verdict.REJECTED,)),
    ("unconfirmed", "s4", (Verdict.UNCONFIRMED, Verdict.UNKNOWN)),
)


@dataclass(frozen=True, slots=True)
class Range:
    """A time that is shown, in hours or days."""

    name: str
    words: str
    length: timedelta
    by: int


RANGES: Final = (
    Range("day", "24 hours", timedelta(days=1), HOUR),
    Range("week", "7 days", timedelta(days=7), DAY),
    Range("month", "30 days", timedelta(days=30), DAY),
)


@router.get("/charts")
def shown(request: Request, session: visitors.Viewer) -> Response:
    """Charts of all sellers or one, over a day, a week or a month."""
    desk, asked = offices.of(request).desk, request.query_params
    everyone = sellers.everyone(desk.db)
    found = next((one for one in everyone if one.name == asked.get("seller", "").lower()), None)
    chosen = next((one for one in RANGES if one.name == asked.get("range")), RANGES[0])
    return framed(
        request,
        "charts.html",
        session,
        ranges=RANGES,
        chosen=chosen,
        seller=found.name if found else "",
        sellers=[one.name for one in everyone],
        **drawn(desk, chosen, found.id if found else None),
        **_quota(desk, chosen, everyone, found),
    )


def _quota(desk: Desk, chosen: Range, everyone: Sequence[Seller], seller: Seller | None) -> dict[str, Any]:
    """Feeds that Amazon was given, of those that it takes from each account."""
    until = desk.clock()
    sent = charts.feeds(desk.db, since=until - chosen.length, until=until)
    accounts = {one.account.id: one.account.merchant_id for one in everyone if seller in (None, one)}
    used = sorted(((accounts[no], many) for no, many in sent.items() if no in accounts), key=lambda one: -one[1])
    return {
        "feeds_sent": sum(many for _, many in used),
        "feeds_most": FEEDS_A_DAY * max(1, round(chosen.length / timedelta(days=1))),
        "feeds_used": used[:SHOWN_ACCOUNTS],
        "accounts": len(accounts),
    }


def drawn(desk: Desk, chosen: Range, seller_id: int | None) -> dict[str, Any]:
    """The charts of a page, and the figures beneath them."""
    until = desk.clock()
    since = until - chosen.length
    slots = charts.slots(since, until, chosen.by)
    names = [slot[11:13] + ":00" if chosen.by == HOUR else slot[5:] for slot in slots]
    fared = _fared(desk, chosen, since, until, seller_id, slots)
    receipt, answer = _lasting(desk, chosen, since, until, seller_id, slots)
    codes = charts.codes(desk.db, since=since, until=until, seller_id=seller_id)[:SHOWN_CODES]
    return {
        "slots": names,
        "fared": fared,
        "fared_chart": svg.stacked("Lines by verdict", names, fared),
        "fared_key": svg.key(fared),
        "receipt": receipt,
        "receipt_chart": svg.lines("Seconds from drop to receipt", names, receipt, unit=" s"),
        "answer": answer,
        "answer_chart": svg.lines("Seconds from drop to Amazon's answer", names, answer, unit=" s"),
        "times_key": svg.key(receipt),
        "codes": codes,
        "codes_chart": svg.ranking("Lines by code", [(code, lines, "s5") for code, lines in codes]),
    }


def _fared(
    desk: Desk, chosen: Range, since: datetime, until: datetime, seller_id: int | None, slots: list[str]
) -> list[Series]:
    counted = charts.verdicts(desk.db, since=since, until=until, by=chosen.by, seller_id=seller_id)
    found = []
    for name, colour, verdicts in GROUPS:
        values = [float(sum(counted.get((slot, str(one)), 0) for one in verdicts)) for slot in slots]
        if any(values):
            found.append(Series(name, colour, values))
    return found


def _lasting(
    desk: Desk, chosen: Range, since: datetime, until: datetime, seller_id: int | None, slots: list[str]
) -> tuple[list[Series], list[Series]]:
    took = charts.seconds(desk.db, since=since, until=until, by=chosen.by, seller_id=seller_id)
    found = []
    for kind in ("receipt", "answer"):
        lists = [took.get(slot, {}).get(kind, ()) for slot in slots]
        found.append(
            [
                Series(f"p{round(part * 100)}", colour, [percentile(one, part) if one else None for one in lists])
                for part, colour in ((0.5, "s1"), (0.95, "s3"))
            ]
        )
    return found[0], found[1]
