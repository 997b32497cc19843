"""Sellers who are connected to the doors at this moment."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

from cws_filedrop.store.schema.base import METADATA

CONNECTIONS: Final = sa.Table(
    "connections",
    METADATA,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("process", sa.Text, nullable=False),  # whose doors, such as "doors on ship1"
    sa.Column("seller", sa.Text, nullable=False),
    sa.Column("door", sa.Text, nullable=False),
    sa.Column("address", sa.Text, nullable=False),
    sa.Column("client", sa.Text, nullable=False),
    sa.Column("since", sa.Text, nullable=False),
    sa.Column("busy", sa.Boolean, nullable=False),
    sa.Column("close_asked", sa.Boolean, nullable=False, server_default=sa.false()),
)
