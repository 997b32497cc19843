"""What nobody knows of is found as fast as what Amazon refused; so are orders that are to be shipped soon,
and the feeds of a time.

Revision 0016.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Indexes."""
    op.drop_index("lines_unconfirmed", "lines")
    op.drop_index("lines_unconfirmed_newest", "lines")
    some = sa.text("verdict IN ('unconfirmed', 'unknown')")
    for name, columns in (
        ("lines_not_good", ["account_id", "upload_id"]),
        ("lines_not_good_newest", ["upload_id", "line"]),
    ):
        op.create_index(name, "lines", columns, sqlite_where=some, postgresql_where=some)
    some = sa.text("latest_ship_date <> '' AND state NOT IN ('shipped', 'cancelled')")
    columns = ["latest_ship_date", "account_id"]
    op.create_index("orders_open_by_deadline", "orders", columns, sqlite_where=some, postgresql_where=some)
    op.create_index("feeds_by_submission", "feeds", ["submitted_at"])
