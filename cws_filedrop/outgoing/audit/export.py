"""Hands the audit trail on, in order, as it grows. The trail itself is the queue: no door and no page ever waits for a
target, and what a target does not take stays until it does. A line may come twice after a kill; its `id` says so.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from cws_filedrop import log
from cws_filedrop.gate.floods import FURTHER
from cws_filedrop.outgoing.audit.lines import line
from cws_filedrop.outgoing.audit.targets import Exported, target_of
from cws_filedrop.periodic import Job, PeriodicTask
from cws_filedrop.service_context import ServiceContext
from cws_filedrop.store.database import moment
from cws_filedrop.store.doors import audit_exports
from cws_filedrop.store.doors.audit import AuditRow

LOG: Final = log.get(__name__)
ROUND_SECONDS: Final = 2.0
AT_ONCE: Final = 500
SETTLES: Final = timedelta(seconds=75)  # after its minute began, a row with a count does not change any more


class AuditExport:
    """The export to the target of the settings. `round` is what its task does."""

    def __init__(self, context: ServiceContext) -> None:
        self._context, self._setting = context, context.settings.audit.export
        self._target = target_of(self._setting)
        self._there_before = 0
        self._failing = False
        # A target that is new gets what comes from now on; `audit --export` has what was before.
        if audit_exports.position(context.db, self._setting) is None:
            audit_exports.keep(context.db, self._setting, audit_exports.newest(context.db), now=context.clock())

    def task(self, if_ours: Callable[[Callable[[], object]], Callable[[], object]]) -> PeriodicTask:
        """Its thread, to be started; it hands on what is left when it ends. One worker does it for all: `if_ours` makes
        of work what does it only while it is this worker's."""
        return PeriodicTask(
            "audit-export",
            Job(if_ours(self.round), ROUND_SECONDS),
            failed=self._failed,
            last=if_ours(self._last_round),
        )

    def round(self) -> None:
        """Hand on what was there a round ago: by now no transaction that began before it is still under way."""
        newest = audit_exports.newest(self._context.db)
        up_to, self._there_before = self._there_before, newest
        self._hand_on(up_to)

    def _last_round(self) -> None:
        try:
            self._hand_on(audit_exports.newest(self._context.db))
        except Exception as error:
            self._failed(error)

    def _hand_on(self, up_to: int) -> None:
        db = self._context.db
        last = audit_exports.position(db, self._setting) or 0
        while some := self._next(last, up_to):
            self._target.write([Exported(row, line(number, row)) for number, row in some])
            last = some[-1][0]
            audit_exports.keep(db, self._setting, last, now=self._context.clock())
        if self._failing:
            self._failing = False
            LOG.info("audit.export_resumed", target=self._setting)

    def _next(self, last: int, up_to: int) -> list[tuple[int, AuditRow]]:
        found = audit_exports.entries(self._context.db, after=last, up_to=up_to, limit=AT_ONCE)
        now = self._context.clock()
        growing = (place for place, (_, row) in enumerate(found) if _grows(row, now))
        return found[: next(growing, len(found))]

    def _failed(self, error: Exception) -> None:
        if not self._failing:  # told once, not every round
            LOG.error("audit.export_failed", target=self._setting, error=str(error))
        self._failing = True


def _grows(row: AuditRow, now: datetime) -> bool:
    return row.detail == FURTHER and now - moment(row.at) < SETTLES
