"""This worker among the others that share its database.

On PostgreSQL a worker lives as long as it has the lock on its own name (`sessions`). Who finds another's lock free
keeps that one out, ends its sessions, and takes its work over. What only one worker may do at a time is a duty: a lock
that stays with who got it first, until it ends. On SQLite there is one worker, which does everything.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from cws_filedrop import __version__, log
from cws_filedrop.errors import ConfigError
from cws_filedrop.periodic import Job, PeriodicTask
from cws_filedrop.processes import environment
from cws_filedrop.store.cluster import workers
from cws_filedrop.store.cluster.sessions import LockSession
from cws_filedrop.store.database import Database, DatabaseError

LOG: Final = log.get(__name__)
PING_SECONDS: Final = 3.0
ASK_SECONDS: Final = 1.0  # between tries to get a duty
REMEMBERED: Final = timedelta(days=7)
SERVICE: Final = "service"  # shared by all that serve; whoever moves a database has it alone
EARLIER: Final = "worker"  # what every worker was called before there could be several


class Duty(StrEnum):
    """What one worker does for all."""

    ROUNDS = "rounds"
    ORDER_FILES = "order files"
    READ_BACKS = "read-backs"
    PULLS = "pulls"
    ALARMS = "alarms"
    DELIVERIES = "deliveries"
    MAIL = "mail"
    HOOKS = "hooks"
    AUDIT_EXPORT = "audit export"


class Membership:
    """One worker's; `lost` is called when its work has been taken over."""

    def __init__(self, db: Database, *, clock: Callable[[], datetime], lost: Callable[[], object]) -> None:
        self.name: Final = EARLIER if db.is_sqlite else db.worker
        self.no: int | None = None  # None on SQLite
        self._db = db
        db.when_taken_over = lost
        self._clock = clock
        self._lost = lost
        self._session: LockSession | None = None
        self._changing = threading.Lock()
        self._duties: dict[Duty, float] = {}  # held (infinite), or when to ask again
        self._pulse = PeriodicTask("membership", Job(self._ping, PING_SECONDS), failed=self._unheard)

    def join(self) -> None:
        """Begin to be one of them. Raises: ConfigError when the database is being moved, or is too old."""
        if self._db.is_sqlite:
            return
        try:
            self._session = LockSession(self._db.url, self.name)
        except DatabaseError as error:
            raise ConfigError(f"[database] url: PostgreSQL 14 or newer is needed ({type(error).__name__})") from error
        self._locked(self._session)
        host, now = environment.host(), self._clock()
        self.no = workers.enter(self._db, self.name, host=host, version=__version__, now=now)
        self._pulse.start()

    def leave(self) -> None:
        """Be one of them no more; what was left undone others find at once."""
        if self._session is None:
            return
        self._pulse.stop()
        workers.end(self._db, self.name, now=self._clock())
        self._session.close()
        self._session = None

    def has(self, duty: Duty) -> bool:
        """Is that ours to do? Asks for it when nobody does it."""
        if self._session is None:
            return self._db.is_sqlite
        with self._changing:
            if self._duties.get(duty, 0.0) <= time.monotonic():
                self._duties[duty] = time.monotonic() + ASK_SECONDS
                if self._session.take(f"duty:{duty}"):
                    self._duties[duty] = float("inf")
            return self._duties[duty] == float("inf")

    def take_over(self, adopt: Callable[[str], object]) -> list[str]:
        """Take over the work of every worker that died: `adopt` is given its name. Returns their names."""
        if self._session is None:
            return []
        others = [row.name for row in workers.left(self._db) if row.name != self.name]
        return [name for name in others if self._taken_over(self._session, name, adopt)]

    def take_over_earlier(self, adopt: Callable[[str], object]) -> None:
        """The same for what a program left behind that knew of one worker only."""
        if self._session is not None and self._session.take(f"worker:{EARLIER}"):
            adopt(EARLIER)
            self._session.give_back(f"worker:{EARLIER}")

    def forget(self) -> None:
        """Remove the rows of workers that ended long ago."""
        workers.forget(self._db, before=self._clock() - REMEMBERED)

    def _taken_over(self, session: LockSession, name: str, adopt: Callable[[str], object]) -> bool:
        if not session.take(f"worker:{name}"):
            return False
        try:
            workers.end(self._db, name, now=self._clock())
            if not workers.end_sessions(self._db, name):
                LOG.error("worker.not_kept_out", worker=name)
                return False
            adopt(name)
            workers.taken_over(self._db, name, now=self._clock())
        finally:
            session.give_back(f"worker:{name}")
        LOG.warning("worker.taken_over", worker=name)
        return True

    def _locked(self, session: LockSession) -> None:
        if not session.share(SERVICE):
            raise ConfigError("[database] url: this database is being moved")
        if not session.take(f"worker:{self.name}"):
            raise ConfigError(f"[database] url: another worker is called {self.name}")

    def _ping(self) -> None:
        if self._session is not None:
            self._session.ping()

    def _unheard(self, error: Exception) -> None:
        """The session has ended: the database was away, or we were. Its locks may be others' by now."""
        LOG.warning("worker.session_ended", worker=self.name, why=type(error).__name__)
        session = self._session
        if session is None:
            return
        with self._changing:
            self._duties.clear()
        try:
            session.again()
        except DatabaseError:  # still away
            return
        if self._is_kept_out() or not (session.share(SERVICE) and session.take(f"worker:{self.name}")):
            LOG.error("worker.lost", worker=self.name)
            self._lost()

    def _is_kept_out(self) -> bool:
        """Raises: TakenOver when the database itself says so."""
        return all(row.name != self.name or row.ended_at is not None for row in workers.left(self._db))
