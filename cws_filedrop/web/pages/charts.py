"""Charts: what became of lines, how long answers took, which codes lines got, how much of the quota was used."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import Response

from cws_filedrop.service_context import ServiceContext
from cws_filedrop.store.lists.charts import HOUR
from cws_filedrop.store.sellers import sellers
from cws_filedrop.views import figures
from cws_filedrop.views.figures import RANGES, Lasting, Range
from cws_filedrop.web.site import svg, visitors, web_context
from cws_filedrop.web.site.frame import framed
from cws_filedrop.web.site.svg import Series

router: Final = APIRouter()
SHOWN_ACCOUNTS: Final = 12
COLOURS: Final = {
    "confirmed": "s2",
    "updated": "s1",
    "duplicate": "s7",
    "waiting": "s6",
    "held": "s3",
    "rejected": "s5",
    "unconfirmed": "s4",
    "p50": "s1",
    "p95": "s3",
}


@router.get("/charts")
def shown(request: Request, session: visitors.Viewer) -> Response:
    """Charts of all sellers or one, over a day, a week or a month."""
    context, query = web_context.of(request).context, request.query_params
    everyone = sellers.everyone(context.db)
    seller = next((one for one in everyone if one.name == query.get("seller", "").lower()), None)
    chosen = next((one for one in RANGES if one.name == query.get("range")), RANGES[0])
    quota = figures.quota(context, chosen, everyone, seller)
    return framed(
        request,
        "charts.html",
        session,
        ranges=RANGES,
        chosen=chosen,
        seller=seller.name if seller else "",
        sellers=[one.name for one in everyone],
        feeds_sent=sum(many for _, many in quota.used),
        feeds_most=quota.most,
        feeds_used=quota.used[:SHOWN_ACCOUNTS],
        accounts=quota.accounts,
        **drawn(context, chosen, seller.id if seller else None),
    )


def drawn(context: ServiceContext, chosen: Range, seller_id: int | None) -> dict[str, Any]:
    """The charts of a page, and the figures beneath them."""
    counted = figures.look(context, chosen, seller_id)
    names = [slot[11:13] + ":00" if chosen.by == HOUR else slot[5:] for slot in counted.slots]
    fared = [Series(name, COLOURS[name], [float(one) for one in values]) for name, values in counted.fared.items()]
    receipt, answer = _series(counted.receipt), _series(counted.answer)
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
        "codes": counted.codes,
        "codes_chart": svg.ranking("Lines by code", [(code, lines, "s5") for code, lines in counted.codes]),
    }


def _series(lasting: Lasting) -> Sequence[Series]:
    return [Series(name, COLOURS[name], values) for name, values in lasting.items()]
