"""Clients that die, by every way in: no upload is taken for whole when it is not, and none that was whole is lost."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from transports.doors_kit import Place
from transports.dying_client import LINE, End, Visit, content, run_all
from transports.sftp_kit import SftpPlace, lent_keys, loaded_keys, place
from transports.tls_kit import tls_door

from cws_filedrop.drop.claims import Claim
from cws_filedrop.drop.home import Folder
from cws_filedrop.model import Grade
from cws_filedrop.transports.ftp.tls_session import ENDED

__all__ = ["lent_keys", "loaded_keys", "place"]

CLIENTS = 50
WHOLE_ONES = 20  # a journey has 200, by every way
SEED = 20261122
LARGEST = 3_000_000
Address = tuple[str, int]


def implicit(place: SftpPlace) -> Address:
    address = tls_door(place).implicit_address
    assert address is not None
    return address


DOORS: dict[str, Callable[[SftpPlace], Address]] = {
    "ftp": lambda place: place.ftp_door().address,
    "ftps": lambda place: tls_door(place).address,
    "implicit": implicit,
    "sftp": lambda place: place.sftp_door().address,
}
EVERY_WAY = pytest.mark.parametrize("way", DOORS)


def run(place: SftpPlace, way: str, sizes: dict[str, tuple[int, int]], end: End) -> list[Claim]:
    """Have clients upload the first of two sizes and stop at the second; what came of it, in that order."""
    lines = place.data / "lines.txt"
    lines.write_bytes(content(LARGEST))
    run_all(way, DOORS[way](place), [Visit(name, str(lines), *size, end) for name, size in sizes.items()])
    claims = place.wait_for_claims(len(sizes))
    assert sorted(claim.name for claim in claims) == sorted(sizes)
    return claims


def random_cuts() -> dict[str, tuple[int, int]]:
    chance = random.Random(SEED)
    totals = [chance.choice((len(LINE) * 5, 20_000, 300_000, LARGEST)) for _ in range(CLIENTS)]
    cuts = {f"{number}.txt": (total, chance.randrange(total)) for number, total in enumerate(totals)}
    return cuts | {"0.txt": (1000, 0), "1.txt": (1000, 999)}


@EVERY_WAY
def test_clients_killed_in_the_middle_are_never_whole(place: SftpPlace, way: str) -> None:
    sizes = random_cuts()
    for claim in run(place, way, sizes, End.KILLED):
        assert claim.grade is Grade.CUT or (claim.grade is Grade.DOUBTFUL and way != "sftp")
        assert claim.size <= sizes[claim.name][1]
        assert bytes_of(place, claim) == content(claim.size)
    assert {one.stage for one in place.home().unfinished(Folder.INBOX).values()} <= {"cut"}


def bytes_of(place: Place, claim: Claim) -> bytes:
    return place.cut_bytes(claim.name) if claim.grade is Grade.CUT else place.bytes_of(claim)


ENDS = [
    *((way, end) for way in DOORS for end in (End.KILLED, End.UNHEARD)),
    *((way, End.CARELESS) for way in ("ftps", "implicit")),
]


@pytest.mark.parametrize(("way", "end"), ENDS, ids=[f"{way}-{end.name.lower()}" for way, end in ENDS])
def test_whole_uploads_whose_clients_vanish_are_landed(place: SftpPlace, way: str, end: End) -> None:
    sizes = {f"{number}.txt": (20_000 + number, 20_000 + number) for number in range(WHOLE_ONES)}
    tls = way in ("ftps", "implicit") and end is not End.CARELESS
    for claim in run(place, way, sizes, end):
        assert claim.grade is Grade.WHOLE or (claim.grade is Grade.DOUBTFUL and not (tls or way == "sftp"))
        assert not tls or claim.evidence == ENDED
        assert place.bytes_of(claim) == content(sizes[claim.name][0])
