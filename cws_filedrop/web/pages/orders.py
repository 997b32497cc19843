"""Orders: found, shown with their history, settled by hand, sent again, and their evidence packed as a zip."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import Response

from cws_filedrop.decisions import orders_and_feeds, sending_again
from cws_filedrop.errors import NotPossible
from cws_filedrop.marketplaces.seller_site import order_url
from cws_filedrop.model import OrderState
from cws_filedrop.rules.speed import speed
from cws_filedrop.store.feeds import read_backs, refusals
from cws_filedrop.store.lists import searching, work_lists
from cws_filedrop.store.lists.searching import UploadSearch
from cws_filedrop.store.orders import ledgers, order_book
from cws_filedrop.store.sellers import sellers
from cws_filedrop.store.users import decisions
from cws_filedrop.views import order_differences
from cws_filedrop.views.evidence import packing
from cws_filedrop.web.site import visitors, web_context
from cws_filedrop.web.site.files import sent
from cws_filedrop.web.site.forms import Number, Text, whole
from cws_filedrop.web.site.frame import framed
from cws_filedrop.web.site.rendering import go

router: Final = APIRouter()
ROWS: Final = 50
LONGEST: Final = 200


@router.get("/orders")
def orders(request: Request, session: visitors.Viewer) -> Response:
    """Orders, last changed first."""
    here, query = web_context.of(request), request.query_params
    listed, more = searching.orders(
        here.context.db,
        text=query.get("q", "")[:LONGEST],
        state=query.get("state", "")[:LONGEST],
        before=_place(query.get("before", "")),
        limit=ROWS,
    )
    on = f"{more[0]}_{more[1]}" if more else ""
    return framed(request, "orders.html", session, orders=listed, more=on, states=list(OrderState))


def _place(text: str) -> tuple[str, int] | None:
    at, _, no = text.partition("_")
    number = whole(no, digits=18)
    return (at, number) if at and number is not None else None


@router.get("/orders/differences")
def differences(request: Request, session: visitors.Viewer) -> Response:
    """Orders of which Amazon's own order says something else than we know."""
    context = web_context.of(request).context
    found = order_differences.listing(context.db, now=context.clock(), limit=ROWS)
    return framed(request, "differences.html", session, found=found)


@router.get("/orders/{account_id}/{order_id}")
def order(request: Request, session: visitors.Viewer, account_id: Number, order_id: str) -> Response:
    """One order: what was ordered, everything that happened, what Amazon's order showed, the uploads that name it."""
    db = web_context.of(request).context.db
    with db.read() as connection:
        known = order_book.get_in(connection, account_id, order_id)
    if known is None:
        raise visitors.NotThere
    account = sellers.account(db, account_id)
    about = work_lists.about_order(account_id, order_id)
    return framed(
        request,
        "order.html",
        session,
        order=known,
        speed=speed(known.ship_method) or "",
        account=account,
        amazon_url=order_url(account.marketplace_id, order_id),
        lines=order_book.lines(db, known.no),
        packages=ledgers.packages(db, account_id, order_id),
        open=ledgers.words(db, [(account_id, order_id)])[account_id, order_id],
        history=order_book.history(db, known.no),
        uploads=searching.uploads(db, UploadSearch(text=order_id), limit=20),
        case=work_lists.cases(db, [about]).get(about, work_lists.NO_CASE),
        decisions=decisions.listing(db, about=about, limit=20),
        settled_as=orders_and_feeds.SETTLED_AS,
        read_back=read_backs.read_back(db, account_id, order_id),
        refused=refusals.last_of_order(db, account_id, order_id),
        about=about,
    )


@router.post("/orders/{account_id}/{order_id}/settle", dependencies=[visitors.Meant])
def settle(
    request: Request, session: visitors.Operator, account_id: Number, order_id: str, state: Text, note: Text
) -> Response:
    """Record what became of an order."""
    who = visitors.who(request, session)
    where = f"/orders/{account_id}/{order_id}"
    if not note.strip():
        raise visitors.Forbidden("Say why: it is kept in the order's history.", 400)
    with visitors.decided():
        done = orders_and_feeds.settle(
            web_context.of(request).context, account_id, order_id, _state(state), note=note.strip(), who=who
        )
    return go(request, where, f"{order_id} is {done} now.")


@router.post("/orders/{account_id}/{order_id}/retry", dependencies=[visitors.Meant])
def retry(request: Request, session: visitors.Operator, account_id: Number, order_id: str) -> Response:
    """Send again what Amazon refused of an order."""
    here, who = web_context.of(request), visitors.who(request, session)
    with visitors.decided():
        upload_id = sending_again.retry_order(here.context, account_id, order_id, who=who)
    here.arrived(upload_id)
    return go(request, f"/orders/{account_id}/{order_id}", f"Its refused lines are sent again, as upload {upload_id}.")


@router.post("/orders/retry-offered", dependencies=[visitors.Meant])
def retry_offered(request: Request, session: visitors.Operator) -> Response:
    """Send again all lines of unknown outcome that Amazon's own orders plainly lack."""
    context, who = web_context.of(request).context, visitors.who(request, session)
    done = sending_again.retry_all(context, sending_again.offered(context), who=who)
    sent = sum(not one.why_not for one in done)
    return go(request, "/unconfirmed", f"Lines of {sent} orders are sent again.")


@router.post("/orders/{account_id}/{order_id}/evidence", dependencies=[visitors.Meant])
def evidence(
    request: Request, session: visitors.Operator, account_id: Number, order_id: str, only: Text = ""
) -> Response:
    """Everything that proves what became of an order, as one zip; who had it made is kept."""
    context, who = web_context.of(request).context, visitors.who(request, session)
    wanted = packing.EvidenceRequest(account_id, order_id, only_this_order=bool(only))
    try:
        made = packing.packed(context, wanted, folder=context.settings.data, who=who)
    except NotPossible:
        raise visitors.NotThere from None
    return sent(made, wanted.file_name)


def _state(text: str) -> OrderState:
    if text not in list(OrderState):
        raise visitors.Forbidden(f"There is no state {text}.", 400)
    return OrderState(text)
