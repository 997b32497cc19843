"""Who is connected is seen, and sent away by a word of an operator, at every door."""

from __future__ import annotations

import ftplib
import json
import os
import signal
from pathlib import Path
from typing import Any

import paramiko
import pytest
from running import PASSWORD, Running, wait_for


def listed(service: Running) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(service.command("connections", "list", "--json").stdout)["connections"]
    return found


def sftp(service: Running) -> tuple[paramiko.SSHClient, paramiko.SFTPClient]:
    client = paramiko.SSHClient()
    client.set_missing_host_key_policy(paramiko.AutoAddPolicy())
    host, port = service.sftp_address
    client.connect(host, port, "anna", PASSWORD, allow_agent=False, look_for_keys=False)
    return client, client.open_sftp()


def test_connections_are_listed_while_they_last_and_closed_on_demand(service: Running) -> None:
    ftp = service.ftp("anna")
    client, files = sftp(service)
    try:
        both = wait_for(lambda: len(found := listed(service)) == 2 and found, what="both connections")
        assert isinstance(both, list)
        by_door = {one["door"]: one for one in both}
        assert set(by_door) == {"ftp", "sftp"}
        assert {(one["seller"], one["address"], one["busy"]) for one in both} == {("anna", "127.0.0.1", False)}
        assert by_door["sftp"]["client"].startswith("paramiko")
        for one in both:
            done = service.command("connections", "close", one["id"])
            assert done.returncode == 0, done.stderr
        wait_for(lambda: not listed(service), what="both to be closed")
        with pytest.raises((ftplib.error_temp, EOFError)) as told:
            ftp.voidcmd("NOOP")
        assert "operator closed" in str(told.value) or isinstance(told.value, EOFError)
        with pytest.raises((OSError, EOFError)):
            files.listdir("/")
        assert service.command("connections", "close", by_door["ftp"]["id"]).returncode == 1
    finally:
        ftp.close()
        client.close()
    trail = json.loads(service.command("audit", "--seller", "anna", "--json").stdout)["entries"]
    assert sum("operator closed" in entry["detail"] for entry in trail) == 2
    service.ftp("anna").quit()  # it may come again


def test_a_connection_that_ends_by_itself_goes_from_the_list(service: Running) -> None:
    with service.ftp("anna"):
        wait_for(lambda: listed(service), what="the connection")
    wait_for(lambda: not listed(service), what="its end")


def test_doors_that_died_leave_nobody_behind(tmp_path: Path) -> None:
    service = Running(tmp_path)  # its own: the next doors have other ports
    service.add_seller("anna")
    service.start()
    session = service.ftp("anna")
    wait_for(lambda: listed(service), what="the connection")
    assert service.process is not None
    pid = service.process.process.pid
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    (doors,) = [int(one) for one in children if b"cws_filedrop.doors" in Path(f"/proc/{one}/cmdline").read_bytes()]
    os.kill(doors, signal.SIGKILL)
    session.close()
    wait_for(lambda: not listed(service), what="the next doors to know of nobody")
    assert service.stop() == 0
