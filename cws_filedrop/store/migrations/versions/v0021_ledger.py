"""The ledger by the piece: claims are kept when Amazon refuses them, with counts of units and the package's number.

Lines remember what took their place before they were sent.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import sqlalchemy as sa
from alembic import op

from cws_filedrop.store.migrations import columns

revision = "0021"
down_revision = "0020"

COUNTS: Final = ("told", "accepted", "refused", "unknown", "cancelled")
KEY: Final = ("account_id", "amazon_order_id", "order_item_id", "tracking")
CELL: Final = "\x1e"  # between the cells of a shipment as versions up to v1 packed it
ORDER, ITEM, QUANTITY, TRACKING = 0, 1, 2, 7  # places of cells in v1


def upgrade() -> None:
    """Add the columns, and fill them from what became of the lines."""
    op.add_column("claims", columns.number("package", "1"))
    for name in COUNTS:
        op.add_column("claims", columns.number(name))
    for column in columns.blanks("refused_by"):
        op.add_column("claims", column)
    op.add_column("lines", sa.Column("replaced_by", sa.Text))
    columns.index(
        "lines_in_wait", "lines", ["account_id", "amazon_order_id"], "verdict = 'held' AND shipment IS NOT NULL"
    )
    columns.index("lines_replaced", "lines", ["replaced_by"], "replaced_by IS NOT NULL")
    _count()
    _refused(op.get_bind())
    _number(op.get_bind())


def _count() -> None:
    """What is claimed is on its way, unknown, or was accepted: the lines that were refused gave their claims back."""
    claims = sa.table("claims", *(sa.column(name) for name in ("upload_id", "line", "quantity", *COUNTS)))
    lines = sa.table("lines", *(sa.column(name) for name in ("upload_id", "line", "verdict")))
    its_line = (lines.c.upload_id == claims.c.upload_id, lines.c.line == claims.c.line)
    undecided = sa.exists().where(*its_line, lines.c.verdict.in_(("queued", "sent", "held", "unknown")))
    unknown = sa.exists().where(*its_line, lines.c.verdict == "unknown")
    op.execute(claims.update().values(told=sa.func.coalesce(claims.c.quantity, 1)))
    op.execute(claims.update().where(unknown).values(unknown=claims.c.told))
    op.execute(claims.update().where(~undecided).values(accepted=claims.c.told))


OPEN: Final = """
    SELECT account_id, upload_id, line, shipment FROM lines WHERE verdict = 'unconfirmed' AND kind = 'fulfillment'
        AND shipment IS NOT NULL AND seen_at IS NULL AND NOT EXISTS (SELECT 1 FROM lines later
            WHERE later.account_id = lines.account_id AND later.amazon_order_id = lines.amazon_order_id
                AND later.order_item_id IN (lines.order_item_id, '') AND later.upload_id > lines.upload_id
                AND (later.verdict IN ('confirmed', 'confirmed-warning') OR later.seen_at IS NOT NULL))
    ORDER BY upload_id, line
"""


def _refused(connection: sa.Connection) -> None:
    """Refusals that nothing has settled since come back into the ledger."""
    claims = sa.table(
        "claims", *(sa.column(name) for name in (*KEY, "quantity", "upload_id", "line", *COUNTS, "refused_by"))
    )
    same = [claims.c[name] == sa.bindparam(f"b_{name}") for name in KEY]
    for row in list(_open(connection)):
        key = {f"b_{name}": row[name] for name in KEY}
        named = {"refused": row["told"], "refused_by": row["refused_by"]}
        again = claims.update().where(*same).values(told=claims.c.told + row["told"], **named)
        if not connection.execute(again, key).rowcount:
            connection.execute(claims.insert().values(row | named))


def _open(connection: sa.Connection) -> Iterator[dict[str, Any]]:
    for account_id, upload_id, line, shipment in connection.execute(sa.text(OPEN)).all():
        cells = shipment.removeprefix(f"v1{CELL}").split(CELL)
        count = int(cells[QUANTITY]) if cells[QUANTITY] else None
        key = dict(zip(KEY, (account_id, cells[ORDER], cells[ITEM], cells[TRACKING]), strict=True))
        yield key | {
            "quantity": count,
            "upload_id": upload_id,
            "line": line,
            "told": count or 1,
            "refused_by": f"{upload_id} {line}",
        }


def _number(connection: sa.Connection) -> None:
    """Packages of one order get the numbers 1, 2, …; most orders have one."""
    claims = sa.table("claims", *(sa.column(name) for name in (*KEY, "upload_id", "line", "package")))
    order = (claims.c.account_id, claims.c.amazon_order_id)
    several = sa.select(*order).group_by(*order).having(sa.func.count() > 1)
    for account_id, name in connection.execute(several).all():
        mine = (claims.c.account_id == account_id, claims.c.amazon_order_id == name)
        found = sa.select(claims.c.tracking).where(*mine).order_by(claims.c.upload_id, claims.c.line)
        for number, tracking in enumerate(dict.fromkeys(connection.execute(found).scalars()), 1):
            connection.execute(claims.update().where(*mine, claims.c.tracking == tracking).values(package=number))
