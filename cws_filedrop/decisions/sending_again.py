"""Sends again, at an operator's word, what Amazon refused of an order: its lines are dropped once more, as the seller
would do with the unconfirmed file. So they pass every rule, get a receipt and a result of their own, and a shipment
that was confirmed meanwhile is found to be a duplicate instead of being sent twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from cws_filedrop import log
from cws_filedrop.decisions.orders_and_feeds import record_decision
from cws_filedrop.drop.claims import Drop
from cws_filedrop.drop.handing_in import HandingIn
from cws_filedrop.drop.home import Folder
from cws_filedrop.drop.upload import NoRoom
from cws_filedrop.errors import NotPossible, expected
from cws_filedrop.feeds.processing_report import explain
from cws_filedrop.model import NO_LIMITS, Door, Issue, OrderState, Severity, Verdict
from cws_filedrop.pipeline import outbox
from cws_filedrop.service_context import ServiceContext
from cws_filedrop.store.feeds import offers, refusals
from cws_filedrop.store.feeds.refusals import RefusedLine
from cws_filedrop.store.lists import work_lists
from cws_filedrop.store.orders import order_book
from cws_filedrop.store.uploads import uploads
from cws_filedrop.store.uploads.uploads import Upload
from cws_filedrop.store.users.decisions import Who

LOG: Final = log.get(__name__)
RETRY: Final = "order.retry"


@dataclass(frozen=True, slots=True)
class Retried:
    """How a retry went: the upload that carries the lines now, or why nothing is sent."""

    account_id: int
    order_id: str
    upload_id: str
    why_not: str


def retry_order(context: ServiceContext, account_id: int, order_id: str, *, who: Who) -> str:
    """Drop an order's refused lines again in its seller's name; the id of the new upload. Lines of unknown outcome that
    Amazon's own order plainly lacks go again as they are; the id is then that of their upload.

    Raises: NotPossible when there are none that may be sent again, or their file is not kept any more.
    """
    if upload_id := _resend_unknown(context, account_id, order_id, who):
        return upload_id
    lines = _sendable(context, account_id, order_id)
    upload = expected(uploads.get(context.db, lines[0].upload_id), "upload of refused lines")
    new_id = _drop_again(context, upload, lines, f"retry-{order_id}.txt", who)
    detail = f"lines {', '.join(str(one.line) for one in lines)} of {upload.id} as {new_id}"
    about = work_lists.about_order(account_id, order_id)
    record_decision(context, who, what=RETRY, about=about, detail=detail)
    LOG.info("order.retried", order=order_id, upload=new_id, earlier=upload.id, who=who.name)
    return new_id


def retry_all(context: ServiceContext, orders: Sequence[tuple[int, str]], *, who: Who) -> list[Retried]:
    """`retry_order` for many orders (account id, order id), one after the other; of each it is said how it went."""
    return [_tried(context, account_id, order_id, who) for account_id, order_id in orders]


def offered(context: ServiceContext, account_id: int | None = None) -> list[tuple[int, str]]:
    """The orders (account id, order id) of which lines of unknown outcome may be sent again, longest known first."""
    return offers.unshipped(context.db, account_id)


def _tried(context: ServiceContext, account_id: int, order_id: str, who: Who) -> Retried:
    try:
        return Retried(account_id, order_id, retry_order(context, account_id, order_id, who=who), "")
    except NotPossible as error:
        return Retried(account_id, order_id, "", str(error))


def _resend_unknown(context: ServiceContext, account_id: int, order_id: str, who: Who) -> str:
    """Let the order's lines that are offered go again; the id of the first one's upload, "" when there are none."""
    lines = offers.send_again(context.db, account_id, order_id, now=context.clock())
    if not lines:
        return ""
    detail = "of unknown outcome: " + ", ".join(f"line {line} of {upload_id}" for upload_id, line in lines)
    record_decision(context, who, what=RETRY, about=work_lists.about_order(account_id, order_id), detail=detail)
    upload_id = lines[0][0]
    LOG.info("order.retried", order=order_id, upload=upload_id, earlier=upload_id, who=who.name)
    return upload_id


def _state(context: ServiceContext, account_id: int, order_id: str) -> OrderState:
    with context.db.read() as connection:
        order = order_book.get_in(connection, account_id, order_id)
    if order is None:
        raise NotPossible(f"there is no order {order_id} in that order book")
    return order.state


def _sendable(context: ServiceContext, account_id: int, order_id: str) -> list[RefusedLine]:
    state = _state(context, account_id, order_id)
    if state not in (OrderState.UNCONFIRMED, OrderState.PARTLY_SHIPPED, OrderState.NEW):
        raise NotPossible(f"{order_id} is {state}: only what Amazon refused is sent again")
    refused = refusals.last_of_order(context.db, account_id, order_id)
    unknown = [line for line in refused if line.verdict == Verdict.UNKNOWN]
    # Amazon may have an unknown line; only once somebody has looked and settled the order as new is it sent again.
    if unknown and state is not OrderState.NEW:
        words = f"nobody knows whether Amazon has line {unknown[0].line} of {unknown[0].upload_id}"
        raise NotPossible(f"{words}: look the order up there; if it is not confirmed, settle it as new, then retry")
    if not refused:
        raise NotPossible(f"Amazon has refused nothing of {order_id}")
    return refused


def _drop_again(context: ServiceContext, upload: Upload, lines: Sequence[RefusedLine], name: str, who: Who) -> str:
    limits = context.settings.limits
    handing_in = HandingIn(
        context.homes, context.spool, upload_limit_bytes=limits.upload_bytes, least_free_bytes=limits.free_bytes
    )
    issues = {line.line: Issue(line.code, Severity.ERROR, "", "", line.message, explain(line.code)) for line in lines}
    try:
        incoming = handing_in.begin(Drop(upload.seller, Folder.INBOX, name, Door.HTTP, who.address), NO_LIMITS)
        try:
            for piece in outbox.in_own_columns(context, upload, issues):
                incoming.write(piece)
            return incoming.take(f"{who.name} sent again what Amazon had refused in {upload.id}").upload_id
        finally:
            incoming.drop()
    except FileNotFoundError:
        words = f"the file of {upload.id} is not kept any more; its seller has to drop the order again"
        raise NotPossible(words) from None
    except (NoRoom, OSError) as error:
        raise NotPossible(str(error)) from error
