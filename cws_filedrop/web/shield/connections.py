"""How many connections there may be, in all and from one source, and which one makes room for another.

A connection that has nothing to show for itself makes room: first the one that was silent longest, then the one that
takes longest to send what it began. Refusing the newcomer instead would let a few hundred silent ones shut the pages.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from enum import IntEnum
from itertools import takewhile
from typing import Final, Protocol

from cws_filedrop import log

LOG: Final = log.get(__name__)
YOUNG_SECONDS: Final = 1.0
_TELL_EVERY: Final = 1000  # connections that had to go, lest a flood fill the log, too


class Phase(IntEnum):
    """What a connection is doing; the lower, the sooner it makes room for another."""

    SILENT = 0  # it has not sent a whole request yet, or rests between two
    SENDING = 1  # the body of a request arrives, of somebody unknown
    SERVED = 2  # it waits for us, or is somebody whom we know


class CountedConnection(Protocol):
    """A connection, as far as counting and ending it need."""

    source: str
    phase: Phase

    def end(self) -> None:
        """Close it, whatever it is doing."""


class Connections:
    """Used by the thread of the event loop only. `is_proxy` says which sources are not counted one by one.

    A source may have more than its share for a moment: what has only just connected was not silent yet, and of a burst
    nobody knows which one is in earnest.
    """

    def __init__(
        self,
        most: int,
        most_per_source: int,
        is_proxy: Callable[[str], bool],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._most, self._most_per_source, self._is_proxy, self._clock = most, most_per_source, is_proxy, clock
        self._here: dict[CountedConnection, float] = {}  # since when they are silent, in that order
        self._by_source: Counter[str] = Counter()
        self._ended = 0

    def __len__(self) -> int:
        return len(self._here)

    def enter(self, guest: CountedConnection) -> bool:
        """Count a connection in, if need be in place of another; false when there is no room for it."""
        source = guest.source
        crowded = self._by_source[source] >= self._most_per_source and not self._is_proxy(source)
        if crowded and not self._spare(self._silent_of(source)) and not self._some_young(source):
            return False
        if len(self._here) >= self._most and not self._spare(self._here):
            return False
        self._here[guest] = self._clock()
        self._by_source[source] += 1
        return True

    def rests(self, guest: CountedConnection) -> None:
        """It was answered, and rests: others have been silent for longer."""
        if self._here.pop(guest, None) is not None:
            self._here[guest] = self._clock()

    def leave(self, guest: CountedConnection) -> None:
        """A connection is over; harmless for one that never entered."""
        if self._here.pop(guest, None) is not None:
            self._by_source[guest.source] -= 1
            if not self._by_source[guest.source]:
                del self._by_source[guest.source]

    def _silent_of(self, source: str) -> Iterator[CountedConnection]:
        before = self._clock() - YOUNG_SECONDS
        old = takewhile(lambda entry: entry[1] < before, self._here.items())
        return (one for one, _ in old if one.source == source)

    def _some_young(self, source: str) -> bool:
        return any(one.source == source and one.phase < Phase.SERVED for one in self._here)

    def _spare(self, some: Iterable[CountedConnection]) -> bool:
        """End the one of these that can best be spared; whether there was one."""
        spared = None
        for one in some:  # the first of its phase is the oldest
            if one.phase < Phase.SERVED and (spared is None or one.phase < spared.phase):
                spared = one
            if one.phase is Phase.SILENT:
                break
        if spared is None:
            return False
        self.leave(spared)
        spared.end()
        if self._ended % _TELL_EVERY == 0:
            LOG.warning("web.connections_closed", address=spared.source, connections=len(self._here))
        self._ended += 1
        return True
