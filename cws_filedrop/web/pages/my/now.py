"""A seller's first page: where it drops files, its last uploads, what Amazon refused, what is late soon; live."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import Response

from cws_filedrop.feeds.processing_report import explain
from cws_filedrop.pipeline import standing
from cws_filedrop.reports import status
from cws_filedrop.store.feeds import feeds
from cws_filedrop.store.lists import searching
from cws_filedrop.store.lists.searching import UploadSearch
from cws_filedrop.store.orders import order_lists
from cws_filedrop.store.sellers import sellers
from cws_filedrop.store.uploads import lines
from cws_filedrop.web.site import visitors, web_context
from cws_filedrop.web.site.frame import framed

router: Final = APIRouter()
UPLOADS: Final = 10
REFUSED: Final = 20
LATE: Final = 20
OVERDUE_DAYS: Final = 14
STATUS_KINDS: Final = {"txt": "text/plain; charset=utf-8", "json": "application/json"}


@router.get("/my")
def shown(request: Request, session: visitors.SellerHere) -> Response:
    """What is in progress, and what waits for the seller."""
    context, now = web_context.of(request).context, web_context.of(request).context.clock()
    db, account = context.db, sellers.by_id(context.db, session.the_seller).account
    refused = lines.unconfirmed(db, account.id, limit=REFUSED)
    soon = now + timedelta(hours=context.settings.orders.late_hours)
    late = order_lists.late(db, account.id, before=soon, since=now - timedelta(days=OVERDUE_DAYS), limit=LATE)
    return framed(
        request,
        "my/now.html",
        session,
        uploads=searching.uploads(db, UploadSearch(), seller_id=session.seller_id, limit=UPLOADS),
        refused=[(one, explain(one["code"])) for one in refused],
        unknown=lines.unknown(db, account.id, limit=REFUSED),
        late=late,
        stopped=feeds.stopped_accounts(db).get(account.id, ""),
    )


@router.get("/my/status.{kind}")
def status_file(request: Request, session: visitors.SellerHere, kind: str) -> Response:
    """What STATUS.txt or STATUS.json holds, as it is now."""
    context = web_context.of(request).context
    if kind not in STATUS_KINDS:
        raise visitors.NotThere
    status_now = standing.of(context, sellers.by_id(context.db, session.the_seller))
    body = status.as_json(status_now) if kind == "json" else status.text(status_now).encode()
    named = {"Content-Disposition": f'attachment; filename="STATUS.{kind}"'}
    return Response(body, media_type=STATUS_KINDS[kind], headers=named)
