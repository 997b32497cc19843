"""Now: is money stuck, where, and who has to do something."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import Response

from cws_filedrop.pipeline import deciding, overview
from cws_filedrop.pipeline.deciding import Impossible, Who
from cws_filedrop.pipeline.desk import Desk
from cws_filedrop.store import alarms
from cws_filedrop.store.database import moment
from cws_filedrop.store.stages import Stages
from cws_filedrop.web import office as offices
from cws_filedrop.web import visitors
from cws_filedrop.web.frame import framed
from cws_filedrop.web.rendering import go, lasting, size

router: Final = APIRouter()
SHOWN: Final = 12
SHOWN_LATE: Final = 10
SHOWN_CONNECTIONS: Final = 50
SLOW_SECONDS: Final = 0.25


@dataclass(frozen=True, slots=True)
class Health:
    """How a part is: `tone` is good, odd or bad."""

    name: str
    tone: str
    words: str


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
        health=[_database(took), _disk(desk), _marketplace(found.stages), *_processes(desk)],
        uploads=found.uploads[:SHOWN],
    )


@router.post("/connections/{connection_id}/close", dependencies=[visitors.Meant])
def close(request: Request, session: visitors.Operator, connection_id: str) -> Response:
    """Have a seller's connection closed."""
    who = Who(session.name, visitors.address(request))
    try:
        deciding.close_connection(offices.of(request).desk, connection_id, who=who)
    except Impossible as why:
        raise visitors.Refused(f"Nothing was done: {why}.", 409) from None
    return go(request, "/", "The connection is being closed.")


def _database(seconds: float) -> Health:
    words = f"answers within {seconds * 1000:.0f} ms"
    return Health("Database", "odd" if seconds > SLOW_SECONDS else "good", words)


def _disk(desk: Desk) -> Health:
    found = os.statvfs(desk.spool.root)
    free, least = found.f_bavail * found.f_frsize, desk.settings.limits.free_bytes
    tone = "bad" if free < least else "odd" if free < 4 * least else "good"
    inodes = f", {found.f_favail / found.f_files:.0%} of its inodes" if found.f_files else ""
    words = f"{size(free)} free{inodes}"
    return Health("Disk", tone, words + ("; uploads are refused until there is more" if tone == "bad" else ""))


def _processes(desk: Desk) -> list[Health]:
    """The worker with its engine, the doors, the pages: how long ago each gave a sign of life."""
    most, found = desk.settings.alarms.beat_seconds, []
    for who, at in sorted(alarms.beats(desk.db).items()):
        silent = (desk.clock() - moment(at)).total_seconds()
        words = f"silent for {lasting(silent)}" if silent > most else "alive"
        found.append(Health(who.partition(" ")[0].capitalize(), "bad" if silent > most else "good", words))
    return found


def _marketplace(found: Stages) -> Health:
    if found.stopped:
        return Health("Amazon", "bad", "; ".join(f"{account}: {why}" for account, why in found.stopped.items()))
    if found.feed("stopped").number:
        return Health("Amazon", "bad", f"stopped feeds: {found.feed('stopped').number}")
    return Health("Amazon", "good", "takes what it is given")
