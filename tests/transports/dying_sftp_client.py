"""A program that uploads by SFTP and is killed: reads [[name, bytes in all, bytes until it stops], ...] as JSON.

Every upload has a connection of its own. When all have sent what they should, the process kills itself, unless an
upload was complete: then its file was closed, and only the connection was not.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
from concurrent.futures import ThreadPoolExecutor

import paramiko

LINE = b"order-id\tship-date\titem\r\n"
PASSWORD = "correct-horse-9"


def content(total: int) -> bytes:
    return (LINE * (total // len(LINE) + 1))[:total]


def upload(address: tuple[str, int], name: str, total: int, stop: int) -> object:
    transport = paramiko.Transport(socket.create_connection(address, timeout=60))
    transport.connect(username="acme", password=PASSWORD)
    client = paramiko.SFTPClient.from_transport(transport)
    assert client is not None
    file = client.open(f"/inbox/{name}", "w")
    file.set_pipelined(True)
    file.write(content(total)[:stop])
    file.flush()
    if stop == total:
        file.close()
    return transport, client, file  # kept alive until the end


def main() -> None:
    address = (sys.argv[1], int(sys.argv[2]))
    wanted = json.load(sys.stdin)
    with ThreadPoolExecutor(10) as pool:
        kept = list(pool.map(lambda one: upload(address, *one), wanted))
    assert len(kept) == len(wanted)
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    main()
