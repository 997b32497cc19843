"""Mails, and the events they report."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

from cws_filedrop.store.schema.base import METADATA, SERIAL

MAIL_NOTES: Final = sa.Table(  # events that a mail may have to report
    "mail_notes",
    METADATA,
    sa.Column("key", sa.Text, primary_key=True),  # of the event: noting it again changes nothing
    sa.Column("topic", sa.Text, nullable=False),  # outgoing.mail.notes.Topic
    sa.Column("about", sa.Text, nullable=False),  # an upload's id, a feed's number
    sa.Column("detail", sa.Text, nullable=False, server_default=""),
    sa.Column("noted_at", sa.Text, nullable=False),
    sa.Column("told_at", sa.Text),  # NULL = nobody has looked at it yet
    sa.Index(
        "mail_notes_untold",
        "topic",
        "noted_at",
        sqlite_where=sa.text("told_at IS NULL"),
        postgresql_where=sa.text("told_at IS NULL"),
    ),
    sa.Index("mail_notes_by_time", "noted_at"),
    sqlite_with_rowid=False,
)

MAILS: Final = sa.Table(  # one row a mail, to one recipient
    "mails",
    METADATA,
    sa.Column("no", SERIAL, primary_key=True, autoincrement=True),
    sa.Column("key", sa.Text, nullable=False, unique=True),  # of the event and the recipient
    sa.Column("kind", sa.Text, nullable=False),  # model.MailKind
    sa.Column("seller_id", SERIAL, sa.ForeignKey("sellers.id")),
    sa.Column("order_no", SERIAL),  # whose buyer it goes to
    sa.Column("recipient", sa.Text, nullable=False),  # buyers': "" once the buyer is forgotten; so are the texts
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("html", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),  # model.MailState
    sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
    sa.Column("next_at", sa.Text, nullable=False),
    sa.Column("error", sa.Text, nullable=False, server_default=""),  # last trouble, in words
    sa.Column("created_at", sa.Text, nullable=False),
    sa.Column("sent_at", sa.Text),
    sa.Index("mails_by_state", "state", "next_at"),
    sa.Index("mails_by_seller", "seller_id", "kind"),
    sa.Index("mails_by_time", "created_at"),
    sqlite_autoincrement=True,
)
