"""What a person decides about orders, feeds, cases, bans and connections; each decision is kept with who made it.

For uploads that were set aside see `set_aside`.
"""

from __future__ import annotations

from typing import Final

from cws_filedrop import log
from cws_filedrop.errors import NotPossible
from cws_filedrop.model import FeedState, OrderState
from cws_filedrop.pacing.status_due import STATUS_DUE
from cws_filedrop.service_context import ServiceContext
from cws_filedrop.store.database import stamp
from cws_filedrop.store.doors import connections, guard
from cws_filedrop.store.feeds import feeds, refusals, releasing
from cws_filedrop.store.feeds.feeds import FeedRow
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

    An order settled as new may be dropped again: the operator has seen that Amazon does not have it.
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
        claims.settle_by_hand_in(connection, account_id, order_id, shipped=state is OrderState.SHIPPED)
        releasing.release_in(connection, account_id, [order_id], now=stamp(now))
        about = work_lists.about_order(account_id, order_id)
        detail = f"{order.state} -> {state}: {note}"
        decisions.add_in(connection, who, what=SETTLE, about=about, detail=detail, now=now)
    LOG.info("order.settled", order=order_id, state=str(state), who=who.name)
    return state


class SettledOrdersWatch:
    """Renews the status files of sellers whose orders were settled, whichever process that happened in."""

    def __init__(self, context: ServiceContext) -> None:
        self._context = context
        self._last = decisions.newest(context.db)

    def look(self) -> None:
        """Look for orders settled since the last look."""
        settled = decisions.after(self._context.db, self._last, what=SETTLE)
        if not settled:
            return
        self._last = settled[-1].id
        accounts = {work_lists.account_of(decision.about) for decision in settled}
        for seller in sellers.everyone(self._context.db):
            if seller.account.id in accounts:
                STATUS_DUE.add(seller.name)


def retry_feed(context: ServiceContext, feed_no: int, *, who: Who) -> None:
    """Resume a stopped feed from where it stands, and let its account send again. Raises: NotPossible."""
    _known(context, feed_no)
    if not feeds.wake(context.db, feed_no):
        raise NotPossible(f"feed {feed_no} is not stopped")
    record_decision(context, who, what="feed.retry", about=str(feed_no))


def adopt_feed(context: ServiceContext, feed_no: int, amazon_feed_id: str, *, who: Who) -> None:
    """Record which of Amazon's feeds a stopped feed became, and resume it. Raises: NotPossible."""
    if _known(context, feed_no).state is not FeedState.STOPPED:
        raise NotPossible(f"feed {feed_no} is not stopped")
    feeds.submitted(context.db, feed_no, amazon_feed_id=amazon_feed_id, now=context.clock())
    # Stopped once more, since only a stopped feed can be woken; if we die between the two, `feed retry` resumes it
    # from the id that is now known.
    feeds.change(context.db, feed_no, state=FeedState.STOPPED)
    feeds.wake(context.db, feed_no)
    record_decision(context, who, what="feed.adopt", about=str(feed_no), detail=amazon_feed_id)


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
    if not guard.forget(context.db, address):
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
