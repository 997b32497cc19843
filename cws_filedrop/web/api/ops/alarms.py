"""Alarms: what is wrong, since when, and what to do about it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

from fastapi import Query, Request, Response

from cws_filedrop.store.outgoing import alarms
from cws_filedrop.store.outgoing.alarms import Alarm
from cws_filedrop.web.api.access import TheApi
from cws_filedrop.web.api.ops import parts
from cws_filedrop.web.api.ops.service_shapes import AlarmBody, Alarms
from cws_filedrop.web.api.routing import SAME, Limit, link_next

router = parts.router("alarms")


@router.get("/alarms", responses=SAME)
def list_alarms(
    request: Request,
    response: Response,
    api: TheApi,
    over: Annotated[bool, Query(description="include those that are over")] = False,
    cursor: parts.NumberCursor = None,
    limit: Limit = 100,
) -> Alarms:
    """Alarms that are open, newest first."""
    listed = alarms.listing(api.context.db, open_only=not over, before=cursor, limit=limit + 1)
    if len(listed) > limit:
        link_next(request, response, str(listed[limit - 1].no))
    return Alarms(alarms=[alarm_body(alarm) for alarm in listed[:limit]])


def alarm_body(alarm: Alarm) -> AlarmBody:
    """An alarm as an answer tells it."""
    return AlarmBody(**{name: value for name, value in asdict(alarm).items() if name in AlarmBody.model_fields})
