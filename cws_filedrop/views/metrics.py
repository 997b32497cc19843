"""Metrics for Prometheus, outcomes first. All of them are read from the database and the disk, so that any process can
answer; nothing is read more than once in five seconds.

Names follow Prometheus's conventions: base units, `_total` for what only grows. Lines are counted by verdict as of the
last answer, so a line may move from one verdict to another (a correction, a settlement): those are gauges.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from cws_filedrop import __version__
from cws_filedrop.model import AlarmKind, MailState
from cws_filedrop.outgoing.alarms.disks import Disk
from cws_filedrop.service_context import ServiceContext
from cws_filedrop.store.database import moment
from cws_filedrop.store.lists import outcomes, stages, work_lists
from cws_filedrop.store.lists.outcomes import LatencyCounts, OutcomeFigures, TimedStep
from cws_filedrop.store.lists.stages import StageCounts
from cws_filedrop.store.outgoing import alarms, mails

PREFIX: Final = "cws_filedrop"
KEPT_SECONDS: Final = 5.0
LATE_DAYS: Final = 14
MOST_LATE: Final = 1_000
LIMITS: Final = (0.5, 1, 2, 5, 10, 30, 60, 300, 900, 3_600, 14_400, 86_400)  # seconds
FEED_BURST: Final = 15.0  # createFeed (docs/amazon.md#8-rate-limits): this many at once,
FEED_SECONDS: Final = 120.0  # and one more after each of these


class Metrics:
    """`render()` is what `/metrics` answers. May be used from any thread."""

    def __init__(self, context: ServiceContext) -> None:
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(_Source(context))
        self._lock = threading.Lock()
        self._until = 0.0
        self._body = b""

    def render(self) -> tuple[bytes, str]:
        """The text, and its content type."""
        with self._lock:
            if time.monotonic() >= self._until:
                self._body = self.fresh()
                self._until = time.monotonic() + KEPT_SECONDS
            return self._body, CONTENT_TYPE_LATEST

    def fresh(self) -> bytes:
        """The text as it is at this moment."""
        return generate_latest(self._registry)


class _Source(Collector):
    """Collects anew each time it is asked."""

    def __init__(self, context: ServiceContext) -> None:
        self._context = context
        self._so_far = OutcomeFigures(context.db, LIMITS, context.clock)

    def collect(self) -> Iterable[Metric]:
        """Every metric."""
        context, now = self._context, self._context.clock()
        yield _gauge("build_info", "Which version serves", "version", {__version__: 1.0})
        yield _gauge("marketplace_info", "The marketplace that feeds go to", "kind", {str(context.marketplace): 1.0})
        yield from self._outcomes()
        yield from _waiting(stages.look(context.db, now=now), now)
        yield from self._orders(now)
        yield from self._quota(now)
        yield from self._machine(now)

    def _outcomes(self) -> Iterator[Metric]:
        found = self._so_far
        yield _gauge("lines", "Lines by verdict, as they stand", "verdict", found.lines())
        yield _counter("uploads", "Uploads that came", ["door"], {(door,): n for door, n in found.uploads().items()})
        yield _histogram("receipt_seconds", "From drop to receipt", found.seconds(TimedStep.RECEIPT))
        words = "From opening a feed to Amazon's having it"
        yield _histogram("submission_seconds", words, found.seconds(TimedStep.SUBMISSION))
        words = "From drop to the last answer, of uploads that Amazon was asked about"
        yield _histogram("answer_seconds", words, found.seconds(TimedStep.ANSWER))

    def _orders(self, now: datetime) -> Iterator[Metric]:
        db, before = self._context.db, timedelta(hours=self._context.settings.orders.late_hours)
        words = f"Lines that Amazon refused or nobody knows about, not settled; {work_lists.COUNTED} means that or more"
        yield _plain("unconfirmed_lines", words, work_lists.unconfirmed_count(db))
        late = stages.late(db, now=now, before=before, since=timedelta(days=LATE_DAYS), limit=MOST_LATE)
        yield _plain("late_soon_orders", "Orders to be shipped soon, or overdue, and not confirmed", len(late))
        if late:
            left = (moment(late[0].ship_by) - now).total_seconds()
            yield _plain("nearest_deadline_seconds", "To the nearest deadline of these; negative when missed", left)

    def _quota(self, now: datetime) -> Iterator[Metric]:
        left = {
            str(account): min(FEED_BURST, max(0.0, FEED_BURST - (arrival - now.timestamp()) / FEED_SECONDS))
            for account, arrival in outcomes.arrivals(self._context.db, "createFeed").items()
        }
        words = "Feeds that may be created at once, at Amazon's own rates"
        yield _gauge(
            "feed_quota_left", words, "account", {one: min(FEED_BURST, max(0.0, n)) for one, n in left.items()}
        )

    def _machine(self, now: datetime) -> Iterator[Metric]:
        db, room = self._context.db, Disk.of(self._context.spool.root)
        yield _plain("disk_free_bytes", "Free on the data folder's disk", room.bytes)
        if room.inodes is not None:
            yield _plain("disk_free_inodes", "Free on the data folder's disk", room.inodes)
        silent = {who: (now - moment(at)).total_seconds() for who, at in alarms.beats(db).items()}
        yield _gauge("process_silent_seconds", "Since a process's last sign of life", "process", silent)
        counts = mails.counts(db)
        states = {str(state): counts.get(str(state), 0) for state in MailState}
        yield _gauge("mails", "Mails by state", "state", states)
        kinds = Counter(str(alarm.kind) for alarm in alarms.listing(db))
        yield _gauge("alarms", "Alarms that are open", "kind", {str(kind): kinds[str(kind)] for kind in AlarmKind})
        yield _counter(
            "door_events",
            "What happened at the doors, as far back as the trail goes",
            ["door", "event"],
            self._so_far.doors(),
        )


def _waiting(counts: StageCounts, now: datetime) -> Iterator[Metric]:
    states = {str(state): counts.upload(str(state)).number for state in stages.IN_WORK}
    yield _gauge("uploads_in_work", "Uploads by state", "state", states)
    ages = {
        "oldest_unread_upload_seconds": ("Age of the oldest upload that nobody read", counts.upload("arrived")),
        "oldest_waiting_upload_seconds": ("Age of the oldest upload that waits for Amazon", counts.upload("waiting")),
        "oldest_unanswered_feed_seconds": ("Age of the oldest feed at Amazon", counts.feed("submitted", "intended")),
    }
    for name, (words, stage) in ages.items():
        age = (now - moment(stage.oldest)).total_seconds() if stage.oldest else 0.0
        yield _plain(name, words, max(0.0, age))
    feeds = {str(state): counts.feed(str(state)).number for state in stages.UNDER_WAY}
    yield _gauge("feeds_under_way", "Feeds by state", "state", feeds)
    yield _plain("stopped_accounts", "Accounts that nothing is sent for", len(counts.stopped))


def _plain(name: str, words: str, value: float) -> Metric:
    return GaugeMetricFamily(f"{PREFIX}_{name}", words, value=float(value))


def _gauge(name: str, words: str, label: str, rows: Mapping[str, float]) -> Metric:
    family = GaugeMetricFamily(f"{PREFIX}_{name}", words, labels=[label])
    for row, value in rows.items():
        family.add_metric([row], float(value))
    return family


def _counter(name: str, words: str, labels: Sequence[str], rows: Mapping[Any, float]) -> Metric:
    """`rows` has a tuple of labels for each value."""
    family = CounterMetricFamily(f"{PREFIX}_{name}", words, labels=labels)
    for row, value in rows.items():
        family.add_metric(row, float(value))
    return family


def _histogram(name: str, words: str, counted: LatencyCounts) -> Metric:
    family = HistogramMetricFamily(f"{PREFIX}_{name}", words)
    buckets = [(str(float(limit)), float(number)) for limit, number in zip(LIMITS, counted.below, strict=True)]
    family.add_metric([], [*buckets, ("+Inf", float(counted.number))], counted.total)
    return family
