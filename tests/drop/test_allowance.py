"""What a seller may do at most, at every door: refused before it begins, in words that say what to do."""

from __future__ import annotations

import contextlib
import ftplib
from pathlib import Path

import paramiko
import pytest
from transports.doors_kit import Place, connect, put, refusal, wait_for
from transports.sftp_kit import SftpPlace, lent_keys, loaded_keys, place, session, ssh

from cws_filedrop.drop.allowance import Counting, TooMuch
from cws_filedrop.drop.home import Homes
from cws_filedrop.gate.logins import SellerLogin
from cws_filedrop.model import Allowance

__all__ = ["lent_keys", "loaded_keys", "place"]


def allow(place: Place, allowance: Allowance) -> None:
    """Sellers of the place may do that at most."""
    known = place.sellers.authenticate

    def authenticate(name: str, password: str) -> SellerLogin | None:
        login = known(name, password)
        return login and SellerLogin(login.name, login.version, allowance=allowance)

    place.sellers.authenticate = authenticate  # type: ignore[method-assign]


def test_a_larger_file_than_the_seller_may(place: SftpPlace) -> None:
    allow(place, Allowance(file_bytes=1000))
    with connect(place.ftp_door()) as visit:
        assert refusal(visit, "ALLO 1001").startswith("552 Too large: files up to 1000 bytes are taken")
        with pytest.raises(ftplib.Error, match="larger than 1000 bytes"):
            put(visit, "/inbox/a.txt", bytes(1001))
        assert put(visit, "/inbox/b.txt", bytes(1000)).startswith("226 ")
    with session(place.sftp_door()) as client, client.open("/inbox/c.txt", "w", 0) as file:
        file.write(bytes(1000))
        with pytest.raises(OSError, match="larger than 1000 bytes"):
            file.write(b"1")


def test_more_files_an_hour_than_the_seller_may_over_both_doors(place: SftpPlace) -> None:
    allow(place, Allowance(files_an_hour=2))
    with connect(place.ftp_door()) as visit, session(place.sftp_door()) as client:
        put(visit, "/inbox/a.txt", b"1")
        with client.open("/inbox/b.txt", "w") as file:
            file.write(b"1")
        with pytest.raises(ftplib.error_temp, match="450 You may upload 2 files an hour; try again in 60 minutes"):
            put(visit, "/inbox/c.txt", b"1")
        with pytest.raises(OSError, match="You may upload 2 files an hour"):
            client.open("/inbox/d.txt", "w")
    with connect(place.ftp_door(), "other") as other:
        assert put(other, "/inbox/a.txt", b"1").startswith("226 ")


def test_more_bytes_in_the_home_than_the_seller_may_until_something_is_deleted(place: SftpPlace) -> None:
    allow(place, Allowance(kept_bytes=100))
    (place.home().path / "outbox" / "old.result.txt").write_bytes(bytes(100))
    with connect(place.ftp_door()) as visit:
        with pytest.raises(ftplib.error_temp, match="452 Your folders hold 100 bytes, 100 are allowed; delete what"):
            put(visit, "/inbox/a.txt", b"1")
        visit.delete("/outbox/old.result.txt")
        assert put(visit, "/inbox/a.txt", b"1").startswith("226 ")


def test_more_unfinished_files_than_the_seller_may(place: SftpPlace) -> None:
    allow(place, Allowance(waiting_files=1))
    with connect(place.ftp_door()) as visit:
        put(visit, "/inbox/a.txt.part", b"1")
        with pytest.raises(ftplib.error_temp, match="452 1 files lie in your inbox already, 1 may"):
            put(visit, "/inbox/b.txt", b"1")
        visit.rename("/inbox/a.txt.part", "/inbox/a.txt")
        assert put(visit, "/inbox/b.txt", b"1").startswith("226 ")


def test_more_connections_than_the_seller_may_over_both_doors(place: SftpPlace) -> None:
    allow(place, Allowance(connections=2))
    logins = place.sellers.logins()
    ftp, sftp = place.ftp_door(), place.sftp_door()
    ftp.logins = sftp._logins = logins
    assert ftp._server is not None
    ftp._server.logins = logins
    with contextlib.ExitStack() as here:
        first = here.enter_context(connect(ftp))
        here.enter_context(ssh(sftp))
        with pytest.raises(ftplib.error_temp, match="421 You have 2 connections, and may have 2; close one"):
            connect(ftp)
        with pytest.raises(paramiko.SSHException), ssh(sftp):
            pass
        connect(ftp, "other").quit()
        first.quit()
        wait_for(lambda: len(logins.presence._here.get("acme", ())) == 1)
        connect(ftp).quit()
    wait_for(lambda: not logins.presence._here)


def test_an_hour_passes(tmp_path: Path) -> None:
    now = [0.0]
    counting, home = Counting(clock=lambda: now[0]), Homes(tmp_path).of("acme")
    for moment in (0.0, 1800.0):
        now[0] = moment
        counting.check(home, Allowance(files_an_hour=2))
        counting.begun("acme")
    with pytest.raises(TooMuch, match="try again in 30 minutes"):
        counting.check(home, Allowance(files_an_hour=2))
    now[0] = 3600.0
    counting.check(home, Allowance(files_an_hour=2))
    counting.check(home, Allowance())


def test_a_login_that_fails_after_its_key_was_shown_does_not_count(place: SftpPlace) -> None:
    door = place.sftp_door()
    transport = paramiko.Transport(door.address)
    try:
        transport.start_client(timeout=60)
        (connection,) = door._connections
        assert connection._decide(SellerLogin("acme", 1)) == paramiko.AUTH_SUCCESSFUL
        assert list(door._logins.presence._here) == ["acme"]
        assert connection._decide(None) == paramiko.AUTH_FAILED
        assert not door._logins.presence._here
    finally:
        transport.close()
