"""How the service runs in a campaign: how it is started, which processes it has, how they are killed and stopped.

Another way to run it (more workers, other machines, another database) is another class with the same methods.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import children
from running import Process, Running, wait_for

WORKER, DOORS, WEB, READER = PARTS = ("worker", "doors", "web", "reader")
MODULES = {"cws_filedrop.doors": DOORS, "cws_filedrop.web.process": WEB, "cws_filedrop.pipeline.reading_main": READER}
LOOK_SECONDS = 0.8
SETTINGS = {
    "SERVICE__HEAVY_BYTES": 3000,  # a third of the files are large
    "WEB__ENABLED": True,
    "FOLDER__SETTLE_SECONDS": 0.5,
    "LIMITS__FREE_BYTES": 1_000_000,
    "MARKETPLACE__RATE_SCALE": 5000,
    "MARKETPLACE__TIMEOUT_SECONDS": 3,
    "MARKETPLACE__LOOKUP_SECONDS": LOOK_SECONDS,
    "MARKETPLACE__POLL_SECONDS": 0.3,
    "MARKETPLACE__POLL_SLOWEST_SECONDS": 2,
    "MARKETPLACE__SECOND_FEED_SECONDS": 15,
    "MARKETPLACE__MESSAGES_PER_FEED": 60,
    "ORDERS__READ_BACK_MINUTES": 0.05,
    "ORDERS__READ_BACK_QUEUE": 40,
    "ORDERS__UNKNOWN_HOURS": 0.003,
    "ORDERS__FILES_MINUTES": 0.2,
}


def free_ports(number: int) -> list[int]:
    """Ports that nobody listens on, all different: what is restarted must be found where it was."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(number)]
        return [one.getsockname()[1] for one in sockets]


class Deployment:
    """`cws-filedrop serve` on one machine: a worker, whose children are the doors, the web server and readers."""

    def __init__(self, folder: Path, endpoint: str, **more: object) -> None:
        self.log = folder / "service.log"
        self.scope = children.current()
        ftp, ftps, sftp, web = free_ports(4)
        ports = {"FTP__PORT": ftp, "TLS__IMPLICIT_PORT": ftps, "SFTP__PORT": sftp, "WEB__PORT": web}
        settings: dict[str, Any] = {"MARKETPLACE__ENDPOINT": endpoint, **SETTINGS, **ports, **more}
        self.running = Running(folder, **settings)
        self.ftp, self.ftps, self.sftp = (("127.0.0.1", port) for port in (ftp, ftps, sftp))
        self.api = f"http://127.0.0.1:{web}/api/v1"
        self.starts = 0
        self.groups: list[int] = []  # of every worker so far: its children may outlive it for a moment
        self.process: Process | None = None

    def begin(self) -> None:
        """Start it; it need not be ready."""
        self.starts += 1
        self.process = Process(["cws_filedrop", "serve"], self.running.environment, self.log, scope=self.scope)
        self.groups.append(self.process.process.pid)
        self.running.process = self.process

    def is_running(self) -> bool:
        """Has it been started, and not ended yet?"""
        return self.process is not None and self.process.process.poll() is None

    def is_ready(self) -> bool:
        """Does it run, and has it said that it is ready?"""
        return self.is_running() and self.process is not None and self.process.said(r"^ready$") is not None

    def see_to_it(self) -> None:
        """Start it again if it has ended, as a supervisor of the system would."""
        if not self.is_running():
            if self.process is not None:
                self.process.stop()
            self.begin()

    def wait_until_ready(self, seconds: float = 180) -> None:
        """Until it is ready, however often it has to be started."""

        def ready() -> bool:
            self.see_to_it()
            return self.is_ready()

        wait_for(ready, seconds=seconds, what="the service to be ready")

    def pids(self, part: str) -> list[int]:
        """The processes of a part that run now."""
        return [pid for pid, found in self.processes().items() if found == part]

    def processes(self) -> dict[int, str]:
        """All of its processes, each with the part that it is."""
        found: dict[int, str] = {}
        for name in os.listdir("/proc"):
            with contextlib.suppress(OSError, ValueError, IndexError):
                if part := self._part(int(name)):
                    found[int(name)] = part
        return found

    def _part(self, pid: int) -> str:
        after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
        state, group = after_name[0], int(after_name[2])
        if group not in self.groups or state in "ZX":
            return ""
        if pid == group:
            return WORKER
        words = Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")
        return next((part for module, part in MODULES.items() if module in words), "")

    def kill(self, part: str, *, group: bool = False) -> bool:
        """SIGKILL a process of a part, or (`group`) the worker with all that it has started; false if there is none."""
        pids = self.pids(part)
        if not pids:
            return False
        for pid in [*self.processes()] if group else pids[:1]:
            _signal(pid, signal.SIGKILL)
        return True

    def pause(self, part: str) -> list[int]:
        """SIGSTOP; the processes that `resume` lets go on."""
        pids = self.pids(part)
        for pid in pids:
            _signal(pid, signal.SIGSTOP)
        return pids

    def resume(self, pids: Sequence[int]) -> None:
        """SIGCONT."""
        for pid in pids:
            _signal(pid, signal.SIGCONT)

    def stop(self) -> int:
        """End it as an operator would; its exit code."""
        assert self.process is not None
        return self.process.stop()

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """A command of ours, on its data."""
        return self.running.command(*arguments)


class Amazon:
    """The sandbox as a process of its own, at the same address whenever it is started again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (self.port,) = free_ports(1)
        self.endpoint = f"http://127.0.0.1:{self.port}"
        self.scope = children.current()
        self.process: Process | None = None
        self.starts = 0

    def start(self) -> None:
        """Start it, and wait until it answers."""
        words = [
            "cws_filedrop.marketplaces.sandbox",
            "--data",
            str(self.folder / "amazon.db"),
            "--port",
            str(self.port),
        ]
        words += ["--rate-scale", "5000", "--processing-seconds", "0.2"]
        self.starts += 1
        self.process = Process(words, {}, self.folder / "amazon.log", scope=self.scope)
        self.process.expect(r"^\{.*\}$")

    def kill(self) -> None:
        """SIGKILL it."""
        assert self.process is not None
        self.process.stop(signal.SIGKILL)

    def pid(self) -> int:
        """Its process."""
        assert self.process is not None
        return self.process.process.pid

    def stop(self) -> None:
        """End it."""
        assert self.process is not None
        self.process.stop()


def _signal(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)
