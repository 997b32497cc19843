"""Clients that end as no client should: each a process of its own, eight at a time, by any way in.

Run as: way, host, port, seller; reads a JSON list of visits. Killed clients are killed for real (SIGKILL).
"""

from __future__ import annotations

import ftplib
import json
import os
import signal
import socket
import ssl
import struct
import subprocess
import sys
from collections.abc import Callable, Iterable
from enum import StrEnum
from pathlib import Path
from typing import Final, NamedTuple

import paramiko
from paramiko import sftp
from transports.doors_kit import PASSWORD
from transports.sftp_kit import NEW, Raw, reset
from transports.tls_kit import ImplicitFtp, trusting

AT_ONCE: Final = 8
LINE: Final = b"902-1234567-1234567\t12345678901234\t1\t2026-11-20\n"


class End(StrEnum):
    """How a client ends."""

    KILLED = "in the middle, after its last byte but before its end, or right after the answer"
    CARELESS = "the same, and its TLS data connection without close_notify"
    UNHEARD = "by a reset right after it has sent all; it never reads the answer"
    PROPER = "as it should"


class Visit(NamedTuple):
    """One upload: `stop` of the first `total` bytes of the file at `path` are sent; all: it is completed."""

    name: str
    path: str
    total: int
    stop: int
    end: End


def content(total: int) -> bytes:
    """A file of that size: whole lines, then as much of one as fits."""
    return (LINE * (total // len(LINE) + 1))[:total]


def run_all(way: str, address: tuple[str, int], visits: Iterable[Visit], *, seller: str = "acme") -> None:
    """Have all these clients come and go; returns when the last has gone."""
    words = [sys.executable, "-m", "transports.dying_client", way, *map(str, address), seller]
    wanted = json.dumps(list(visits))
    subprocess.run(words, input=wanted, text=True, timeout=250, check=True, cwd=Path(__file__).parents[1])


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def log_in(way: str, address: tuple[str, int], seller: str) -> ftplib.FTP:
    """An FTP session; TLS 1.2 and 1.3 by turns."""
    context = trusting(*([ssl.TLSVersion.TLSv1_2] if os.getpid() % 2 else []))
    session = {
        "ftp": lambda: ftplib.FTP(timeout=60),
        "ftps": lambda: ftplib.FTP_TLS(timeout=60, context=context),
        "implicit": lambda: ImplicitFtp(timeout=60, context=context),
    }[way]()
    session.connect(*address)
    session.login(seller, PASSWORD)
    if isinstance(session, ftplib.FTP_TLS):
        session.prot_p()
    return session


def by_ftp(session: ftplib.FTP, visit: Visit, body: bytes) -> None:
    connection = session.transfercmd(f"STOR /inbox/{visit.name}")
    connection.sendall(body[: visit.stop])
    if visit.stop < visit.total:
        die()
    if isinstance(connection, ssl.SSLSocket) and visit.end is not End.CARELESS:
        connection.unwrap()
    connection.close()
    if visit.end is End.UNHEARD:
        assert session.sock is not None
        session.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        session.close()
        return
    session.voidresp()
    if visit.end is not End.PROPER:
        die()
    session.quit()


def by_sftp(transport: paramiko.Transport, visit: Visit, body: bytes) -> None:
    raw = Raw(transport)
    handle = raw.open(f"/inbox/{visit.name}", NEW)
    pieces = range(0, visit.stop, 32_000)
    for at in pieces:
        raw.send(sftp.CMD_WRITE, at, handle, sftp.int64(at), body[at : min(at + 32_000, visit.stop)])
    if visit.stop < visit.total:
        die()
    if visit.end is End.UNHEARD:
        raw.send(sftp.CMD_CLOSE, 1, handle)
        reset(transport)
        return
    for _ in pieces:
        raw.receive()
    raw.close(handle)
    if visit.end is not End.PROPER:
        die()
    transport.close()


def upload(way: str, address: tuple[str, int], seller: str, visit: Visit) -> None:
    """One client, to its end."""
    body = Path(visit.path).read_bytes()[: visit.total]
    if way == "sftp":
        connection = socket.create_connection(address, timeout=60)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # or a reset could overtake the last bytes
        transport = paramiko.Transport(connection)
        transport.connect(username=seller, password=PASSWORD)
        by_sftp(transport, visit, body)
    else:
        by_ftp(log_in(way, address, seller), visit, body)


def main(way: str, host: str, port: str, seller: str) -> None:
    """Run them all."""
    running = 0
    for wanted in json.load(sys.stdin):
        visit = Visit(*wanted[:-1], End(wanted[-1]))
        if running == AT_ONCE:
            reap()
            running -= 1
        if os.fork() == 0:
            in_child(lambda visit=visit: upload(way, (host, int(port)), seller, visit))  # type: ignore[misc]
        running += 1
    for _ in range(running):
        reap()


def in_child(work: Callable[[], None]) -> None:
    """Do it and end."""
    try:
        work()
        os._exit(0)
    except BaseException as error:
        print(repr(error), file=sys.stderr, flush=True)
    finally:
        os._exit(1)


def reap() -> None:
    """Wait for one of them: it ended by its own will, or by the kill."""
    _, status = os.wait()
    assert os.waitstatus_to_exitcode(status) in (0, -signal.SIGKILL), status


if __name__ == "__main__":
    main(*sys.argv[1:])
