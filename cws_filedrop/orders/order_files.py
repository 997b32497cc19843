"""New and changed orders -> files in the sellers' orders/ folders. A crash may repeat an order, but never lose one."""

from __future__ import annotations

from typing import Final

from cws_filedrop import log
from cws_filedrop.drop.home import deliver_all
from cws_filedrop.formats.fillz_orders import COLUMNS
from cws_filedrop.reports.order_file import order_file
from cws_filedrop.service_context import ServiceContext
from cws_filedrop.store.orders import order_lists
from cws_filedrop.store.orders.order_lists import Unlisted
from cws_filedrop.store.sellers import sellers

LOG: Final = log.get(__name__)
LATEST: Final = "latest.txt"


def write(context: ServiceContext) -> int:
    """Write the files that are due. Returns how many orders are in them."""
    owners = sellers.everyone(context.db)
    count = 0
    for account_id in order_lists.accounts(context.db):
        names = [seller.name for seller in owners if seller.account.id == account_id]
        for folder, new in (("created", True), ("modified", False)):
            while orders := order_lists.unlisted(context.db, account_id, new=new):
                # Marked after they are delivered: a crash in between writes them again, and nothing is missed.
                _deliver(context, names, folder, orders)
                order_lists.listed(context.db, orders)
                count += len(orders)
    return count


def _deliver(context: ServiceContext, names: list[str], folder: str, orders: list[Unlisted]) -> None:
    content = order_file(order_lists.rows(context.db, [order.no for order in orders]), COLUMNS)
    # The moment of the last change, so that a file that is written again has the same name.
    moment = orders[-1].changed_at
    file_name = f"orders-{moment[:10].replace('-', '')}-{moment[11:19].replace(':', '')}-{orders[-1].no}.txt"
    homes = [context.home(name).path / "orders" / folder for name in names]
    deliver_all((home / name, [content]) for home in homes for name in (file_name, LATEST))
    LOG.info("orders.listed", folder=folder, orders=len(orders), sellers=len(names))
