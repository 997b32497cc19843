"""New and changed orders into the sellers' orders/ folders. Told twice after a crash, never not at all."""

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
    """Write the files that are due; how many orders are in them."""
    owners = sellers.everyone(context.db)
    told = 0
    for account_id in order_lists.accounts(context.db):
        names = [seller.name for seller in owners if seller.account.id == account_id]
        for folder, new in (("created", True), ("modified", False)):
            while found := order_lists.unlisted(context.db, account_id, new=new):
                _deliver(context, names, folder, found)
                order_lists.listed(context.db, found)
                told += len(found)
    return told


def _deliver(context: ServiceContext, names: list[str], folder: str, found: list[Unlisted]) -> None:
    content = order_file(order_lists.rows(context.db, [one.no for one in found]), COLUMNS)
    # The moment of the last change, so that a file that is written again has the same name.
    moment = found[-1].changed_at
    name = f"orders-{moment[:10].replace('-', '')}-{moment[11:19].replace(':', '')}-{found[-1].no}.txt"
    homes = [context.home(one).path / "orders" / folder for one in names]
    deliver_all((home / one, [content]) for home in homes for one in (name, LATEST))
    LOG.info("orders.listed", folder=folder, orders=len(found), sellers=len(names))
