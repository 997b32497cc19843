"""Now: is money stuck, where, and who has to do something."""

from __future__ import annotations

import time
from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import Response

from cws_filedrop.decisions import orders_and_feeds
from cws_filedrop.views import health, overview
from cws_filedrop.web.site import visitors, web_context
from cws_filedrop.web.site.frame import framed
from cws_filedrop.web.site.rendering import go

router: Final = APIRouter()
SHOWN: Final = 12
SHOWN_LATE: Final = 10
SHOWN_CONNECTIONS: Final = 50


@router.get("/")
def now(request: Request, session: visitors.Anyone) -> Response:
    """The first page of operators; sellers have another one."""
    if session.role is None:
        raise visitors.Redirected("/my")
    visitors.user(request)
    context = web_context.of(request).context
    begun = time.perf_counter()
    seen = overview.look(context)
    took = time.perf_counter() - begun
    return framed(
        request,
        "now.html",
        session,
        seen=seen,
        stages=seen.stages,
        late=seen.late[:SHOWN_LATE],
        connected=seen.connected[:SHOWN_CONNECTIONS],
        transfers=sum(one.busy for one in seen.connected),
        aside=seen.stages.upload("held", "cut", "failed").number,
        health=health.look(context, seen.stages, seconds=took),
        uploads=seen.uploads[:SHOWN],
    )


@router.post("/connections/{connection_id}/close", dependencies=[visitors.Meant])
def close(request: Request, session: visitors.Operator, connection_id: str) -> Response:
    """Have a seller's connection closed."""
    who = visitors.who(request, session)
    with visitors.decided():
        orders_and_feeds.close_connection(web_context.of(request).context, connection_id, who=who)
    return go(request, "/", "The connection is being closed.")
