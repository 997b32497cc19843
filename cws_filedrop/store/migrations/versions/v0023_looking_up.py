"""What is known of a feed while it is looked up at Amazon; and how often it was taken up again."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from cws_filedrop.store.migrations import columns

revision = "0023"
down_revision = "0021"


def upgrade() -> None:
    """Add the columns."""
    added: list[sa.Column[Any]] = [*columns.maybe("document_at", "orders_since"), *columns.blanks("strangers")]
    added += [columns.number(name) for name in ("looks", "order_looks", "order_place", "resumed")]
    for column in (*added, columns.flag("offered", sa.false())):
        op.add_column("feeds", column)
