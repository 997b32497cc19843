"""Runs the checks now and then, and tells operators of alarms that are new or over: of each once, whatever happens.

Mail and web hook are queued under a key of the alarm, so that after a crash between queueing and noting it as told,
queueing again changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from cws_filedrop import log
from cws_filedrop.marketplaces import clocks
from cws_filedrop.outgoing.alarms import checks
from cws_filedrop.outgoing.alarms.checks import CheckInput
from cws_filedrop.outgoing.alarms.disks import Disk, Trend
from cws_filedrop.outgoing.hooks import events
from cws_filedrop.outgoing.mail import notes
from cws_filedrop.service_context import ServiceContext
from cws_filedrop.store.lists import stages
from cws_filedrop.store.outgoing import alarms
from cws_filedrop.store.outgoing.alarms import Alarm, AlarmFinding

LOG: Final = log.get(__name__)
KEPT_DAYS: Final = 400


class AlarmWatch:
    """One in the worker. `look` may be called at any time; it also takes the samples of the disk's trend."""

    def __init__(
        self,
        context: ServiceContext,
        certificate_end: Callable[[Path], datetime],
        *,
        disk: Callable[[Path], Disk] = Disk.of,
        skew: Callable[[], float | None] = clocks.skew_seconds,
    ) -> None:
        self._context = context
        self._certificate_end = certificate_end
        self._disk = disk
        self._skew = skew
        self._trend = Trend()

    def look(self) -> None:
        """Run every check once, and tell what is new or over."""
        alarms.renew(self._context.db, self._findings(), now=self._context.clock())
        for alarm in alarms.untold(self._context.db):
            over = alarm.recovered_at is not None
            if over:
                LOG.info("alarm.recovered", kind=str(alarm.kind), key=alarm.key, what=alarm.text)
            else:
                LOG.error("alarm.raised", kind=str(alarm.kind), key=alarm.key, what=alarm.text)
            _tell(self._context, alarm, recovered=over)
            alarms.told(self._context.db, alarm)

    def tidy(self) -> None:
        """Forget alarms that were over long ago."""
        alarms.forget(self._context.db, before=self._context.clock() - timedelta(days=KEPT_DAYS))

    def _findings(self) -> Iterator[AlarmFinding]:
        now, disk = self._context.clock(), self._disk(self._context.spool.root)
        self._trend.add(now, disk)
        given = CheckInput(
            self._context,
            now,
            stages.look(self._context.db, now=now),
            disk,
            self._trend,
            checks.certificates(self._context, self._certificate_end),
            self._skew(),
        )
        known: list[AlarmFinding] | None = None
        for check in checks.CHECKS:
            try:
                yield from list(check(given))
            except Exception:
                LOG.exception("alarm.check_failed", check=check.__name__)
                known = known if known is not None else self._known()
                yield from (one for one in known if check.__name__ in CHECKED.get(str(one.kind), ()))

    def _known(self) -> list[AlarmFinding]:
        """The open alarms as findings: those of a failed check stay open, as nobody knows whether they are over."""
        return [AlarmFinding(one.key, one.kind, one.text, one.remedy) for one in alarms.listing(self._context.db)]


CHECKED: Final = {
    "stuck-upload": ("stuck_uploads",),
    "stuck-feed": ("stuck_feeds",),
    "unconfirmed": ("unconfirmed",),
    "silent-seller": ("silent_sellers",),
    "disk": ("disk",),
    "expiring": ("expiring",),
    "rejections": ("rejections",),
    "guard": ("bans",),
    "clock": ("clock",),
    "process": ("processes",),
    "mail": ("mail",),
}


def _tell(context: ServiceContext, alarm: Alarm, *, recovered: bool) -> None:
    """By mail and by web hook, as far as operators have either."""
    words = f"Over: {alarm.text}." if recovered else f"{alarm.text}. {alarm.remedy}"
    key = f"alarm:{alarm.no}:{'over' if recovered else 'raised'}"
    notes.trouble(context, key, about=alarm.key, what=words)
    data = {"kind": str(alarm.kind), "since": alarm.since, "text": alarm.text, "remedy": alarm.remedy}
    events.alarm(context, f"{alarm.key}:{alarm.since}", data, recovered=recovered)
