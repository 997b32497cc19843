"""Now: is money stuck, where, and who has to do something."""

from __future__ import annotations

import time
from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import Response

from cws_filedrop.pipeline import deciding, health, overview
from cws_filedrop.web import office as offices
from cws_filedrop.web import visitors
from cws_filedrop.web.frame import framed
from cws_filedrop.web.rendering import go

router: Final = APIRouter()
SHOWN: Final = 12
SHOWN_LATE: Final = 10
SHOWN_CONNECTIONS: Final = 50


@router.get("/")
def now(request: Request, session: visitors.Anyone) -> Response:
    """The first page of operators; sellers have another one."""
    if session.role is None:
        raise visitors.Turned("/my")
    visitors.user(request)
    desk = offices.of(request).desk
    begun = time.perf_counter()
    found = overview.look(desk)
    took = time.perf_counter() - begun
    return framed(
        request,
        "now.html",
        session,
        seen=found,
        stages=found.stages,
        late=found.late[:SHOWN_LATE],
        connected=found.connected[:SHOWN_CONNECTIONS],
        transfers=sum(one.busy for one in found.connected),
        aside=found.stages.upload("held", "cut", "failed").number,
        health=health.look(desk, found.stages, seconds=took),
        uploads=found.uploads[:SHOWN],
    )


@router.post("/connections/{connection_id}/close", dependencies=[visitors.Meant])
def close(request: Request, session: visitors.Operator, connection_id: str) -> Response:
    """Have a seller's connection closed."""
    who = visitors.who(request, session)
    with visitors.decided():
        deciding.close_connection(offices.of(request).desk, connection_id, who=who)
    return go(request, "/", "The connection is being closed.")
