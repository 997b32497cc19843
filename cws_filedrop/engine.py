"""The durable engine (DBOS): how it is set up, started and stopped. Knows nothing of what the workflows do.

Workflows are short, synchronous and named by id; waits are DELAYED rows of the engine's table, not sleeping threads, so
that a day-long wait costs nothing and a stop never hangs. Steps run at least once: each looks for its own earlier
effect first. Our own rows are written by our own transactions (`store`), not by the engine's data source: measured,
that costs half as much (184 against 75 workflows/s), and every one of them is idempotent anyway.
"""

from __future__ import annotations

import fcntl
import logging
import os
import secrets
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TextIO

from dbos import DBOS, DBOSPortableJSONSerializer, SetEnqueueOptions, SetWorkflowID

from cws_filedrop.errors import ConfigError

# Pinned: by default it is a hash of the workflows' source, and then every change of code would strand running work.
APPLICATION_VERSION: Final = "1"
QUEUES: Final = {"later": 4, "heavy": 1}  # name -> workflows at once
THREADS: Final = 6  # more of them only wait for SQLite's one writer


class Engine:
    """The one engine of this process. On SQLite only one process may run it; a lock in the data folder sees to that."""

    def __init__(self, url: str, *, data_dir: Path, poll_seconds: float = 0.25) -> None:
        self._url = url
        self._poll_seconds = poll_seconds
        self._lock_path = data_dir / "worker.lock"
        self._lock: TextIO | None = None

    def start(self) -> None:
        """Take the lock, make the engine's tables, take up what an earlier process left unfinished.

        Raises: ConfigError when another process works on this data folder.
        """
        self._lock = _take_lock(self._lock_path)
        if self._url.startswith("sqlite:///"):
            connection = sqlite3.connect(self._url.removeprefix("sqlite:///"))
            connection.execute("PRAGMA journal_mode=WAL")
            connection.close()
        _quieten()
        # One process holds the lock, so its predecessor is dead, and the id that unfinished work belongs to may be
        # the same for every start: launching takes that work up.
        DBOS(
            config={
                "name": "cws-filedrop",
                "system_database_url": self._url,
                "executor_id": "worker",
                "application_version": APPLICATION_VERSION,
                "serializer": DBOSPortableJSONSerializer(),
                "max_executor_threads": THREADS,
                "notification_listener_polling_interval_sec": 5.0,
                "log_level": "WARNING",
            }
        )
        DBOS.launch()
        for name, at_once in QUEUES.items():
            DBOS.register_queue(name, worker_concurrency=at_once, polling_interval_sec=self._poll_seconds)

    def stop(self, *, patience_seconds: int) -> None:
        """Let running steps finish, then let go."""
        DBOS.destroy(workflow_completion_timeout_sec=patience_seconds)
        if self._lock is not None:
            self._lock.close()


def start(workflow: Callable[..., Any], *arguments: object, id: str) -> None:  # noqa: A002
    """Run a workflow now. A second start with the same id is harmless."""
    with SetWorkflowID(id):
        DBOS.start_workflow(workflow, *arguments)


def enqueue(queue: str, workflow: Callable[..., Any], *arguments: object, id: str, delay_seconds: float = 0) -> None:  # noqa: A002
    """Run a workflow when its queue has room, not before `delay_seconds`."""
    with SetWorkflowID(id), SetEnqueueOptions(delay_seconds=delay_seconds if delay_seconds > 0 else None):
        DBOS.enqueue_workflow(queue, workflow, *arguments)


def forget_finished(*, before_ms: int, limit: int = 5_000) -> int:
    """Delete the engine's rows of workflows that ended before a moment (ms since 1970); how many."""
    done = DBOS.list_workflows(
        status=["SUCCESS", "ERROR", "CANCELLED"], limit=limit, load_input=False, load_output=False
    )
    old = [item.workflow_id for item in done if (item.updated_at or before_ms) < before_ms]
    DBOS.delete_workflows(old)
    return len(old)


def token() -> str:
    """A short random text for ids that must not repeat."""
    return secrets.token_hex(4)


def _take_lock(path: Path) -> TextIO:
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = path.open("a+")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        raise ConfigError(f"{path.parent}: another cws-filedrop works on this data folder already") from error
    lock.truncate(0)
    lock.write(f"{os.getpid()}\n")
    lock.flush()
    return lock


def _quieten() -> None:
    """The library prints advertisements and whole tracebacks unless its logger has a handler."""
    logger = logging.getLogger("dbos")
    logger.setLevel(logging.ERROR)
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())
