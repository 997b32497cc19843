"""Feeds: documents on their way to Amazon, and what to do when one is stuck."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

from fastapi import Query, Request, Response

from cws_filedrop.model import Account, FeedState
from cws_filedrop.pipeline import deciding
from cws_filedrop.store import feeds, sellers
from cws_filedrop.store.feeds import FeedRow
from cws_filedrop.web.api.access import Api, Operator, TheApi
from cws_filedrop.web.api.ops import parts
from cws_filedrop.web.api.ops.parts import FeedNumber
from cws_filedrop.web.api.ops.shapes import AdoptWish, FeedBody, FeedList
from cws_filedrop.web.api.problems import documented, not_there
from cws_filedrop.web.api.routing import SAME, Limit, link_next

router = parts.router("feeds")


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
    found = feeds.listing(api.desk.db, states=[state] if state else [], before=cursor, limit=limit + 1)
    if len(found) > limit:
        link_next(request, response, str(found[limit - 1].no))
    accounts = sellers.accounts(api.desk.db, {one.account_id for one in found})
    return FeedList(feeds=[_feed(one, accounts[one.account_id]) for one in found[:limit]])


def _feed(feed: FeedRow, account: Account) -> FeedBody:
    given = {name: value for name, value in asdict(feed).items() if name in FeedBody.model_fields}
    return FeedBody(**given, merchant_id=account.merchant_id)


@router.get("/feeds/{number}", responses=SAME | documented(404))
def tell_feed(number: FeedNumber, api: TheApi) -> FeedBody:
    """One feed."""
    return _told(api, number)


def _told(api: Api, number: int) -> FeedBody:
    found = feeds.find(api.desk.db, number)
    if found is None:
        raise not_there()
    return _feed(found, sellers.account(api.desk.db, found.account_id))


@router.post("/feeds/{number}/retry", status_code=202, responses=documented(404, 409))
def retry_feed(number: FeedNumber, api: TheApi, who: Operator) -> FeedBody:
    """Let a stopped feed go on from where it stands, and its account send again."""
    _told(api, number)
    with parts.decided():
        deciding.retry_feed(api.desk, number, who=who)
    return _told(api, number)


@router.post("/feeds/{number}/adopt", status_code=202, responses=documented(400, 404, 409))
def adopt_feed(number: FeedNumber, wish: AdoptWish, api: TheApi, who: Operator) -> FeedBody:
    """Say which of Amazon's feeds a stopped feed became; it goes on with that."""
    _told(api, number)
    with parts.decided():
        deciding.adopt_feed(api.desk, number, wish.amazon_feed_id, who=who)
    return _told(api, number)
