"""What sellers dropped, line by line, and what became of it."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

from cws_filedrop.store.schema.base import METADATA, SERIAL

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
    sa.Column("answered_at", sa.Text),  # when its receipt was delivered first
    sa.Column("done_at", sa.Text),
    sa.Column("releases", sa.Integer, nullable=False, server_default="0"),  # times somebody decided on it
    sa.Column("worker_no", SERIAL),  # who reads it, where there are several
    sa.Index("uploads_by_content", "seller_id", "sha256"),
    sa.Index("uploads_by_state", "state"),
    sa.Index("uploads_by_seller", "seller_id", "id"),
)

TO_SEND: Final = sa.text("verdict = 'queued' AND feed_no IS NULL")
TO_CANCEL: Final = sa.text("verdict = 'queued' AND feed_no IS NULL AND kind = 'acknowledgement'")
IN_WAIT: Final = sa.text("verdict = 'held' AND shipment IS NOT NULL")  # until an earlier line is answered
REPLACED: Final = sa.text("replaced_by IS NOT NULL")
NOT_GOOD: Final = sa.text("verdict IN ('unconfirmed', 'unknown')")
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
    sa.Column("shipment", sa.Text),  # what goes to Amazon, by `kind` (`packed_lines`); NULL for lines that do not
    sa.Column("feed_no", SERIAL),
    sa.Column("message_id", sa.Integer),
    sa.Column("kind", sa.Text, nullable=False, server_default="fulfillment"),  # model.FeedKind of its shipment
    sa.Column("seen_at", sa.Text),  # when Amazon's own order showed its package
    sa.Column("replaced_by", sa.Text),  # "<upload_id> <line>" that took its place before it was sent
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
    sa.Index("lines_in_wait", "account_id", "amazon_order_id", sqlite_where=IN_WAIT, postgresql_where=IN_WAIT),
    sa.Index("lines_replaced", "replaced_by", sqlite_where=REPLACED, postgresql_where=REPLACED),
    sa.Index(
        "lines_by_tracking",
        "tracking",
        sqlite_where=sa.text("tracking <> ''"),
        postgresql_where=sa.text("tracking <> ''"),
    ),
    sa.Index("lines_not_good", "account_id", "upload_id", sqlite_where=NOT_GOOD, postgresql_where=NOT_GOOD),
    sa.Index("lines_not_good_newest", "upload_id", "line", sqlite_where=NOT_GOOD, postgresql_where=NOT_GOOD),
    sqlite_with_rowid=False,
)

VERDICT_COUNTS: Final = sa.Table(  # how many lines of an upload have which verdict and code, as far as it was answered
    "tallies",
    METADATA,
    sa.Column("upload_id", sa.Text, primary_key=True),
    sa.Column("verdict", sa.Text, primary_key=True),
    sa.Column("code", sa.Text, primary_key=True),
    sa.Column("line_count", sa.Integer, nullable=False),
    sa.Index("tallies_by_code", "code", "upload_id"),
    sqlite_with_rowid=False,
)

QUIET_LINES: Final = sa.Table(  # lines of "shipped & no confirm": the buyer gets no mail of ours
    "quiet_lines",
    METADATA,
    sa.Column("upload_id", sa.Text, primary_key=True),
    sa.Column("line", sa.Integer, primary_key=True),
    sqlite_with_rowid=False,
)

# The ledger: one row per order line and package, with counts of units (`rules.pieces.ledger`), kept for ever.
# Its key is what makes two shipments the same (docs/domain.md#4-shipments).
CLAIMS: Final = sa.Table(
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
    sa.Column("package", sa.Integer, nullable=False, server_default="1"),  # its number in the order, for ever
    sa.Column("told", sa.Integer, nullable=False, server_default="0"),  # units; where `quantity` is NULL, 1 is all
    sa.Column("accepted", sa.Integer, nullable=False, server_default="0"),
    sa.Column("refused", sa.Integer, nullable=False, server_default="0"),  # and not confirmed otherwise since
    sa.Column("unknown", sa.Integer, nullable=False, server_default="0"),
    sa.Column("cancelled", sa.Integer, nullable=False, server_default="0"),  # taken back, or went in another package
    sa.Column("refused_by", sa.Text, nullable=False, server_default=""),  # "<upload_id> <line>" that was refused last
    sa.Index("claims_of_upload", "upload_id"),
    sqlite_with_rowid=False,
)

SIGHTINGS: Final = sa.Table(  # orders whose confirmation is to be found again in Amazon's own orders
    "sightings",
    METADATA,
    sa.Column("account_id", SERIAL, primary_key=True, autoincrement=False),
    sa.Column("amazon_order_id", sa.Text, primary_key=True),
    sa.Column("since", sa.Text, nullable=False),  # when Amazon answered last
    sa.Column("state", sa.Text, nullable=False),  # model.ReadBackState
    sa.Column("look_at", sa.Text),  # NULL = not looked for any more
    sa.Column("looks", sa.Integer, nullable=False, server_default="0"),
    sa.Column("note", sa.Text, nullable=False, server_default=""),
    sa.Column("looked_at", sa.Text),  # last, and with an answer
    sa.Column("shown", sa.Text, nullable=False, server_default=""),  # JSON of read_backs.ReadBack.shown
    sa.Column("rank", sa.Integer, nullable=False, server_default="4"),  # read_backs.Rank: who is looked up first
    sa.Column("absent", sa.Integer, nullable=False, server_default="0"),  # looks in a row that plainly did not show it
    sa.Column("absent_since", sa.Text),  # the first of these
    sa.Index(
        "sightings_due",
        "rank",
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
