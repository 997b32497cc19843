"""When much of one kind comes from one address within a minute, the first entries are kept one by one, and what comes
beyond them is one entry with a count. What names a file that came or went for good is never counted so.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import datetime
from typing import Final

from cws_filedrop.drop.audit_events import AuditEvent, AuditEventKind

FURTHER: Final = "further ones of this minute, counted together"
# Of a kind and address in a minute, kept one by one. A download names what was seen, so more of these are.
_APART: Final = {
    AuditEventKind.LOGIN_REFUSED: 10,
    AuditEventKind.REFUSED: 10,
    AuditEventKind.LOGIN: 60,
    AuditEventKind.LOGOUT: 60,
    AuditEventKind.DOWNLOAD: 240,
}
_APART_IN_ALL: Final = 2_000  # of all of them, whatever the addresses


class Floods:
    """Decides for each event of a minute whether it is an entry of its own. Not for several threads at once."""

    def __init__(self) -> None:
        self._minute: datetime | None = None
        self._seen: Counter[tuple[AuditEventKind, str]] = Counter()
        self._apart = 0

    def sorted_in(self, event: AuditEvent, now: datetime) -> AuditEvent:
        """The event itself, or the one that stands for all that are counted with it."""
        most = _APART.get(event.event)
        if most is None:
            return event
        self._begin(now)
        self._seen[event.event, event.address] += 1
        if self._apart >= _APART_IN_ALL:
            return AuditEvent(event=event.event, door=event.door, detail=FURTHER)
        if self._seen[event.event, event.address] > most:
            return _further(event)
        self._apart += 1
        return event

    def _begin(self, now: datetime) -> None:
        minute = minute_of(now)
        if minute != self._minute:
            self._minute, self._apart = minute, 0
            self._seen.clear()


def minute_of(moment: datetime) -> datetime:
    """When the minute of a moment begins."""
    return moment.replace(second=0, microsecond=0)


def _further(event: AuditEvent) -> AuditEvent:
    # Of refused logins it is the guesser who chooses the names; else it is one seller's doing.
    seller = "" if event.event is AuditEventKind.LOGIN_REFUSED else event.seller
    return replace(event, seller=seller, client="", name="", upload_id="", size=None, detail=FURTHER)
