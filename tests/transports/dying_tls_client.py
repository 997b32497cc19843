"""FTPS clients that are killed (SIGKILL): after `stop` bytes, or, when these are all, right after the 226.

Run as: host port; reads a JSON list of [name, total, stop, polite]; a polite client ends its upload by close_notify.
Each is a process of its own, eight at a time; TLS 1.2 and 1.3 by turns.
"""

from __future__ import annotations

import json
import os
import signal
import ssl
import sys
from ftplib import FTP_TLS

from dying_client import AT_ONCE, PASSWORD, content, reap


def upload(address: tuple[str, int], name: str, total: int, stop: int, polite: bool) -> None:
    """One client, to its end."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if os.getpid() % 2:
        context.maximum_version = ssl.TLSVersion.TLSv1_2
    session = FTP_TLS(timeout=20, context=context)
    session.connect(*address)
    session.login("acme", PASSWORD)
    session.prot_p()
    body = content(total)
    connection = session.transfercmd(f"STOR /inbox/{name}")
    if stop < total:
        connection.sendall(body[:stop])
        os.kill(os.getpid(), signal.SIGKILL)
    connection.sendall(body)
    if polite and isinstance(connection, ssl.SSLSocket):
        connection.unwrap()
    connection.close()
    session.voidresp()
    os.kill(os.getpid(), signal.SIGKILL)


def main(host: str, port: str) -> None:
    """Run them all; every one must end by the kill."""
    running = 0
    for name, total, stop, polite in json.load(sys.stdin):
        if os.fork() == 0:
            try:
                upload((host, int(port)), name, total, stop, polite)
            finally:
                os._exit(1)
        running += 1
        if running == AT_ONCE:
            reap()
            running -= 1
    for _ in range(running):
        reap()


if __name__ == "__main__":
    main(*sys.argv[1:])
