"""May a processing report be the answer to a feed? For feeds at Amazon that nobody knows to be ours. Pure.

A feed does not name its document (docs/amazon.md#7-feeds-api), but its report says how many messages it had, and names
some of them, often with their orders. That can only tell that a report is another feed's, never that it is ours: a feed
of another program may well have as many messages, about the same orders of the same seller, in the same places.
"""

from __future__ import annotations

from collections.abc import Mapping, Set

from cws_filedrop.feeds.processing_report import COMPLETE, ProcessingReport, Result, ResultCode, read


def may_answer(report: bytes, orders: Mapping[str, Set[int]], message_count: int) -> bool:
    """False when it is about other messages than those of the feed: `orders` are its orders with their messages.

    What cannot be read tells nothing, and so may be the answer to anything.
    """
    found = read(report)
    if not isinstance(found, ProcessingReport):
        return True
    if found.counts is not None and found.counts.processed != message_count:
        return False
    return all(_fits(result, orders, message_count) for result in found.results)


def took_nothing(report: bytes) -> bool:
    """Does it say that Amazon took none of the messages? Then it does not matter whose feed it was: ours may go."""
    found = read(report)
    if not isinstance(found, ProcessingReport) or found.status_code != COMPLETE or found.counts is None:
        return False
    refused = {one.message_id for one in found.results if one.result_code is ResultCode.ERROR and one.message_id}
    return not found.counts.successful and found.counts.with_error == found.counts.processed == len(refused)


def _fits(result: Result, orders: Mapping[str, Set[int]], message_count: int) -> bool:
    if not result.message_id:  # about the document
        return True
    if result.message_id > message_count:
        return False
    return not result.order_id or result.message_id in orders.get(result.order_id, frozenset())
