"""A file that cannot be used: its client hears why at once, and the upload is kept for a receipt all the same."""

from __future__ import annotations

import ftplib
import io
import shutil
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import paramiko
import pytest
from paramiko import sftp
from transports.doors_kit import PASSWORD, connect, needs, put, run
from transports.sftp_kit import (
    NEW,
    Raw,
    SftpPlace,
    client,
    door,
    lent_keys,
    loaded_keys,
    openssh_options,
    place,
    raw,
)

from cws_filedrop.formats import profile
from cws_filedrop.model import Grade, Limits, Profile
from cws_filedrop.transports.landing import first_look
from cws_filedrop.transports.sftp.door import SftpDoor

__all__ = ["client", "door", "lent_keys", "loaded_keys", "place", "raw"]

GOOD = b"order-id\tstatus\ttracking\n1\tshipped\t2\n"
BAD = b"order-id\tstate\ttracking\n1\tshipped\t2\n"
WORDS = 'but it cannot be used: The column "status" is missing'


@pytest.fixture(autouse=True)
def looking(place: SftpPlace) -> None:
    place.intake.look_first(partial(first_look.fault, limits=Limits()))


@pytest.fixture
def session(place: SftpPlace) -> Iterator[ftplib.FTP]:
    with connect(place.ftp_door()) as session:
        yield session


def test_ftp_says_it_in_the_reply(place: SftpPlace, session: ftplib.FTP) -> None:
    with pytest.raises(ftplib.error_perm, match=rf"^550 Received as upload \S+, {WORDS}"):
        put(session, "/inbox/bad.txt", BAD)
    assert put(session, "/inbox/good.txt", GOOD).startswith("226 ")
    bad, good = place.wait_for_claims(2)
    assert (bad.grade, place.bytes_of(bad)) == (Grade.WHOLE, BAD)
    assert (good.grade, good.fault) == (Grade.WHOLE, "")


def test_ftp_says_it_when_the_upload_gets_its_final_name(place: SftpPlace, session: ftplib.FTP) -> None:
    assert put(session, "/inbox/bad.txt.part", BAD).startswith("226 ")
    with pytest.raises(ftplib.error_perm, match=WORDS):
        session.rename("/inbox/bad.txt.part", "/inbox/bad.txt")
    (claim,) = place.wait_for_claims(1)
    assert (claim.name, claim.grade) == ("bad.txt", Grade.WHOLE)


def test_sftp_says_it_when_the_file_is_closed(place: SftpPlace, raw: Raw) -> None:
    for name, content, answer in (("bad.txt", BAD, sftp.SFTP_FAILURE), ("good.txt", GOOD, sftp.SFTP_OK)):
        handle = raw.open(f"/inbox/{name}", NEW)
        assert raw.write(handle, 0, content)[0] == sftp.SFTP_OK
        code, words = raw.close(handle)
        assert code == answer
        assert (WORDS in words) == (name == "bad.txt")
    bad, good = place.wait_for_claims(2)
    assert [(claim.grade, place.bytes_of(claim)) for claim in (bad, good)] == [(Grade.WHOLE, BAD), (Grade.WHOLE, GOOD)]


@pytest.mark.parametrize("program", ["curl", "lftp", "openssh"])
def test_scripts_see_that_it_failed(place: SftpPlace, door: SftpDoor, program: str, tmp_path: Path) -> None:
    needs("sftp" if program == "openssh" else program)
    path = tmp_path / "bad.txt"
    path.write_bytes(BAD)
    key = tmp_path / "id"
    shutil.copy(place.host_keys / "ssh_host_ed25519_key", key)
    place.keys.allow("acme", paramiko.Ed25519Key.from_private_key_file(str(key)))
    host, port = place.ftp_door().address
    options = "set net:max-retries 1; set ftp:ssl-allow no; set cmd:fail-exit yes"
    done = {
        "curl": lambda: run("curl", "-sSv", "-u", f"acme:{PASSWORD}", "-T", str(path), f"ftp://{host}:{port}/inbox/"),
        "lftp": lambda: run(
            "lftp", "--norc", "-c", f"{options}; open -u acme,{PASSWORD} ftp://{host}:{port}; put -O /inbox {path}"
        ),
        "openssh": lambda: run(
            "sftp", *openssh_options(door, key), "-b", "-", "acme@127.0.0.1", input=f"put {path} /inbox/\n"
        ),
    }[program]()
    assert done.returncode != 0
    if program != "openssh":  # which has words of its own for every answer
        assert WORDS in done.stderr
    assert [place.bytes_of(claim) for claim in place.wait_for_claims(1)] == [BAD]


def test_sftp_says_it_when_the_upload_gets_its_final_name(place: SftpPlace, client: paramiko.SFTPClient) -> None:
    client.putfo(io.BytesIO(BAD), "/inbox/bad.txt.part")
    with pytest.raises(OSError, match=WORDS):
        client.posix_rename("/inbox/bad.txt.part", "/inbox/bad.txt")
    assert [claim.name for claim in place.wait_for_claims(1)] == ["bad.txt"]


def test_many_faults_are_told_in_short(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"order-id\torder_item\n1\t2\n")
    assert first_look.fault(path, "acme", limits=Limits()).count("is missing") <= 3
    path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2000))
    assert "Excel" in first_look.fault(path, "acme", limits=Limits())


def test_a_sellers_own_layout_is_known(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"Order,Parcel\n1,2\n")
    own = profile.parse('[columns]\norder-id = "Order"\ntracking = "Parcel"\n', "shop")
    assert first_look.fault(path, "acme", limits=Limits()) != ""
    asked: list[str] = []

    def profiles_of(seller: str) -> list[Profile]:
        asked.append(seller)
        return [own]

    assert first_look.fault(path, "acme", limits=Limits(), profiles_of=profiles_of) == ""
    path.write_bytes(b"Order,Parcels\n1,2\n")
    assert '"Parcel" is missing' in first_look.fault(path, "acme", limits=Limits(), profiles_of=profiles_of)
    path.write_bytes(GOOD)
    assert first_look.fault(path, "acme", limits=Limits(), profiles_of=profiles_of) == ""
    assert asked == ["acme", "acme"], "whose file is plain is not asked for"


def test_what_cannot_be_looked_at_is_left_to_the_worker(tmp_path: Path) -> None:
    assert first_look.fault(tmp_path, "acme", limits=Limits()) == ""


def test_a_look_needs_no_tables() -> None:
    """The doors' process is light, however many of them there are."""
    code = "import sys, cws_filedrop.doors; print({'pandas', 'numpy', 'pyarrow', 'dbos'} & sys.modules.keys())"
    done = run(sys.executable, "-c", code)
    assert done.stdout.strip() == "set()"
