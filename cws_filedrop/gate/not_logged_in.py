"""How many connections on which nobody has logged in yet a door lets in, at once and one after the other, and which of
them goes when there is no room for another.

A key exchange or TLS handshake costs the server more than the client, and comes before every login. A connection that
logs in is no longer counted, so that a seller may connect as often as it likes. To refuse the newcomer when all places
are taken would let a dozen silent addresses shut a door: one of those that are in goes instead, at random, first of
those that have had their time. Part of the room is for sources from which somebody has logged in lately; theirs never
go for others. Knows no protocol.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from cws_filedrop.gate.sources import source_of

_GONE: Final = 10.0  # most that may have left just now without a login
_FORGOTTEN: Final = 4.0  # of these are forgotten each second
_BANNED: Final = 16.0  # as how many a connection from a banned source counts: one every four seconds may show its key
_MOST_REMEMBERED: Final = 10_000
_IN_TIME: Final = 5.0  # seconds that a client needs, at most, that knows its password

C = TypeVar("C")


@dataclass(frozen=True, slots=True)
class Waiting(Generic[C]):
    """A connection on which nobody has logged in yet, of whom (`source_of`), and since when on the clock."""

    connection: C
    source: str
    since: float


@dataclass(frozen=True, slots=True)
class Place(Generic[C]):
    """A place for a newcomer; perhaps that of another, who has to go."""

    instead_of: C | None = None


class NotLoggedIn:
    """Counts by source. May be used from any thread.

    `per_address` are let in at once from one source (0: no limit), and `most` in all. `knows` says from which addresses
    somebody has logged in lately.
    """

    def __init__(
        self,
        *,
        per_address: int,
        most: int,
        knows: Callable[[str], bool],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._per_address = per_address
        self._most, self._most_unknown = most, most - most // 4
        self._knows = knows
        self.clock = clock
        self._lock = threading.Lock()
        self._gone: dict[str, tuple[float, float]] = {}  # how many left without a login, as of when

    def place(self, address: str, here: Sequence[Waiting[C]]) -> Place[C] | None:
        """A place for another from that address, if there is one; `here` are those that are in already."""
        source = source_of(address)
        own = [one for one in here if one.source == source]
        if self._per_address and self._lately(source) + 1.0 > _GONE:
            return None
        if self._per_address and len(own) >= self._per_address:
            return self._instead_of(self._late(own))
        return Place() if self._has_room(source, here) else self._instead_of(self._to_spare(source, here))

    def place_to_show_a_key(self, address: str, here: Sequence[Waiting[C]]) -> Place[C] | None:
        """The same for an address that is banned: a single one, now and then, and nobody goes for it."""
        source = source_of(address)
        if self._lately(source) > 0.0 or any(one.source == source for one in here) or not self._has_room(source, here):
            return None
        self._count(source, _BANNED)
        return Place()

    def left(self, address: str) -> None:
        """A connection has ended without a login."""
        self._count(source_of(address), 1.0)

    # Who goes.

    def _has_room(self, source: str, here: Sequence[Waiting[C]]) -> bool:
        if self._knows(source):
            return len(here) < self._most
        return len(here) < self._most and len(self._unknown(here)) < self._most_unknown

    def _unknown(self, here: Sequence[Waiting[C]]) -> list[Waiting[C]]:
        known = {source: self._knows(source) for source in {one.source for one in here}}
        return [one for one in here if not known[one.source]]

    def _to_spare(self, source: str, here: Sequence[Waiting[C]]) -> list[Waiting[C]]:
        """Those of whom one may go for a newcomer: the late ones, or of the young ones whoever has more than it."""
        some = self._unknown(here) or (list(here) if self._knows(source) else [])
        count = Counter(one.source for one in here)
        some = self._late(some) or [one for one in some if count[one.source] > count[source]]
        most = max((count[one.source] for one in some), default=0)
        return [one for one in some if count[one.source] == most]

    def _late(self, here: Collection[Waiting[C]]) -> list[Waiting[C]]:
        now = self.clock()
        return [one for one in here if now - one.since > _IN_TIME]

    def _instead_of(self, some: Sequence[Waiting[C]]) -> Place[C] | None:
        return Place(secrets.choice(some).connection) if some else None

    # Who came and went.

    def _count(self, source: str, number: float) -> None:
        with self._lock:
            if len(self._gone) >= _MOST_REMEMBERED:
                self._gone = {one: kept for one, kept in self._gone.items() if self._lately(one) > 0.0}
            if len(self._gone) >= _MOST_REMEMBERED:
                self._gone.clear()
            self._gone[source] = (self._lately(source) + number, self.clock())

    def _lately(self, source: str) -> float:
        number, at = self._gone.get(source, (0.0, 0.0))
        return max(0.0, number - _FORGOTTEN * (self.clock() - at))
