"""Sellers: all of them at a glance, and one with its folders, drops, rhythm, limits and logins."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import Response

from cws_filedrop.pipeline import deciding, portrait
from cws_filedrop.store import sellers, usage
from cws_filedrop.web import office as offices
from cws_filedrop.web import svg, visitors
from cws_filedrop.web.forms import Text
from cws_filedrop.web.frame import framed
from cws_filedrop.web.rendering import go

router: Final = APIRouter()
DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@router.get("/sellers")
def everyone(request: Request, session: visitors.Viewer) -> Response:
    """Every seller: when it dropped last, what waits, what is wrong."""
    here = offices.of(request)
    rows = usage.by_seller(here.desk.db, since=here.desk.clock() - timedelta(days=1))
    return framed(request, "sellers.html", session, rows=rows)


@router.get("/sellers/{name}")
def one(request: Request, session: visitors.Viewer, name: str) -> Response:
    """One seller."""
    desk = offices.of(request).desk
    found = sellers.find(desk.db, name)
    if found is None:
        raise visitors.NotThere
    seen = portrait.of(desk, found)
    return framed(
        request,
        "seller.html",
        session,
        seller=found,
        access=seen.access,
        folders=seen.folders,
        uploads=seen.uploads,
        counts=seen.counts,
        rhythm_chart=svg.week("Files by weekday and hour", DAYS, seen.rhythm),
        unconfirmed=seen.unconfirmed,
        late=seen.late,
        limits=seen.limits,
        audit=seen.audit,
        banned=seen.banned,
    )


@router.post("/guard/unban", dependencies=[visitors.Meant])
def unban(request: Request, session: visitors.Operator, address: Text, wanted: Text = "") -> Response:
    """Let an address try again."""
    with visitors.decided():
        deciding.unban(offices.of(request).desk, address, who=visitors.who(request, session))
    where = f"/sellers/{wanted}" if wanted.isalnum() else "/"
    return go(request, where, f"{address} may try again.")
