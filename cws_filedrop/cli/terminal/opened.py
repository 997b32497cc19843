"""What commands open: the database, a service context, a seller, an order. Heavy, so imported when a command runs."""

from __future__ import annotations

from cws_filedrop import data_folder
from cws_filedrop.cli.terminal.shared import GlobalOptions, must_exist, stop
from cws_filedrop.model import Seller
from cws_filedrop.service_context import ServiceContext, open_context
from cws_filedrop.settings import Settings
from cws_filedrop.store.database import Database
from cws_filedrop.store.opening import open_database
from cws_filedrop.store.orders import order_book
from cws_filedrop.store.orders.order_book import Order


def database(chosen: Settings, *, create: bool = False) -> Database:
    """The database of the settings, with its tables up to date; closed when the command ends.

    Raises: ConfigError when there is none yet and `create` is not asked for.
    """
    if not create:
        must_exist(chosen)
    data_folder.make(chosen)
    db = open_database(chosen)
    GlobalOptions.closers.append(db.close)  # before `create`, which may fail
    db.create()
    return db


def context(chosen: Settings, *, create: bool = False) -> ServiceContext:
    """The service context of the settings. Raises: ConfigError, as `database` does."""
    database(chosen, create=create)  # for its checks, and to bring the tables up to date
    opened = open_context(chosen)
    GlobalOptions.closers.append(opened.db.close)
    return opened


def seller_id(db: Database, name: str) -> int:
    """The id of the seller of that name. Raises: typer.Exit with code 1 when there is none."""
    from cws_filedrop.store.sellers import sellers

    seller = sellers.find(db, name)
    if seller is None:
        raise stop(f"there is no seller named {name.lower()}")
    return seller.id


def owner(db: Database, name: str) -> Seller:
    """The seller whose order book is meant. Raises: typer.Exit with code 1 when there is none."""
    from cws_filedrop.store.sellers import sellers

    seller = sellers.find(db, name)
    if seller is None:
        raise stop(f"there is no seller {name}")
    return seller


def order_if_known(db: Database, order: str, seller: str) -> Order | None:
    """The order of that name in a seller's order book, or None. Raises: typer.Exit when there are several."""
    found = order_book.find(db, owner(db, seller).account.id, order)
    if len(found) > 1:
        raise stop(f"{order} names {len(found)} orders: {', '.join(one.amazon_order_id for one in found)}")
    return found[0] if found else None


def order_named(db: Database, order: str, seller: str) -> Order:
    """The order of that name in a seller's order book. Raises: typer.Exit when there is none, or several."""
    found = order_if_known(db, order, seller)
    if found is None:
        raise stop(f"there is no order {order} in the order book of {seller}")
    return found
