"""SFTP clients that die: no upload is ever taken for whole when it is not, and none that was closed is lost."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from transports.dying_sftp_client import content
from transports.sftp_kit import NEW, OK, Raw, SftpPlace, door, lent_keys, loaded_keys, place, reset, ssh

from cws_filedrop.drop.claims import Cause
from cws_filedrop.drop.home import Folder
from cws_filedrop.model import Grade
from cws_filedrop.transports.sftp import SftpDoor

__all__ = ["door", "lent_keys", "loaded_keys", "place"]

PROGRAM = Path(__file__).with_name("dying_sftp_client.py")
CLIENTS = 50
SEED = 20261123


def run_all(door: SftpDoor, uploads: dict[str, tuple[int, int]]) -> None:
    host, port = door.address
    wanted = json.dumps([(name, *sizes) for name, sizes in uploads.items()])
    done = subprocess.run([sys.executable, str(PROGRAM), host, str(port)], input=wanted, text=True, timeout=100)
    assert done.returncode == -signal.SIGKILL


def test_clients_killed_in_the_middle_are_always_cut(place: SftpPlace, door: SftpDoor) -> None:
    chance = random.Random(SEED)
    totals = [chance.choice((1000, 20_000, 300_000, 1_000_000)) for _ in range(CLIENTS)]
    uploads = {f"{number}.txt": (total, chance.randrange(total)) for number, total in enumerate(totals)}
    uploads["0.txt"] = (1000, 0)
    uploads["1.txt"] = (1000, 999)
    run_all(door, uploads)
    claims = place.wait_for_claims(CLIENTS)
    assert sorted(claim.name for claim in claims) == sorted(uploads)
    for claim in claims:
        total, stop = uploads[claim.name]
        assert (claim.grade, claim.cause) == (Grade.CUT, Cause.CLOSED)
        assert claim.size <= stop
        assert place.cut_bytes(claim.name) == content(total)[: claim.size]
    assert {one.stage for one in place.home().unfinished(Folder.INBOX).values()} == {"cut"}


def test_files_closed_before_their_client_died_are_always_whole(place: SftpPlace, door: SftpDoor) -> None:
    uploads = {f"{number}.txt": (20_000 + number, 20_000 + number) for number in range(CLIENTS)}
    run_all(door, uploads)
    claims = place.wait_for_claims(CLIENTS)
    assert sorted(claim.name for claim in claims) == sorted(uploads)
    for claim in claims:
        assert claim.grade is Grade.WHOLE
        assert place.bytes_of(claim) == content(uploads[claim.name][0])


@pytest.mark.parametrize("end", ["reset", "end of stream", "disconnect"])
def test_lines_that_break_in_the_middle(place: SftpPlace, door: SftpDoor, end: str) -> None:
    with ssh(door) as transport:
        raw = Raw(transport)
        handle = raw.open("/inbox/a.txt", NEW)
        assert raw.write(handle, 0, content(5000)) == OK
        if end == "reset":
            reset(transport)
        elif end == "end of stream":
            transport.sock.shutdown(1)
        else:
            transport.close()
        (claim,) = place.wait_for_claims(1, seconds=20)
    assert (claim.grade, claim.cause, claim.size) == (Grade.CUT, Cause.CLOSED, 5000)


def test_a_close_that_was_sent_counts_though_nobody_waits_for_its_answer(place: SftpPlace, door: SftpDoor) -> None:
    for number in range(10):
        with ssh(door) as transport:
            raw = Raw(transport)
            handle = raw.open(f"/inbox/{number}.txt", NEW)
            raw.write(handle, 0, content(5000))
            raw.send(4, 99, handle)
            transport.sock.shutdown(1)
            claim = place.wait_for_claims(number + 1, seconds=20)[-1]
            assert (claim.grade, place.bytes_of(claim)) == (Grade.WHOLE, content(5000))
