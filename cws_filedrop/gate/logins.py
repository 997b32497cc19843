"""Who may log in: passwords are checked off the serving thread, remembered briefly, and slowed down when guessed at.

Knows no protocol. The composition root says how a password is checked (`Authenticate`) and whether a login still holds
(`Current`); neither is ever called by the thread that serves clients.
"""

from __future__ import annotations

import hashlib
import ipaddress
import secrets
import threading
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol, TypeAlias, TypeVar

from cws_filedrop import log
from cws_filedrop.drop.home import SELLER_NAME
from cws_filedrop.gate import login_queue
from cws_filedrop.gate.login_queue import LoginQueue, QueuedExecutor
from cws_filedrop.gate.one_at_a_time import OneAtATime
from cws_filedrop.gate.sources import source_of
from cws_filedrop.model import NO_LIMITS, Allowance

Found = TypeVar("Found")

_LOG = log.get(__name__)
_REMEMBER_SECONDS: Final = 300.0
_MOST_REMEMBERED: Final = 10_000
_AT_ONCE: Final = 4  # checks, each of which wants a processor and 19 MiB for tens of milliseconds
_LATELY_SECONDS: Final = 600.0

SHUT: Final = "You may not log in any more; ask us about it."
CHANGED: Final = "Your password or access has changed; log in again."
WRONG: Final = (
    "Login failed: wrong user name or password. User names are letters and digits only, in any case; "
    "passwords are exact, mind blanks at the ends."
)
CLEAR: Final = (
    "Login failed: without encryption only a password that was made for it is taken. Choose explicit FTP over TLS in "
    "your client, or ask for a clear-text password."
)
LATER: Final = "Logins cannot be checked at the moment; try again in a minute."
ANONYMOUS: Final = "Anonymous login is not offered here; use the user name you were given."


@dataclass(frozen=True, slots=True)
class SellerLogin:
    """A login that succeeded; `version` changes whenever the seller's password or access does.

    `networks` are those it may come from, separated by blanks ("" = all).
    """

    name: str
    version: int
    networks: str = ""
    allowance: Allowance = NO_LIMITS

    def may_come_from(self, address: str) -> bool:
        """Is that an address of its networks?"""
        if not self.networks:
            return True
        here = ipaddress.ip_address(address.partition("%")[0])
        here = getattr(here, "ipv4_mapped", None) or here  # IPv4 clients on an IPv6 socket
        return any(here in ipaddress.ip_network(one) for one in self.networks.split())


Authenticate: TypeAlias = Callable[[str, str], SellerLogin | None]
# The current versions of some sellers' logins, by name; sellers who may not log in any more are left out.
Current: TypeAlias = Callable[[Collection[str]], Mapping[str, int]]


@dataclass(frozen=True, slots=True)
class LoginAnswer:
    """What to tell the client: `text` when `login` is None."""

    login: SellerLogin | None
    text: str = ""


@dataclass(frozen=True, slots=True)
class EndedLogins:
    """Logins that are no longer valid: of sellers who may not log in now, and of those whose access has changed."""

    shut: frozenset[SellerLogin]
    changed: frozenset[SellerLogin]


class DoorSession(Protocol):
    """A seller's connection at a door, as far as counting, listing and closing it need."""

    @property
    def login(self) -> SellerLogin | None:
        """None: nobody has logged in yet, or it is over."""

    def info(self) -> SessionInfo: ...
    def dismiss(self, words: str) -> None: ...


@dataclass(frozen=True, slots=True)
class SessionInfo:
    """What is known of a connection; `client` is the client's program, as it calls itself."""

    door: str
    address: str
    client: str
    busy: bool


class OpenSessions:
    """The connections that sellers have, over all doors of this process. May be used from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._here: dict[str, dict[int, DoorSession]] = {}

    def enter(self, login: SellerLogin, connection: DoorSession) -> str:
        """Count a connection in; "" or, in words for the client, why it may not come in."""
        most = login.allowance.connections
        with self._lock:
            here = self._here.setdefault(login.name, {})
            if most and len(here.keys() - {id(connection)}) >= most:
                return f"You have {len(here)} connections, and may have {most}; close one, or try again in a minute."
            here[id(connection)] = connection
        return ""

    def everyone(self) -> list[DoorSession]:
        """Every connection that entered and has not left."""
        with self._lock:
            return [one for here in self._here.values() for one in here.values()]

    def leave(self, login: SellerLogin, connection: DoorSession) -> None:
        """A connection is over; harmless for one that never entered."""
        with self._lock:
            here = self._here.get(login.name, {})
            here.pop(id(connection), None)
            if not here:
                self._here.pop(login.name, None)


NOBODY: Final = EndedLogins(frozenset(), frozenset())


class GuessLimit(Protocol):
    """Slows down whoever guesses, by (user name, address)."""

    def banned(self, address: str) -> float: ...
    def knows(self, address: str) -> bool: ...
    def wait(self, key: tuple[str, str]) -> float: ...
    def failed(self, key: tuple[str, str]) -> None: ...
    def came_too_early(self, key: tuple[str, str]) -> None: ...
    def succeeded(self, key: tuple[str, str]) -> None: ...


class Throttle:
    """The simplest `GuessLimit`: counts failures by key, and bans nobody. Times are those of `clock`, in seconds."""

    def __init__(
        self, *, failures: int = 5, wait_seconds: float = 30.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._failures = failures
        self._wait_seconds = wait_seconds
        self._clock = clock
        self._lock = threading.Lock()
        self._failed: dict[tuple[str, str], tuple[int, float]] = {}

    def banned(self, address: str) -> float:
        """Nobody is banned."""
        return 0.0

    def knows(self, address: str) -> bool:
        """Nor is anybody known."""
        return False

    def wait(self, key: tuple[str, str]) -> float:
        """Seconds that a key must still wait; 0 when it may try."""
        count, last = self._failed.get(key, (0, 0.0))
        return max(0.0, last + self._wait_seconds - self._clock()) if count >= self._failures else 0.0

    def failed(self, key: tuple[str, str]) -> None:
        """Note a failure."""
        with self._lock:
            now = self._clock()
            if len(self._failed) >= _MOST_REMEMBERED:
                self._forget(now)
            count, last = self._failed.get(key, (0, now))
            self._failed[key] = (1 if now - last > self._wait_seconds else count + 1, now)

    def came_too_early(self, key: tuple[str, str]) -> None:
        """Not waiting has no further consequence."""

    def succeeded(self, key: tuple[str, str]) -> None:
        """Forget the failures of a key."""
        with self._lock:
            self._failed.pop(key, None)

    def _forget(self, now: float) -> None:
        keep = {key: value for key, value in self._failed.items() if now - value[1] <= self._wait_seconds}
        self._failed = keep if len(keep) < _MOST_REMEMBERED else {}


class Logins:
    """Decides logins. Every method may be called from any thread."""

    def __init__(
        self,
        authenticate: Authenticate,
        current: Current,
        throttle: GuessLimit,
        *,
        in_clear: Authenticate | None = None,
    ) -> None:
        self._authenticate = authenticate
        self._in_clear = in_clear
        self._current = current
        self._throttle = throttle
        self.presence = OpenSessions()
        self.attempts = OneAtATime()
        self._lock = threading.Lock()
        # Remembered by a keyed hash with a key of this process, so that a memory dump holds no passwords, and no hashes
        # that are of use elsewhere.
        self._key = secrets.token_bytes(32)
        self._remembered: dict[bytes, tuple[SellerLogin, float]] = {}
        self._queue = LoginQueue(_AT_ONCE)
        self._failed_at: dict[str, float] = {}  # sources, and when they last failed

    def turn(
        self, user: str, password: str, address: str, *, clear: bool, run: Callable[[login_queue.Work], Any]
    ) -> QueuedExecutor:
        """An executor that runs `check` when its turn has come, so that those who guess do not keep others waiting."""
        return QueuedExecutor(self._queue, self._rank(user, password, address, clear), source_of(address), run)

    def check_here(self, user: str, password: str, address: str) -> LoginAnswer:
        """`check` in this thread, which waits for its turn."""
        rank, work = self._rank(user, password, address, False), lambda: self.check(user, password, address)
        return login_queue.here(self._queue, rank, source_of(address), work)

    def in_turn(self, address: str, work: Callable[[], Found]) -> Found:
        """Check something else that takes as long, in this thread, when its turn has come."""
        return login_queue.here(self._queue, self._rank("", "", address, False), source_of(address), work)

    def _rank(self, user: str, password: str, address: str, clear: bool) -> int:
        """First whoever logged in with the same lately, which needs no slow hash; last addresses that failed."""
        if self._digest(user.strip().lower(), password, clear=clear) in self._remembered:
            return 0
        failed_at = self._failed_at.get(source_of(address))
        return 1 if failed_at is None or time.monotonic() - failed_at > _LATELY_SECONDS else 2

    def check(self, user: str, password: str, address: str, *, clear: bool = False) -> LoginAnswer:
        """Is this the seller's password? May take tens of milliseconds.

        `clear`: it came over the network unencrypted, where anybody could read it. Then only a password that the
        seller has for that alone is accepted.
        """
        name = user.strip().lower()
        if name in ("anonymous", "ftp"):
            return LoginAnswer(None, ANONYMOUS)
        key = (name[:64], address)  # cut, since a client may send any length, and keys are remembered
        # One after the other: of guesses that come at once each would be tried before the first of them has counted.
        with self.attempts.held((key[0], source_of(address))):
            return self._checked(key, name, password, clear=clear)

    def _checked(self, key: tuple[str, str], name: str, password: str, *, clear: bool) -> LoginAnswer:
        address = key[1]
        wait = self._throttle.wait(key)
        if wait > 0:
            self._throttle.came_too_early(key)
            return LoginAnswer(None, f"Too many wrong passwords for this user name; wait {wait:.0f} seconds.")
        login = self._login(name, password, clear=clear) if SELLER_NAME.fullmatch(name) else None
        if login is None:
            self._throttle.failed(key)
            self._note_failure(address)
            _LOG.warning("login.refused", user=name[:64], address=address)
            return LoginAnswer(None, CLEAR if clear else WRONG)
        self._throttle.succeeded(key)
        self._failed_at.pop(source_of(address), None)
        return self.admitted(login, address)

    def _note_failure(self, address: str) -> None:
        with self._lock:
            if len(self._failed_at) >= _MOST_REMEMBERED:
                self._failed_at.clear()
            self._failed_at[source_of(address)] = time.monotonic()

    def admitted(self, login: SellerLogin, address: str) -> LoginAnswer:
        """The answer to a right password or key: a login, unless its seller may not come from that address."""
        if login.may_come_from(address):
            return LoginAnswer(login)
        _LOG.warning("login.network_refused", seller=login.name, address=address)
        return LoginAnswer(None, f"{login.name} may not log in from {address}; ask us to add your network.")

    def banned(self, address: str) -> float:
        """Seconds until that address may come in again; 0 when it may."""
        return self._throttle.banned(address)

    def knows(self, address: str) -> bool:
        """Is that an address from which somebody has logged in lately?"""
        return self._throttle.knows(address)

    def came_in(self, login: SellerLogin, address: str) -> None:
        """Note that a seller has logged in, with a password or a key."""
        self._throttle.succeeded((login.name, address))

    def holds(self, login: SellerLogin) -> bool:
        """Is a login still valid: have the seller's password and access not changed since?"""
        return self._current([login.name]).get(login.name) == login.version

    def over(self, logins: Collection[SellerLogin]) -> EndedLogins:
        """Of some logins, those that are no longer valid; one query for all of them."""
        versions = self._current([login.name for login in logins])
        shut = frozenset(login for login in logins if login.name not in versions)
        changed = frozenset(login for login in logins if versions.get(login.name) != login.version)
        return EndedLogins(shut, changed - shut)

    def _login(self, name: str, password: str, *, clear: bool) -> SellerLogin | None:
        authenticate = self._in_clear if clear else self._authenticate
        if authenticate is None:
            return None
        digest = self._digest(name, password, clear=clear)
        remembered, until = self._remembered.get(digest, (None, 0.0))
        # `holds` asks the database each time, so a changed password or a removed seller counts at once.
        if remembered is not None and time.monotonic() < until and self.holds(remembered):
            return remembered
        login = authenticate(name, password)
        with self._lock:
            if len(self._remembered) >= _MOST_REMEMBERED:
                self._remembered.clear()
            if login is None:
                self._remembered.pop(digest, None)
            else:
                self._remembered[digest] = (login, time.monotonic() + _REMEMBER_SECONDS)
        return login

    def _digest(self, name: str, password: str, *, clear: bool) -> bytes:
        return hashlib.blake2b(f"{clear}\0{name}\0{password}".encode(errors="replace"), key=self._key).digest()
