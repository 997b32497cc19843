"""How often a token may be used within any second, minute and hour; every answer says how much is left."""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass

from cws_filedrop.settings import ApiSettings


@dataclass(frozen=True, slots=True)
class RateWindow:
    """At most `most` calls within any `seconds` seconds."""

    most: int
    seconds: int


@dataclass(frozen=True, slots=True)
class RateStanding:
    """How a token stands in its tightest window. `retry_seconds` is 0 for a call that may be made."""

    window: RateWindow
    remaining: int
    reset_seconds: int
    retry_seconds: int = 0


class Rates:
    """Counts calls per token; may be used from any thread. Refused calls are not counted, so waiting always helps."""

    def __init__(self, settings: ApiSettings, clock: Callable[[], float] = time.monotonic) -> None:
        given = ((settings.per_second, 1), (settings.per_minute, 60), (settings.per_hour, 3600))
        self.windows = tuple(RateWindow(most, seconds) for most, seconds in given if most > 0)
        self._clock = clock
        self._lock = threading.Lock()
        self._made: dict[Hashable, deque[float]] = {}

    @property
    def policy(self) -> str:
        """All windows, as `RateLimit-Policy` names them."""
        return ", ".join(f"{one.most};w={one.seconds}" for one in self.windows)

    def call(self, token: Hashable) -> RateStanding | None:
        """Count a call if it may be made; how the token stands then (None: there is no limit)."""
        if not self.windows:
            return None
        with self._lock:
            now = self._clock()
            made = self._made.setdefault(token, deque())
            # The last window is the longest: what is older counts in none.
            while made and made[0] <= now - self.windows[-1].seconds:
                made.popleft()
            over = [window for window in self.windows if self._remaining(made, window, now) <= 0]
            if over:
                waits = [made[-window.most] + window.seconds - now for window in over]
                longest = max(range(len(over)), key=waits.__getitem__)
                seconds = max(1, math.ceil(waits[longest]))
                return RateStanding(over[longest], 0, seconds, seconds)
            made.append(now)
            nearest = min(self.windows, key=lambda window: self._remaining(made, window, now) / window.most)
            return RateStanding(nearest, self._remaining(made, nearest, now), nearest.seconds)

    @staticmethod
    def _remaining(made: deque[float], window: RateWindow, now: float) -> int:
        """Calls that are left in a window that ends now."""
        low, high = 0, len(made)
        while low < high:
            middle = (low + high) // 2
            if made[middle] <= now - window.seconds:
                low = middle + 1
            else:
                high = middle
        return window.most - (len(made) - low)
