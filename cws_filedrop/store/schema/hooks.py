"""Web hooks, their calls, and what was uploaded under an idempotency key."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

from cws_filedrop.store.schema.base import METADATA, SERIAL
from cws_filedrop.store.schema.sealed import SealedText

HOOKS: Final = sa.Table(
    "hooks",
    METADATA,
    sa.Column("id", SERIAL, primary_key=True, autoincrement=True),
    sa.Column("seller_id", SERIAL, sa.ForeignKey("sellers.id")),  # NULL = the operators', as the settings have it
    sa.Column("url", sa.Text, nullable=False),
    sa.Column(
        "secret", SealedText("hooks.secret"), nullable=False
    ),  # whsec_…, needed to sign; "" = the settings have it
    sa.Column("events", sa.Text, nullable=False),  # model.HookEvent, by blanks
    sa.Column("enabled", sa.Boolean, nullable=False, server_default=sa.true()),
    sa.Column("why_disabled", sa.Text, nullable=False, server_default=""),  # "" = somebody switched it off
    sa.Column("failures", sa.Integer, nullable=False, server_default="0"),  # in a row
    sa.Column("failing_since", sa.Text),
    sa.Column("rests_until", sa.Text, nullable=False, server_default=""),
    sa.Column("last_answer", sa.Text, nullable=False, server_default=""),  # its state or trouble, in words
    sa.Column("called_at", sa.Text),  # when it last took something
    sa.Column("created_at", sa.Text, nullable=False),
    sa.Index("hooks_by_seller", "seller_id"),
    sqlite_autoincrement=True,
)

HOOK_CALLS: Final = sa.Table(  # one row an event and hook
    "hook_calls",
    METADATA,
    sa.Column("no", SERIAL, primary_key=True, autoincrement=True),
    sa.Column("hook_id", SERIAL, sa.ForeignKey("hooks.id"), nullable=False),
    sa.Column("key", sa.Text, nullable=False),  # of the event: noting it again changes nothing
    sa.Column("event", sa.Text, nullable=False),  # model.HookEvent
    sa.Column("body", sa.Text, nullable=False),  # JSON, the same at every attempt
    sa.Column("state", sa.Text, nullable=False),  # model.CallState
    sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
    sa.Column("next_at", sa.Text, nullable=False),
    sa.Column("answer", sa.Text, nullable=False, server_default=""),
    sa.Column("created_at", sa.Text, nullable=False),
    sa.Column("ended_at", sa.Text),
    sa.UniqueConstraint("hook_id", "key"),
    sa.Index(
        "hook_calls_due",
        "next_at",
        sqlite_where=sa.text("state = 'queued'"),
        postgresql_where=sa.text("state = 'queued'"),
    ),
    sa.Index("hook_calls_by_time", "created_at"),
    sqlite_autoincrement=True,
)

HANDED_IN: Final = sa.Table(  # what came by the API under an Idempotency-Key
    "handed_in",
    METADATA,
    sa.Column("seller_id", SERIAL, sa.ForeignKey("sellers.id"), primary_key=True, autoincrement=False),
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("digest", sa.Text, nullable=False),  # SHA-256 of what was handed in: the same key means the same
    sa.Column("upload_id", sa.Text, nullable=False),  # "" = it is being taken
    sa.Column("at", sa.Text, nullable=False),
    sa.Index("handed_in_by_time", "at"),
)
