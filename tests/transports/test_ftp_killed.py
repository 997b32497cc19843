"""Clients that are killed: no upload is ever taken for whole when it is not, and none is lost."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path

from transports.doors_kit import Place
from transports.dying_client import LINE, content

from cws_filedrop.drop.home import Folder
from cws_filedrop.model import Grade
from cws_filedrop.transports.ftp import FtpDoor

PROGRAM = Path(__file__).with_name("dying_client.py")
CLIENTS = 50
SEED = 20261122


def run_all(door: FtpDoor, uploads: dict[str, tuple[int, int]]) -> None:
    host, port = door.address
    wanted = json.dumps([(name, *sizes) for name, sizes in uploads.items()])
    subprocess.run([sys.executable, str(PROGRAM), host, str(port)], input=wanted, text=True, timeout=100, check=True)


def test_clients_killed_in_the_middle_are_never_whole(place: Place, door: FtpDoor) -> None:
    chance = random.Random(SEED)
    totals = [chance.choice((len(LINE) * 5, 20_000, 300_000, 3_000_000)) for _ in range(CLIENTS)]
    uploads = {f"{number}.txt": (total, chance.randrange(total)) for number, total in enumerate(totals)}
    uploads["0.txt"] = (1000, 0)
    uploads["1.txt"] = (1000, 999)
    run_all(door, uploads)
    claims = place.wait_for_claims(CLIENTS)
    assert sorted(claim.name for claim in claims) == sorted(uploads)
    for claim in claims:
        total, stop = uploads[claim.name]
        assert claim.grade in (Grade.CUT, Grade.DOUBTFUL)
        assert claim.size <= stop
        found = place.cut_bytes(claim.name) if claim.grade is Grade.CUT else place.bytes_of(claim)
        assert found == content(total)[: claim.size]
    assert {one.stage for one in place.home().unfinished(Folder.INBOX).values()} <= {"cut"}


def test_whole_uploads_that_end_without_quit_are_landed(place: Place, door: FtpDoor) -> None:
    uploads = {f"{number}.txt": (20_000 + number, 20_000 + number) for number in range(CLIENTS)}
    run_all(door, uploads)
    claims = place.wait_for_claims(CLIENTS)
    assert sorted(claim.name for claim in claims) == sorted(uploads)
    for claim in claims:
        assert claim.grade in (Grade.WHOLE, Grade.DOUBTFUL)
        assert place.bytes_of(claim) == content(uploads[claim.name][0])
