"""An FTP client that is killed (SIGKILL): after `stop` bytes, or, when these are all, right after the 226.

Run as: host port name total stop.
"""

from __future__ import annotations

import ftplib
import os
import signal
import sys

PASSWORD = "correct-horse-9"
LINE = b"902-1234567-1234567\t12345678901234\t1\t2026-11-20\n"


def content(total: int) -> bytes:
    """The file of that size: whole lines, then as much of one as fits."""
    return (LINE * (total // len(LINE) + 1))[:total]


def main(host: str, port: str, name: str, total: str, stop: str) -> None:
    session = ftplib.FTP(timeout=20)
    session.connect(host, int(port))
    session.login("acme", PASSWORD)
    body = content(int(total))
    connection = session.transfercmd(f"STOR /inbox/{name}")
    if int(stop) < int(total):
        connection.sendall(body[: int(stop)])
        os.kill(os.getpid(), signal.SIGKILL)
    connection.sendall(body)
    connection.close()
    session.voidresp()
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    main(*sys.argv[1:])
