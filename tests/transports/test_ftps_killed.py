"""Encrypted uploads whose clients are killed: none is taken for whole when it is not, and none is lost."""

from __future__ import annotations

import json
import random
import socket
import ssl
import struct
import subprocess
import sys
from pathlib import Path

import pytest
from transports.doors_kit import Place, begin, wait_for
from transports.dying_client import LINE, content
from transports.tls_kit import log_in, tls_door, trusting

from cws_filedrop.model import Grade
from cws_filedrop.transports.ftp import FtpDoor
from cws_filedrop.transports.ftp_tls_session import ENDED

PROGRAM = Path(__file__).with_name("dying_tls_client.py")
CLIENTS = 50
SEED = 20261123


def run_all(door: FtpDoor, uploads: dict[str, tuple[int, int]], *, polite: bool) -> None:
    host, port = door.address
    wanted = json.dumps([(name, *sizes, polite) for name, sizes in uploads.items()])
    subprocess.run([sys.executable, str(PROGRAM), host, str(port)], input=wanted, text=True, timeout=100, check=True)


def test_clients_killed_in_the_middle_are_never_whole(place: Place) -> None:
    chance = random.Random(SEED)
    totals = [chance.choice((len(LINE) * 5, 20_000, 300_000, 3_000_000)) for _ in range(CLIENTS)]
    uploads = {f"{number}.txt": (total, chance.randrange(total)) for number, total in enumerate(totals)}
    uploads["0.txt"] = (1000, 0)
    uploads["1.txt"] = (1000, 999)
    run_all(tls_door(place), uploads, polite=False)
    claims = place.wait_for_claims(CLIENTS)
    assert sorted(claim.name for claim in claims) == sorted(uploads)
    for claim in claims:
        total, stop = uploads[claim.name]
        assert claim.grade in (Grade.CUT, Grade.DOUBTFUL)
        assert claim.size <= stop
        found = place.cut_bytes(claim.name) if claim.grade is Grade.CUT else place.bytes_of(claim)
        assert found == content(total)[: claim.size]


@pytest.mark.parametrize("polite", [False, True])
def test_whole_uploads_that_end_without_quit_are_landed(place: Place, polite: bool) -> None:
    uploads = {f"{number}.txt": (20_000 + number, 20_000 + number) for number in range(CLIENTS)}
    run_all(tls_door(place), uploads, polite=polite)
    claims = place.wait_for_claims(CLIENTS)
    assert sorted(claim.name for claim in claims) == sorted(uploads)
    for claim in claims:
        assert claim.grade is Grade.WHOLE or not polite
        assert claim.grade in (Grade.WHOLE, Grade.DOUBTFUL)
        assert not polite or claim.evidence == ENDED
        assert place.bytes_of(claim) == content(uploads[claim.name][0])


def end_of(connection: socket.socket, *, reset: bool) -> None:
    if reset:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize(("reset", "grade"), [(False, Grade.DOUBTFUL), (True, Grade.CUT)], ids=["ended", "reset"])
def test_an_end_without_close_notify(place: Place, version: ssl.TLSVersion, reset: bool, grade: Grade) -> None:
    session = log_in(tls_door(place, ftp={"grace_seconds": 5}), context=trusting(version))
    connection = begin(session, "STOR /inbox/a.txt", LINE * 20)
    wait_for(lambda: session.size("/inbox/a.txt") == len(LINE) * 20)
    end_of(connection, reset=reset)
    assert session.getline()[:3] == ("426" if reset else "226")
    session.close()
    (claim,) = place.wait_for_claims(1)
    assert (claim.grade, claim.size) == (grade, len(LINE) * 20)


def test_both_connections_break_off(place: Place) -> None:
    session = log_in(tls_door(place))
    connection = begin(session, "STOR /inbox/a.txt", LINE * 20)
    wait_for(lambda: session.size("/inbox/a.txt") == len(LINE) * 20)
    session.close()
    end_of(connection, reset=True)
    assert place.wait_for_claims(1)[0].grade is Grade.CUT


def test_a_record_that_was_tampered_with_is_never_part_of_an_upload(place: Place) -> None:
    session = log_in(tls_door(place))
    connection = begin(session, "STOR /inbox/a.txt", LINE * 20)
    wait_for(lambda: session.size("/inbox/a.txt") == len(LINE) * 20)
    socket.socket.sendall(connection, b"\x17\x03\x03\x00\x20" + bytes(32))
    assert session.getline()[:3] == "426"
    (claim,) = place.wait_for_claims(1)
    assert (claim.grade, claim.size) == (Grade.CUT, len(LINE) * 20)
    connection.close()
    session.close()
