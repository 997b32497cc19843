"""Who logged in lately, and from where: names that are known at a source pass its ban, and known sources find room.

Kept over restarts; each pair at most once a day, since a week is what counts.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import Final

from cws_filedrop.store.doors.guard import FailureRecord

KIND: Final = "login"
_DAY_SECONDS: Final = 86_400.0
_LATELY_SECONDS: Final = 7 * _DAY_SECONDS
_MOST: Final = 50_000  # sources remembered at once; the quietest go first

Key = tuple[str, str]


class LoggedInLately:
    """Pairs of user name and source. May be used from any thread."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._at: dict[str, dict[str, float]] = {}  # by source: names, and when
        self._kept: dict[Key, float] = {}  # what the store has

    def note(self, user: str, source: str) -> None:
        """That user has just logged in from there."""
        with self._lock:
            if len(self._at) >= _MOST and source not in self._at:
                self._make_room()
            self._at.setdefault(source, {})[user] = self._clock()

    def has(self, user: str, source: str) -> bool:
        """Did that user log in from there lately?"""
        return self._is_lately(self._at.get(source, {}).get(user))

    def has_any(self, source: str) -> bool:
        """Did anybody log in from there lately?"""
        known = self._at.get(source)
        return known is not None and any(map(self._is_lately, tuple(known.values())))

    def _is_lately(self, at: float | None) -> bool:
        return at is not None and self._clock() - at <= _LATELY_SECONDS

    def _make_room(self) -> None:
        quiet = sorted(self._at, key=lambda source: max(self._at[source].values()))
        for source in quiet[: _MOST // 10]:
            del self._at[source]

    # Keeping, and what other processes kept.

    def learn(self, kept: Iterable[FailureRecord]) -> None:
        """Take over what is kept, by this process or by another."""
        with self._lock:
            self._kept = {}
            for record in kept:
                source, _, user = record.who.partition(" ")
                self._kept[user, source] = record.scored_at
                names = self._at.setdefault(source, {})
                names[user] = max(names.get(user, 0.0), record.scored_at)

    def to_keep(self) -> tuple[list[FailureRecord], set[Key]]:
        """What is to be kept from now on, and what is to be forgotten: (kind, who)."""
        with self._lock:
            pairs = [(user, source, at) for source, names in self._at.items() for user, at in names.items()]
            new = [one for one in pairs if one[2] - self._kept.get(one[:2], 0.0) > _DAY_SECONDS]
            old = [one for one in pairs if not self._is_lately(one[2])]
            for user, source, _ in old:
                self._forget(user, source)
        return [_record(*one) for one in new if one not in old], {(KIND, _record(*one).who) for one in old}

    def _forget(self, user: str, source: str) -> None:
        names = self._at[source]
        del names[user]
        if not names:
            del self._at[source]


def _record(user: str, source: str, at: float) -> FailureRecord:
    return FailureRecord(KIND, f"{source} {user}", 0.0, at)
