"""For machines: metrics for Prometheus, and whether the service lives and is ready. None of it names a buyer or order.

They need no login, since monitoring has none; who may ask for metrics and readiness, `shield.monitoring` decides.
"""

from __future__ import annotations

import os
from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from cws_filedrop.service_context import ServiceContext
from cws_filedrop.store.database import DatabaseError, moment
from cws_filedrop.store.feeds import feeds, unseen
from cws_filedrop.store.outgoing import alarms
from cws_filedrop.web.site import web_context

router: Final = APIRouter()
NEEDED: Final = ("worker", "doors")


@router.get("/metrics")
def metrics(request: Request) -> Response:
    """Metrics, in the format of Prometheus."""
    body, kind = web_context.of(request).metrics.render()
    return Response(body, media_type=kind)


@router.get("/healthz")
async def healthz() -> Response:  # by the loop itself: threads may all be busy
    """This process answers."""
    return JSONResponse({"status": "ok"})


@router.get("/readyz")
def readyz(request: Request) -> Response:
    """Can files be taken and answered? 503 when not; each part says how it is."""
    context = web_context.of(request).context
    parts = ready(context)
    good = all(one["ok"] for one in parts.values())
    body = {"status": "ok" if good else "not ready", "marketplace": str(context.marketplace), "parts": parts}
    return JSONResponse(body, 200 if good else 503)


def ready(context: ServiceContext) -> dict[str, Any]:
    """How each part is: {"ok": …, "why": …}."""
    parts = {"database": _part(lambda: _database(context)), "spool": _part(lambda: _spool(context))}
    for kind in NEEDED:
        parts[kind] = _part(lambda kind=kind: _alive(context, kind))
    parts["marketplace"] = _part(lambda: _marketplace(context))
    return parts


def _part(look: Any) -> dict[str, Any]:
    try:
        why = look()
    except (OSError, DatabaseError) as error:
        why = type(error).__name__
    return {"ok": not why, "why": why}


def _database(context: ServiceContext) -> str:
    context.db.ping()
    return ""


def _spool(context: ServiceContext) -> str:
    if not os.access(context.spool.root, os.W_OK | os.X_OK):
        return "the spool cannot be written to"
    found = os.statvfs(context.spool.root)
    free = found.f_bavail * found.f_frsize
    return "" if free >= context.settings.limits.free_bytes else "the disk is nearly full; uploads are refused"


def _alive(context: ServiceContext, kind: str) -> str:
    at = max((at for who, at in alarms.beats(context.db).items() if who.startswith(f"{kind} ")), default="")
    if not at:
        return "it has given no sign of life"
    silent = (context.clock() - moment(at)).total_seconds()
    return "" if silent <= context.settings.alarms.beat_seconds else f"silent for {silent:.0f} seconds"


def _marketplace(context: ServiceContext) -> str:
    stopped = feeds.stopped_accounts(context.db)
    restored = next((one.unseen_note for one in unseen.accounts(context.db) if one.id in stopped), "")
    return f"nothing is sent for {len(stopped)} accounts" + (restored and f"; {restored}") if stopped else ""
