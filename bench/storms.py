"""Strangers who attack the pages, and what that does to them.

python -m bench.storms  1,700 silent connections, slow bodies, 60 MiB of brackets, 300 MiB of a form, ten seconds each:
                        how long /healthz takes meanwhile, and how much memory the process of the pages gains
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from running import Running

from bench.drops import figures

SILENT, SLOW, AT_ONCE = 1700, 400, 3
SOURCES = [f"127.0.7.{number}" for number in range(1, 35)]
MIB = 1_048_576
PAUSE_SECONDS = 0.05
SLOW_SECONDS = 0.5
ROOT = Path(__file__).parents[1]
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")

Address = tuple[str, int]
Storm = Callable[[Address, threading.Event], None]


def silent(address: Address, over: threading.Event) -> None:
    """Connections on which nothing is said."""
    with contextlib.ExitStack() as kept:
        for number in range(SILENT):
            _connected(address, SOURCES[number % len(SOURCES)], kept)
        over.wait()


def slow(address: Address, over: threading.Event) -> None:
    """Bodies of which a byte comes now and then."""
    with contextlib.ExitStack() as kept:
        some = [_connected(address, SOURCES[number % len(SOURCES)], kept) for number in range(SLOW)]
        for one in some:
            _send(one, _head(address, "/login", "application/x-www-form-urlencoded", 60_000))
        while not over.wait(SLOW_SECONDS):
            for one in some:
                _send(one, b"a")


def brackets(address: Address, over: threading.Event) -> None:
    """JSON that takes a thousand times as much memory once it is parsed, without a token."""
    _pour(address, over, _head(address, "/api/v1/uploads", "application/json", 60 * MIB), b"[],[]," * 10_000, 60 * MIB)


def form(address: Address, over: threading.Event) -> None:
    """A form with a large file in it, of somebody who is not logged in."""
    start = b'--x\r\ncontent-disposition: form-data; name="f"; filename="f"\r\n\r\n'
    head = _head(address, "/login", "multipart/form-data; boundary=x", 300 * MIB) + start
    _pour(address, over, head, b"x" * 65_536, 300 * MIB)


STORMS: dict[str, Storm] = {"silent": silent, "slow": slow, "brackets": brackets, "form": form}


def _connected(address: Address, source: str, kept: contextlib.ExitStack) -> socket.socket:
    one = kept.enter_context(socket.create_connection(address, 60, (source, 0)))
    one.setblocking(False)
    return one


def _send(one: socket.socket, content: bytes) -> None:
    with contextlib.suppress(OSError):  # it was closed to make room, as is right
        one.send(content)


def _head(address: Address, path: str, kind: str, size: int) -> bytes:
    lines = [f"POST {path} HTTP/1.1", f"host: {address[0]}:{address[1]}", f"content-type: {kind}"]
    return "\r\n".join([*lines, f"content-length: {size}", "", ""]).encode()


def _pour(address: Address, over: threading.Event, head: bytes, block: bytes, size: int) -> None:
    """The same request again and again, some at once, all of each body if it is taken."""

    def one(source: str) -> None:
        while not over.is_set():
            with contextlib.suppress(OSError), socket.create_connection(address, 60, (source, 0)) as wire:
                wire.sendall(head)
                for _ in range(size // len(block)):
                    wire.sendall(block)

    threads = [threading.Thread(target=one, args=(source,), daemon=True) for source in SOURCES[:AT_ONCE]]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@contextlib.contextmanager
def raging(name: str, address: Address) -> Iterator[None]:
    """The storm goes on meanwhile, in a process of its own, so that it does not slow down whoever measures."""
    words = [sys.executable, "-m", "bench.storms", name, address[0], str(address[1])]
    with subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        try:
            yield
        finally:
            process.kill()


def rage(name: str, address: Address) -> None:
    """Begin, and do not end."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    print("begun", flush=True)
    STORMS[name](address, threading.Event())


class Pages:
    """The pages of a service, as a prober sees them."""

    def __init__(self, service: Running) -> None:
        where = urlsplit(service.pages)
        self.url = f"{service.pages}/healthz"
        self.address = (str(where.hostname), int(where.port or 80))
        self.pid = _process_of_pages(service)

    def answers_within(self) -> float:
        """How long /healthz takes, by a connection of its own."""
        began = time.monotonic()
        with urllib.request.urlopen(self.url, timeout=60) as answer:
            answer.read()
        return time.monotonic() - began

    def memory(self) -> int:
        """Bytes that its process has in memory."""
        return int(Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * PAGE_BYTES


def _process_of_pages(service: Running) -> int:
    for place in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            data = f"CWS_FILEDROP_SERVICE__DATA_DIR={service.data}".encode()
            if b"cws_filedrop.web.process" in (place / "cmdline").read_bytes() and data in (
                (place / "environ").read_bytes()
            ):
                return int(place.name)
    raise AssertionError("the process of the pages was not found")


def measure(service: Running, name: str, *, seconds: float = 10) -> dict[str, object]:
    """Figures of one storm."""
    pages, took, grown = Pages(service), list[float](), 0
    for _ in range(50):  # warm, as after a day
        pages.answers_within()
    before, pause = pages.memory(), threading.Event()
    with raging(name, pages.address):
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            took.append(pages.answers_within())
            grown = max(grown, pages.memory() - before)
            pause.wait(PAUSE_SECONDS)
    return {"healthz": figures(sorted(took)), "grown_mib": round(grown / MIB, 1)}


def main() -> None:
    """Measure each."""
    with tempfile.TemporaryDirectory() as place, Running(Path(place), WEB__ENABLED=True).started() as service:
        for name in STORMS:
            print(json.dumps({name: measure(service, name)}), flush=True)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        rage(sys.argv[1], (sys.argv[2], int(sys.argv[3])))
    else:
        main()
