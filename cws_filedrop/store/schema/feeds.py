"""What goes to Amazon and what is fetched from there."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

from cws_filedrop.store.schema.base import METADATA, SERIAL

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
    sa.Column("report_document_id", sa.Text, nullable=False, server_default=""),  # or store.feeds.feeds.NO_REPORT
    sa.Column("ended", sa.Text, nullable=False, server_default=""),  # feeds.Ended; "" = DONE
    sa.Column("settled_at", sa.Text),
    sa.Column("note", sa.Text, nullable=False, server_default=""),  # last trouble, in words
    sa.Column("document_sha256", sa.Text, nullable=False, server_default=""),  # as it was sent; "" = it was not kept
    sa.Column("report_sha256", sa.Text, nullable=False, server_default=""),  # as it was read
    sa.Column("wake", sa.Boolean, nullable=False, server_default=sa.false()),  # of versions before 0023
    sa.Column("document_at", sa.Text),  # Date of Amazon's answer to its createFeedDocument: nothing older can be it
    sa.Column("looks", sa.Integer, nullable=False, server_default="0"),  # at Amazon's feeds, none of which was it
    sa.Column("order_looks", sa.Integer, nullable=False, server_default="0"),  # at its orders: no package was shown
    sa.Column("orders_since", sa.Text),  # when the first of these looks was made
    sa.Column("order_place", sa.Integer, nullable=False, server_default="0"),  # orders read in the look under way
    sa.Column("strangers", sa.Text, nullable=False, server_default=""),  # feeds at Amazon that are not it, by blanks
    sa.Column("offered", sa.Boolean, nullable=False, server_default=sa.false()),  # an operator may send it again
    sa.Column("resumed", sa.Integer, nullable=False, server_default="0"),  # times that a round found it left alone
    sa.Column("ended_at", sa.Text),  # when we first heard that Amazon was done with it
    sa.Column("refused_at", sa.Text),  # since when Amazon refuses to be asked about it; NULL = it does not
    sa.Column("parent", SERIAL),  # the feed from which its lines came back
    sa.Column("root", SERIAL),  # the first of that line, which was filled as usual
    sa.Column("tries", sa.Integer, nullable=False, server_default="0"),  # how often these very lines came back
    sa.UniqueConstraint("account_id", "amazon_feed_id"),
    sa.Index(
        "feeds_by_root", "root", sqlite_where=sa.text("root IS NOT NULL"), postgresql_where=sa.text("root IS NOT NULL")
    ),
    sa.Index("feeds_by_state", "account_id", "state"),
    sa.Index("feeds_by_submission", "submitted_at"),
    sqlite_autoincrement=True,
)

PULLS: Final = sa.Table(  # orders fetched from Amazon: one row an order report that was or is to be asked for
    "pulls",
    METADATA,
    sa.Column("no", SERIAL, primary_key=True, autoincrement=True),
    sa.Column("account_id", sa.ForeignKey("accounts.id"), nullable=False),
    sa.Column("state", sa.Text, nullable=False),  # model.OrderReportState
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
