"""A seller's own orders with their history, and the order files that are made for it."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, Response

from cws_filedrop.drop.home import Home, regular, visible_files
from cws_filedrop.marketplaces.seller_site import order_url
from cws_filedrop.model import OrderState, Seller
from cws_filedrop.rules.speed import speed
from cws_filedrop.store.lists import searching
from cws_filedrop.store.lists.searching import UploadSearch
from cws_filedrop.store.orders import ledgers, order_book
from cws_filedrop.store.sellers import sellers
from cws_filedrop.store.users.web_sessions import WebSession
from cws_filedrop.web.site import visitors, web_context
from cws_filedrop.web.site.forms import whole
from cws_filedrop.web.site.frame import framed

router: Final = APIRouter()
ROWS: Final = 50
LONGEST: Final = 200
SHOWN_FILES: Final = 50
FOLDERS: Final = ("created", "modified")


@router.get("/my/orders")
def orders(request: Request, session: visitors.SellerHere) -> Response:
    """The orders of the seller's account, last changed first; and its order files."""
    context, query = web_context.of(request).context, request.query_params
    seller = owner(request, session)
    at, _, no = query.get("before", "")[:LONGEST].partition("_")
    number = whole(no, digits=18)
    shown, more = searching.orders(
        context.db,
        text=query.get("q", "")[:LONGEST],
        state=query.get("state", "")[:LONGEST],
        account_id=seller.account.id,
        before=(at, number) if at and number is not None else None,
        limit=ROWS,
    )
    files = [(folder, _files(request, seller, folder)) for folder in FOLDERS]
    on = f"{more[0]}_{more[1]}" if more else ""
    return framed(request, "my/orders.html", session, orders=shown, more=on, states=list(OrderState), files=files)


@router.get("/my/orders/files/{folder}/{name}")
def order_file(request: Request, session: visitors.SellerHere, folder: str, name: str) -> Response:
    """One order file, as it lies in the seller's folder."""
    seller = owner(request, session)
    # Only names that the list shows are opened: a path from the address never reaches the disk.
    if folder not in FOLDERS or name not in _files(request, seller, folder):
        raise visitors.NotThere
    path = _home(request, seller).path / "orders" / folder / name
    if regular(path) is None:
        raise visitors.NotThere
    return FileResponse(path, media_type="text/plain; charset=utf-8", filename=name)


@router.get("/my/orders/{order_id}")
def order(request: Request, session: visitors.SellerHere, order_id: str) -> Response:
    """One order: what was ordered and everything that happened to it."""
    db, seller = web_context.of(request).context.db, owner(request, session)
    with db.read() as connection:
        known = order_book.get_in(connection, seller.account.id, order_id)
    if known is None:
        raise visitors.NotThere
    mine = searching.uploads(db, UploadSearch(text=order_id), seller_id=seller.id, limit=20)
    return framed(
        request,
        "my/order.html",
        session,
        order=known,
        speed=speed(known.ship_method) or "",
        amazon_url=order_url(seller.account.marketplace_id, order_id),
        lines=order_book.lines(db, known.no),
        packages=ledgers.packages(db, seller.account.id, order_id),
        open=ledgers.words(db, [(seller.account.id, order_id)])[seller.account.id, order_id],
        history=order_book.history(db, known.no),
        uploads=mine,
        mine={one.id for one in mine},
    )


def owner(request: Request, session: WebSession) -> Seller:
    """The seller whose session it is."""
    return sellers.by_id(web_context.of(request).context.db, session.the_seller)


def _home(request: Request, seller: Seller) -> Home:
    return web_context.of(request).context.home(seller.name)


def _files(request: Request, seller: Seller, folder: str) -> list[str]:
    home = _home(request, seller)
    if home.is_astray("orders", folder):
        return []
    return visible_files(home.path / "orders" / folder)[::-1][:SHOWN_FILES]
