"""The processes of the service beside its worker, started before anything of the worker's is imported, so that all of
them load at the same time.

    service  ─┬─ doors      open once they are told to begin
              ├─ pages      the same, if wanted
              ├─ sandbox    opens at once, unless Amazon itself is the marketplace
              └─ reader     of small files, for the worker
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import FIRST_EXCEPTION, Future, wait
from types import MappingProxyType
from typing import Any, Final, TextIO

from cws_filedrop import log
from cws_filedrop.errors import ConfigError
from cws_filedrop.processes import data_lock, environment
from cws_filedrop.processes.child import ChildProcess
from cws_filedrop.processes.reading_process import ReadingProcess
from cws_filedrop.processes.roles import EVERY, ServiceRole
from cws_filedrop.processes.stopping import StopRequest
from cws_filedrop.settings import Settings

LOG: Final = log.get(__name__)
RESTART_SECONDS: Final = 1.0
LOOK_SECONDS: Final = 0.05  # for a request to stop, while they start
GROUP_SECONDS: Final = 0.2  # within which a signal to the whole group, as systemd sends it, has reached us, too
# A thread for each SFTP client, and for each thread memory of its own, is twice as much memory as is needed.
FEW_ARENAS: Final = {"MALLOC_ARENA_MAX": "2"}


class Children:
    """`take_data()`, `start()`, `begin()` and `ready()` in this order; `close_doors()` and `stop()` at any time."""

    def __init__(self, settings: Settings, stop: StopRequest, roles: Collection[ServiceRole] = EVERY) -> None:
        self.stop_request: Final = stop
        self.roles: Final = frozenset(roles)
        if ServiceRole.WORKER in self.roles and not settings.database.is_embedded:
            environment.name_worker()
        self.reader: Final = ReadingProcess(settings, "small")
        self._settings = settings
        self._environment = environment.of_child(settings)
        self._lock: TextIO | None = None
        self._ending = threading.Event()
        self._on_message: Callable[[dict[str, Any]], None] = lambda _: None
        self._doors: list[_Supervisor] = []
        if ServiceRole.DOORS in self.roles:
            self._doors.append(self._supervised("the doors", "cws_filedrop.doors", more=FEW_ARENAS))
        if settings.web.enabled and ServiceRole.WEB in self.roles:
            secrets = environment.named(settings.web.monitoring_token)
            self._doors.append(self._supervised("the web server", "cws_filedrop.web.process", more=secrets))
        self._sandbox: list[_Supervisor] = []
        built_in = settings.marketplace.kind == "sandbox" and not settings.marketplace.endpoint
        if built_in and ServiceRole.WORKER in self.roles:
            self._sandbox.append(self._supervised("the sandbox", *_sandbox(settings)))
            self._sandbox[0].restarts = False  # it would have another address

    def _supervised(self, name: str, *arguments: str, more: Mapping[str, str] = MappingProxyType({})) -> _Supervisor:
        to_stdout = self._settings.service.log_stream == "stdout"
        child = ChildProcess(name, list(arguments), {**more, **self._environment}, log_to_stdout=to_stdout)
        return _Supervisor(child, self._is_ending, lambda message: self._on_message(message))

    def _is_ending(self, wait_seconds: float) -> bool:
        """Are we told to end, or within so many seconds?"""
        return self._ending.is_set() or self.stop_request.wait(wait_seconds)

    def take_data(self) -> None:
        """Take the data folder. Raises: ConfigError when another service works on it, or it cannot be used."""
        # The lock comes first: doors, and the engine later, take whatever is unfinished for the remains of a dead
        # process.
        self._lock = data_lock.take(self._settings.data, shared=not self._settings.database.is_embedded)

    def start(self) -> None:
        """Have all of them load; the data folder is taken."""
        for supervisor in (*self._doors, *self._sandbox):
            supervisor.start()
        if ServiceRole.WORKER in self.roles:
            self.reader.start()

    def begin(self) -> None:
        """Have doors and pages open; the database is up to date."""
        for supervisor in self._doors:
            supervisor.child.begin()

    def endpoint(self) -> str:
        """The sandbox's address, "" without one. Raises: ConfigError when it does not start; Stopped."""
        return str(self._first_messages(self._sandbox).get("endpoint", ""))

    def ready(self) -> dict[str, Any]:
        """What doors and pages report when they are open. Raises: ConfigError when one of them cannot; Stopped."""
        return self._first_messages(self._doors)

    def _first_messages(self, some: list[_Supervisor]) -> dict[str, Any]:
        waiting = {supervisor.first for supervisor in some}
        while waiting:
            self.stop_request.check()
            done, waiting = wait(waiting, LOOK_SECONDS, return_when=FIRST_EXCEPTION)
            for future in done:
                self._result(future)
        return {name: value for supervisor in some for name, value in supervisor.first.result().items()}

    def _result(self, first: Future[dict[str, Any]]) -> None:
        """Raises: ConfigError when that child does not start; Stopped when it was told to end as all of us were."""
        if first.exception() is not None:  # a signal to the whole group reaches children, too
            self.stop_request.check(wait_seconds=GROUP_SECONDS)
        first.result()

    def on_message(self, receive: Callable[[dict[str, Any]], None]) -> None:
        """Hand later messages to `receive`, which is called by the thread of the child."""
        self._on_message = receive

    def close_doors(self) -> None:
        """Let transfers and answers in progress finish; nothing comes in any more."""
        self._ending.set()
        _end(self._doors, patience_seconds=15)

    def stop(self) -> None:
        """End all of them. Harmless when repeated."""
        self.close_doors()
        self.reader.close()
        _end(self._sandbox, patience_seconds=5)
        if self._lock is not None:
            self._lock.close()  # last: a successor resumes whatever is unfinished
            self._lock = None


class _Supervisor:
    """A child, and the thread that listens to it and starts it again should it die."""

    restarts = True

    def __init__(
        self, child: ChildProcess, is_ending: Callable[[float], bool], on_message: Callable[[dict[str, Any]], None]
    ) -> None:
        self.child = child
        self.first: Future[dict[str, Any]] = Future()
        self._is_ending = is_ending
        self._on_message = on_message
        self._thread = threading.Thread(target=self._listen, name=child.name, daemon=True)

    def start(self) -> None:
        """Start the child, and listen."""
        self.child.start()
        self._thread.start()

    def wait(self, *, patience_seconds: float) -> None:
        """Wait for the child's end, which it was asked for."""
        self.child.wait(patience_seconds=patience_seconds)
        if self._thread.is_alive():
            self._thread.join(timeout=5)
        self.child.close()

    def _listen(self) -> None:
        try:
            self.first.set_result(self.child.first_message())
        except Exception as error:
            self.first.set_exception(error)
            return
        while self.restarts and self._died() and not self._is_ending(RESTART_SECONDS):
            self._start_again()

    def _died(self) -> bool:
        """Hand on its messages until it ends; whether it did so unasked."""
        while (message := self.child.next_message()) is not None:
            self._on_message(message)
        if self._is_ending(GROUP_SECONDS):
            return False
        LOG.error("service.child_died", child=self.child.name)
        return True

    def _start_again(self) -> None:
        self.child.start()
        self.child.begin()
        try:
            self.child.first_message()
        except ConfigError as error:
            LOG.error("service.child_not_started", child=self.child.name, why=str(error))


def _end(some: list[_Supervisor], *, patience_seconds: float) -> None:
    """All at the same time."""
    for supervisor in some:
        supervisor.child.terminate()
    for supervisor in some:
        supervisor.wait(patience_seconds=patience_seconds)


def _sandbox(settings: Settings) -> list[str]:
    sandbox, service = settings.sandbox, settings.service
    arguments = ["cws_filedrop.marketplaces.sandbox.__main__"]
    arguments += ["--data", str(settings.data / "sandbox.db"), "--port", str(sandbox.port)]
    arguments += ["--rate-scale", str(sandbox.rate_scale), "--processing-seconds", str(sandbox.processing_seconds)]
    arguments += ["--show-after-seconds", str(sandbox.show_after_seconds)]
    arguments += ["--log-level", service.log_level, "--log-folder", str(settings.logs)]
    arguments += ["--log-file-bytes", str(service.log_file_bytes), "--log-files", str(service.log_files)]
    return [*arguments, *(["--log-json"] if service.log_json else []), "--watch-stdin"]
