"""The durable engine (DBOS): how it is set up, started and stopped. Knows nothing of what the workflows do.

Workflows are short, synchronous and named by id; waits are DELAYED rows of the engine's table, not sleeping threads, so
that a day-long wait costs nothing and a stop never hangs. Steps run at least once: each looks for its own earlier
effect first. Our own rows are written by our own transactions (`store`), not by the engine's data source: measured,
that costs half as much (184 against 75 workflows/s), and every one of them is idempotent anyway.
"""

from __future__ import annotations

import logging
import secrets
import sqlite3
import threading
import time
from collections.abc import Callable
from typing import Any, Final

import sqlalchemy as sa
from dbos import DBOS, DBOSPortableJSONSerializer, SetEnqueueOptions, SetWorkflowID

# Pinned: by default it is a hash of the workflows' source, and then every change of code would strand running work.
APPLICATION_VERSION: Final = "1"
QUEUES: Final = {"later": 2, "results": 1, "heavy": 1, "packed": 1}  # name -> workflows at once
# The library stamps its rows by unixepoch('subsec') from Python 3.12 on, which an older SQLite answers with NULL.
SUBSECONDS_SINCE: Final = (3, 42)
WRITES: Final = ("INSERT", "UPDATE", "DELETE", "REPLAC")
THREADS: Final = 6  # more of them only wait for SQLite's one writer
LISTENER_SECONDS: Final = 0.25  # that a thread of the library sleeps, deaf to a stop; we need none of its notifications
FINISHED_SECONDS: Final = 0.02  # between looks whether the last workflows have finished


class Engine:
    """The one engine of this process. On SQLite only one process may run it; a lock in the data folder sees to that."""

    def __init__(
        self,
        url: str,
        *,
        turn: threading.Lock,
        poll_seconds: float = 0.5,
        executor: str = "worker",
        connections: sa.Engine | None = None,
    ) -> None:
        """`executor` is whose work it is; on PostgreSQL a name that no start had before. There `connections` are
        those that it uses (`store.database`)."""
        self._url = url
        self._turn = turn
        self._executor = executor
        self._connections = connections
        self._poll_seconds = poll_seconds
        self._is_sqlite = url.startswith("sqlite:///")
        self._library: DBOS | None = None

    def start(self) -> None:
        """Create the engine's tables, resume what an earlier process left unfinished."""
        if self._is_sqlite:
            connection = sqlite3.connect(self._url.removeprefix("sqlite:///"))
            connection.execute("PRAGMA journal_mode=WAL")
            connection.close()
        _quieten()
        # Launching resumes every unfinished workflow of the same executor at once; if that one lived, two processes
        # would run the same steps. On SQLite one process holds the data folder's lock, so its predecessor is dead, and
        # the id may be the same for every start. On PostgreSQL it never is, and `adopt` takes up what the dead left.
        self._library = DBOS(
            config={
                "name": "cws-filedrop",
                "system_database_url": self._url,
                "system_database_engine": self._library_engine(),
                "executor_id": self._executor,
                "application_version": APPLICATION_VERSION,
                "serializer": DBOSPortableJSONSerializer(),
                "max_executor_threads": THREADS,
                "notification_listener_polling_interval_sec": LISTENER_SECONDS,
                "log_level": "WARNING",
            }
        )
        DBOS.launch()
        for name, at_once in QUEUES.items():
            DBOS.register_queue(name, worker_concurrency=at_once, polling_interval_sec=self._poll_seconds)

    def _library_engine(self) -> sa.Engine | None:
        return _sqlite_engine(self._url, self._turn) if self._is_sqlite else self._connections

    def stop(self, *, patience_seconds: int) -> None:
        """Let running steps finish within `patience_seconds`, then shut the engine down."""
        # The library would wait for them in whole seconds, for one at least; so it has nothing to wait for.
        if self._library is not None:
            _let_finish(self._library, patience_seconds)
        DBOS.destroy()


def start(workflow: Callable[..., Any], *arguments: object, id: str) -> None:  # noqa: A002
    """Run a workflow now. A second start with the same id is harmless."""
    with SetWorkflowID(id):
        DBOS.start_workflow(workflow, *arguments)


def enqueue(
    queue: str,
    workflow: Callable[..., Any],
    *arguments: object,
    id: str,  # noqa: A002
    delay_seconds: float = 0,
) -> None:
    """Run a workflow when its queue has room, not before `delay_seconds`."""
    delay = delay_seconds if delay_seconds > 0 else None
    with SetWorkflowID(id), SetEnqueueOptions(delay_seconds=delay):
        DBOS.enqueue_workflow(queue, workflow, *arguments)


def adopt(executor: str) -> None:
    """Resume what a dead executor left unfinished; any worker may get it. Whoever calls this knows that it is dead.

    A private of the library's (read in 3.4.0): the public `resume_workflow` forgets how often a workflow was recovered,
    and one that kills its worker would do so for ever.
    """
    DBOS._recover_pending_workflows([executor])


def live(*prefixes: str) -> list[str]:
    """Ids of workflows that run or wait to, among those whose ids begin with one of some texts."""
    states, begun = ["PENDING", "ENQUEUED", "DELAYED"], list(prefixes)
    found = DBOS.list_workflows(status=states, workflow_id_prefix=begun, load_input=False, load_output=False)
    return [workflow.workflow_id for workflow in found]


def failed(*, limit: int = 100) -> list[str]:
    """At most `limit` ids of workflows that failed or were given up and are still on record, newest first."""
    states = ["ERROR", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"]
    workflows = DBOS.list_workflows(status=states, limit=limit, sort_desc=True, load_input=False, load_output=False)
    return [workflow.workflow_id for workflow in workflows]


def forget_finished(*, before_ms: int, limit: int = 5_000) -> int:
    """Delete the engine's rows of workflows that ended before a moment (ms since 1970); returns how many."""
    done = DBOS.list_workflows(
        status=["SUCCESS", "ERROR", "CANCELLED"], limit=limit, load_input=False, load_output=False
    )
    old = [item.workflow_id for item in done if (item.updated_at or before_ms) < before_ms]
    DBOS.delete_workflows(old)
    return len(old)


def token() -> str:
    """A short random text for ids that must not repeat."""
    return secrets.token_hex(4)


def _sqlite_engine(url: str, turn: threading.Lock) -> sa.Engine:
    """The engine that DBOS would create, except that its writers queue with ours on one lock instead of polling.

    synchronous=NORMAL: a power cut may lose the last commits of the engine alone. Ours are FULL and in the same log, so
    whatever of ours is on disk, everything before it is too; the lost end of a workflow is run again, harmlessly.
    """
    engine = sa.create_engine(url)

    @sa.event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: object) -> None:
        connection.isolation_level = "IMMEDIATE"
        if sqlite3.sqlite_version_info < SUBSECONDS_SINCE:
            connection.create_function("unixepoch", 1, lambda _subsec: time.time(), deterministic=False)
        for pragma in ("busy_timeout=30000", "foreign_keys=ON", "synchronous=NORMAL"):
            connection.execute("PRAGMA " + pragma)

    # Held by the connection until it goes back to the pool, and taken once: the engine runs one transaction on it
    # at a time, in one thread.
    @sa.event.listens_for(engine, "before_cursor_execute")
    def wait_for_turn(connection: sa.Connection, _cursor: object, statement: str, *_: object) -> None:
        if statement.lstrip()[:6].upper() in WRITES and not connection.info.get("has_turn"):
            turn.acquire()
            connection.info["has_turn"] = True

    # Not at "commit": that event precedes the commit itself, and the next writer would find the database locked.
    @sa.event.listens_for(engine, "checkin")
    def give_turn_back(_connection: object, record: Any) -> None:
        if record.info.pop("has_turn", False):
            turn.release()

    return engine


def _let_finish(library: DBOS, patience_seconds: float) -> None:
    """Have the queues begin nothing more, and wait for the workflows that run: what `DBOS._destroy` does (read in
    3.4.0), but as soon as they have finished.

    The queues' threads end first: one may just have taken a workflow from its table that does not run yet. Should the
    names of these privates change, we stop as after a kill, and the next start resumes what was unfinished.
    """
    until = time.monotonic() + patience_seconds
    for event in library.background_thread_stop_events:
        event.set()
    for thread in threading.enumerate():
        if thread.name.startswith("queue-worker-"):
            thread.join(max(0.0, until - time.monotonic()))
    pause = threading.Event()
    while library._active_workflows_set.activeList() and time.monotonic() < until:
        pause.wait(FINISHED_SECONDS)


def _quieten() -> None:
    """Give DBOS's logger a handler: without one the library prints advertisements and whole tracebacks."""
    logger = logging.getLogger("dbos")
    logger.setLevel(logging.ERROR)
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())
