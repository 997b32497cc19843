"""A process's sign of life, given now and then by a thread of its own."""

from __future__ import annotations

import socket
import threading
from datetime import UTC, datetime
from typing import Final

import sqlalchemy as sa

from cws_filedrop import log
from cws_filedrop.store import alarms
from cws_filedrop.store.database import Database

LOG: Final = log.get(__name__)
BEAT_SECONDS: Final = 10.0


class Pulse:
    """Beats from `start()` to `stop()`; who ends as it should is not missed."""

    def __init__(self, db: Database, kind: str) -> None:
        self._db = db
        self.who: Final = f"{kind} on {socket.gethostname()}"
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="pulse", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()
        try:
            alarms.still(self._db, self.who)
        except sa.exc.SQLAlchemyError as error:
            LOG.warning("pulse.not_ended", who=self.who, why=type(error).__name__)

    def _run(self) -> None:
        while True:
            try:
                alarms.beat(self._db, self.who, now=datetime.now(UTC))
            except sa.exc.SQLAlchemyError as error:
                LOG.warning("pulse.missed", who=self.who, why=type(error).__name__)
            if self._stopping.wait(BEAT_SECONDS):
                return
