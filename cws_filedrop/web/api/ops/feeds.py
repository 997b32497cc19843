"""Feeds: documents on their way to Amazon, and what to do when one is stuck."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Final

from fastapi import Query, Request, Response

from cws_filedrop.decisions import orders_and_feeds
from cws_filedrop.drop.archive import FeedFileKind
from cws_filedrop.errors import NotPossible
from cws_filedrop.model import Account, FeedState
from cws_filedrop.store.feeds import feeds
from cws_filedrop.store.feeds.feeds import FeedRow
from cws_filedrop.store.sellers import sellers
from cws_filedrop.views import feed_documents
from cws_filedrop.web.api.access import ApiContext, Operator, TheApi
from cws_filedrop.web.api.ops import parts
from cws_filedrop.web.api.ops.parts import FeedNumber
from cws_filedrop.web.api.ops.shapes import AdoptRequest, DropFeedRequest, FeedBody, FeedList
from cws_filedrop.web.api.orders import file_documented
from cws_filedrop.web.api.problems import Problem, documented, not_there
from cws_filedrop.web.api.routing import SAME, Limit, link_next

router = parts.router("feeds")
XML: Final = "application/xml"


@router.get("/feeds", responses=SAME)
def list_feeds(
    request: Request,
    response: Response,
    api: TheApi,
    state: Annotated[FeedState | None, Query(description="only in this state; stopped ones need a person")] = None,
    cursor: parts.NumberCursor = None,
    limit: Limit = 50,
) -> FeedList:
    """Feeds of all accounts, newest first."""
    listed = feeds.listing(api.context.db, states=[state] if state else [], before=cursor, limit=limit + 1)
    if len(listed) > limit:
        link_next(request, response, str(listed[limit - 1].no))
    accounts = sellers.accounts(api.context.db, {feed.account_id for feed in listed})
    return FeedList(feeds=[_feed(feed, accounts[feed.account_id]) for feed in listed[:limit]])


def _feed(feed: FeedRow, account: Account) -> FeedBody:
    given = {name: value for name, value in asdict(feed).items() if name in FeedBody.model_fields}
    return FeedBody(**given, merchant_id=account.merchant_id)


@router.get("/feeds/{number}", responses=SAME | documented(404))
def tell_feed(number: FeedNumber, api: TheApi) -> FeedBody:
    """One feed."""
    return _known(api, number)


def _known(api: ApiContext, number: int) -> FeedBody:
    found = feeds.find(api.context.db, number)
    if found is None:
        raise not_there()
    return _feed(found, sellers.account(api.context.db, found.account_id))


def _feed_file(kind: FeedFileKind, words: str) -> None:
    @router.get(
        f"/feeds/{{number}}/{kind}",
        name=f"fetch_feed_{kind}",
        responses=SAME | file_documented(words, XML),
        response_model=None,
        description=f"{words}, byte for byte; 404 when it is not there, or not any more, with the reason.",
    )
    def fetch(number: FeedNumber, api: TheApi) -> Response:
        feed = feeds.find(api.context.db, number)
        if feed is None:
            raise not_there()
        try:
            body = feed_documents.read(api.context, feed, kind)
        except NotPossible as why:
            raise Problem(404, str(why)) from None
        named = {"Content-Disposition": f'attachment; filename="feed-{number}.{kind}.xml"'}
        return Response(body, media_type=XML, headers=named)


_feed_file(FeedFileKind.DOCUMENT, "The feed document as it was sent")
_feed_file(FeedFileKind.REPORT, "Amazon's report as it was read")


@router.post("/feeds/{number}/retry", status_code=202, responses=documented(404, 409))
def retry_feed(number: FeedNumber, api: TheApi, who: Operator) -> FeedBody:
    """Let a stopped feed go on from where it stands, and its account send again."""
    _known(api, number)
    with parts.decided():
        orders_and_feeds.retry_feed(api.context, number, who=who)
    return _known(api, number)


@router.post("/feeds/{number}/adopt", status_code=202, responses=documented(400, 404, 409))
def adopt_feed(number: FeedNumber, requested: AdoptRequest, api: TheApi, who: Operator) -> FeedBody:
    """Say which of Amazon's feeds a stopped feed became; it goes on with that."""
    _known(api, number)
    with parts.decided():
        orders_and_feeds.adopt_feed(api.context, number, requested.amazon_feed_id, who=who)
    return _known(api, number)


@router.post("/feeds/{number}/send-again", status_code=202, responses=documented(404, 409))
def send_feed_again(number: FeedNumber, api: TheApi, who: Operator) -> FeedBody:
    """Send a stopped feed once more that may be at Amazon; only where `offered`. Look at Amazon first: what it has
    already is told twice."""
    _known(api, number)
    with parts.decided():
        orders_and_feeds.send_feed_again(api.context, number, who=who)
    return _known(api, number)


@router.post("/feeds/{number}/drop", responses=documented(404, 409))
def drop_feed(number: FeedNumber, requested: DropFeedRequest, api: TheApi, who: Operator) -> FeedBody:
    """Take the lines out of a stopped feed that Amazon cannot have: they are unconfirmed, and may be dropped again."""
    _known(api, number)
    with parts.decided():
        orders_and_feeds.drop_feed(api.context, number, note=requested.note, who=who)
    return _known(api, number)
