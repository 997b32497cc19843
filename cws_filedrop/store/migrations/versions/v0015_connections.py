"""Who is connected.

Revision 0015.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """A table."""
    op.create_table(
        "connections",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("process", sa.Text, nullable=False),
        sa.Column("seller", sa.Text, nullable=False),
        sa.Column("door", sa.Text, nullable=False),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("client", sa.Text, nullable=False),
        sa.Column("since", sa.Text, nullable=False),
        sa.Column("busy", sa.Boolean, nullable=False),
        sa.Column("close_asked", sa.Boolean, nullable=False, server_default=sa.false()),
    )
