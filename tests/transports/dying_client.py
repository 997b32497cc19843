"""FTP clients that are killed (SIGKILL): after `stop` bytes, or, when these are all, right after the 226.

Run as: host port; reads a JSON list of [name, total, stop]; each client is a process of its own, eight at a time.
"""

from __future__ import annotations

import ftplib
import json
import os
import signal
import sys

PASSWORD = "correct-horse-9"
AT_ONCE = 8
LINE = b"902-1234567-1234567\t12345678901234\t1\t2026-11-20\n"


def content(total: int) -> bytes:
    """The file of that size: whole lines, then as much of one as fits."""
    return (LINE * (total // len(LINE) + 1))[:total]


def upload(address: tuple[str, int], name: str, total: int, stop: int) -> None:
    """One client, to its end."""
    session = ftplib.FTP(timeout=20)
    session.connect(*address)
    session.login("acme", PASSWORD)
    body = content(total)
    connection = session.transfercmd(f"STOR /inbox/{name}")
    if stop < total:
        connection.sendall(body[:stop])
        os.kill(os.getpid(), signal.SIGKILL)
    connection.sendall(body)
    connection.close()
    session.voidresp()
    os.kill(os.getpid(), signal.SIGKILL)


def main(host: str, port: str) -> None:
    """Run them all; every one must end by the kill."""
    running = 0
    for name, total, stop in json.load(sys.stdin):
        if os.fork() == 0:
            try:
                upload((host, int(port)), name, total, stop)
            finally:
                os._exit(1)
        running += 1
        if running == AT_ONCE:
            reap()
            running -= 1
    for _ in range(running):
        reap()


def reap() -> None:
    """Wait for one of them."""
    _, status = os.wait()
    assert os.WIFSIGNALED(status)


if __name__ == "__main__":
    main(*sys.argv[1:])
