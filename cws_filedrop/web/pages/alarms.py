"""Alarms: what is wrong, since when, and what to do about it."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import Response

from cws_filedrop.store.outgoing import alarms
from cws_filedrop.web.site import visitors, web_context
from cws_filedrop.web.site.frame import framed

router: Final = APIRouter()
SHOWN: Final = 100


@router.get("/alarms")
def listed(request: Request, session: visitors.Viewer) -> Response:
    """Those that are open, then those that are over."""
    db = web_context.of(request).context.db
    over = [one for one in alarms.listing(db, open_only=False, limit=SHOWN) if one.recovered_at is not None]
    return framed(request, "alarms.html", session, alarms=alarms.listing(db), over=over)
