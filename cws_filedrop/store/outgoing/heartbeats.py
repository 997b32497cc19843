"""The heartbeat of a process, from a thread of its own."""

from __future__ import annotations

import socket
from datetime import UTC, datetime
from typing import Final

import sqlalchemy as sa

from cws_filedrop import log
from cws_filedrop.periodic import Job, PeriodicTask
from cws_filedrop.store.database import Database
from cws_filedrop.store.outgoing import alarms

LOG: Final = log.get(__name__)
BEAT_SECONDS: Final = 10.0


class Heartbeat:
    """Beats from `start()` to `stop()`; a process that ends as it should raises no alarm."""

    def __init__(self, db: Database, kind: str) -> None:
        self._db = db
        self.who: Final = f"{kind} on {socket.gethostname()}"
        self._task = PeriodicTask("pulse", Job(self._beat, BEAT_SECONDS), failed=self._missed)

    def start(self) -> None:
        """Begin."""
        self._task.start()

    def stop(self) -> None:
        """End."""
        self._task.stop()
        try:
            alarms.still(self._db, self.who)
        except sa.exc.SQLAlchemyError as error:
            LOG.warning("pulse.not_ended", who=self.who, why=type(error).__name__)

    def _beat(self) -> None:
        alarms.beat(self._db, self.who, now=datetime.now(UTC))

    def _missed(self, error: Exception) -> None:
        LOG.warning("pulse.missed", who=self.who, why=type(error).__name__)
