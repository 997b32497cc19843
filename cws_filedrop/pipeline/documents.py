"""The document of a feed: what it carries, as Amazon reads it. Speaks with nobody, since pages make documents, too."""

from __future__ import annotations

import pandas as pd

from cws_filedrop.errors import Impossible
from cws_filedrop.feeds import order_acknowledgement, order_fulfillment
from cws_filedrop.feeds.order_fulfillment import FeedDocument
from cws_filedrop.feeds.schema import DocumentKind, validate
from cws_filedrop.model import Account, FeedKind
from cws_filedrop.service_context import ServiceContext
from cws_filedrop.store.feeds import feeds, filling


def document(context: ServiceContext, feed_no: int, account: Account) -> bytes:
    """The document of a filled feed, validated against our schema; always the same bytes.

    Raises: Impossible when it breaks the schema, or numbers its messages otherwise than was recorded.
    """
    shipments, message_ids = filling.shipments(context.db, feed_no)
    made = made_of(shipments, feeds.get(context.db, feed_no).kind, account)
    if made.message_ids.sort_index().to_list() != message_ids.to_list():
        raise Impossible(f"feed {feed_no}: its messages are not numbered as recorded")
    return made.body


def made_of(shipments: pd.DataFrame, kind: FeedKind, account: Account) -> FeedDocument:
    """Shipments (or cancellations) as a document of a kind, validated against our schema. Raises: Impossible."""
    cancels = kind is FeedKind.ACKNOWLEDGEMENT
    write = order_acknowledgement.document if cancels else order_fulfillment.document
    made = write(shipments, account.merchant_id)
    validate(made.body, DocumentKind.ORDER_ACKNOWLEDGEMENT if cancels else DocumentKind.ORDER_FULFILLMENT)
    return made
