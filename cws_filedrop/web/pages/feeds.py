"""Feeds: documents on their way to Amazon, what Amazon answered, and what to do when one is stuck."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import Response

from cws_filedrop.drop.archive import Damaged, Paper
from cws_filedrop.model import FeedState
from cws_filedrop.pipeline import deciding, papers
from cws_filedrop.pipeline.deciding import Impossible
from cws_filedrop.store import feeds, sellers
from cws_filedrop.web import office as offices
from cws_filedrop.web import visitors
from cws_filedrop.web.forms import Number, Text
from cws_filedrop.web.frame import framed
from cws_filedrop.web.rendering import go

router: Final = APIRouter()
SHOWN: Final = 100


@router.get("/feeds")
def listed(request: Request, session: visitors.Viewer) -> Response:
    """The newest feeds; those that need a person first."""
    desk = offices.of(request).desk
    db = desk.db
    stopped = feeds.listing(db, states=[FeedState.STOPPED], limit=SHOWN)
    newest = feeds.listing(db, limit=SHOWN)
    owners = {one.account.id: one.account.merchant_id for one in sellers.everyone(db)}
    rest = [one for one in newest if one.state is not FeedState.STOPPED]
    kept = {one.no: papers.of_feed(desk, one) for one in (*stopped, *rest)}
    return framed(request, "feeds.html", session, stopped=stopped, feeds=rest, owners=owners, kept=kept)


@router.get("/feeds/{number}/{kind}")
def download(request: Request, session: visitors.Viewer, number: Number, kind: str) -> Response:
    """The document as it was sent, or Amazon's report as it was read. To operators only: sellers share feeds."""
    desk = offices.of(request).desk
    feed = feeds.find(desk.db, number)
    if feed is None or kind not in list(Paper):
        raise visitors.NotThere
    try:
        body = papers.read(desk, feed, Paper(kind))
    except Impossible as why:
        raise visitors.Refused(f"{str(why).capitalize()}.", 404) from None
    except Damaged as why:
        raise visitors.Refused(f"{why}. Restore it from a backup of the data folder.", 500) from None
    named = {"Content-Disposition": f'attachment; filename="feed-{feed.no}.{kind}.xml"'}
    return Response(body, media_type="application/xml", headers=named)


@router.post("/feeds/{number}/retry", dependencies=[visitors.Meant])
def retry(request: Request, session: visitors.Operator, number: Number) -> Response:
    """Let a stopped feed go on."""
    with visitors.decided():
        deciding.retry_feed(offices.of(request).desk, number, who=visitors.who(request, session))
    return go(request, "/feeds", f"Feed {number} goes on.")


@router.post("/feeds/{number}/adopt", dependencies=[visitors.Meant])
def adopt(request: Request, session: visitors.Operator, number: Number, amazon_feed_id: Text) -> Response:
    """Say which of Amazon's feeds a stopped feed became."""
    who = visitors.who(request, session)
    with visitors.decided():
        deciding.adopt_feed(offices.of(request).desk, number, amazon_feed_id.strip(), who=who)
    return go(request, "/feeds", f"Feed {number} is {amazon_feed_id.strip()}.")
