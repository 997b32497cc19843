"""The processes of the service beside its worker: they are started before anything of the worker's is loaded, and load
while it does.

    service  ─┬─ doors      open when they are told to begin
              ├─ pages      the same, if wanted
              ├─ sandbox    opens at once, unless Amazon itself is the marketplace
              └─ reader     of small files; it is asked by the worker
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_EXCEPTION, Future, wait
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, TextIO

from cws_filedrop import config, data_lock, log
from cws_filedrop.child import Child
from cws_filedrop.errors import ConfigError
from cws_filedrop.pipeline.reading_process import ReadingProcess
from cws_filedrop.settings import Settings
from cws_filedrop.stopping import Stop

LOG: Final = log.get(__name__)
RESTART_SECONDS: Final = 1.0
LOOK_SECONDS: Final = 0.05  # for a wish to stop, while they start
# A thread for each SFTP client, and for each thread memory of its own, is twice as much memory as is needed.
FEW_ARENAS: Final = {"MALLOC_ARENA_MAX": "2"}


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the service is to be found."""

    ftp: tuple[str, int] | None = None
    ftps: tuple[str, int] | None = None  # by implicit TLS
    sftp: tuple[str, int] | None = None
    folder: str = ""
    marketplace: str = ""
    web: str = ""


class Children:
    """`start()`, `begin()` and `ready()` in this order; `close_doors()` and `stop()` whenever it is."""

    def __init__(self, settings: Settings, stop: Stop) -> None:
        self.stop_wish: Final = stop
        self.reader: Final = ReadingProcess(settings, "small")
        self._settings = settings
        self._environment = {**os.environ, **config.environment(settings)}
        self._lock: TextIO | None = None
        self._ending = threading.Event()
        self._heard: Callable[[dict[str, Any]], None] = lambda _: None
        self._doors = [self._listening("the doors", "cws_filedrop.doors", more=FEW_ARENAS)]
        if settings.web.enabled:
            self._doors.append(self._listening("the web server", "cws_filedrop.web.process"))
        self._sandbox: list[_Listening] = []
        if settings.marketplace.kind == "sandbox" and not settings.marketplace.endpoint:
            self._sandbox.append(self._listening("the sandbox", *_sandbox(settings)))
            self._sandbox[0].restarts = False  # it would be somewhere else then

    def _listening(self, name: str, *arguments: str, more: Mapping[str, str] = MappingProxyType({})) -> _Listening:
        to_stdout = self._settings.service.log_stream == "stdout"
        child = Child(name, list(arguments), {**more, **self._environment}, log_to_stdout=to_stdout)
        return _Listening(child, self._ending, lambda said: self._heard(said))

    def start(self) -> None:
        """Take the data folder, and have all of them load.

        Raises: ConfigError when another service works on it, or it cannot be used.
        """
        self._lock = data_lock.take(self._settings.data)
        for one in (*self._doors, *self._sandbox):
            one.start()
        self.reader.start()

    def begin(self) -> None:
        """Have doors and pages open: the database is up to date."""
        for one in self._doors:
            one.child.begin()

    def endpoint(self) -> str:
        """Where the sandbox is; "" when there is none. Raises: ConfigError when it does not start; Stopped."""
        return str(self._first(self._sandbox).get("endpoint", ""))

    def ready(self) -> dict[str, Any]:
        """What doors and pages say when they are open. Raises: ConfigError when one of them does not open; Stopped."""
        return self._first(self._doors)

    def _first(self, some: list[_Listening]) -> dict[str, Any]:
        waiting = {one.first for one in some}
        while waiting:
            self.stop_wish.check()
            done, waiting = wait(waiting, LOOK_SECONDS, return_when=FIRST_EXCEPTION)
            for future in done:
                future.result()
        return {name: value for one in some for name, value in one.first.result().items()}

    def hear(self, heard: Callable[[dict[str, Any]], None]) -> None:
        """Pass on what they say from now on."""
        self._heard = heard

    def close_doors(self) -> None:
        """Let transfers and answers in hand end; nothing comes in any more."""
        self._ending.set()
        _end(self._doors, patience_seconds=15)

    def stop(self) -> None:
        """End all of them. Harmless when repeated."""
        self.close_doors()
        self.reader.close()
        _end(self._sandbox, patience_seconds=5)
        if self._lock is not None:
            self._lock.close()
            self._lock = None


class _Listening:
    """A child, and a thread that hears what it says, and starts it again should it die."""

    restarts = True

    def __init__(self, child: Child, ending: threading.Event, heard: Callable[[dict[str, Any]], None]) -> None:
        self.child = child
        self.first: Future[dict[str, Any]] = Future()
        self._ending = ending
        self._heard = heard
        self._thread = threading.Thread(target=self._listen, name=child.name, daemon=True)

    def start(self) -> None:
        """Have it load, and listen."""
        self.child.start()
        self._thread.start()

    def end(self, *, patience_seconds: float) -> None:
        """Wait for its end; it was told to."""
        self.child.wait_for_end(patience_seconds=patience_seconds)
        if self._thread.is_alive():
            self._thread.join(timeout=5)
        self.child.close()

    def _listen(self) -> None:
        try:
            self.first.set_result(self.child.hear_first())
        except Exception as error:
            self.first.set_exception(error)
            return
        while self.restarts and self._died() and not self._ending.wait(RESTART_SECONDS):
            self._start_again()

    def _died(self) -> bool:
        """Pass on what it says until it ends; was it not told to?"""
        while (said := self.child.hear()) is not None:
            self._heard(said)
        if self._ending.is_set():
            return False
        LOG.error("service.child_died", child=self.child.name)
        return True

    def _start_again(self) -> None:
        self.child.start()
        self.child.begin()
        try:
            self.child.hear_first()
        except ConfigError as error:
            LOG.error("service.child_not_started", child=self.child.name, why=str(error))


def _end(some: list[_Listening], *, patience_seconds: float) -> None:
    """All at the same time."""
    for one in some:
        one.child.tell_to_end()
    for one in some:
        one.end(patience_seconds=patience_seconds)


def _sandbox(settings: Settings) -> list[str]:
    sandbox, service = settings.sandbox, settings.service
    arguments = ["cws_filedrop.marketplaces.sandbox.__main__"]
    arguments += ["--data", str(settings.data / "sandbox.db"), "--port", str(sandbox.port)]
    arguments += ["--rate-scale", str(sandbox.rate_scale), "--processing-seconds", str(sandbox.processing_seconds)]
    arguments += ["--show-after-seconds", str(sandbox.show_after_seconds)]
    arguments += ["--log-level", service.log_level, "--log-folder", str(settings.logs)]
    arguments += ["--log-file-bytes", str(service.log_file_bytes), "--log-files", str(service.log_files)]
    return [*arguments, *(["--log-json"] if service.log_json else []), "--watch-stdin"]
