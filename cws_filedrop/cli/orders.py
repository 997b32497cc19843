"""`cws-filedrop orders`, or `order`: the order book of a seller."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from cws_filedrop.cli.completion import answers
from cws_filedrop.cli.offline.options import File, readable
from cws_filedrop.cli.terminal.shared import settings, show_json, show_table, stop
from cws_filedrop.model import OrderState

app = typer.Typer(
    help="Orders (also `order`): import or fetch them, list them, show one, pack its evidence, send one again, settle"
    " one by hand.",
    no_args_is_help=True,
)
Json = Annotated[bool, typer.Option("--json", help="for machines")]
SellerName = Annotated[
    str, typer.Option("--seller", help="the seller whose order book it is", autocompletion=answers.sellers)
]
OrderName = Annotated[str, typer.Argument(help="Amazon's order number, the service's own, or the seller's reference")]
OrderNames = Annotated[
    list[str], typer.Argument(help="Amazon's order numbers, the service's own, or the seller's references")
]
SHOWN_ISSUES: Final = 20


class SettleChoice(StrEnum):
    """What an operator may say became of an order."""

    SHIPPED = "shipped"
    CANCELLED = "cancelled"
    NEW = "new"


@app.command("import")
def import_(file: File, seller: SellerName, json: Json = False) -> None:
    """Merge an order report into the order book. Exit code 1 when lines were left out."""
    from cws_filedrop.cli.terminal.opened import database, owner
    from cws_filedrop.orders.importing import import_file
    from cws_filedrop.reports import order_import
    from cws_filedrop.service_context import open_context

    path, chosen, now = readable(file), settings(), datetime.now(UTC)
    db = database(chosen)
    importer = owner(db, seller)
    judging = open_context(chosen).judging(importer.policy, now)
    with path.open("rb") as source:
        imported = import_file(db, importer.account.id, source, file_name=path.name, judging=judging, now=now)
    summary = {"file": path.name} | imported.as_json()
    if json:
        show_json(summary)
    else:
        for line in order_import.text(summary, most_issues=SHOWN_ISSUES):
            typer.echo(line)
    if imported.refused:
        raise typer.Exit(1)


@app.command()
def pull(
    seller: Annotated[
        str, typer.Option("--seller", help="only of this seller's account", autocompletion=answers.sellers)
    ] = "",
) -> None:
    """Have the service fetch orders to be shipped from Amazon now, regardless of its schedule."""
    from cws_filedrop.cli.terminal.opened import database, owner
    from cws_filedrop.store.feeds import order_reports
    from cws_filedrop.store.sellers import sellers

    db = database(settings())
    owners = [owner(db, seller)] if seller else [one for one in sellers.everyone(db) if one.enabled]
    accounts = {one.account.id: one.account for one in owners}
    if not accounts:
        raise stop("there is no seller that is enabled")
    for account in accounts.values():
        no, new = order_reports.begin(db, account.id, now=datetime.now(UTC))
        doing = "will be asked for; `orders pulls` shows how it goes" if new else "is under way already"
        typer.echo(f"{account.merchant_id}: order report {no} {doing}")


@app.command("pulls")
def pulls_(
    seller: Annotated[
        str, typer.Option("--seller", help="only of this seller's account", autocompletion=answers.sellers)
    ] = "",
    limit: Annotated[int, typer.Option(help="at most this many, newest first", min=1)] = 20,
    json: Json = False,
) -> None:
    """Show how fetching orders from Amazon went, newest first."""
    from cws_filedrop.cli.terminal.opened import database, owner
    from cws_filedrop.store.feeds import order_reports
    from cws_filedrop.store.sellers import sellers

    db = database(settings())
    owners = sellers.everyone(db)
    names = {owner_.account.id: owner_.account.merchant_id for owner_ in owners}
    account_id = owner(db, seller).account.id if seller else None
    pulls = order_reports.listing(db, account_id=account_id, limit=limit)
    if json:
        plain = [asdict(row) | {"merchant_id": names.get(row.account_id, "")} for row in pulls]
        show_json({"version": 1, "pulls": plain})
        return
    rows = [
        (row.no, names.get(row.account_id, ""), row.state, row.asked_at, row.done_at or "", row.note) for row in pulls
    ]
    show_table("Orders fetched from Amazon", ("no", "account", "state", "asked", "ended", "how"), rows)


@app.command("list")
def list_(
    seller: SellerName,
    state: Annotated[OrderState | None, typer.Option(help="only in this state")] = None,
    limit: Annotated[int, typer.Option(help="at most this many", min=1)] = 50,
    json: Json = False,
) -> None:
    """Show orders, last changed first."""
    from cws_filedrop.cli.terminal.opened import database, owner
    from cws_filedrop.store.orders import ledgers, order_book

    db = database(settings())
    orders = order_book.listing(db, owner(db, seller).account.id, state=state, limit=limit)
    if json:
        show_json({"version": 1, "orders": [_plain(order) for order in orders]})
        return
    said = ledgers.words(db, [(order.account_id, order.amazon_order_id) for order in orders])
    rows = [
        (
            *(order.amazon_order_id, order.number, order.reference, order.state),
            *(_open(order, said[order.account_id, order.amazon_order_id]), order.latest_ship_date),
        )
        for order in orders
    ]
    show_table("Orders", ("order", "number", "reference", "state", "open", "ship by"), rows)


@app.command()
def show(order: OrderName, seller: SellerName, json: Json = False) -> None:
    """Show an order, its lines, where it is on Amazon's seller site, and everything that happened to it."""
    from cws_filedrop.cli.terminal.opened import database, order_named, owner
    from cws_filedrop.marketplaces.seller_site import order_url
    from cws_filedrop.reports.marketplace import MarketplaceKind
    from cws_filedrop.store.feeds import read_backs
    from cws_filedrop.store.orders import ledgers, order_book

    chosen = settings()
    db, answering = database(chosen), MarketplaceKind(chosen.marketplace.kind)
    known = order_named(db, order, seller)
    name = (known.account_id, known.amazon_order_id)
    told, said = ledgers.packages(db, *name), ledgers.words(db, [name])[name]
    linked = _plain(known) | {
        "open": said,
        "amazon_url": order_url(owner(db, seller).account.marketplace_id, known.amazon_order_id),
    }
    lines, history = order_book.lines(db, known.no), order_book.history(db, known.no)
    read_back = read_backs.read_back(db, known.account_id, known.amazon_order_id)
    if json:
        plain = {"lines": [asdict(one) for one in lines], "history": [asdict(one) for one in history]}
        plain |= {"packages": [asdict(one) for one in told]}
        show_json(
            {"version": 1, "order": linked | plain | {"read_back": None if read_back is None else asdict(read_back)}}
        )
        return
    rows = [(name, value) for name, value in linked.items() if value]
    show_table(f"Order {known.amazon_order_id}", ("what", "value"), rows)
    show_table(
        "Lines",
        ("item", "sku", "name", "quantity"),
        [(one.order_item_id, one.sku, one.item_name, one.quantity or "") for one in lines],
    )
    show_table(
        "What Amazon was told, in units (all that was ordered counts as 1)",
        ("package", "tracking", "item", "told", "accepted", "refused", "unknown", "taken back"),
        [
            (
                *(one.package, one.tracking, one.order_item_id or "all"),
                *(one.told, one.accepted, one.refused, one.unknown, one.cancelled),
            )
            for one in told
        ],
    )
    events = [(one.at, one.who, one.state, one.what) for one in history]
    show_table("History", ("when", "who", "state", "what"), events)
    if read_back and read_back.looked_at:
        packages = [
            (one["tracking"], one["carrier"], one["shipped_at"], ", ".join(item["item"] for item in one["items"]))
            for one in read_back.shown.get("packages", [])
        ]
        status = read_back.shown["status"] or "no such order"
        title = answering.said(f"Amazon's own order at {read_back.looked_at}: {status}")
        show_table(title, ("package", "carrier", "shipped", "items"), packages)


@app.command("differences")
def differences_(
    seller: SellerName,
    limit: Annotated[int, typer.Option(help="at most this many, last looked at first", min=1)] = 200,
    json: Json = False,
) -> None:
    """Show orders of which Amazon's own order says something else than we know: pieces shipped, ordered, cancelled."""
    from cws_filedrop.cli.terminal.opened import database, owner
    from cws_filedrop.views import order_differences

    db = database(settings())
    account_id = owner(db, seller).account.id
    found = order_differences.listing(db, now=datetime.now(UTC), account_id=account_id, limit=limit)
    if json:
        show_json({"version": 1, "differences": [asdict(one) for one in found]})
        return
    rows = [(one.order_id, one.state, one.amazon_status, one.looked_at, "; ".join(one.differences)) for one in found]
    show_table("Differences to Amazon's orders", ("order", "state", "at Amazon", "looked at", "what differs"), rows)


@app.command()
def settle(
    order: OrderNames,
    seller: SellerName,
    to: Annotated[SettleChoice, typer.Option("--as", help="what became of it")],
    note: Annotated[str, typer.Option(help="why; kept in its history")],
) -> None:
    """Record by hand what became of orders; nothing is sent to Amazon. Exit code 1 when one could not be settled."""
    from cws_filedrop.cli.terminal.opened import context, database, order_named
    from cws_filedrop.decisions import orders_and_feeds
    from cws_filedrop.store.users.decisions import COMMAND_LINE

    db = database(settings())
    known = [order_named(db, one, seller) for one in order]
    wanted = [(one.account_id, one.amazon_order_id) for one in known]
    state = OrderState(to.value)
    failed = orders_and_feeds.settle_all(context(settings()), wanted, state, note=note, who=COMMAND_LINE)
    for _, order_id in wanted:
        if order_id not in failed:
            typer.echo(f"{order_id} is {state}")
    _fail([(order_id, why) for order_id, why in failed.items()], alone=len(wanted) == 1)


@app.command()
def retry(
    seller: SellerName,
    order: Annotated[
        list[str] | None,
        typer.Argument(help="Amazon's order numbers, the service's own, or the seller's references"),
    ] = None,
    offered: Annotated[
        bool, typer.Option("--offered", help="all lines of unknown outcome that Amazon's orders plainly lack")
    ] = False,
) -> None:
    """Send again what Amazon refused of orders, or what nobody knows of and Amazon's own order plainly lacks.

    Exit code 1 when that was not possible for one of them.
    """
    from cws_filedrop.cli.terminal.opened import context, database, order_named, owner
    from cws_filedrop.decisions import sending_again
    from cws_filedrop.store.users.decisions import COMMAND_LINE

    if bool(order) == offered:
        raise stop("name orders, or give --offered", 2)
    db, opened = database(settings()), context(settings())
    known = [order_named(db, one, seller) for one in order or ()]
    wanted = [(one.account_id, one.amazon_order_id) for one in known]
    if offered:
        wanted = sending_again.offered(opened, owner(db, seller).account.id)
    done = sending_again.retry_all(opened, wanted, who=COMMAND_LINE)
    for one in done:
        if not one.why_not:
            typer.echo(f"what Amazon does not have of {one.order_id} is sent again, as upload {one.upload_id}")
    _fail([(one.order_id, one.why_not) for one in done if one.why_not], alone=len(done) == 1)


def _fail(whys: Sequence[tuple[str, str]], *, alone: bool) -> None:
    """Say for which orders something was not possible, and end with exit code 1 if there are any."""
    for order_id, why in whys:
        typer.echo(f"cws-filedrop: {why if alone else f'{order_id}: {why}'}", err=True)
    if whys:
        raise typer.Exit(1)


@app.command()
def evidence(
    order: OrderName,
    seller: SellerName,
    out: Annotated[Path | None, typer.Option(help="the zip to write [default: evidence-ORDER-ID.zip]")] = None,
    only_this_order: Annotated[
        bool, typer.Option("--only-this-order", help="extracts instead of whole files, to hand to somebody outside")
    ] = False,
) -> None:
    """Pack everything that proves what became of an order into one zip: files, feeds, Amazon's reports and order."""
    import shutil

    from cws_filedrop.cli.terminal.opened import context, order_if_known, owner
    from cws_filedrop.store.users.decisions import COMMAND_LINE
    from cws_filedrop.views.evidence import packing

    opened = context(settings())
    known = order_if_known(opened.db, order, seller)
    name = known.amazon_order_id if known else order  # lines may name one that the order book does not know
    wanted = packing.EvidenceRequest(owner(opened.db, seller).account.id, name, only_this_order)
    path = out or Path(wanted.file_name)
    try:
        made = packing.packed(opened, wanted, folder=path.absolute().parent, who=COMMAND_LINE)
        with made.file, path.open("wb") as target:
            shutil.copyfileobj(made.file, target)
    except OSError as error:
        raise stop(f"--out {path}: {error.strerror}", 2) from error
    typer.echo(f"{path}: {made.size:,} bytes, SHA-256 {made.sha256}")


def _open(order: Any, said: str) -> str:
    """What is open of an order, and whether its buyer wishes to cancel it."""
    asked = order.cancel_request and order.state not in (OrderState.SHIPPED, OrderState.CANCELLED)
    return "; ".join(filter(None, (said, "the buyer wishes to cancel it" if asked else "")))


def _plain(order: Any) -> dict[str, Any]:
    from cws_filedrop.rules.speed import speed

    values = {name: value for name, value in asdict(order).items() if name not in ("no", "account_id")}
    return values | {"speed": speed(order.ship_method) or ""}
