"""The tables of revision 0018 beside those of orders: mail, web hooks, doors, alarms, the pages and who uses them.

Never change them: databases were made by it.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from cws_filedrop.store.migrations import columns


def make() -> None:
    """Make them."""
    _mail()
    _hooks()
    _doors()
    _alarms()
    _users()
    _deeds()
    _tokens("api_tokens", "seller")
    _tokens("user_tokens", "user")


def _mail() -> None:
    op.create_table(
        "mail_notes",
        sa.Column("key", sa.Text, primary_key=True),
        *columns.texts("topic", "about"),
        *columns.blanks("detail"),
        *columns.texts("noted_at"),
        *columns.maybe("told_at"),
        sqlite_with_rowid=False,
    )
    columns.index("mail_notes_untold", "mail_notes", ["topic", "noted_at"], "told_at IS NULL")
    op.create_index("mail_notes_by_time", "mail_notes", ["noted_at"])
    op.create_table(
        "mails",
        columns.serial("no"),
        sa.Column("key", sa.Text, nullable=False, unique=True),
        *columns.texts("kind"),
        sa.Column("seller_id", columns.SERIAL, sa.ForeignKey("sellers.id")),
        sa.Column("order_no", columns.SERIAL),
        *columns.texts("recipient", "subject", "text", "html", "state"),
        columns.number("attempts"),
        *columns.texts("next_at"),
        *columns.blanks("error"),
        *columns.texts("created_at"),
        *columns.maybe("sent_at"),
        sqlite_autoincrement=True,
    )
    op.create_index("mails_by_state", "mails", ["state", "next_at"])
    op.create_index("mails_by_seller", "mails", ["seller_id", "kind"])
    op.create_index("mails_by_time", "mails", ["created_at"])


def _hooks() -> None:
    op.create_table(
        "hooks",
        columns.serial("id"),
        sa.Column("seller_id", columns.SERIAL, sa.ForeignKey("sellers.id")),
        *columns.texts("url", "secret", "events"),
        columns.flag("enabled", sa.true()),
        *columns.blanks("why_disabled"),
        columns.number("failures"),
        *columns.maybe("failing_since"),
        *columns.blanks("rests_until", "last_answer"),
        *columns.maybe("called_at"),
        *columns.texts("created_at"),
        sqlite_autoincrement=True,
    )
    op.create_index("hooks_by_seller", "hooks", ["seller_id"])
    op.create_table(
        "hook_calls",
        columns.serial("no"),
        columns.of("hook_id", "hooks.id"),
        *columns.texts("key", "event", "body", "state"),
        columns.number("attempts"),
        *columns.texts("next_at"),
        *columns.blanks("answer"),
        *columns.texts("created_at"),
        *columns.maybe("ended_at"),
        sa.UniqueConstraint("hook_id", "key"),
        sqlite_autoincrement=True,
    )
    columns.index("hook_calls_due", "hook_calls", ["next_at"], "state = 'queued'")
    op.create_index("hook_calls_by_time", "hook_calls", ["created_at"])
    op.create_table(
        "handed_in",
        columns.key_of("seller_id", "sellers.id"),
        sa.Column("key", sa.Text, primary_key=True),
        *columns.texts("digest", "upload_id", "at"),
    )
    op.create_index("handed_in_by_time", "handed_in", ["at"])


def _doors() -> None:
    op.create_table(
        "guard",
        sa.Column("kind", sa.Text, primary_key=True),
        sa.Column("who", sa.Text, primary_key=True),
        sa.Column("score", sa.Float, nullable=False),
        sa.Column("scored_at", sa.Float, nullable=False),
        sa.Column("until", sa.Float, nullable=False, server_default="0"),
        columns.number("bans"),
    )
    op.create_table(
        "audit",
        columns.serial("id"),
        *columns.texts("at", "event", "seller", "address", "door", "client", "name", "upload_id"),
        sa.Column("size", sa.BigInteger),
        *columns.texts("detail"),
        sa.Column("times", sa.Integer, nullable=False),
    )
    op.create_index("audit_by_seller", "audit", ["seller", "id"])
    op.create_index("audit_by_time", "audit", ["at"])
    columns.index("audit_by_upload", "audit", ["upload_id"], "upload_id <> ''")
    op.create_table(
        "connections",
        sa.Column("id", sa.Text, primary_key=True),
        *columns.texts("process", "seller", "door", "address", "client", "since"),
        sa.Column("busy", sa.Boolean, nullable=False),
        columns.flag("close_asked", sa.false()),
    )


def _alarms() -> None:
    op.create_table(
        "alarms",
        columns.serial("no"),
        *columns.texts("key", "kind", "text", "remedy", "since"),
        *columns.maybe("recovered_at"),
        columns.number("told"),
        sqlite_autoincrement=True,
    )
    columns.index("alarms_open", "alarms", ["key"], "recovered_at IS NULL", unique=True)
    op.create_table("beats", sa.Column("who", sa.Text, primary_key=True), *columns.texts("at"))


def _users() -> None:
    op.create_table(
        "users",
        columns.serial("id"),
        sa.Column("name", sa.Text, nullable=False, unique=True),
        *columns.texts("password_hash", "role"),
        columns.flag("enabled", sa.true()),
        *columns.blanks("totp_secret"),
        sa.Column("totp_last", sa.BigInteger, nullable=False, server_default="0"),
        columns.number("version", "1"),
        *columns.texts("created_at"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "web_sessions",
        sa.Column("token_hash", sa.Text, primary_key=True),
        sa.Column("user_id", columns.SERIAL, sa.ForeignKey("users.id")),
        sa.Column("seller_id", columns.SERIAL, sa.ForeignKey("sellers.id")),
        sa.Column("version", sa.Integer, nullable=False),
        columns.flag("second_due", sa.false()),
        *columns.texts("csrf", "address", "created_at", "seen_at"),
    )
    op.create_index("web_sessions_by_time", "web_sessions", ["seen_at"])


def _deeds() -> None:
    op.create_table(
        "deeds",
        columns.serial("id"),
        *columns.texts("at", "who"),
        *columns.blanks("address"),
        *columns.texts("what", "about"),
        *columns.blanks("detail", "token"),
        sqlite_autoincrement=True,
    )
    op.create_index("deeds_by_about", "deeds", ["about"])
    op.create_table(
        "cases",
        sa.Column("about", sa.Text, primary_key=True),
        *columns.blanks("assignee", "note"),
        *columns.texts("changed_at"),
    )


def _tokens(name: str, owner: str) -> None:
    op.create_table(
        name,
        columns.serial("id"),
        columns.of(f"{owner}_id", f"{owner}s.id"),
        *columns.texts("label"),
        sa.Column("token_hash", sa.Text, nullable=False, unique=True),
        *columns.texts("hint"),
        columns.flag("enabled", sa.true()),
        *columns.texts("created_at"),
        *columns.maybe("used_at"),
        sqlite_autoincrement=True,
    )
    op.create_index(f"{name}_by_{owner}", name, [f"{owner}_id"])
