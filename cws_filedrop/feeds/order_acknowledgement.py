"""CANCELLATIONS to an OrderAcknowledgement document: one message per order, which cancels its items.

Amazon's side of it: docs/amazon.md#3-cancelling. Cancellations are few: unlike shipments, they are written one by one.
"""

from __future__ import annotations

from html import escape
from typing import Final

import pandas as pd

from cws_filedrop.errors import Impossible
from cws_filedrop.feeds.order_fulfillment import ENVELOPE_END, MAX_BYTES, MAX_MESSAGES, FeedDocument, envelope_of

MESSAGE: Final = (
    "<Message><MessageID>{number}</MessageID><OrderAcknowledgement><AmazonOrderID>{order}</AmazonOrderID>"
    "<StatusCode>Failure</StatusCode>{items}</OrderAcknowledgement></Message>\n"
)
ITEM: Final = "<Item><AmazonOrderItemCode>{item}</AmazonOrderItemCode><CancelReason>{reason}</CancelReason></Item>"


def number(cancellations: pd.DataFrame) -> pd.Series[int]:
    """The message of each row; rows about one order share a message. Rows beyond what a document holds are left out."""
    orders = cancellations["amazon-order-id"].to_list()
    messages = {order: place for place, order in enumerate(dict.fromkeys(orders), 1)}
    numbers = pd.Series([messages[order] for order in orders], dtype="int64")
    return numbers[numbers <= MAX_MESSAGES]


def document(cancellations: pd.DataFrame, merchant_id: str) -> FeedDocument:
    """All cancellations in one document (at least one row). Of rows about one order the first gives the reason.

    Raises: Impossible when they do not fit, or there are none.
    """
    numbers = number(cancellations)
    if cancellations.empty or len(numbers) < len(cancellations):
        raise Impossible(f"{len(cancellations)} cancellations do not make one document")
    by_message: dict[int, tuple[str, str, dict[str, None]]] = {}
    for place, order, reason, items in zip(numbers.to_list(), *_columns(cancellations), strict=True):
        by_message.setdefault(place, (order, reason, {}))[2].update(dict.fromkeys(items.split()))
    messages = (
        MESSAGE.format(number=place, order=escape(order), items="".join(_item(code, reason) for code in items))
        for place, (order, reason, items) in by_message.items()
    )
    envelope = envelope_of("OrderAcknowledgement", merchant_id)
    body = b"".join((envelope, *(message.encode() for message in messages), ENVELOPE_END))
    if len(body) > MAX_BYTES:
        raise Impossible(f"{len(cancellations)} cancellations are more than {MAX_BYTES} bytes")
    return FeedDocument(body, 1, len(by_message), numbers)


def _columns(cancellations: pd.DataFrame) -> tuple[list[str], list[str], list[str]]:
    order, reason, items = (
        cancellations[name].to_list() for name in ("amazon-order-id", "cancel-reason", "order-item-codes")
    )
    return order, reason, items


def _item(code: str, reason: str) -> str:
    return ITEM.format(item=code, reason=reason)
