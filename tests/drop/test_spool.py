"""The spool: ids, landing, grading, taking."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cws_filedrop.drop.claims import Cause, Claim, Drop, read_claim
from cws_filedrop.drop.home import Folder
from cws_filedrop.drop.spool import UPLOAD_ID, Ids, Spool
from cws_filedrop.model import Door, Grade

MOMENT = datetime(2026, 11, 22, 1, 30, 42, 500_000, tzinfo=UTC)
DROP = Drop("acme", Folder.INBOX, "shipped.txt", Door.FTP, "192.0.2.7")


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path / "spool", clock=lambda: MOMENT)


@pytest.fixture
def land(spool: Spool, tmp_path: Path) -> Callable[[bytes], Claim]:
    numbers = itertools.count()

    def land(content: bytes) -> Claim:
        source = tmp_path / f"source-{next(numbers)}"
        source.write_bytes(content)
        claim = spool.land(source, DROP, size=len(content))
        assert not source.exists()
        return claim

    return land


def test_ids_sort_in_order_of_arrival_and_never_repeat() -> None:
    moments = iter([MOMENT, MOMENT, MOMENT + timedelta(microseconds=1), MOMENT + timedelta(seconds=1)])
    ids = Ids(lambda: next(moments))
    taken = [ids.take()[0] for _ in range(4)]
    assert taken == sorted(set(taken))
    assert all(UPLOAD_ID.fullmatch(one) and one.startswith("20261122-01304") for one in taken)


def test_ids_when_the_clock_is_set_back() -> None:
    moments = iter([MOMENT, MOMENT - timedelta(seconds=1), MOMENT - timedelta(hours=1)])
    ids = Ids(lambda: next(moments))
    first, second, third = (ids.take()[0] for _ in range(3))
    assert first < second
    assert third.startswith("20261122-003042-")


def test_ten_thousand_ids_in_one_moment() -> None:
    ids = Ids(lambda: MOMENT.replace(microsecond=999_999))
    taken = [ids.take()[0] for _ in range(10_000)]
    assert taken == sorted(set(taken))


def test_landing_keeps_bytes_and_claim(spool: Spool, land: Callable[[bytes], Claim]) -> None:
    claim = land(b"12345")
    directory = spool.root / "landed" / claim.upload_id
    assert (directory / "data").read_bytes() == b"12345"
    assert read_claim((directory / "claim.json").read_bytes()) == claim
    assert (claim.seller, claim.name, claim.size, claim.client) == ("acme", "shipped.txt", 5, "192.0.2.7")
    assert claim.arrived_at == "2026-11-22T01:30:42.500Z"
    assert claim.grade is None


def test_landing_what_vanished_takes_nothing(spool: Spool, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        spool.land(tmp_path / "gone", DROP, size=0)
    assert list(spool.landed()) == []


@pytest.mark.parametrize("grade", [Grade.WHOLE, Grade.DOUBTFUL])
def test_from_grade_to_taken(spool: Spool, land: Callable[[bytes], Claim], grade: Grade) -> None:
    claim = land(b"12345")
    spool.grade(claim.upload_id, grade, "it was seen")
    (arrival,) = spool.arrivals()
    assert (arrival.upload_id, arrival.grade) == (claim.upload_id, grade)
    assert spool.arrival(claim.upload_id) == arrival
    before = spool.claim_of(claim.upload_id)
    assert (before.grade, before.evidence) == (grade, "it was seen")
    path = spool.accept(arrival)
    assert path == spool.root / "uploads" / "20261122" / claim.upload_id
    assert spool.accept(arrival) == path
    assert spool.claim_of(claim.upload_id) == before
    assert spool.data_path(claim.upload_id).read_bytes() == b"12345"
    assert list(spool.arrivals()) == []
    assert spool.arrival(claim.upload_id) is None
    assert list(spool.accepted()) == [claim.upload_id]


def test_a_cut_upload_has_no_data(spool: Spool) -> None:
    claim = spool.open_cut(DROP, size=3, cause=Cause.RESET, evidence="it broke", kept=True)
    spool.grade(claim.upload_id, Grade.CUT)
    (arrival,) = spool.arrivals()
    spool.accept(arrival)
    found = spool.claim_of(claim.upload_id)
    assert (found.grade, found.cause, found.evidence, found.kept) == (Grade.CUT, Cause.RESET, "it broke", True)
    with pytest.raises(FileNotFoundError):
        spool.data_path(claim.upload_id)


def test_arrivals_come_in_order(spool: Spool, land: Callable[[bytes], Claim]) -> None:
    claims = [land(b"%d" % number) for number in range(20)]
    for claim in reversed(claims):
        spool.grade(claim.upload_id, Grade.WHOLE)
    assert [arrival.upload_id for arrival in spool.arrivals()] == [claim.upload_id for claim in claims]


def test_an_id_that_another_process_took_is_not_given_again(tmp_path: Path) -> None:
    def source() -> Path:
        (tmp_path / "source").write_bytes(b"1")
        return tmp_path / "source"

    one, other = (Spool(tmp_path / "spool", clock=lambda: MOMENT) for _ in range(2))
    first = one.land(source(), DROP, size=1)
    second = other.land(source(), DROP, size=1)  # the directory is there
    one.grade(first.upload_id, Grade.WHOLE)
    one.accept(next(iter(one.arrivals())))
    third = Spool(tmp_path / "spool", clock=lambda: MOMENT).land(source(), DROP, size=1)  # it has moved on
    assert len({first.upload_id, second.upload_id, third.upload_id}) == 3


@pytest.mark.parametrize("upload_id", ["", "../../etc", "20261122-013042-k7f3/..", "20261122-013042-il0o"])
def test_what_is_no_upload_id(spool: Spool, upload_id: str) -> None:
    with pytest.raises(ValueError, match="not an upload id"):
        spool.path(upload_id)


def test_other_things_in_the_spool_are_left_alone(spool: Spool) -> None:
    (spool.root / "arrived" / "note").mkdir()
    (spool.root / "arrived" / "20261122-013042-k7f3.odd").mkdir()
    assert list(spool.arrivals()) == []


BROKEN = (b"", b"[]", b"{}", b'{"seller": 1}', b"\xff", b'{"folder": "elsewhere"}')


@pytest.mark.parametrize("content", BROKEN)
def test_what_is_no_claim(content: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  (json's own, or ours)
        read_claim(content)


def test_a_claim_with_keys_of_a_later_version() -> None:
    claim = Claim("acme", Folder.TEST, "a.txt", Door.FOLDER, "", upload_id="x", size=1, arrived_at="")
    assert read_claim(claim.as_json().replace(b'"version": 1', b'"version": 2, "new": 3')) == claim
