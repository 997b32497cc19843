"""Which document was sent and which report was read, by their SHA-256; how Amazon ended a feed; and what its own orders
showed.

Revision 0017.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Columns; of what was sent before nothing was kept."""
    for column in ("document_sha256", "report_sha256"):
        op.add_column("feeds", sa.Column(column, sa.Text, nullable=False, server_default=""))
    op.add_column("feeds", sa.Column("ended", sa.Text, nullable=False, server_default=""))
    op.execute("UPDATE feeds SET ended = note WHERE note IN ('FATAL', 'CANCELLED')")
    op.add_column("sightings", sa.Column("looked_at", sa.Text))
    op.add_column("sightings", sa.Column("shown", sa.Text, nullable=False, server_default=""))
