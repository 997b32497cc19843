"""The tables of our own rows, and nothing else. The durable engine keeps its tables in the same database.

Moments are ISO-8601 text in UTC with milliseconds: they sort, and mean the same on SQLite and PostgreSQL.
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

METADATA: Final = sa.MetaData()
SERIAL: Final = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

ACCOUNTS: Final = sa.Table(
    "accounts",
    METADATA,
    sa.Column("id", SERIAL, primary_key=True),
    sa.Column("merchant_id", sa.Text, nullable=False),
    sa.Column("marketplace_id", sa.Text, nullable=False),
    sa.Column("refresh_token", sa.Text, nullable=False, server_default=""),  # a reference: env:NAME or file:PATH
    sa.Column("stopped", sa.Text, nullable=False, server_default=""),  # why nothing is sent, "" = all is well
    sa.UniqueConstraint("merchant_id", "marketplace_id"),
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

GUARD: Final = sa.Table(  # failed logins, by address and by user name; moments in seconds since 1970
    "guard",
    METADATA,
    sa.Column("kind", sa.Text, primary_key=True),  # address | user
    sa.Column("who", sa.Text, primary_key=True),
    sa.Column("score", sa.Float, nullable=False),
    sa.Column("scored_at", sa.Float, nullable=False),
    sa.Column("until", sa.Float, nullable=False, server_default="0"),  # banned until
    sa.Column("bans", sa.Integer, nullable=False, server_default="0"),
)

AUDIT: Final = sa.Table(  # what was done at the doors
    "audit",
    METADATA,
    sa.Column("id", SERIAL, primary_key=True, autoincrement=True),
    sa.Column("at", sa.Text, nullable=False),
    sa.Column("event", sa.Text, nullable=False),  # drop.deeds.Event
    sa.Column("seller", sa.Text, nullable=False),
    sa.Column("address", sa.Text, nullable=False),
    sa.Column("door", sa.Text, nullable=False),
    sa.Column("client", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("upload_id", sa.Text, nullable=False),
    sa.Column("size", sa.BigInteger),
    sa.Column("detail", sa.Text, nullable=False),
    sa.Column("times", sa.Integer, nullable=False),
    sa.Index("audit_by_seller", "seller", "id"),
    sa.Index("audit_by_time", "at"),
)

UPLOADS: Final = sa.Table(
    "uploads",
    METADATA,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("seller_id", sa.ForeignKey("sellers.id"), nullable=False),
    sa.Column("account_id", sa.ForeignKey("accounts.id"), nullable=False),
    sa.Column("folder", sa.Text, nullable=False),  # inbox | test
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("door", sa.Text, nullable=False),
    sa.Column("client", sa.Text, nullable=False),
    sa.Column("grade", sa.Text, nullable=False),
    sa.Column("evidence", sa.Text, nullable=False),
    sa.Column("arrived_at", sa.Text, nullable=False),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("state", sa.Text, nullable=False),  # UploadState
    sa.Column("sha256", sa.Text, nullable=False, server_default=""),
    sa.Column("outcome", sa.Text, nullable=False, server_default="{}"),  # JSON: what reading found
    sa.Column("line_count", sa.Integer, nullable=False, server_default="0"),
    sa.Column("waiting", sa.Integer, nullable=False, server_default="0"),  # lines without an answer yet
    sa.Column("done_at", sa.Text),
    sa.Column("releases", sa.Integer, nullable=False, server_default="0"),  # times somebody said: take it as it is
    sa.Index("uploads_by_content", "seller_id", "sha256"),
    sa.Index("uploads_by_state", "state"),
)

TO_SEND: Final = sa.text("verdict = 'queued' AND feed_no IS NULL")
TO_CANCEL: Final = sa.text("verdict = 'queued' AND feed_no IS NULL AND kind = 'acknowledgement'")
LINES: Final = sa.Table(
    "lines",
    METADATA,
    sa.Column("upload_id", sa.Text, primary_key=True),
    sa.Column("line", sa.Integer, primary_key=True),
    sa.Column("account_id", SERIAL, nullable=False),
    sa.Column("order_id", sa.Text, nullable=False),  # as the seller typed it; so are the item and the tracking number
    sa.Column("amazon_order_id", sa.Text, nullable=False, server_default=""),  # whose it is; as typed if nobody knows
    sa.Column("order_item_id", sa.Text, nullable=False),
    sa.Column("tracking", sa.Text, nullable=False),
    sa.Column("verdict", sa.Text, nullable=False),
    sa.Column("code", sa.Text, nullable=False),
    sa.Column("message", sa.Text, nullable=False),
    sa.Column("shipment", sa.Text),  # what goes to Amazon, by `kind`; NULL for lines that do not
    sa.Column("feed_no", SERIAL),
    sa.Column("message_id", sa.Integer),
    sa.Column("kind", sa.Text, nullable=False, server_default="fulfillment"),  # model.FeedKind of its shipment
    sa.Column("seen_at", sa.Text),  # when Amazon's own order showed its package
    sa.Index("lines_queued", "account_id", "upload_id", "line", sqlite_where=TO_SEND, postgresql_where=TO_SEND),
    sa.Index("lines_to_cancel", "account_id", "upload_id", sqlite_where=TO_CANCEL, postgresql_where=TO_CANCEL),
    sa.Index(
        "lines_of_feed",
        "feed_no",
        "message_id",
        sqlite_where=sa.text("feed_no IS NOT NULL"),
        postgresql_where=sa.text("feed_no IS NOT NULL"),
    ),
    sa.Index("lines_by_order", "account_id", "amazon_order_id"),
    sa.Index(
        "lines_unconfirmed",
        "account_id",
        "upload_id",
        sqlite_where=sa.text("verdict = 'unconfirmed'"),
        postgresql_where=sa.text("verdict = 'unconfirmed'"),
    ),
    sqlite_with_rowid=False,
)

QUIET_LINES: Final = sa.Table(  # lines of "shipped & no confirm": the buyer gets no mail of ours
    "quiet_lines",
    METADATA,
    sa.Column("upload_id", sa.Text, primary_key=True),
    sa.Column("line", sa.Integer, primary_key=True),
    sqlite_with_rowid=False,
)

CLAIMS: Final = sa.Table(  # one row a shipment that is on its way or confirmed: idempotence by meaning (DOMAIN 4)
    "claims",
    METADATA,
    sa.Column("account_id", SERIAL, primary_key=True, autoincrement=False),
    sa.Column("amazon_order_id", sa.Text, primary_key=True),
    sa.Column("order_item_id", sa.Text, primary_key=True),  # "" = the whole order
    sa.Column("tracking", sa.Text, primary_key=True),
    sa.Column("quantity", sa.Integer),  # NULL = all that was ordered
    sa.Column("upload_id", sa.Text, nullable=False),
    sa.Column("line", sa.Integer, nullable=False),
    sa.Column("corrected_by", sa.Text, nullable=False, server_default=""),  # "<upload_id> <line>"; "" = it stands
    sa.Index("claims_of_upload", "upload_id"),
    sqlite_with_rowid=False,
)

SIGHTINGS: Final = sa.Table(  # orders whose confirmation is to be found again in Amazon's own orders
    "sightings",
    METADATA,
    sa.Column("account_id", SERIAL, primary_key=True, autoincrement=False),
    sa.Column("amazon_order_id", sa.Text, primary_key=True),
    sa.Column("since", sa.Text, nullable=False),  # when Amazon answered last
    sa.Column("state", sa.Text, nullable=False),  # model.Sight
    sa.Column("look_at", sa.Text),  # NULL = not looked for any more
    sa.Column("looks", sa.Integer, nullable=False, server_default="0"),
    sa.Column("note", sa.Text, nullable=False, server_default=""),
    sa.Index(
        "sightings_due",
        "look_at",
        sqlite_where=sa.text("look_at IS NOT NULL"),
        postgresql_where=sa.text("look_at IS NOT NULL"),
    ),
    sa.Index(
        "sightings_missing",
        "account_id",
        "since",
        sqlite_where=sa.text("state <> 'seen'"),
        postgresql_where=sa.text("state <> 'seen'"),
    ),
    sqlite_with_rowid=False,
)

ORDERS: Final = sa.Table(  # the order book
    "orders",
    METADATA,
    sa.Column("no", SERIAL, primary_key=True, autoincrement=True),
    sa.Column("account_id", sa.ForeignKey("accounts.id"), nullable=False),
    sa.Column("amazon_order_id", sa.Text, nullable=False),
    sa.Column("number", sa.Text),  # the service's own number where a file gave one; NULL: it is `no`
    sa.Column("reference", sa.Text, nullable=False, server_default=""),  # the seller's own
    sa.Column("state", sa.Text, nullable=False),  # model.OrderState
    sa.Column("purchase_date", sa.Text, nullable=False, server_default=""),
    sa.Column("payments_date", sa.Text, nullable=False, server_default=""),
    sa.Column("latest_ship_date", sa.Text, nullable=False, server_default=""),
    sa.Column("ship_method", sa.Text, nullable=False, server_default=""),  # the one Amazon gave
    sa.Column("own_ship_method", sa.Text, nullable=False, server_default=""),  # the seller's change of it
    sa.Column("sales_channel", sa.Text, nullable=False, server_default=""),
    sa.Column("tracking_number", sa.Text, nullable=False, server_default=""),
    sa.Column("location", sa.Text, nullable=False, server_default=""),
    sa.Column("created_at", sa.Text, nullable=False),
    sa.Column("changed_at", sa.Text, nullable=False),
    sa.Column("shipped_at", sa.Text),
    sa.Column("listed_at", sa.Text, nullable=False, server_default=""),  # `changed_at` when sellers last got a file
    sa.Column("settled_at", sa.Text, nullable=False, server_default=""),  # when an operator last settled it by hand
    sa.Column("version", sa.Integer, nullable=False, server_default="0"),  # grows with all that rules may look at
    sa.Column("made_by", sa.Text, nullable=False, server_default=""),  # the upload that named it; "" = an order file
    sa.UniqueConstraint("account_id", "amazon_order_id"),
    sa.UniqueConstraint("account_id", "number"),
    sa.Index("orders_by_reference", "account_id", "reference"),
    sa.Index("orders_by_state", "account_id", "state"),
    sa.Index("orders_by_change", "account_id", "changed_at"),
    sa.Index(
        "orders_by_deadline",
        "account_id",
        "latest_ship_date",
        sqlite_where=sa.text("latest_ship_date <> ''"),
        postgresql_where=sa.text("latest_ship_date <> ''"),
    ),
    sqlite_autoincrement=True,
)

ORDER_LINES: Final = sa.Table(
    "order_lines",
    METADATA,
    sa.Column("order_no", SERIAL, sa.ForeignKey("orders.no"), primary_key=True, autoincrement=False),
    sa.Column("order_item_id", sa.Text, primary_key=True),
    sa.Column("sku", sa.Text, nullable=False, server_default=""),
    sa.Column("item_name", sa.Text, nullable=False, server_default=""),
    sa.Column("quantity", sa.Integer),  # NULL: no file has said how many
    sa.Column("price", sa.Text, nullable=False, server_default=""),
    sa.Column("total_price", sa.Text, nullable=False, server_default=""),
    sa.Column("shipping_fee", sa.Text, nullable=False, server_default=""),
    sqlite_with_rowid=False,
)

ORDER_PEOPLE: Final = sa.Table(  # whom an order is for; removed 30 days after shipment
    "order_people",
    METADATA,
    sa.Column("order_no", SERIAL, sa.ForeignKey("orders.no"), primary_key=True, autoincrement=False),
    sa.Column("cells", sa.Text, nullable=False),  # JSON: tables.PEOPLE_COLUMNS -> text
)

ORDER_KEPT: Final = sa.Table(  # tracking of packed orders, for the time when they are shipped; as it would be sent
    "order_kept",
    METADATA,
    sa.Column("order_no", SERIAL, sa.ForeignKey("orders.no"), primary_key=True, autoincrement=False),
    sa.Column("order_item_id", sa.Text, primary_key=True),  # "" = the whole order
    sa.Column("tracking", sa.Text, nullable=False),
    sa.Column("carrier_code", sa.Text, nullable=False),
    sa.Column("carrier_name", sa.Text, nullable=False),
    sa.Column("upload_id", sa.Text, nullable=False),
    sqlite_with_rowid=False,
)

ORDER_HISTORY: Final = sa.Table(
    "order_history",
    METADATA,
    sa.Column("id", SERIAL, primary_key=True, autoincrement=True),
    sa.Column("order_no", SERIAL, sa.ForeignKey("orders.no"), nullable=False),
    sa.Column("at", sa.Text, nullable=False),
    sa.Column("who", sa.Text, nullable=False),  # seller, operator, amazon, import
    sa.Column("before", sa.Text, nullable=False, server_default=""),  # its state before; "" = it was not there
    sa.Column("state", sa.Text, nullable=False),  # after it
    sa.Column("what", sa.Text, nullable=False),  # in words
    sa.Column("upload_id", sa.Text, nullable=False, server_default=""),
    sa.Column("line", sa.Integer),
    sa.Index("order_history_of", "order_no", "id"),
    sa.Index(
        "order_history_by_upload",
        "upload_id",
        sqlite_where=sa.text("upload_id <> ''"),
        postgresql_where=sa.text("upload_id <> ''"),
    ),
)

FEEDS: Final = sa.Table(
    "feeds",
    METADATA,
    sa.Column("no", SERIAL, primary_key=True, autoincrement=True),
    sa.Column("account_id", sa.ForeignKey("accounts.id"), nullable=False),
    sa.Column("cause", sa.Text, nullable=False, unique=True),  # what opened it; opening again gives the same feed
    sa.Column("state", sa.Text, nullable=False),  # FeedState
    sa.Column("kind", sa.Text, nullable=False, server_default="fulfillment"),  # FeedKind
    sa.Column("opened_at", sa.Text, nullable=False),
    sa.Column("line_count", sa.Integer, nullable=False, server_default="0"),
    sa.Column("message_count", sa.Integer, nullable=False, server_default="0"),
    sa.Column("document_id", sa.Text, nullable=False, server_default=""),
    sa.Column("intent_at", sa.Text),  # set before createFeed: from here on Amazon may have it
    sa.Column("amazon_feed_id", sa.Text),
    sa.Column("submitted_at", sa.Text),
    sa.Column("report_document_id", sa.Text, nullable=False, server_default=""),
    sa.Column("settled_at", sa.Text),
    sa.Column("note", sa.Text, nullable=False, server_default=""),  # last trouble, in words
    sa.Column("wake", sa.Boolean, nullable=False, server_default=sa.false()),  # an operator said: go on
    sa.UniqueConstraint("account_id", "amazon_feed_id"),
    sa.Index("feeds_by_state", "account_id", "state"),
    sqlite_autoincrement=True,
)

PULLS: Final = sa.Table(  # orders fetched from Amazon: one row an order report that was or is to be asked for
    "pulls",
    METADATA,
    sa.Column("no", SERIAL, primary_key=True, autoincrement=True),
    sa.Column("account_id", sa.ForeignKey("accounts.id"), nullable=False),
    sa.Column("state", sa.Text, nullable=False),  # model.PullState
    sa.Column("asked_at", sa.Text, nullable=False),  # when it was wanted; Amazon is asked soon after
    sa.Column("report_id", sa.Text, nullable=False, server_default=""),  # Amazon's, once it has been asked
    sa.Column("next_at", sa.Text, nullable=False),  # nothing is done about it before
    sa.Column("tries", sa.Integer, nullable=False, server_default="0"),  # since it last came a step further
    sa.Column("done_at", sa.Text),
    sa.Column("outcome", sa.Text, nullable=False, server_default="{}"),  # JSON: how many lines and orders it brought
    sa.Column("note", sa.Text, nullable=False, server_default=""),  # how it went or what it waits for, in words
    sa.Index("pulls_by_account", "account_id", "no"),
    sa.Index(
        "pulls_open", "next_at", sqlite_where=sa.text("done_at IS NULL"), postgresql_where=sa.text("done_at IS NULL")
    ),
    sqlite_autoincrement=True,
)

BUCKETS: Final = sa.Table(  # token buckets (GCRA): theoretical arrival time per account and operation
    "buckets",
    METADATA,
    sa.Column("account_id", SERIAL, primary_key=True, autoincrement=False),
    sa.Column("operation", sa.Text, primary_key=True),
    sa.Column("arrival", sa.Float, nullable=False),
)

MAIL_NOTES: Final = sa.Table(  # what happened that a mail may have to tell of
    "mail_notes",
    METADATA,
    sa.Column("key", sa.Text, primary_key=True),  # of the event: noting it again changes nothing
    sa.Column("topic", sa.Text, nullable=False),  # pipeline.mail.notes.Topic
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
