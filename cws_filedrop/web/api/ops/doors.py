"""At the doors: who is connected, and who is kept out."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Final

from fastapi import Query, Request, Response

from cws_filedrop.decisions import orders_and_feeds
from cws_filedrop.store.database import stamp
from cws_filedrop.store.doors import connections, guard
from cws_filedrop.store.doors.guard import FailureRecord
from cws_filedrop.web.api.access import Operator, TheApi
from cws_filedrop.web.api.ops import parts
from cws_filedrop.web.api.ops.service_shapes import BanBody, Bans, ConnectionBody, Connections, LiftRequest
from cws_filedrop.web.api.problems import documented
from cws_filedrop.web.api.routing import SAME, Limit, link_next

router = parts.router("doors")
MOST: Final = 5_000  # connections; settings allow 512 at a door, unless they were changed


@router.get("/connections", responses=SAME)
def list_connections(
    api: TheApi, seller: Annotated[str, Query(pattern=r"^[A-Za-z0-9]{0,64}$", description="only this one's")] = ""
) -> Connections:
    """Sellers who are connected."""
    connected = connections.listing(api.context.db, seller=seller.lower(), limit=MOST)
    return Connections(connections=[ConnectionBody(**asdict(connection)) for connection in connected])


@router.post("/connections/{connection_id}/close", status_code=204, responses=documented(409))
def close_connection(connection_id: parts.ConnectionId, api: TheApi, who: Operator) -> None:
    """Have a seller's connection closed; the doors do so within a second or two."""
    with parts.decided():
        orders_and_feeds.close_connection(api.context, connection_id, who=who)


@router.get("/bans", responses=SAME)
def list_bans(
    request: Request,
    response: Response,
    api: TheApi,
    cursor: Annotated[str, Query(max_length=300, pattern=parts.NO_ZERO, description=parts.ON)] = "",
    limit: Limit = 100,
) -> Bans:
    """Addresses and user names that are banned for guessing."""
    kind, _, who = cursor.partition(":")
    banned = guard.banned_after(api.context.db, api.clock().timestamp(), (kind, who), limit=limit + 1)
    if len(banned) > limit:
        link_next(request, response, f"{banned[limit - 1].kind}:{banned[limit - 1].who}")
    return Bans(bans=[ban_body(record) for record in banned[:limit]])


def ban_body(record: FailureRecord) -> BanBody:
    """A ban as an answer tells it."""
    until = stamp(datetime.fromtimestamp(record.until, UTC))
    return BanBody(kind=record.kind, who=record.who, until=until, bans=record.bans)


@router.post("/bans/lift", status_code=204, responses=documented(400, 409))
def lift_ban(requested: LiftRequest, api: TheApi, who: Operator) -> None:
    """Let an address or a user name try again at once."""
    with parts.decided():
        orders_and_feeds.unban(api.context, requested.who, who=who)
