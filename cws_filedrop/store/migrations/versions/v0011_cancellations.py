"""Feeds of a second kind: orders that Amazon is to cancel.

Revision 0011.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """What there is, is of the first kind."""
    for table in ("lines", "feeds"):
        op.add_column(table, sa.Column("kind", sa.Text, nullable=False, server_default="fulfillment"))
    some = sa.text("verdict = 'queued' AND feed_no IS NULL AND kind = 'acknowledgement'")
    columns = ["account_id", "upload_id"]
    op.create_index("lines_to_cancel", "lines", columns, sqlite_where=some, postgresql_where=some)
