"""Sellers: all of them at a glance, and one with its folders, drops, rhythm, limits and logins."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import Response

from cws_filedrop.decisions import orders_and_feeds
from cws_filedrop.store.lists import usage
from cws_filedrop.store.sellers import sellers
from cws_filedrop.views import seller_overview
from cws_filedrop.web.site import svg, visitors, web_context
from cws_filedrop.web.site.forms import Text
from cws_filedrop.web.site.frame import framed
from cws_filedrop.web.site.rendering import go

router: Final = APIRouter()
DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@router.get("/sellers")
def everyone(request: Request, session: visitors.Viewer) -> Response:
    """Every seller: when it dropped last, what waits, what is wrong."""
    here = web_context.of(request)
    rows = usage.by_seller(here.context.db, since=here.context.clock() - timedelta(days=1))
    return framed(request, "sellers.html", session, rows=rows)


@router.get("/sellers/{name}")
def one(request: Request, session: visitors.Viewer, name: str) -> Response:
    """One seller."""
    context = web_context.of(request).context
    seller = sellers.find(context.db, name)
    if seller is None:
        raise visitors.NotThere
    overview = seller_overview.of(context, seller)
    return framed(
        request,
        "seller.html",
        session,
        seller=seller,
        access=overview.access,
        folders=overview.folders,
        uploads=overview.uploads,
        counts=overview.counts,
        rhythm_chart=svg.week("Files by weekday and hour", DAYS, overview.rhythm),
        unconfirmed=overview.unconfirmed,
        late=overview.late,
        limits=overview.limits,
        audit=overview.audit,
        banned=overview.banned,
    )


@router.post("/guard/unban", dependencies=[visitors.Meant])
def unban(request: Request, session: visitors.Operator, address: Text, wanted: Text = "") -> Response:
    """Let an address try again."""
    with visitors.decided():
        orders_and_feeds.unban(web_context.of(request).context, address, who=visitors.who(request, session))
    where = f"/sellers/{wanted}" if wanted.isalnum() else "/"
    return go(request, where, f"{address} may try again.")
