"""What a person decides about orders, feeds and connections; each is written down with who decided it.

Uploads that were set aside are `actions`'s.
"""

from __future__ import annotations

from typing import Final

from cws_filedrop import log
from cws_filedrop.errors import FileDropError
from cws_filedrop.model import FeedState, OrderState
from cws_filedrop.pipeline import outbox
from cws_filedrop.pipeline.desk import Desk
from cws_filedrop.store import connections, deeds, feeds, guard, order_book, refusals, sellers, users, work_lists
from cws_filedrop.store.deeds import Who
from cws_filedrop.store.feeds import FeedRow

LOG: Final = log.get(__name__)
SETTLE: Final = "order.settle"
SETTLED_AS: Final = (OrderState.SHIPPED, OrderState.CANCELLED, OrderState.NEW)


class Impossible(FileDropError):
    """What was decided cannot be done (any more); the text says why."""


def settle(desk: Desk, account_id: int, order_id: str, state: OrderState, *, note: str, who: Who) -> OrderState:
    """Say what has become of an order; nothing is sent to Amazon. Raises: Impossible.

    As new, what nobody knew of it may be dropped again: Amazon does not have it.
    """
    now = desk.clock()
    if state not in SETTLED_AS:
        raise Impossible(f"an order is settled as {', '.join(SETTLED_AS)}, not as {state}")
    with desk.db.write() as connection:
        found = order_book.get_in(connection, account_id, order_id)
        if found is None:
            raise Impossible(f"there is no order {order_id} in that order book")
        if state is OrderState.NEW and (open_feeds := refusals.undecided_in(connection, account_id, order_id)):
            raise Impossible(f"feed {open_feeds[0]} carries {order_id} and may be at Amazon: decide on that feed first")
        what = f"settled by hand: {note}"
        if not order_book.move(connection, found, state, who="operator", what=what, now=now, settles=True):
            raise Impossible(f"{order_id} has just changed; look at it again")
        if state is OrderState.NEW:
            refusals.give_up_in(connection, account_id, order_id)
        about = work_lists.about_order(account_id, order_id)
        detail = f"{found.state} -> {state}: {note}"
        deeds.add_in(connection, who, what=SETTLE, about=about, detail=detail, now=now)
    LOG.info("order.settled", order=order_id, state=str(state), who=who.name)
    return state


class Heed:
    """Renews the status files of sellers whose orders somebody settled, in whatever process that was."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._last = deeds.newest(desk.db)

    def look(self) -> None:
        """Look for what was settled since the last time."""
        found = deeds.after(self._desk.db, self._last, what=SETTLE)
        if not found:
            return
        self._last = found[-1].id
        accounts = {work_lists.account_of(one.about) for one in found}
        for seller in sellers.everyone(self._desk.db):
            if seller.account.id in accounts:
                outbox.CHANGED.add(seller.name)


def retry_feed(desk: Desk, feed_no: int, *, who: Who) -> None:
    """Let a stopped feed go on from where it stands, and its account send again. Raises: Impossible."""
    _known(desk, feed_no)
    if not feeds.wake(desk.db, feed_no):
        raise Impossible(f"feed {feed_no} is not stopped")
    did(desk, who, what="feed.retry", about=str(feed_no))


def adopt_feed(desk: Desk, feed_no: int, amazon_feed_id: str, *, who: Who) -> None:
    """Say which of Amazon's feeds a stopped feed became. Raises: Impossible."""
    if _known(desk, feed_no).state is not FeedState.STOPPED:
        raise Impossible(f"feed {feed_no} is not stopped")
    feeds.submitted(desk.db, feed_no, amazon_feed_id=amazon_feed_id, now=desk.clock())
    feeds.change(desk.db, feed_no, state=FeedState.STOPPED)
    feeds.wake(desk.db, feed_no)
    did(desk, who, what="feed.adopt", about=str(feed_no), detail=amazon_feed_id)


def _known(desk: Desk, feed_no: int) -> FeedRow:
    found = feeds.find(desk.db, feed_no)
    if found is None:
        raise Impossible(f"there is no feed {feed_no}; `feed list` shows them")
    return found


def take_on(desk: Desk, about: str, *, assignee: str, note: str, who: Who) -> None:
    """Say whose work something is ("" = nobody's), and a note. Raises: Impossible."""
    if assignee and users.find(desk.db, assignee) is None:
        raise Impossible(f"there is no user {assignee}")
    work_lists.keep(desk.db, about, assignee=assignee, note=note, now=desk.clock())
    told = f"for {assignee or 'nobody'}" + (f": {note}" if note else "")
    did(desk, who, what="case.keep", about=about, detail=told)


def unban(desk: Desk, address: str, *, who: Who) -> None:
    """Let an address or user name try again at once. Raises: Impossible."""
    if not guard.forget(desk.db, address):
        raise Impossible(f"nothing is held against {address}")
    did(desk, who, what="guard.unban", about=address)


def close_connection(desk: Desk, connection_id: str, *, who: Who) -> None:
    """Have a seller's connection closed; the doors do so within a second or two. Raises: Impossible."""
    if not connections.close(desk.db, connection_id):
        raise Impossible(f"there is no connection {connection_id} (any more)")
    did(desk, who, what="connection.close", about=connection_id)


def did(desk: Desk, who: Who, *, what: str, about: str, detail: str = "") -> None:
    """Write down what somebody did just now."""
    deeds.add(desk.db, who, what=what, about=about, detail=detail, now=desk.clock())
