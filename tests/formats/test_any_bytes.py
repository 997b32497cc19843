"""Memory stays flat whatever the bytes are, and the doors look at no more than the beginning."""

from __future__ import annotations

import gzip
import io
import tracemalloc

import pytest
from formats.any_bytes import inputs
from formats.pollution import NOW

from cws_filedrop.errors import FileRejected
from cws_filedrop.examine import examine
from cws_filedrop.formats import opening
from cws_filedrop.model import JudgementContext, Limits

SIZE = 1_500_000
NAMES = tuple(inputs(1_000))
MOST = 300 * 1024 * 1024


class Counted(io.BytesIO):
    """A file that counts what is read of it."""

    given = 0

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(size)
        self.given += len(data)
        return data


def read_through(data: bytes) -> int:
    """How many lines have a verdict; 0 when the file is refused."""
    try:
        found = examine(io.BytesIO(data), file_name="a.txt", context=JudgementContext(NOW))
        return sum(len(piece.verdicts) for piece in found.pieces())
    except FileRejected:
        return 0


def peak(data: bytes) -> int:
    tracemalloc.start()
    try:
        read_through(data)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("name", ["line ends", "separators", "quotes", "one letter in a line", "commas", "blanks"])
def test_memory_does_not_grow_with_what_says_nothing(name: str) -> None:
    assert peak(gzip.compress(inputs(SIZE)[name])) < MOST / 2
    assert peak(inputs(SIZE * 4)[name]) < MOST


@pytest.mark.long
@pytest.mark.parametrize("name", NAMES)
def test_memory_has_a_bound_whatever_the_bytes(name: str) -> None:
    assert peak(inputs(SIZE * 12)[name]) < MOST


@pytest.mark.parametrize("name", NAMES)
def test_the_doors_look_at_the_beginning_only(name: str) -> None:
    data = inputs(SIZE)[name]
    source = Counted(data)
    faults = opening.faults(source, Limits())
    assert source.given <= 2 * opening.LOOK
    try:
        examine(io.BytesIO(data), file_name="a.txt", context=JudgementContext(NOW))
    except FileRejected:
        return
    assert not faults, "what can be read is not refused at the door"


def test_a_shipment_behind_millions_of_line_ends_is_found() -> None:
    data = inputs(2_000_000)
    assert read_through(data["line ends"]) == 1
    assert read_through(data["line ends first"]) == 1
    assert read_through(gzip.compress(data["line ends of Windows"])) == 1


def test_very_many_lines_without_room_for_an_order_number_are_no_shipments() -> None:
    assert read_through(inputs(300_000)["short lines"]) > 0, "a few are told one by one"
    with pytest.raises(FileRejected) as refused:
        examine(io.BytesIO(inputs(SIZE)["short lines"]), file_name="a.txt", context=JudgementContext(NOW))
    assert [issue.code for issue in refused.value.issues] == ["F05"]
    assert "characters on average" in refused.value.issues[0].message
