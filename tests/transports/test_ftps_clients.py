"""Clients as sellers have them, encrypted."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from transports.doors_kit import PASSWORD, Place, needs, run
from transports.tls_kit import tls_door

from cws_filedrop.model import Door, Grade
from cws_filedrop.transports.ftp.door import FtpDoor

CONTENT = b"order-id\tship-date\r\n" * 5000
WANTED = "This server wants encryption: choose 'FTP over TLS (explicit)' in your client."


@pytest.fixture
def shipped(tmp_path: Path) -> Path:
    path = tmp_path / "shipped 1.txt"
    path.write_bytes(CONTENT)
    return path


def curl(
    door: FtpDoor, *arguments: str, implicit: bool = False, path: str = "inbox/"
) -> subprocess.CompletedProcess[str]:
    needs("curl")
    address = door.implicit_address if implicit else door.address
    assert address is not None
    url = f"{'ftps' if implicit else 'ftp'}://{address[0]}:{address[1]}/{path}"
    return run("curl", "-sS", "--insecure", "--user", f"acme:{PASSWORD}", *arguments, url)


def lftp(door: FtpDoor, script: str, *, implicit: bool = False) -> subprocess.CompletedProcess[str]:
    needs("lftp")
    address = door.implicit_address if implicit else door.address
    assert address is not None
    settings = (
        "set net:max-retries 2; set net:timeout 10; set net:reconnect-interval-base 1; set cmd:fail-exit yes;"
        "set ssl:verify-certificate no; set ftp:ssl-force yes; set ftp:ssl-protect-data yes"
    )
    url = f"{'ftps' if implicit else 'ftp'}://{address[0]}:{address[1]}"
    return run("lftp", "--norc", "-c", f"{settings}; open -u acme,{PASSWORD} {url}; {script}")


def the_one(place: Place) -> bytes:
    (claim,) = place.wait_for_claims(1)
    assert (claim.name, claim.grade, claim.door) == ("shipped 1.txt", Grade.WHOLE, Door.FTPS)
    return place.bytes_of(claim)


@pytest.mark.parametrize("implicit", [False, True], ids=["explicit", "implicit"])
@pytest.mark.parametrize("option", ["--tlsv1.3", "--tls-max=1.2", "--disable-epsv"])
@pytest.mark.parametrize("reuse", ["accept", "require"])
def test_curl(place: Place, shipped: Path, implicit: bool, option: str, reuse: str) -> None:
    door = tls_door(place, mode="required", session_reuse=reuse)
    done = curl(door, "--ssl-reqd", *option.split("="), "-T", str(shipped), implicit=implicit)
    assert done.returncode == 0, done.stderr
    assert the_one(place) == CONTENT


@pytest.mark.parametrize("reuse", ["accept", "require"])
def test_curl_many_files(place: Place, tmp_path: Path, reuse: str) -> None:
    for number in range(6):
        (tmp_path / f"{number}.txt").write_bytes(b"%d" % number)
    # In TLS 1.3 it takes a session for used up after one connection, and after an upload has not read the next one.
    options = ("--ssl-reqd", "--tls-max", "1.3" if reuse == "accept" else "1.2")
    done = curl(tls_door(place, session_reuse=reuse), *options, "-T", str(tmp_path / "{0,1,2,3,4,5}.txt"))
    assert done.returncode == 0, done.stderr
    claims = place.wait_for_claims(6)
    assert {claim.name: place.bytes_of(claim) for claim in claims} == {f"{n}.txt": b"%d" % n for n in range(6)}


def test_curl_without_encryption_is_told_what_to_do(place: Place, shipped: Path) -> None:
    done = curl(tls_door(place, mode="required"), "-v", "-T", str(shipped))
    assert done.returncode == 67
    assert f"530 {WANTED}" in done.stderr
    assert place.sellers.asked == []


def test_curl_trusts_the_certificate_when_told(place: Place, shipped: Path) -> None:
    needs("curl")
    door = tls_door(place, names="ftp.example.com")
    host, port = door.address
    trusted = ("--cacert", str(place.data / "tls" / "ftp-tls.pem"), "--resolve", f"ftp.example.com:{port}:{host}")
    url = f"ftp://ftp.example.com:{port}/inbox/"
    done = run("curl", "-sS", "--ssl-reqd", *trusted, "--user", f"acme:{PASSWORD}", "-T", str(shipped), url)
    assert done.returncode == 0, done.stderr
    assert the_one(place) == CONTENT


@pytest.mark.parametrize("implicit", [False, True], ids=["explicit", "implicit"])
@pytest.mark.parametrize("setting", ["xfer:use-temp-file yes", "ftp:sync-mode off", "ftp:passive-mode off"])
def test_lftp(place: Place, shipped: Path, implicit: bool, setting: str) -> None:
    done = lftp(tls_door(place, mode="required"), f"set {setting}; put -O /inbox '{shipped}'; bye", implicit=implicit)
    assert done.returncode == 0, done.stderr
    assert the_one(place) == CONTENT


@pytest.mark.parametrize("implicit", [False, True], ids=["explicit", "implicit"])
def test_lftp_many_files(place: Place, tmp_path: Path, implicit: bool) -> None:
    source = tmp_path / "source"
    source.mkdir()
    for number in range(20):
        (source / f"{number}.txt").write_bytes(b"%d" % number)
        (place.home().path / "outbox" / f"{number}.result.txt").write_bytes(CONTENT)
    collect = f"mirror --Remove-source-files /outbox '{tmp_path / 'got'}'"
    done = lftp(
        tls_door(place), f"mirror -R --parallel=4 --no-perms '{source}' /inbox; {collect}; bye", implicit=implicit
    )
    assert done.returncode == 0, done.stderr
    claims = place.wait_for_claims(20)
    assert {claim.name: place.bytes_of(claim) for claim in claims} == {f"{n}.txt": b"%d" % n for n in range(20)}
    assert [path.read_bytes() for path in (tmp_path / "got").iterdir()] == [CONTENT] * 20
