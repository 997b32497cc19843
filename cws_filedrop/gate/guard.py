"""The guard: failed logins counted over all doors, a growing wait for whoever keeps guessing, then a ban for a while.

Counted by address (of IPv6 by its /64: `sources`), by user name, and by both together. Only an address is banned, and
only an address that failed has to wait: whoever guesses at a seller's password from elsewhere does not keep the seller
out. Nor does a neighbour behind the same address: a name that has logged in from there lately passes the ban, and so
does a right key. Kept over restarts.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial
from typing import Final, Protocol

from cws_filedrop import log
from cws_filedrop.backoff import address_banned, login_failed
from cws_filedrop.door_settings import GuardSettings
from cws_filedrop.gate import logged_in_lately
from cws_filedrop.gate.logged_in_lately import LoggedInLately
from cws_filedrop.gate.sources import among, source_of
from cws_filedrop.periodic import Job, PeriodicTask
from cws_filedrop.store.doors.guard import FailureRecord

_LOG = log.get(__name__)
_KEEP_SECONDS: Final = 2.0
_MOST: Final = 50_000  # addresses and names remembered at once, lest an attacker fill the memory; the quietest go first
_NEGLIGIBLE: Final = 0.05

Key = tuple[str, str]


class GuardStore(Protocol):
    """Where the guard's memory is kept across restarts, and shared between processes."""

    def load(self) -> list[FailureRecord]: ...
    def save(self, records: Iterable[FailureRecord], *, forget: Iterable[Key]) -> None: ...


@dataclass(slots=True)
class _Pair:
    """Failures of one user name from one address; not kept across restarts, since the address's count is."""

    failures: int
    last: float


def _nothing() -> None:
    """Without a store there is nothing to keep."""


class Guard:
    """Every method may be called from any thread, and none of them waits for anything."""

    def __init__(
        self, settings: GuardSettings, store: GuardStore | None = None, clock: Callable[[], float] = time.time
    ) -> None:
        self._settings = settings
        self._wait, self._ban_time = login_failed(settings.wait_seconds), address_banned(settings.ban_seconds)
        self._store = store
        self._clock = clock
        self._lock = threading.Lock()
        self._records: dict[Key, FailureRecord] = {}
        self._pairs: dict[Key, _Pair] = {}
        self._lately = LoggedInLately(clock)
        self._is_exempt = among(settings.exempt)
        self._changed: set[Key] = set()
        self._kept: set[Key] = set()
        keep = _nothing if store is None else partial(self._keep, store)
        self._task = PeriodicTask(
            "guard",
            Job(keep, _KEEP_SECONDS, _KEEP_SECONDS),
            failed=lambda _: _LOG.exception("guard.not_kept"),
            last=keep,
        )

    def start(self) -> None:
        """Load what was kept, and start keeping what comes."""
        if self._store is None:
            return
        failures = self._load(self._store)
        self._records = {(one.kind, one.who): one for one in failures}
        self._kept = set(self._records)
        self._task.start()

    def stop(self) -> None:
        """Keep what is left."""
        self._task.stop()

    def banned(self, address: str) -> float:
        """Seconds until that address may come in again; 0 when it may, or somebody is known there: then it depends on
        the name (`wait`)."""
        source = source_of(address)
        return 0.0 if self._lately.has_any(source) else self._ban_left(source)

    def knows(self, address: str) -> bool:
        """Is that an address of which nothing bad is to be expected: has somebody logged in from there lately?"""
        source = source_of(address)
        return self._lately.has_any(source) or self._is_exempt(source)

    def _ban_left(self, source: str) -> float:
        record = self._records.get(("address", source))
        return 0.0 if record is None or self._is_exempt(source) else max(0.0, record.until - self._clock())

    def wait(self, key: Key) -> float:
        """Seconds that a (user name, address) has to wait before it may try again."""
        user, source = key[0], source_of(key[1])
        banned = 0.0 if self._lately.has(user, source) else self._ban_left(source)
        return max(banned, self._pair_wait((user, source)))

    def _pair_wait(self, key: Key) -> float:
        pair = self._pairs.get(key)
        if pair is None or pair.failures < self._settings.failures:
            return 0.0
        delay = self._wait.seconds(pair.failures - self._settings.failures + 1)
        return max(0.0, pair.last + delay - self._clock())

    def failed(self, key: Key) -> None:
        """Note that a (user name, address) failed to log in."""
        user, source = key[0], source_of(key[1])
        with self._lock:
            now = self._clock()
            self._count_pair((user, source), now)
            self._score(("user", user), now)
            self._score_address(source, now)

    def came_too_early(self, key: Key) -> None:
        """Note that somebody tried again without waiting, as guessing programs do: the address is banned the sooner."""
        with self._lock:
            self._score_address(source_of(key[1]), self._clock())

    def succeeded(self, key: Key) -> None:
        """Note that a (user name, address) logged in: its own failures are forgotten.

        Those of the address are not: else one good password would buy any number of guesses at others.
        """
        user, source = key[0], source_of(key[1])
        with self._lock:
            self._pairs.pop((user, source), None)
        self._lately.note(user, source)

    def _count_pair(self, key: Key, now: float) -> None:
        if len(self._pairs) >= _MOST:
            young = {one: pair for one, pair in self._pairs.items() if now - pair.last <= self._wait.longest_seconds}
            self._pairs = young if len(young) < _MOST else {}
        pair = self._pairs.get(key)
        fresh = pair is None or now - pair.last > max(self._settings.forget_seconds, self._wait.longest_seconds)
        self._pairs[key] = _Pair(1, now) if pair is None or fresh else _Pair(pair.failures + 1, now)

    def _score_address(self, address: str, now: float) -> None:
        record = self._score(("address", address), now)
        # Half of one less, since a little of each failure has faded by now.
        if record.score > self._settings.ban_failures - 0.5 and not self._is_exempt(address):
            self._ban(record, now)

    def _score(self, key: Key, now: float) -> FailureRecord:
        if key not in self._records and len(self._records) >= _MOST:
            self._make_room(now)
        before = self._records.get(key, FailureRecord(*key, 0.0, now))
        record = replace(before, score=self._faded(before, now) + 1.0, scored_at=now)
        self._records[key] = record
        self._changed.add(key)
        return record

    def _faded(self, record: FailureRecord, now: float) -> float:
        """What is left of a score: half of it after each `forget_seconds`."""
        faded: float = record.score * 0.5 ** (max(0.0, now - record.scored_at) / self._settings.forget_seconds)
        return faded

    def _ban(self, record: FailureRecord, now: float) -> None:
        seconds = self._ban_time.seconds(record.bans + 1)
        banned = replace(record, score=0.0, until=now + seconds, bans=record.bans + 1)
        self._records[(record.kind, record.who)] = banned
        _LOG.warning("guard.banned", address=record.who, seconds=round(seconds), times=banned.bans)

    def _make_room(self, now: float) -> None:
        quiet = sorted(self._records.values(), key=lambda one: (one.until > now, self._faded(one, now)))
        for record in quiet[: _MOST // 10]:
            self._records.pop((record.kind, record.who))

    # Keeping, and what other processes kept.

    def _load(self, store: GuardStore) -> list[FailureRecord]:
        """The failures that are kept; logins are learned on the way."""
        kept = store.load()
        self._lately.learn(one for one in kept if one.kind == logged_in_lately.KIND)
        return [one for one in kept if one.kind != logged_in_lately.KIND]

    def _keep(self, store: GuardStore) -> None:
        kept = self._load(store)
        self._forget_what_was_lifted(kept)
        self._learn(kept)
        changed, gone = self._to_keep()
        logins, old = self._lately.to_keep()
        if changed or gone or logins or old:
            store.save([*changed, *logins], forget=gone | old)

    def _forget_what_was_lifted(self, kept: list[FailureRecord]) -> None:
        """Forget what is not in the store any more: an operator lifts a ban by removing its row."""
        still = {(one.kind, one.who) for one in kept}
        with self._lock:
            for key in self._kept - still - self._changed:
                self._records.pop(key, None)
                for pair in [pair for pair in self._pairs if key[1] in pair]:
                    del self._pairs[pair]
            self._kept = still

    def _learn(self, kept: list[FailureRecord]) -> None:
        """Take over failures and bans that another process has kept: the doors and the pages share them."""
        with self._lock:
            for theirs in kept:
                key = (theirs.kind, theirs.who)
                ours = self._records.get(key)
                if ours is None or (key not in self._changed and theirs.scored_at > ours.scored_at):
                    self._records[key] = theirs
                elif theirs.until > ours.until:
                    self._records[key] = replace(ours, until=theirs.until, bans=max(ours.bans, theirs.bans))

    def _to_keep(self) -> tuple[list[FailureRecord], set[Key]]:
        with self._lock:
            now = self._clock()
            for key, record in list(self._records.items()):
                if record.until <= now and self._faded(record, now) < _NEGLIGIBLE:
                    del self._records[key]
            changed = [self._records[key] for key in self._changed if key in self._records]
            gone = self._kept - set(self._records)
            self._changed.clear()
            self._kept = self._kept - gone | {(record.kind, record.who) for record in changed}
        return changed, gone
