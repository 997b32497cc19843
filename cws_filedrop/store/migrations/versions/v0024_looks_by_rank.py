"""Orders that are to be looked up are found by rank."""

from __future__ import annotations

from alembic import op

from cws_filedrop.store.migrations import columns

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    """Make the index anew."""
    op.drop_index("sightings_due", "sightings")
    columns.index("sightings_due", "sightings", ["rank", "look_at"], "look_at IS NOT NULL")
