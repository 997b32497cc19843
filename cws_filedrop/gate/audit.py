"""The audit trail: what was done at the doors, kept by a thread of its own so that no client waits for it.

Knows no database. Floods are counted (`floods`). Should more wait than can be remembered, as when the database is away
for long, an entry says how many are missing.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final, Protocol

from cws_filedrop import log
from cws_filedrop.drop.audit_events import AuditEvent, AuditEventKind
from cws_filedrop.gate.floods import Floods, minute_of
from cws_filedrop.periodic import Job, PeriodicTask

_LOG = log.get(__name__)
_KEEP_SECONDS: Final = 1.0
_MOST_WAITING: Final = 100_000
_LONGEST_TEXT: Final = 500


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """An event, the moment it happened first, and how often it happened; `further` ones are added to the entry that is
    kept of the same event and minute, if there is one."""

    at: datetime
    what: AuditEvent
    times: int = 1
    further: bool = False


class AuditStore(Protocol):
    """Where entries are kept."""

    def add(self, entries: Sequence[AuditEntry]) -> None: ...


class Audit:
    """`note` may be called from any thread, and never waits."""

    def __init__(self, trail: AuditStore, *, most_waiting: int = _MOST_WAITING) -> None:
        self._trail, self._most_waiting = trail, most_waiting
        self._lock = threading.Lock()
        self._waiting: list[AuditEntry] = []
        self._floods = Floods()
        self._further: Counter[tuple[datetime, AuditEvent]] = Counter()
        self._lost = 0
        self._task = PeriodicTask("audit", Job(self._keep, _KEEP_SECONDS, _KEEP_SECONDS), last=self._keep)

    def start(self) -> None:
        """Start keeping what is noted."""
        self._task.start()

    def stop(self) -> None:
        """Keep what is left."""
        self._task.stop()

    def note(self, event: AuditEvent) -> None:
        """Have an event kept soon."""
        texts = {"seller": event.seller, "client": event.client, "name": event.name, "detail": event.detail}
        # Copied only where a text changes, which nearly none does.
        odd: dict[str, Any] = {name: plain for name, text in texts.items() if (plain := _plain(text)) is not text}
        event = replace(event, **odd) if odd else event
        now = datetime.now(UTC)
        with self._lock:
            kept = self._floods.sorted_in(event, now)
            if kept is not event:
                self._further[minute_of(now), kept] += 1
            elif len(self._waiting) < self._most_waiting:
                self._waiting.append(AuditEntry(now, event))
            else:
                self._lost += 1

    def _keep(self) -> None:
        with self._lock:
            waiting, self._waiting = self._waiting, []
            further, self._further = self._further, Counter()
            lost, self._lost = self._lost, 0
        entries = [*waiting, *_counted(further), *_gap(lost)]
        try:
            if entries:
                self._trail.add(entries)
        except Exception as error:
            _LOG.error("audit.not_kept", entries=len(entries), error=repr(error))
            with self._lock:  # tried again with the next ones; what came since keeps its place behind them
                self._waiting = waiting + self._waiting
                self._further.update(further)
                self._lost += lost
            return
        if lost:
            _LOG.error("audit.lost", entries=lost)


def _counted(further: Counter[tuple[datetime, AuditEvent]]) -> list[AuditEntry]:
    return [AuditEntry(at, what, times, further=True) for (at, what), times in further.items()]


def _gap(lost: int) -> list[AuditEntry]:
    what = AuditEvent(event=AuditEventKind.GAP, detail="entries are missing here: more came than could be kept")
    return [AuditEntry(datetime.now(UTC), what, lost)] if lost else []


def _plain(text: str) -> str:
    """Text without anything that could play tricks on whoever reads the trail."""
    text = text if len(text) <= _LONGEST_TEXT else text[: _LONGEST_TEXT - 1] + "…"
    return (
        text
        if text.isprintable()
        else "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)
    )
