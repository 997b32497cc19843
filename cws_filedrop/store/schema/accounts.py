"""Sellers, and their accounts at Amazon."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

from cws_filedrop.store.schema.base import METADATA, SERIAL
from cws_filedrop.store.schema.sealed import SealedText

ACCOUNTS: Final = sa.Table(
    "accounts",
    METADATA,
    sa.Column("id", SERIAL, primary_key=True),
    sa.Column("merchant_id", sa.Text, nullable=False),
    sa.Column("marketplace_id", sa.Text, nullable=False),
    sa.Column("refresh_token", sa.Text, nullable=False, server_default=""),  # a reference: env:NAME or file:PATH
    sa.Column("stopped", sa.Text, nullable=False, server_default=""),  # why nothing is sent, "" = all is well
    sa.Column("restored_at", sa.Text),  # NULL = everything that was ever sent is in this database
    sa.Column("unseen_since", sa.Text),  # else when the backup was made: feeds created since are not in it
    sa.Column("listed_at", sa.Text),  # when these feeds were listed, and Amazon was done with all of them
    sa.Column("unseen_note", sa.Text, nullable=False, server_default=""),  # what sending waits for, in words
    sa.UniqueConstraint("merchant_id", "marketplace_id"),
)

RESTORED_LOOKS: Final = sa.Table(  # queued lines whose orders were read at Amazon since the account was restored
    "restored_looks",
    METADATA,
    sa.Column("upload_id", sa.Text, primary_key=True),
    sa.Column("line", sa.Integer, primary_key=True),
    sa.Column("looked_at", sa.Text, nullable=False),
    sa.Column("free", sa.Boolean, nullable=False, server_default=sa.false()),  # it may be sent
    sa.Column("shown", sa.Boolean, nullable=False, server_default=sa.false()),  # the order shows it
    sqlite_with_rowid=False,
)

SELLERS: Final = sa.Table(
    "sellers",
    METADATA,
    sa.Column("id", SERIAL, primary_key=True),
    sa.Column("name", sa.Text, nullable=False, unique=True),  # lower case
    sa.Column("account_id", sa.ForeignKey("accounts.id"), nullable=False),
    sa.Column("password_hash", sa.Text, nullable=False),
    sa.Column("version", sa.Integer, nullable=False, server_default="1"),  # grows when a login must be asked again
    sa.Column("enabled", sa.Boolean, nullable=False, server_default=sa.true()),
    sa.Column("removed_at", sa.Text),
    sa.Column("policy", sa.Text, nullable=False, server_default="{}"),  # JSON of model.Policy
    sa.Column("created_at", sa.Text, nullable=False),
    sa.Column("clear_password_hash", sa.Text),  # of a password for logins without encryption only
    sa.Column("expires_at", sa.Text),
    sa.Column("networks", sa.Text, nullable=False, server_default=""),  # 192.0.2.0/24 …, by blanks; "" = every one
    sa.Column("allowance", sa.Text, nullable=False, server_default="{}"),  # JSON of model.Allowance
    sa.Column("mailing", sa.Text, nullable=False, server_default="{}"),  # JSON of model.Mailing
    # Of logins to the pages only: a program at a door has no telephone.
    sa.Column("totp_secret", SealedText("sellers.totp_secret"), nullable=False, server_default=""),  # as in `users`
    sa.Column("totp_last", sa.BigInteger, nullable=False, server_default="0"),
)

KEYS: Final = sa.Table(  # public keys that a seller may log in with
    "seller_keys",
    METADATA,
    sa.Column("seller_id", SERIAL, sa.ForeignKey("sellers.id"), primary_key=True, autoincrement=False),
    sa.Column("fingerprint", sa.Text, primary_key=True),  # SHA256:…, as ssh-keygen shows it
    sa.Column("key", sa.Text, nullable=False),  # "ssh-ed25519 AAAA…"
    sa.Column("comment", sa.Text, nullable=False, server_default=""),
    sa.Column("added_at", sa.Text, nullable=False),
)

PROFILES: Final = sa.Table(  # layouts of sellers' own
    "profiles",
    METADATA,
    sa.Column("seller_id", SERIAL, sa.ForeignKey("sellers.id"), primary_key=True, autoincrement=False),
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("text", sa.Text, nullable=False),  # TOML (`formats.profile`)
    sa.Column("changed_at", sa.Text, nullable=False),
)

CARRIER_NAMES: Final = sa.Table(  # what sellers write for carriers, as operators tell us
    "carrier_names",
    METADATA,
    sa.Column("folded", sa.Text, primary_key=True),  # `rules.carriers.folded` of the name
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("code", sa.Text, nullable=False),  # of Amazon's list
    sa.Column("changed_at", sa.Text, nullable=False),
)
