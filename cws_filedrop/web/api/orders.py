"""Orders, their states, and the order files to work from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path as FilePath
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Query, Request, Response
from starlette.responses import FileResponse

from cws_filedrop.drop.home import regular, visible_files
from cws_filedrop.model import OrderState, Seller
from cws_filedrop.store.database import stamp
from cws_filedrop.store.lists import api_lists
from cws_filedrop.store.orders import ledgers, order_book
from cws_filedrop.store.orders.order_book import Order, OrderEvent
from cws_filedrop.store.uploads import uploads
from cws_filedrop.web.api.access import ApiContext, Caller, TheApi
from cws_filedrop.web.api.problems import documented, not_there
from cws_filedrop.web.api.routing import REFUSALS, SAME, Limit, Route, link_next
from cws_filedrop.web.api.shapes import (
    EventBody,
    FileBody,
    Files,
    OneOrder,
    OrderBody,
    OrderId,
    OrderLineBody,
    Orders,
    PackageBody,
    StateBody,
    States,
)

router = APIRouter(route_class=Route, responses=REFUSALS | SAME)
TABLE: Final = "text/tab-separated-values"
Cursor = Annotated[
    str,
    Query(
        pattern=r"^([0-9]{4}-[0-9]{2}-[0-9T:.]{5,20}Z~[0-9]{1,15})?$", description="from the `Link` of the page before"
    ),
]
FileName = Annotated[str, Path(max_length=255, description="as the list has it", examples=["orders-20261122.txt"])]


def file_documented(what: str, kind: str = TABLE) -> dict[int | str, dict[str, Any]]:
    """An answer that is a file, for the OpenAPI document."""
    content = {kind: {"schema": {"type": "string", "format": "binary"}}}
    return {200: {"description": what, "content": content}, **documented(404)}


def file_answer(path: FilePath, *, name: str = "", kind: str = TABLE) -> Response:
    """A file as it is on disk, under its own name or another. Raises: Problem 404 when it is not there."""
    found = regular(path)
    if found is None:
        raise not_there()
    return FileResponse(path, media_type=kind, filename=name or path.name, stat_result=found)


@router.get("/states", tags=["orders"])
def list_states(seller: Caller, api: TheApi) -> States:
    """Every order state, and how many orders are in it."""
    counts = order_book.counts(api.context.db, seller.account.id)
    return States(states=[StateBody(state=one, orders=counts.get(one, 0)) for one in OrderState])


@router.get("/orders", tags=["orders"])
def list_orders(
    request: Request,
    response: Response,
    seller: Caller,
    api: TheApi,
    state: Annotated[OrderState | None, Query(description="only in this state")] = None,
    cursor: Cursor = "",
    limit: Limit = 50,
) -> Orders:
    """Your orders, last changed first."""
    moment, _, no = cursor.partition("~")
    before = (moment, int(no)) if cursor else None
    orders = api_lists.orders_of(api.context.db, seller.account.id, state=state, before=before, limit=limit + 1)
    if len(orders) > limit:
        link_next(request, response, f"{orders[limit - 1].changed_at}~{orders[limit - 1].no}")
    return Orders(orders=[OrderBody(**_order(order)) for order in orders[:limit]])


@router.get("/orders/created", tags=["order files"])
def list_created(seller: Caller, api: TheApi) -> Files:
    """Files of orders that are new."""
    return _files(api, seller, "created")


@router.get("/orders/modified", tags=["order files"])
def list_modified(seller: Caller, api: TheApi) -> Files:
    """Files of orders that have changed."""
    return _files(api, seller, "modified")


@router.get("/orders/created/{name}", tags=["order files"], responses=file_documented("The file"), response_model=None)
def fetch_created(name: FileName, seller: Caller, api: TheApi) -> Response:
    """One file of new orders."""
    return _fetch(api, seller, "created", name)


@router.get("/orders/modified/{name}", tags=["order files"], responses=file_documented("The file"), response_model=None)
def fetch_modified(name: FileName, seller: Caller, api: TheApi) -> Response:
    """One file of changed orders."""
    return _fetch(api, seller, "modified", name)


@router.get("/orders/{order_id}", tags=["orders"], responses=documented(404))
def show_order(order_id: OrderId, seller: Caller, api: TheApi) -> OneOrder:
    """One order with its lines, and all that happened to it."""
    found = [
        one for one in order_book.find(api.context.db, seller.account.id, order_id) if one.amazon_order_id == order_id
    ]
    if not found:
        raise not_there()
    lines = [OrderLineBody(**asdict(one)) for one in order_book.lines(api.context.db, found[0].no)]
    history = _history(api, seller, order_book.history(api.context.db, found[0].no))
    name = (seller.account.id, order_id)
    told = [PackageBody.model_validate(asdict(one)) for one in ledgers.packages(api.context.db, *name)]
    said = ledgers.words(api.context.db, [name])[name]
    return OneOrder(**_order(found[0]), open=said, lines=lines, packages=told, history=history)


def _history(api: ApiContext, seller: Seller, events: Sequence[OrderEvent]) -> list[EventBody]:
    """The history, without the uploads of other sellers that share the account at Amazon."""
    with api.context.db.read() as connection:
        owners = uploads.owners_in(connection, {event.upload_id for event in events if event.upload_id})
    bodies = []
    for event in events:
        values = asdict(event)
        # Only what names the upload is left out: that the order moved is this seller's to know.
        if event.upload_id and owners.get(event.upload_id) != seller.id:
            values |= {"upload_id": "", "line": None}
        bodies.append(EventBody(**values))
    return bodies


def _order(order: Order) -> dict[str, Any]:
    values = {name: value for name, value in asdict(order).items() if name in OrderBody.model_fields}
    return values | {"order_id": order.amazon_order_id}


def _folder(api: ApiContext, seller: Seller, which: str) -> tuple[FilePath, list[str]]:
    home = api.context.home(seller.name)
    there = home.path / "orders" / which
    return there, [] if home.is_astray("orders", which) else visible_files(there)


def _files(api: ApiContext, seller: Seller, which: str) -> Files:
    there, names = _folder(api, seller, which)
    found = [(name, known) for name in names if (known := regular(there / name)) is not None]
    return Files(
        files=[
            FileBody(name=name, size=known.st_size, changed_at=stamp(datetime.fromtimestamp(known.st_mtime, UTC)))
            for name, known in found
        ]
    )


def _fetch(api: ApiContext, seller: Seller, which: str, name: str) -> Response:
    there, names = _folder(api, seller, which)
    if name not in names:
        raise not_there()
    return file_answer(there / name)
