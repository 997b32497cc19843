"""Looks at everything now and then, and tells of what is new and of what is over; each once, whatever happens between.

Mail and web hook are queued under the alarm's number, so that after a crash between telling and noting it, telling it
again changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from cws_filedrop import log
from cws_filedrop.marketplaces import clocks
from cws_filedrop.pipeline.alarms import checks
from cws_filedrop.pipeline.alarms.checks import Scene
from cws_filedrop.pipeline.alarms.disks import Disk, Trend
from cws_filedrop.pipeline.desk import Desk
from cws_filedrop.pipeline.hooks import events
from cws_filedrop.pipeline.mail import notes
from cws_filedrop.store import alarms, stages
from cws_filedrop.store.alarms import Alarm, Finding

LOG: Final = log.get(__name__)
KEPT_DAYS: Final = 400


class Watch:
    """One in the worker. `look` may be called at any time; the trend of the disk is of its own samples."""

    def __init__(
        self,
        desk: Desk,
        certificate_end: Callable[[Path], datetime],
        *,
        disk: Callable[[Path], Disk] = Disk.of,
        skew: Callable[[], float | None] = clocks.skew_seconds,
    ) -> None:
        self._desk = desk
        self._certificate_end = certificate_end
        self._disk = disk
        self._skew = skew
        self._trend = Trend()

    def look(self) -> None:
        """Look once, and tell."""
        alarms.renew(self._desk.db, self._findings(), now=self._desk.clock())
        for alarm in alarms.untold(self._desk.db):
            over = alarm.recovered_at is not None
            if over:
                LOG.info("alarm.recovered", kind=str(alarm.kind), key=alarm.key, what=alarm.text)
            else:
                LOG.error("alarm.raised", kind=str(alarm.kind), key=alarm.key, what=alarm.text)
            _tell(self._desk, alarm, recovered=over)
            alarms.told(self._desk.db, alarm)

    def tidy(self) -> None:
        """Forget what was over long ago."""
        alarms.forget(self._desk.db, before=self._desk.clock() - timedelta(days=KEPT_DAYS))

    def _findings(self) -> Iterator[Finding]:
        now, disk = self._desk.clock(), self._disk(self._desk.spool.root)
        self._trend.add(now, disk)
        scene = Scene(
            self._desk,
            now,
            stages.look(self._desk.db, now=now),
            disk,
            self._trend,
            checks.certificates(self._desk, self._certificate_end),
            self._skew(),
        )
        known: list[Finding] | None = None
        for check in checks.CHECKS:
            try:
                yield from list(check(scene))
            except Exception:
                LOG.exception("alarm.check_failed", check=check.__name__)
                known = known if known is not None else self._known()
                yield from (one for one in known if check.__name__ in CHECKED.get(str(one.kind), ()))

    def _known(self) -> list[Finding]:
        """What cannot be looked at is not over."""
        return [Finding(one.key, one.kind, one.text, one.remedy) for one in alarms.listing(self._desk.db)]


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


def _tell(desk: Desk, alarm: Alarm, *, recovered: bool) -> None:
    """By mail and by web hook, as far as operators have either."""
    said = f"Over: {alarm.text}." if recovered else f"{alarm.text}. {alarm.remedy}"
    key = f"alarm:{alarm.no}:{'over' if recovered else 'raised'}"
    notes.trouble(desk, key, about=alarm.key, what=said)
    told = {"kind": str(alarm.kind), "since": alarm.since, "text": alarm.text, "remedy": alarm.remedy}
    events.alarm(desk, f"{alarm.key}:{alarm.since}", told, recovered=recovered)
