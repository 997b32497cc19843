"""Limits for each seller.

Revision 0005.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add a column."""
    op.add_column("sellers", sa.Column("allowance", sa.Text, nullable=False, server_default="{}"))
