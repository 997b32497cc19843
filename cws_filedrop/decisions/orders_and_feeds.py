"""What a person decides about orders, feeds, cases, bans and connections; each decision is kept with who made it.

For uploads that were set aside see `set_aside`.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Final

from cws_filedrop import log
from cws_filedrop.errors import NotPossible
from cws_filedrop.gate.sources import source_of
from cws_filedrop.model import FeedState, OrderState, Verdict
from cws_filedrop.outgoing.hooks import events
from cws_filedrop.pipeline import documents
from cws_filedrop.rules.feed_states import FeedEvent
from cws_filedrop.service_context import ServiceContext
from cws_filedrop.store.database import stamp
from cws_filedrop.store.doors import connections, guard
from cws_filedrop.store.feeds import feeds, filling, look_ups, refusals, releasing, settling
from cws_filedrop.store.feeds.feeds import FeedRow
from cws_filedrop.store.feeds.settling import Settlement
from cws_filedrop.store.lists import work_lists
from cws_filedrop.store.orders import order_book
from cws_filedrop.store.sellers import sellers
from cws_filedrop.store.uploads import claims
from cws_filedrop.store.users import decisions, users
from cws_filedrop.store.users.decisions import Who

LOG: Final = log.get(__name__)
SETTLE: Final = "order.settle"
SETTLED_AS: Final = (OrderState.SHIPPED, OrderState.CANCELLED, OrderState.NEW)


def settle(
    context: ServiceContext, account_id: int, order_id: str, state: OrderState, *, note: str, who: Who
) -> OrderState:
    """Record what became of an order; nothing is sent to Amazon. Raises: NotPossible.

    An order settled as new may be dropped again: the operator has seen that Amazon does not have it. Lines of unknown
    outcome get their verdicts by it; results are renewed by `settled_orders`.
    """
    now = context.clock()
    if state not in SETTLED_AS:
        raise NotPossible(f"an order is settled as {', '.join(SETTLED_AS)}, not as {state}")
    with context.db.write() as connection:
        order = order_book.get_in(connection, account_id, order_id)
        if order is None:
            raise NotPossible(f"there is no order {order_id} in that order book")
        # Settled as new, its lines could be sent again while an undecided feed still carries them: sent twice.
        if state is OrderState.NEW and (open_feeds := refusals.undecided_in(connection, account_id, order_id)):
            raise NotPossible(
                f"feed {open_feeds[0]} carries {order_id} and may be at Amazon: decide on that feed first"
            )
        what = f"settled by hand: {note}"
        if not order_book.move(connection, order, state, who="operator", what=what, now=now, settles=True):
            raise NotPossible(f"{order_id} has just changed; look at it again")
        if state is OrderState.NEW:
            refusals.give_up_in(connection, account_id, order_id)
        refusals.settle_in(connection, account_id, order_id, state, words=f"settled by hand as {state}: {note}")
        claims.settle_by_hand_in(connection, account_id, order_id, shipped=state is OrderState.SHIPPED)
        releasing.release_in(connection, account_id, [order_id], now=stamp(now))
        about = work_lists.about_order(account_id, order_id)
        detail = f"{order.state} -> {state}: {note}"
        decisions.add_in(connection, who, what=SETTLE, about=about, detail=detail, now=now)
    LOG.info("order.settled", order=order_id, state=str(state), who=who.name)
    return state


def settle_all(
    context: ServiceContext, orders: Sequence[tuple[int, str]], state: OrderState, *, note: str, who: Who
) -> dict[str, str]:
    """`settle` for many orders (account id, order id), one after the other. Returns why not, by order id, where it was
    not possible."""
    failed: dict[str, str] = {}
    for account_id, order_id in orders:
        try:
            settle(context, account_id, order_id, state, note=note, who=who)
        except NotPossible as error:
            failed[order_id] = str(error)
    return failed


def retry_feed(context: ServiceContext, feed_no: int, *, who: Who) -> None:
    """Resume a stopped feed from where it stands, and let its account send again. Raises: NotPossible."""
    _known(context, feed_no)
    if not feeds.wake(context.db, feed_no):
        raise NotPossible(f"feed {feed_no} is not stopped")
    record_decision(context, who, what="feed.retry", about=str(feed_no))


def adopt_feed(context: ServiceContext, feed_no: int, amazon_feed_id: str, *, who: Who) -> None:
    """Record which of Amazon's feeds a feed became, stopped or adopted, and resume it. Raises: NotPossible."""
    feed = _known(context, feed_no)
    if feed.state not in (FeedState.STOPPED, FeedState.ADOPTED):
        raise NotPossible(f"feed {feed_no} is not stopped")
    others = feeds.known_feed_ids(context.db, feed.account_id) - {feed.amazon_feed_id}
    if amazon_feed_id in others:
        raise NotPossible(f"{amazon_feed_id} is another of this account's feeds")
    feeds.submitted(context.db, feed_no, amazon_feed_id=amazon_feed_id, now=context.clock(), event=FeedEvent.NAMED)
    feeds.stop_account(context.db, feed.account_id, "")
    record_decision(context, who, what="feed.adopt", about=str(feed_no), detail=amazon_feed_id)


def send_feed_again(context: ServiceContext, feed_no: int, *, who: Who) -> None:
    """Send a feed once more that may be at Amazon, where that was offered. Raises: NotPossible."""
    feed = _known(context, feed_no)
    if feed.state is not FeedState.STOPPED or not feed.offered:
        raise NotPossible(f"feed {feed_no} is not offered to be sent again: `feed retry` looks it up at Amazon")
    if not look_ups.withdraw(context.db, feed, FeedEvent.SENT_AGAIN):
        raise NotPossible(f"feed {feed_no} has just changed; look at it again")
    feeds.stop_account(context.db, feed.account_id, "")
    record_decision(context, who, what="feed.send-again", about=str(feed_no), detail=feed.note)


def drop_feed(context: ServiceContext, feed_no: int, *, note: str, who: Who) -> None:
    """Take the lines out of a stopped feed that Amazon cannot have: they are unconfirmed, and may be dropped again.

    Where only some orders keep a document from being made, these are taken out, and the others are queued again.
    Raises: NotPossible.
    """
    feed = _known(context, feed_no)
    if feed.state is not FeedState.STOPPED:
        raise NotPossible(f"feed {feed_no} is not stopped")
    if feed.intent_at is not None:
        raise NotPossible(f"feed {feed_no} may be at Amazon: `feed retry` looks it up there")
    account = sellers.account(context.db, feed.account_id)
    filling.take_out_others(context.db, feed_no, lambda table: documents.made_of(table, feed.kind, account))
    why = f"it was taken out of feed {feed_no}, which could not be sent: {note or feed.note}"
    settlement = Settlement(Verdict.UNCONFIRMED, "", why, {})
    told = partial(events.refused, now=context.clock(), marketplace=context.marketplace)
    settling.settle(context.db, feed_no, settlement, now=context.clock(), beside=told, event=FeedEvent.TAKEN_OUT)
    feeds.stop_account(context.db, feed.account_id, "")
    record_decision(context, who, what="feed.drop", about=str(feed_no), detail=note)


def _known(context: ServiceContext, feed_no: int) -> FeedRow:
    found = feeds.find(context.db, feed_no)
    if found is None:
        raise NotPossible(f"there is no feed {feed_no}; `feed list` shows them")
    return found


def take_on(context: ServiceContext, about: str, *, assignee: str, note: str, who: Who) -> None:
    """Assign a case to a user ("" = to nobody), with a note. Raises: NotPossible."""
    if assignee and users.find(context.db, assignee) is None:
        raise NotPossible(f"there is no user {assignee}")
    work_lists.keep(context.db, about, assignee=assignee, note=note, now=context.clock())
    detail = f"for {assignee or 'nobody'}" + (f": {note}" if note else "")
    record_decision(context, who, what="case.keep", about=about, detail=detail)


def unban(context: ServiceContext, address: str, *, who: Who) -> None:
    """Let an address or user name try again at once. Raises: NotPossible."""
    if not guard.forget(context.db, address) and not guard.forget(context.db, source_of(address)):
        raise NotPossible(f"nothing is held against {address}")
    record_decision(context, who, what="guard.unban", about=address)


def close_connection(context: ServiceContext, connection_id: str, *, who: Who) -> None:
    """Have a seller's connection closed; the doors do so within a second or two. Raises: NotPossible."""
    if not connections.close(context.db, connection_id):
        raise NotPossible(f"there is no connection {connection_id} (any more)")
    record_decision(context, who, what="connection.close", about=connection_id)


def record_decision(context: ServiceContext, who: Who, *, what: str, about: str, detail: str = "") -> None:
    """Keep what somebody decided just now: who, when, what, about what."""
    decisions.add(context.db, who, what=what, about=about, detail=detail, now=context.clock())
