"""A session of PostgreSQL's whose locks are this process's as long as it lives.

The server ends a session at once when its process dies (the socket closes), and after IDLE_SECONDS when nothing is
heard of it: a process that was stopped, or a host that was cut off. The kernel of a stopped process goes on answering
keepalives, so they alone would never tell.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.pool import NullPool

IDLE_SECONDS: Final = 15
WAIT_SECONDS: Final = 5  # for a connection
UNSEEN_MS: Final = 10_000  # that sent bytes may stay without an answer
NAME_LETTERS: Final = 63  # of a session, that PostgreSQL keeps
_KEY: Final = "hashtextextended('cws_filedrop:' || :name, 0)"
_TAKE: Final = sa.text(f"SELECT pg_try_advisory_lock({_KEY})")
_SHARE: Final = sa.text(f"SELECT pg_try_advisory_lock_shared({_KEY})")
_GIVE: Final = sa.text(f"SELECT pg_advisory_unlock({_KEY})")
_GIVE_ALL: Final = sa.text("SELECT pg_advisory_unlock_all()")


class LockSession:
    """One session, for any number of threads. Every method raises a DatabaseError when the session has ended."""

    def __init__(self, url: str, who: str) -> None:
        given = {
            "application_name": f"locks of {who}"[:NAME_LETTERS],
            "connect_timeout": WAIT_SECONDS,
            "keepalives_idle": WAIT_SECONDS,
            "tcp_user_timeout": UNSEEN_MS,
        }
        self._engine = sa.create_engine(
            url, poolclass=NullPool, isolation_level="AUTOCOMMIT", connect_args=given, hide_parameters=True
        )
        event.listen(self._engine, "connect", _end_when_idle)
        self._using = threading.Lock()
        self._connection = self._engine.connect()

    def take(self, name: str) -> bool:
        """Take a lock unless another session has it."""
        return bool(self._ask(_TAKE, name))

    def share(self, name: str) -> bool:
        """Take a lock together with others who share it, unless one has it alone."""
        return bool(self._ask(_SHARE, name))

    def give_back(self, name: str) -> None:
        """Give a lock back that was taken."""
        self._ask(_GIVE, name)

    def ping(self) -> None:
        """Let the server hear of us."""
        self._ask(sa.text("SELECT :name"), "")

    def again(self) -> None:
        """Open another session instead of one that has ended; it has no locks."""
        with self._using:
            self._connection.invalidate()
            self._connection.close()
            self._connection = self._engine.connect()

    def close(self) -> None:
        """End the session, and with it its locks."""
        with self._using:
            with suppress(sa.exc.SQLAlchemyError):  # by word, since the server notices the end a moment later
                self._connection.execute(_GIVE_ALL)
            self._connection.close()
            self._engine.dispose()

    def _ask(self, statement: sa.TextClause, name: str) -> Any:
        with self._using:
            return self._connection.execute(statement, {"name": name}).scalar()


def _end_when_idle(connection: Any, _record: object) -> None:
    connection.execute(f"SET idle_session_timeout = '{IDLE_SECONDS}s'")
