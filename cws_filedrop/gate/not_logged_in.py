"""How many connections on which nobody has logged in yet a door lets in: at once, and one after the other.

A key exchange or TLS handshake costs the server more than the client, and comes before every login. A connection that
logs in is no longer counted, so that a seller may connect as often as it likes. Knows no protocol.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection
from typing import Final

_GONE: Final = 10.0  # most that may have left just now without a login
_FORGOTTEN: Final = 4.0  # of these are forgotten each second
_MOST_REMEMBERED: Final = 10_000


class NotLoggedIn:
    """Counts by address. May be used from any thread.

    `per_address` are let in at once from one address (0: no limit), and `most` in all.
    """

    def __init__(self, *, per_address: int, most: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_address = per_address
        self._most = most
        self._clock = clock
        self._lock = threading.Lock()
        self._gone: dict[str, tuple[float, float]] = {}  # how many left without a login, as of when

    def may_come(self, address: str, here: Collection[str]) -> bool:
        """Is there room for another from that address? `here` are the addresses of those that are in already."""
        if len(here) >= self._most:
            return False
        if not self._per_address:
            return True
        of_address = sum(one == address for one in here)
        return of_address < self._per_address and self._lately(address) + 1.0 <= _GONE

    def left(self, address: str) -> None:
        """A connection has ended without a login."""
        with self._lock:
            if len(self._gone) >= _MOST_REMEMBERED:
                self._gone = {one: kept for one, kept in self._gone.items() if self._lately(one) > 0.0}
            if len(self._gone) >= _MOST_REMEMBERED:
                self._gone.clear()
            self._gone[address] = (self._lately(address) + 1.0, self._clock())

    def _lately(self, address: str) -> float:
        number, at = self._gone.get(address, (0.0, 0.0))
        return max(0.0, number - _FORGOTTEN * (self._clock() - at))
