"""For machines: metrics for Prometheus, and whether the service lives and is ready. None of it names a buyer or order.

They need no login, as those that ask have none; serve the pages to a network that may see them, or keep these paths at
the proxy.
"""

from __future__ import annotations

import os
from typing import Any, Final

import sqlalchemy as sa
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from cws_filedrop.pipeline.desk import Desk
from cws_filedrop.store import alarms, feeds
from cws_filedrop.store.database import moment
from cws_filedrop.web import office as offices

router: Final = APIRouter()
NEEDED: Final = ("worker", "doors")


@router.get("/metrics")
def metrics(request: Request) -> Response:
    """Everything Prometheus asks for."""
    body, kind = offices.of(request).metrics.render()
    return Response(body, media_type=kind)


@router.get("/healthz")
def healthz() -> Response:
    """This process answers."""
    return JSONResponse({"status": "ok"})


@router.get("/readyz")
def readyz(request: Request) -> Response:
    """Can files be taken and answered? 503 when not; each part says how it is."""
    parts = ready(offices.of(request).desk)
    good = all(one["ok"] for one in parts.values())
    return JSONResponse({"status": "ok" if good else "not ready", "parts": parts}, 200 if good else 503)


def ready(desk: Desk) -> dict[str, Any]:
    """How each part is: {"ok": …, "why": …}."""
    parts = {"database": _part(lambda: _database(desk)), "spool": _part(lambda: _spool(desk))}
    for kind in NEEDED:
        parts[kind] = _part(lambda kind=kind: _alive(desk, kind))
    parts["marketplace"] = _part(lambda: _marketplace(desk))
    return parts


def _part(look: Any) -> dict[str, Any]:
    try:
        why = look()
    except (OSError, sa.exc.SQLAlchemyError) as error:
        why = type(error).__name__
    return {"ok": not why, "why": why}


def _database(desk: Desk) -> str:
    with desk.db.read() as connection:
        connection.execute(sa.text("SELECT 1"))
    return ""


def _spool(desk: Desk) -> str:
    if not os.access(desk.spool.root, os.W_OK | os.X_OK):
        return "the spool cannot be written to"
    found = os.statvfs(desk.spool.root)
    free = found.f_bavail * found.f_frsize
    return "" if free >= desk.settings.limits.free_bytes else "the disk is nearly full; uploads are refused"


def _alive(desk: Desk, kind: str) -> str:
    at = max((at for who, at in alarms.beats(desk.db).items() if who.startswith(f"{kind} ")), default="")
    if not at:
        return "it has given no sign of life"
    silent = (desk.clock() - moment(at)).total_seconds()
    return "" if silent <= desk.settings.alarms.beat_seconds else f"silent for {silent:.0f} seconds"


def _marketplace(desk: Desk) -> str:
    stopped = feeds.stopped_accounts(desk.db)
    return f"nothing is sent for {len(stopped)} accounts" if stopped else ""
