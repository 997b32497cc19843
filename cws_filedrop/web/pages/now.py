"""Now: is money stuck, where, and who has to do something."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import Response

from cws_filedrop.store import searching, uploads
from cws_filedrop.store.searching import Wanted
from cws_filedrop.web import office as offices
from cws_filedrop.web import visitors
from cws_filedrop.web.frame import framed

router: Final = APIRouter()
SHOWN: Final = 12


@router.get("/")
def now(request: Request, session: visitors.Anyone) -> Response:
    """The first page of operators; sellers have another one."""
    if session.role is None:
        raise visitors.Turned("/my")
    visitors.user(request)
    desk = offices.of(request).desk
    newest = searching.uploads(desk.db, Wanted(), limit=SHOWN)
    return framed(request, "now.html", session, counts=uploads.counts(desk.db), uploads=newest)
