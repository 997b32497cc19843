"""A seller's first page: its last uploads and what Amazon refused, live."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import Response

from cws_filedrop.feeds.processing_report import explain
from cws_filedrop.store import lines, searching, sellers
from cws_filedrop.store.searching import Wanted
from cws_filedrop.web import office as offices
from cws_filedrop.web import visitors
from cws_filedrop.web.frame import framed

router: Final = APIRouter()
UPLOADS: Final = 10
REFUSED: Final = 20


@router.get("/my")
def now(request: Request, session: visitors.SellerHere) -> Response:
    """What is in work, and what waits for the seller."""
    db = offices.of(request).desk.db
    assert session.seller_id is not None
    account = sellers.by_id(db, session.seller_id).account
    refused = lines.unconfirmed(db, account.id, limit=REFUSED)
    return framed(
        request,
        "my_now.html",
        session,
        uploads=searching.uploads(db, Wanted(), seller_id=session.seller_id, limit=UPLOADS),
        refused=[(one, explain(one["code"])) for one in refused],
    )
