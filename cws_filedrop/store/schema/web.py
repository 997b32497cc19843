"""Who works with the pages and the API, and what people did there."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

from cws_filedrop.store.schema.base import METADATA, SERIAL
from cws_filedrop.store.schema.sealed import SealedText

USERS: Final = sa.Table(  # operators
    "users",
    METADATA,
    sa.Column("id", SERIAL, primary_key=True, autoincrement=True),
    sa.Column("name", sa.Text, nullable=False, unique=True),  # lower case
    sa.Column("password_hash", sa.Text, nullable=False),
    sa.Column("role", sa.Text, nullable=False),  # model.Role
    sa.Column("enabled", sa.Boolean, nullable=False, server_default=sa.true()),
    sa.Column(
        "totp_secret", SealedText("users.totp_secret"), nullable=False, server_default=""
    ),  # base32; "" = no second factor
    sa.Column(
        "totp_last", sa.BigInteger, nullable=False, server_default="0"
    ),  # time step of the last code that was used
    sa.Column("version", sa.Integer, nullable=False, server_default="1"),  # grows when sessions must end
    sa.Column("created_at", sa.Text, nullable=False),
    sqlite_autoincrement=True,
)

WEB_SESSIONS: Final = sa.Table(  # one row a browser that is logged in, as a user or as a seller
    "web_sessions",
    METADATA,
    sa.Column("token_hash", sa.Text, primary_key=True),  # SHA-256 of what the cookie holds
    sa.Column("user_id", SERIAL, sa.ForeignKey("users.id")),
    sa.Column("seller_id", SERIAL, sa.ForeignKey("sellers.id")),
    sa.Column("version", sa.Integer, nullable=False),  # of the user or seller when it began
    sa.Column("second_due", sa.Boolean, nullable=False, server_default=sa.false()),  # the code is still to be asked for
    sa.Column("csrf", sa.Text, nullable=False),
    sa.Column("address", sa.Text, nullable=False),
    sa.Column("created_at", sa.Text, nullable=False),
    sa.Column("seen_at", sa.Text, nullable=False),
    sa.Column("agent", sa.Text, nullable=False, server_default=""),  # the browser, as it calls itself
    sa.Index("web_sessions_by_time", "seen_at"),
)

DECISIONS: Final = sa.Table(  # what people decided, on the pages, by the API or by commands
    "deeds",
    METADATA,
    sa.Column("id", SERIAL, primary_key=True, autoincrement=True),
    sa.Column("at", sa.Text, nullable=False),
    sa.Column("who", sa.Text, nullable=False),  # a user's name; "command line"
    sa.Column("address", sa.Text, nullable=False, server_default=""),
    sa.Column("what", sa.Text, nullable=False),  # such as upload.release
    sa.Column("about", sa.Text, nullable=False),  # an upload's id, "<account> <order id>", a seller's or user's name
    sa.Column("detail", sa.Text, nullable=False, server_default=""),
    sa.Column("token", sa.Text, nullable=False, server_default=""),  # by a program: how its token begins
    sa.Index("deeds_by_about", "about"),
    sqlite_autoincrement=True,
)

CASES: Final = sa.Table(  # assignee and note of held uploads and unconfirmed orders
    "cases",
    METADATA,
    sa.Column("about", sa.Text, primary_key=True),  # as in `deeds`
    sa.Column("assignee", sa.Text, nullable=False, server_default=""),  # a user's name
    sa.Column("note", sa.Text, nullable=False, server_default=""),
    sa.Column("changed_at", sa.Text, nullable=False),
)


def _tokens(name: str, owner: str, scopes: str) -> sa.Table:
    """Tokens of the API that sellers or users own; `scopes` are all there are."""
    return sa.Table(
        name,
        METADATA,
        sa.Column("id", SERIAL, primary_key=True, autoincrement=True),
        sa.Column(f"{owner}_id", SERIAL, sa.ForeignKey(f"{owner}s.id"), nullable=False),
        sa.Column("label", sa.Text, nullable=False),
        sa.Column("token_hash", sa.Text, nullable=False, unique=True),  # SHA-256; the token itself is shown once
        sa.Column("hint", sa.Text, nullable=False),  # its first letters, to tell it from others
        sa.Column("enabled", sa.Boolean, nullable=False, server_default=sa.true()),
        sa.Column("created_at", sa.Text, nullable=False),
        sa.Column("used_at", sa.Text),
        sa.Column("scopes", sa.Text, nullable=False, server_default=scopes),  # model.Scope, by blanks
        sa.Column("expires_at", sa.Text),
        sa.Column("networks", sa.Text, nullable=False, server_default=""),  # as in `sellers`
        sa.Index(f"{name}_by_{owner}", f"{owner}_id"),
        sqlite_autoincrement=True,
    )


API_TOKENS: Final = _tokens("api_tokens", "seller", "read upload manage")
USER_TOKENS: Final = _tokens("user_tokens", "user", "read manage")  # within its user's role
