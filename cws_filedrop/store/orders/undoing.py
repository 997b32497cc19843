"""Takes back what an upload did to its orders, as if it had never been read."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

from cws_filedrop.store.database import BulkQuery
from cws_filedrop.store.schema import CLAIMS, ORDER_HISTORY, ORDER_KEPT, ORDERS
from cws_filedrop.store.uploads import waiting_lines

_HISTORY: Final = BulkQuery(
    lambda among: (
        sa.select(ORDER_HISTORY.c.id, ORDER_HISTORY.c.order_no, ORDER_HISTORY.c.before, ORDER_HISTORY.c.upload_id)
        .where(among(ORDER_HISTORY.c.order_no))
        .order_by(ORDER_HISTORY.c.id)
    )
)


def undo_in(connection: sa.Connection, upload_id: str) -> None:
    """Take back what an upload did to orders, unless something else has happened to them since."""
    events = ORDER_HISTORY.c
    mine = sa.select(events.order_no, sa.func.min(events.id)).where(events.upload_id == upload_id)
    first = {row[0]: row[1] for row in connection.execute(mine.group_by(events.order_no))}
    rows = list(_HISTORY(connection, first))
    last = {row.order_no: row.upload_id for row in rows}
    before = {row.order_no: row.before for row in rows if row.id == first[row.order_no]}
    back = [{"b_no": no, "b_state": before[no]} for no in first if last[no] == upload_id and before[no]]
    if back:
        values = {"state": sa.bindparam("b_state"), "version": ORDERS.c.version + 1}
        connection.execute(ORDERS.update().where(ORDERS.c.no == sa.bindparam("b_no")).values(values), back)
    connection.execute(ORDER_HISTORY.delete().where(events.upload_id == upload_id))
    connection.execute(ORDER_KEPT.delete().where(ORDER_KEPT.c.upload_id == upload_id))
    corrected = CLAIMS.c.corrected_by.like(f"{upload_id} %")
    ours = sa.select(ORDERS.c.account_id).where(ORDERS.c.no.in_(list(first)[:1])).scalar_subquery()
    if first:
        again = CLAIMS.update().where(CLAIMS.c.account_id == ours, corrected)
        connection.execute(again.values(corrected_by=""))
    waiting_lines.restore_in(connection, upload_id)
    others = sa.exists().where(ORDER_HISTORY.c.order_no == ORDERS.c.no)
    connection.execute(ORDERS.delete().where(ORDERS.c.made_by == upload_id, ~others))
