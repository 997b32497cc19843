"""The audit trail: what was done at the doors, kept by a thread of its own so that no client waits for it.

Knows no database. When more events come than can be kept, refused logins are counted together instead of one by one;
nothing else ever comes in such numbers.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final, Protocol

from cws_filedrop import log
from cws_filedrop.drop.audit_events import AuditEvent, AuditEventKind
from cws_filedrop.periodic import Job, PeriodicTask

_LOG = log.get(__name__)
_KEEP_SECONDS: Final = 1.0
_MOST_APART: Final = 2_000  # entries that wait; beyond this, equal ones are counted together
_MOST_WAITING: Final = 100_000
_LONGEST_TEXT: Final = 500


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """An event, the moment it happened first, and how often it happened."""

    at: datetime
    what: AuditEvent
    times: int = 1


class AuditStore(Protocol):
    """Where entries are kept."""

    def add(self, entries: Sequence[AuditEntry]) -> None: ...


class Audit:
    """`note` may be called from any thread, and never waits."""

    def __init__(self, trail: AuditStore) -> None:
        self._trail = trail
        self._lock = threading.Lock()
        self._waiting: list[AuditEntry] = []
        self._counted: dict[AuditEvent, int] = {}  # place in `_waiting`
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
        with self._lock:
            if len(self._waiting) >= _MOST_APART and self._count(event):
                return
            if len(self._waiting) >= _MOST_WAITING:
                self._lost += 1
                return
            if event.event is AuditEventKind.LOGIN_REFUSED:
                self._counted[event] = len(self._waiting)
            self._waiting.append(AuditEntry(datetime.now(UTC), event))

    def _count(self, event: AuditEvent) -> bool:
        place = self._counted.get(event)
        if place is None:
            return False
        self._waiting[place] = replace(self._waiting[place], times=self._waiting[place].times + 1)
        return True

    def _keep(self) -> None:
        with self._lock:
            waiting, self._waiting, self._counted = self._waiting, [], {}
            lost, self._lost = self._lost, 0
        if lost:
            _LOG.error("audit.lost", entries=lost)
        try:
            if waiting:
                self._trail.add(waiting)
        except Exception as error:
            _LOG.error("audit.not_kept", entries=len(waiting), error=repr(error))
            with self._lock:  # tried again with the next ones; what came since keeps its place behind them
                self._waiting = waiting + self._waiting
                self._counted = {}  # its places have moved


def _plain(text: str) -> str:
    """Text without anything that could play tricks on whoever reads the trail."""
    text = text if len(text) <= _LONGEST_TEXT else text[: _LONGEST_TEXT - 1] + "…"
    return (
        text
        if text.isprintable()
        else "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)
    )
