"""Feeds: documents on their way to Amazon, what Amazon answered, and what to do when one is stuck."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import Response

from cws_filedrop.decisions import orders_and_feeds
from cws_filedrop.drop.archive import Damaged, FeedFileKind
from cws_filedrop.errors import NotPossible
from cws_filedrop.model import FeedState
from cws_filedrop.store.feeds import feeds
from cws_filedrop.store.sellers import sellers
from cws_filedrop.views import feed_documents
from cws_filedrop.web.site import visitors, web_context
from cws_filedrop.web.site.forms import Number, Text
from cws_filedrop.web.site.frame import framed
from cws_filedrop.web.site.rendering import go

router: Final = APIRouter()
SHOWN: Final = 100


@router.get("/feeds")
def listed(request: Request, session: visitors.Viewer) -> Response:
    """The newest feeds; those that need a person first."""
    context = web_context.of(request).context
    db = context.db
    stopped = feeds.listing(db, states=[FeedState.STOPPED], limit=SHOWN)
    newest = feeds.listing(db, limit=SHOWN)
    owners = {one.account.id: one.account.merchant_id for one in sellers.everyone(db)}
    rest = [one for one in newest if one.state is not FeedState.STOPPED]
    kept = {one.no: feed_documents.of_feed(context, one) for one in (*stopped, *rest)}
    return framed(request, "feeds.html", session, stopped=stopped, feeds=rest, owners=owners, kept=kept)


@router.get("/feeds/{number}/{kind}")
def download(request: Request, session: visitors.Viewer, number: Number, kind: str) -> Response:
    """The document as it was sent, or Amazon's report as it was read. Not for sellers: they share feeds."""
    context = web_context.of(request).context
    feed = feeds.find(context.db, number)
    if feed is None or kind not in list(FeedFileKind):
        raise visitors.NotThere
    try:
        body = feed_documents.read(context, feed, FeedFileKind(kind))
    except NotPossible as why:
        raise visitors.Forbidden(f"{str(why).capitalize()}.", 404) from None
    except Damaged as why:
        raise visitors.Forbidden(f"{why}. Restore it from a backup of the data folder.", 500) from None
    named = {"Content-Disposition": f'attachment; filename="feed-{feed.no}.{kind}.xml"'}
    return Response(body, media_type="application/xml", headers=named)


@router.post("/feeds/{number}/retry", dependencies=[visitors.Meant])
def retry(request: Request, session: visitors.Operator, number: Number) -> Response:
    """Resume a stopped feed."""
    with visitors.decided():
        orders_and_feeds.retry_feed(web_context.of(request).context, number, who=visitors.who(request, session))
    return go(request, "/feeds", f"Feed {number} goes on.")


@router.post("/feeds/{number}/adopt", dependencies=[visitors.Meant])
def adopt(request: Request, session: visitors.Operator, number: Number, amazon_feed_id: Text) -> Response:
    """Record which of Amazon's feeds a stopped feed became."""
    who = visitors.who(request, session)
    with visitors.decided():
        orders_and_feeds.adopt_feed(web_context.of(request).context, number, amazon_feed_id.strip(), who=who)
    return go(request, "/feeds", f"Feed {number} is {amazon_feed_id.strip()}.")


@router.post("/feeds/{number}/send-again", dependencies=[visitors.Meant])
def send_again(request: Request, session: visitors.Operator, number: Number) -> Response:
    """Send a feed once more that may be at Amazon, where that was offered."""
    with visitors.decided():
        orders_and_feeds.send_feed_again(web_context.of(request).context, number, who=visitors.who(request, session))
    return go(request, "/feeds", f"Feed {number} is sent again.")


@router.post("/feeds/{number}/drop", dependencies=[visitors.Meant])
def drop(request: Request, session: visitors.Operator, number: Number, note: Text = "") -> Response:
    """Take the lines out of a feed that cannot be sent."""
    who = visitors.who(request, session)
    with visitors.decided():
        orders_and_feeds.drop_feed(web_context.of(request).context, number, note=note.strip(), who=who)
    return go(request, "/feeds", f"The lines of feed {number} are unconfirmed.")
