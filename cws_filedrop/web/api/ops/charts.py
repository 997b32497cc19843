"""The figures of the charts."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import Query

from cws_filedrop.store.sellers import sellers
from cws_filedrop.views import figures
from cws_filedrop.views.figures import RANGES, FeedQuota, Lasting
from cws_filedrop.web.api.access import TheApi
from cws_filedrop.web.api.ops import parts
from cws_filedrop.web.api.ops.service_shapes import ChartFigures, CodeLines, QuotaBody, UsedQuota
from cws_filedrop.web.api.problems import documented, not_there
from cws_filedrop.web.api.routing import SAME

router = parts.router("charts")


@router.get("/charts", responses=SAME | documented(404))
def chart_figures(
    api: TheApi,
    span: Annotated[Literal["day", "week", "month"], Query(alias="range", description="24 hours, 7, 30 days")] = "day",
    seller: Annotated[str, Query(pattern=r"^[A-Za-z0-9]{0,64}$", description="only of this one")] = "",
) -> ChartFigures:
    """What became of lines, how long answers took, which codes lines got, and how much of Amazon's quota was used."""
    everyone = sellers.everyone(api.context.db)
    chosen = next(one for one in RANGES if one.name == span)
    chosen_seller = next((one for one in everyone if one.name == seller.lower()), None)
    if seller and chosen_seller is None:
        raise not_there()
    seen = figures.look(api.context, chosen, chosen_seller.id if chosen_seller else None)
    return ChartFigures(
        range=span,
        seller=chosen_seller.name if chosen_seller else None,
        slots=list(seen.slots),
        lines={name: list(values) for name, values in seen.fared.items()},
        receipt_seconds=_lasting(seen.receipt),
        answer_seconds=_lasting(seen.answer),
        codes=[CodeLines(code=code, lines=lines) for code, lines in seen.codes],
        quota=_quota(figures.quota(api.context, chosen, everyone, chosen_seller)),
    )


def _lasting(lasting: Lasting) -> dict[str, list[float | None]]:
    return {name: list(values) for name, values in lasting.items()}


def _quota(quota: FeedQuota) -> QuotaBody:
    used = [UsedQuota(merchant_id=account, feeds=many) for account, many in quota.used]
    return QuotaBody(most=quota.most, accounts=quota.accounts, used=used)
