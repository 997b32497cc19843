"""After a restore: which feeds has Amazon that the restored database does not know, and what did they tell?

Feeds since the backup are listed until Amazon is done with all of them; none means that nothing was sent since, and
sending goes on. Otherwise a feed does not say what it told (docs/amazon.md#7-feeds-api), but orders do
(docs/amazon.md#9-orders-api): each order is read before anything that is queued for it is sent. What the order shows is
confirmed; what it plainly does not show may go once that has been so for `[orders] unknown_hours` after the feeds were
done; where units went in other packages nobody can say, and the line is `unknown`, and read back.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from cws_filedrop import log
from cws_filedrop.amazon_context import AmazonContext
from cws_filedrop.backoff import AMAZON_FAILED
from cws_filedrop.errors import RemoteError, RemoteRefused, RemoteUnavailable
from cws_filedrop.marketplaces.amazon import Feed
from cws_filedrop.marketplaces.orders_api import AmazonOrder
from cws_filedrop.model import Verdict
from cws_filedrop.outgoing.mail import notes
from cws_filedrop.pipeline import outbox
from cws_filedrop.pipeline.looking_up import AT_WORK, LOOKS
from cws_filedrop.pipeline.orders_seen import NO_SUCH_ORDER
from cws_filedrop.rules.feed_states import FeedEvent
from cws_filedrop.rules.pieces.orders_shown import Showing, showings
from cws_filedrop.store.database import moment, stamp
from cws_filedrop.store.feeds import feeds, settling, unseen
from cws_filedrop.store.feeds.settling import Settlement
from cws_filedrop.store.feeds.unseen import QueuedLine, RestoredAccount
from cws_filedrop.store.sellers import sellers
from cws_filedrop.store.uploads import uploads

LOG: Final = log.get(__name__)
BEFORE: Final = timedelta(hours=1)  # the moment of the backup is by our clock
AT_ONCE: Final = 50  # orders that are read in one round
DAYS: Final = 30  # afterwards nobody drops again what was lost
LOOKS_IN_ALL: Final = 8  # at an order that does not show what is queued
SHOWN: Final = "Amazon's own order shows this package"
OTHERWISE: Final = "the database was restored, and Amazon's own order shows units of this in other packages"


class CatchUp:
    """Looks at one restored account after the other. Belongs to one thread."""

    def __init__(self, amazon: AmazonContext) -> None:
        self._amazon = amazon
        self._not_before: dict[int, datetime] = {}
        self._failures: dict[int, int] = {}

    def look(self) -> None:
        """Do what can be done now for every account that was restored."""
        now = self._amazon.context.clock()
        for account in unseen.accounts(self._amazon.context.db):
            if self._not_before.get(account.id, now) <= now:
                with log.bound(account=account.id):
                    self._look_at(account, now)

    def _look_at(self, account: RestoredAccount, now: datetime) -> None:
        try:
            if account.listed_at is None:
                self._list(account, now)
            elif now - moment(account.restored_at) > timedelta(days=DAYS):
                self._end(account, "nothing of before the restore is expected any more")
            else:
                self._read(account, moment(account.listed_at), now)
        except RemoteError as error:
            self._later(account, error, now)
        else:
            self._failures.pop(account.id, None)

    def _later(self, account: RestoredAccount, error: RemoteError, now: datetime) -> None:
        failures = self._failures[account.id] = self._failures.get(account.id, 0) + 1
        wait = AMAZON_FAILED.seconds(failures)
        if isinstance(error, RemoteUnavailable) and error.retry_after_seconds:
            wait = error.retry_after_seconds
        self._not_before[account.id] = now + timedelta(seconds=wait)
        self._note(account, f"Amazon does not answer as it should: {error}")

    def _note(self, account: RestoredAccount, why: str) -> None:
        words = f"restored from the backup of {account.unseen_since}: {why}; `restore end-pause` sends all the same"
        if words != account.unseen_note:
            unseen.noted(self._amazon.context.db, account.id, words)

    def _end(self, account: RestoredAccount, why: str) -> None:
        unseen.over(self._amazon.context.db, account.id)
        LOG.info("restore.ended", why=why)

    # Which feeds are there?

    def _list(self, account: RestoredAccount, now: datetime) -> None:
        db, unit = self._amazon.context.db, self._amazon.context.settings.marketplace.lookup_seconds
        if now < moment(account.restored_at) + timedelta(seconds=LOOKS[-1] * unit):  # a createFeed may take effect late
            self._note(account, "nothing is sent until what may be on its way to Amazon has come to its list of feeds")
            return
        if feeds.reserve(db, account.id, self._amazon.rate_limit("getFeeds"), now):
            return
        client = self._amazon.client(sellers.account(db, account.id))
        known = feeds.known_feed_ids(db, account.id)
        found = client.get_feeds(moment(account.unseen_since) - BEFORE)
        self._listed(account, [one for one in found if one.feed_id not in known], now)

    def _listed(self, account: RestoredAccount, unknown: Sequence[Feed], now: datetime) -> None:
        at_work = [one.feed_id for one in unknown if one.status in AT_WORK]
        if not unknown:
            self._end(account, "Amazon has no feed that is not known here")
        elif at_work:
            self._not_before[account.id] = now + timedelta(seconds=self._amazon.poll_seconds(1))
            self._note(
                account, f"nothing is sent while Amazon works on feeds that are not known here ({_few(at_work)})"
            )
        else:
            LOG.warning("restore.feeds_listed", feeds=len(unknown))
            ids = _few([one.feed_id for one in unknown])
            why = f"Amazon has {len(unknown)} feeds that are not known here ({ids}); each order is read before"
            words = f"restored from the backup of {account.unseen_since}: {why} anything is sent for it"
            unseen.noted(self._amazon.context.db, account.id, words, listed_at=stamp(now))

    # What do orders show?

    def _read(self, account: RestoredAccount, listed_at: datetime, now: datetime) -> None:
        db = self._amazon.context.db
        wanted = timedelta(hours=self._amazon.context.settings.orders.unknown_hours)
        due = unseen.unread(db, account.id, before=now - wanted / LOOKS_IN_ALL, limit=AT_ONCE)
        for order in due:
            if feeds.reserve(db, account.id, self._amazon.rate_limit("getOrder"), now):
                break
            self._keep(account, order, self._order(account, order), now, is_late=now >= listed_at + wanted)
        left = unseen.unread_count(db, account.id)
        self._note(
            account, f"each order is read at Amazon before anything is sent for it; {left} of the queue are left"
        )

    def _order(self, account: RestoredAccount, order: str) -> AmazonOrder | None:
        """The order as Amazon has it; None when it does not. Raises: RemoteError."""
        try:
            return self._amazon.orders(sellers.account(self._amazon.context.db, account.id)).get_order(order)
        except RemoteRefused as error:
            if error.status not in NO_SUCH_ORDER:
                raise
            return None

    def _keep(
        self, account: RestoredAccount, name: str, order: AmazonOrder | None, now: datetime, *, is_late: bool
    ) -> None:
        db = self._amazon.context.db
        told = unseen.lines_of(db, account.id, name)
        found = [(line, how) for line, how in zip(told, showings(told, order), strict=True) if line.queued]
        sent = [(line, how) for line, how in found if how in (Showing.SHOWN, Showing.OTHER)]
        if mine := [(line, how) for line, how in sent if line.mine]:
            self._settle(account, mine, now)
        unseen.looked(db, [line.place for line, _ in sent if not line.mine], free=False, shown=True, now=now)
        absent = [line.place for line, how in found if (line, how) not in sent]
        unseen.looked(db, absent, free=is_late, shown=False, now=now)
        # To cancel an order once more changes nothing.
        unseen.looked(db, unseen.cancellations_of(db, account.id, name), free=True, shown=False, now=now)

    def _settle(self, account: RestoredAccount, found: Sequence[tuple[QueuedLine, Showing]], now: datetime) -> None:
        """Give lines that Amazon was told of their verdict, in the name of the feed that is not known here."""
        context, said = self._amazon.context, self._amazon.context.marketplace.verdict
        lines = [line for line, _ in found]
        words = f"the feed that told this is not known here: it was sent after the backup of {account.unseen_since}"
        cause = f"restored:{secrets.token_hex(8)}"
        feed_no = unseen.carry(context.db, account, lines, cause=cause, note=words, now=now)
        confirmed = (Verdict.CONFIRMED, "", said(SHOWN))
        shown = {number: confirmed for number, (_, how) in enumerate(found, 1) if how is Showing.SHOWN}
        settlement = Settlement(Verdict.UNKNOWN, "", said(OTHERWISE), shown)
        done = settling.settle(context.db, feed_no, settlement, now=now, look_after=timedelta(0), event=FeedEvent.SHOWN)
        notes.settled(context, feed_no, account.id)
        LOG.info("restore.lines_found", lines=len(lines), feed=feed_no)
        if late := outbox.publish(context, uploads.some(context.db, done)):
            LOG.warning("outbox.not_renewed", uploads=late)  # what is left undelivered is delivered by the rounds


def _few(ids: Sequence[str]) -> str:
    return ", ".join(ids[:5]) + (f" and {len(ids) - 5} more" if len(ids) > 5 else "")
