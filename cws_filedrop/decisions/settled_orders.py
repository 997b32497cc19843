"""What follows when orders were settled by hand, in whichever process: results, counts and status files are renewed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from cws_filedrop.decisions.orders_and_feeds import SETTLE
from cws_filedrop.pacing.status_due import STATUS_DUE
from cws_filedrop.pipeline import outbox
from cws_filedrop.service_context import ServiceContext
from cws_filedrop.store.feeds import refusals
from cws_filedrop.store.lists import work_lists
from cws_filedrop.store.sellers import sellers
from cws_filedrop.store.uploads import uploads, verdict_counts
from cws_filedrop.store.users import decisions
from cws_filedrop.store.users.decisions import Decision

LONG_AGO: Final = timedelta(days=90)


class SettledOrdersWatch:
    """Renews what sellers see of orders that were settled. At its first look it makes up for what was settled while
    no worker ran, of uploads of the last 90 days. Belongs to one thread."""

    def __init__(self, context: ServiceContext) -> None:
        self._context = context
        self._last = decisions.newest(context.db)
        self._left: list[str] | None = None  # uploads whose results are to be renewed; None = nobody has looked

    def look(self) -> None:
        """Look for orders settled since the last look."""
        db = self._context.db
        if self._left is None:
            self._left = verdict_counts.outdated(db, since=self._context.clock() - LONG_AGO)
        settled = decisions.after(db, self._last, what=SETTLE)
        if settled:
            self._last = settled[-1].id
            self._statuses(settled)
        abouts = [(work_lists.account_of(one.about), work_lists.order_of(one.about)) for one in settled]
        due = [*self._left, *(upload for about in abouts for upload in refusals.uploads_of(db, *about))]
        self._left = outbox.publish_again(self._context, uploads.some(db, list(dict.fromkeys(due)))) if due else []

    def _statuses(self, settled: Sequence[Decision]) -> None:
        accounts = {work_lists.account_of(decision.about) for decision in settled}
        for seller in sellers.everyone(self._context.db):
            if seller.account.id in accounts:
                STATUS_DUE.add(seller.name)
