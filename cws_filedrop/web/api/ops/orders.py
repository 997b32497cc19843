"""Orders of every account: found, shown with their history, settled by hand, sent again."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

from fastapi import Query, Request, Response

from cws_filedrop.decisions import orders_and_feeds, sending_again
from cws_filedrop.errors import NotPossible
from cws_filedrop.marketplaces.seller_site import order_url
from cws_filedrop.model import OrderState
from cws_filedrop.rules.speed import speed
from cws_filedrop.store.feeds import refusals
from cws_filedrop.store.lists import searching, work_lists
from cws_filedrop.store.lists.searching import UploadSearch
from cws_filedrop.store.orders import ledgers, order_book
from cws_filedrop.store.orders.order_book import Order
from cws_filedrop.store.sellers import sellers
from cws_filedrop.store.users import decisions
from cws_filedrop.views import order_differences
from cws_filedrop.views.evidence import packing
from cws_filedrop.web.api.access import ApiContext, Operator, TheApi
from cws_filedrop.web.api.ops import parts
from cws_filedrop.web.api.ops.parts import AccountId
from cws_filedrop.web.api.ops.shapes import (
    CaseBody,
    CaseRequest,
    DecisionBody,
    DifferenceBody,
    FoundOrder,
    FoundOrders,
    OrderDifferences,
    OrderDone,
    OrdersDone,
    OrderStands,
    OrdersToRetry,
    OrdersToSettle,
    RefusedLine,
    SentAgain,
    SettleRequest,
    WholeOrder,
)
from cws_filedrop.web.api.ops.uploads import case_body, found_upload
from cws_filedrop.web.api.orders import Cursor, file_documented
from cws_filedrop.web.api.problems import documented, not_there
from cws_filedrop.web.api.routing import SAME, Limit, link_next
from cws_filedrop.web.api.shapes import EventBody, OrderBody, OrderId, OrderLineBody, PackageBody
from cws_filedrop.web.site.files import ZIP, sent

router = parts.router("orders")
SHOWN_UPLOADS = 20
SHOWN_DECISIONS = 20


@router.get("/orders", responses=SAME)
def find_orders(
    request: Request,
    response: Response,
    api: TheApi,
    q: Annotated[
        parts.Text, Query(description="Amazon's number, ours, the seller's reference, or a line's tracking number")
    ] = "",
    state: OrderState | None = None,
    cursor: Cursor = "",
    limit: Limit = 50,
) -> FoundOrders:
    """Orders of all accounts, last changed first."""
    at, _, no = cursor.partition("~")
    before = (at, int(no)) if cursor else None
    orders, more = searching.orders(api.context.db, text=q, state=str(state or ""), before=before, limit=limit)
    if more is not None:
        link_next(request, response, f"{more[0]}~{more[1]}")
    return FoundOrders(orders=[_found(order) for order in orders])


def _found(found: searching.FoundOrder) -> FoundOrder:
    values = asdict(found)
    return FoundOrder(order_id=values.pop("amazon_order_id"), **values)


@router.get("/orders/differences", responses=SAME)
def list_differences(api: TheApi, limit: Limit = 50) -> OrderDifferences:
    """Orders of which Amazon's own order says something else than we know, last looked at first."""
    found = order_differences.listing(api.context.db, now=api.context.clock(), limit=limit)
    return OrderDifferences(differences=[DifferenceBody(**asdict(one)) for one in found])


@router.get("/orders/{account_id}/{order_id}", responses=SAME | documented(404))
def tell_order(account_id: AccountId, order_id: OrderId, api: TheApi) -> WholeOrder:
    """One order: what was ordered, everything that happened, the uploads that name it."""
    db, order = api.context.db, known(api, account_id, order_id)
    account, about = sellers.account(db, account_id), work_lists.about_order(account_id, order_id)
    given = {name: value for name, value in asdict(order).items() if name in OrderBody.model_fields}
    return WholeOrder(
        **given,
        order_id=order_id,
        account_id=account_id,
        merchant_id=account.merchant_id,
        marketplace_id=account.marketplace_id,
        speed=speed(order.ship_method) or "",
        amazon_url=order_url(account.marketplace_id, order_id) or "",
        open=ledgers.words(db, [(account_id, order_id)])[account_id, order_id],
        lines=[OrderLineBody(**asdict(one)) for one in order_book.lines(db, order.no)],
        packages=[PackageBody.model_validate(asdict(one)) for one in ledgers.packages(db, account_id, order_id)],
        history=[EventBody(**asdict(one)) for one in order_book.history(db, order.no)],
        uploads=[found_upload(one) for one in searching.uploads(db, UploadSearch(text=order_id), limit=SHOWN_UPLOADS)],
        refused=[RefusedLine(**asdict(one)) for one in refusals.last_of_order(db, account_id, order_id)],
        case=case_body(work_lists.cases(db, [about]).get(about, work_lists.NO_CASE)),
        deeds=[DecisionBody(**asdict(one)) for one in decisions.listing(db, about=about, limit=SHOWN_DECISIONS)],
    )


def known(api: ApiContext, account_id: int, order_id: str) -> Order:
    """That order, if it is in the order book. Raises: Problem 404."""
    with api.context.db.read() as connection:
        order = order_book.get_in(connection, account_id, order_id)
    if order is None:
        raise not_there()
    return order


@router.post("/orders/{account_id}/{order_id}/settle", responses=documented(400, 404, 409))
def settle(
    account_id: AccountId, order_id: OrderId, requested: SettleRequest, api: TheApi, who: Operator
) -> OrderStands:
    """Record what became of an order; nothing is sent to Amazon."""
    known(api, account_id, order_id)
    with parts.decided():
        state = orders_and_feeds.settle(
            api.context, account_id, order_id, requested.state, note=requested.note.strip(), who=who
        )
    return OrderStands(account_id=account_id, order_id=order_id, state=state)


@router.post("/orders/{account_id}/{order_id}/retry", status_code=202, responses=documented(404, 409))
def retry(account_id: AccountId, order_id: OrderId, api: TheApi, who: Operator) -> SentAgain:
    """Send again what Amazon refused of an order: its lines are dropped once more in the seller's name."""
    known(api, account_id, order_id)
    with parts.decided():
        upload_id = sending_again.retry_order(api.context, account_id, order_id, who=who)
    api.arrived(upload_id)
    return SentAgain(upload_id=upload_id)


@router.post("/orders/retry-many", status_code=202, responses=documented(400))
def retry_many(requested: OrdersToRetry, api: TheApi, who: Operator) -> OrdersDone:
    """Send many orders again, each as by itself; with `offered` all whose lines of unknown outcome may be."""
    wanted = [(one.account_id, one.order_id) for one in requested.orders]
    if requested.offered:
        wanted += sending_again.offered(api.context)
    done = sending_again.retry_all(api.context, wanted, who=who)
    for one in done:
        if one.upload_id:
            api.arrived(one.upload_id)
    return OrdersDone(orders=[OrderDone(**asdict(one)) for one in done])


@router.post("/orders/settle-many", responses=documented(400))
def settle_many(requested: OrdersToSettle, api: TheApi, who: Operator) -> OrdersDone:
    """Record what became of many orders; nothing is sent to Amazon."""
    wanted = [(one.account_id, one.order_id) for one in requested.orders]
    failed = orders_and_feeds.settle_all(api.context, wanted, requested.state, note=requested.note.strip(), who=who)
    done = [OrderDone(account_id=account, order_id=order, why_not=failed.get(order, "")) for account, order in wanted]
    return OrdersDone(orders=done)


@router.post("/orders/{account_id}/{order_id}/evidence", responses=file_documented("The zip", ZIP), response_model=None)
def evidence(
    account_id: AccountId,
    order_id: OrderId,
    api: TheApi,
    who: Operator,
    only: Annotated[bool, Query(description="only what is about this order, for people outside")] = False,
) -> Response:
    """Everything that proves what became of an order, as one zip; who had it made is kept."""
    wanted = packing.EvidenceRequest(account_id, order_id, only_this_order=only)
    try:
        made = packing.packed(api.context, wanted, folder=api.context.settings.data, who=who)
    except NotPossible:
        raise not_there() from None
    return sent(made, wanted.file_name)


@router.put("/orders/{account_id}/{order_id}/case", responses=documented(400, 404, 409))
def assign_order(
    account_id: AccountId, order_id: OrderId, requested: CaseRequest, api: TheApi, who: Operator
) -> CaseBody:
    """Assign it to a user, with a note."""
    known(api, account_id, order_id)
    about = work_lists.about_order(account_id, order_id)
    with parts.decided():
        orders_and_feeds.take_on(api.context, about, assignee=requested.assignee, note=requested.note.strip(), who=who)
    return case_body(work_lists.cases(api.context.db, [about])[about])
