"""Clients as sellers have them."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from transports.doors_kit import PASSWORD, Place, needs, run

from cws_filedrop.model import Grade
from cws_filedrop.transports.ftp.door import FtpDoor

CONTENT = b"order-id\tship-date\r\n" * 5000


@pytest.fixture
def shipped(tmp_path: Path) -> Path:
    path = tmp_path / "shipped 1.txt"
    path.write_bytes(CONTENT)
    return path


def curl(door: FtpDoor, *arguments: str) -> subprocess.CompletedProcess[str]:
    needs("curl")
    host, port = door.address
    return run("curl", "-sS", "--user", f"acme:{PASSWORD}", *arguments, f"ftp://{host}:{port}/inbox/")


def lftp(door: FtpDoor, script: str) -> subprocess.CompletedProcess[str]:
    needs("lftp")
    host, port = door.address
    settings = "set net:max-retries 2; set net:timeout 10; set net:reconnect-interval-base 1; set cmd:fail-exit yes"
    return run("lftp", "--norc", "-c", f"{settings}; open -u acme,{PASSWORD} ftp://{host}:{port}; {script}")


def the_one(place: Place) -> bytes:
    (claim,) = place.wait_for_claims(1)
    assert (claim.name, claim.grade) == ("shipped 1.txt", Grade.WHOLE)
    return place.bytes_of(claim)


@pytest.mark.parametrize("option", ["--disable-epsv", "--ftp-port=-", "--ftp-method=nocwd", "--ftp-pasv"])
def test_curl_options(place: Place, door: FtpDoor, shipped: Path, option: str) -> None:
    done = curl(door, "-T", str(shipped), *option.split("="))
    assert done.returncode == 0, done.stderr
    assert the_one(place) == CONTENT


def test_curl_into_the_wrong_folder(place: Place, door: FtpDoor, shipped: Path) -> None:
    needs("curl")
    host, port = door.address
    done = run("curl", "-sSv", "--user", f"acme:{PASSWORD}", "-T", str(shipped), f"ftp://{host}:{port}/")
    assert done.returncode == 25
    assert "550 Upload into /inbox (or /test for a rehearsal), not here." in done.stderr


@pytest.mark.parametrize("setting", ["xfer:use-temp-file yes", "ftp:sync-mode off", "ftp:passive-mode off"])
def test_lftp_settings(place: Place, door: FtpDoor, shipped: Path, setting: str) -> None:
    done = lftp(door, f"set {setting}; put -O /inbox '{shipped}'; bye")
    assert done.returncode == 0, done.stderr
    assert the_one(place) == CONTENT


def test_lftp_many_files_in_parallel(place: Place, door: FtpDoor, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    for number in range(40):
        (source / f"{number}.txt").write_bytes(b"%d" % number)
    done = lftp(door, f"mirror -R --parallel=4 --no-perms '{source}' /inbox; bye")
    assert done.returncode == 0, done.stderr
    claims = place.wait_for_claims(40)
    assert {claim.name: place.bytes_of(claim) for claim in claims} == {f"{n}.txt": b"%d" % n for n in range(40)}


def test_lftp_collects_results(place: Place, door: FtpDoor, tmp_path: Path) -> None:
    outbox = place.home().path / "outbox"
    for number in range(5):
        (outbox / f"{number}.result.txt").write_bytes(CONTENT)
    done = lftp(door, f"mirror --Remove-source-files /outbox '{tmp_path / 'got'}'; bye")
    assert done.returncode == 0, done.stderr
    assert {path.read_bytes() for path in (tmp_path / "got").iterdir()} == {CONTENT}
    assert os.listdir(outbox) == []
