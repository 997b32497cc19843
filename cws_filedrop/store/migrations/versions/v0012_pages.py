"""Users of the pages, their sessions, tokens of the API; what is counted of uploads for them.

Revision 0012.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """What was answered before is counted as it stands."""
    _users()
    _tokens()
    _tallies()
    op.add_column("uploads", sa.Column("answered_at", sa.Text))
    op.create_index("uploads_by_seller", "uploads", ["seller_id", "id"])
    op.drop_index("orders_by_state", "orders")
    op.create_index("orders_by_state", "orders", ["account_id", "state", "changed_at"])
    some = sa.text("tracking <> ''")
    op.create_index("lines_by_tracking", "lines", ["tracking"], sqlite_where=some, postgresql_where=some)
    some = sa.text("upload_id <> ''")
    op.create_index("audit_by_upload", "audit", ["upload_id"], sqlite_where=some, postgresql_where=some)
    some = sa.text("verdict = 'unconfirmed'")
    columns = ["upload_id", "line"]
    op.create_index("lines_unconfirmed_newest", "lines", columns, sqlite_where=some, postgresql_where=some)


def _users() -> None:
    op.create_table(
        "users",
        sa.Column("id", SERIAL, primary_key=True, autoincrement=True),
        sa.Column("name", sa.Text, nullable=False, unique=True),
        sa.Column("password_hash", sa.Text, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("enabled", sa.Boolean, nullable=False, server_default=sa.true()),
        sa.Column("totp_secret", sa.Text, nullable=False, server_default=""),
        sa.Column("totp_last", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("version", sa.Integer, nullable=False, server_default="1"),
        sa.Column("created_at", sa.Text, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "web_sessions",
        sa.Column("token_hash", sa.Text, primary_key=True),
        sa.Column("user_id", SERIAL, sa.ForeignKey("users.id")),
        sa.Column("seller_id", SERIAL, sa.ForeignKey("sellers.id")),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("second_due", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("csrf", sa.Text, nullable=False),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("created_at", sa.Text, nullable=False),
        sa.Column("seen_at", sa.Text, nullable=False),
    )
    op.create_index("web_sessions_by_time", "web_sessions", ["seen_at"])
    op.create_table(
        "deeds",
        sa.Column("id", SERIAL, primary_key=True, autoincrement=True),
        sa.Column("at", sa.Text, nullable=False),
        sa.Column("who", sa.Text, nullable=False),
        sa.Column("address", sa.Text, nullable=False, server_default=""),
        sa.Column("what", sa.Text, nullable=False),
        sa.Column("about", sa.Text, nullable=False),
        sa.Column("detail", sa.Text, nullable=False, server_default=""),
        sqlite_autoincrement=True,
    )
    op.create_index("deeds_by_about", "deeds", ["about"])
    op.create_table(
        "cases",
        sa.Column("about", sa.Text, primary_key=True),
        sa.Column("assignee", sa.Text, nullable=False, server_default=""),
        sa.Column("note", sa.Text, nullable=False, server_default=""),
        sa.Column("changed_at", sa.Text, nullable=False),
    )


def _tokens() -> None:
    op.create_table(
        "api_tokens",
        sa.Column("id", SERIAL, primary_key=True, autoincrement=True),
        sa.Column("seller_id", SERIAL, sa.ForeignKey("sellers.id"), nullable=False),
        sa.Column("label", sa.Text, nullable=False),
        sa.Column("token_hash", sa.Text, nullable=False, unique=True),
        sa.Column("hint", sa.Text, nullable=False),
        sa.Column("enabled", sa.Boolean, nullable=False, server_default=sa.true()),
        sa.Column("created_at", sa.Text, nullable=False),
        sa.Column("used_at", sa.Text),
        sqlite_autoincrement=True,
    )
    op.create_index("api_tokens_by_seller", "api_tokens", ["seller_id"])


def _tallies() -> None:
    op.create_table(
        "tallies",
        sa.Column("upload_id", sa.Text, primary_key=True),
        sa.Column("verdict", sa.Text, primary_key=True),
        sa.Column("code", sa.Text, primary_key=True),
        sa.Column("line_count", sa.Integer, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("tallies_by_code", "tallies", ["code", "upload_id"])
    op.execute(
        "INSERT INTO tallies (upload_id, verdict, code, line_count) "
        "SELECT upload_id, verdict, code, count(*) FROM lines GROUP BY upload_id, verdict, code"
    )
