"""Feeds whose lines come back; since when Amazon is done with a feed, or refuses to be asked about it; how urgent a
look at an order is."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from cws_filedrop.store.migrations import columns

revision = "0020"
down_revision = "0018"


def upgrade() -> None:
    """Add the columns."""
    for column in columns.maybe("ended_at", "refused_at"):
        op.add_column("feeds", column)
    for name in ("parent", "root"):
        op.add_column("feeds", sa.Column(name, columns.SERIAL))
    op.add_column("feeds", columns.number("tries"))
    columns.index("feeds_by_root", "feeds", ["root"], "root IS NOT NULL")
    op.add_column("sightings", columns.number("rank", "4"))
    op.add_column("sightings", columns.number("absent"))
    op.add_column("sightings", sa.Column("absent_since", sa.Text))
