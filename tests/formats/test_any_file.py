"""Whatever the bytes: a file that can be read to its end, or a reason; and how it was written changes nothing."""

from __future__ import annotations

import gzip
import io
import zipfile

import numpy as np
from formats.seller_files import Read, read
from hypothesis import HealthCheck, Phase, assume, example, given, settings
from hypothesis import strategies as st

from cws_filedrop.errors import FileRejected
from cws_filedrop.formats import opening, quotes, stream
from cws_filedrop.formats.split import BLANKS
from cws_filedrop.formats.split import cells as split_cells
from cws_filedrop.model import Limits

# Shrinking is left out: whole files are read, and a failure that takes minutes to be told helps nobody.
RELAXED = settings(
    max_examples=40,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=list(HealthCheck),
)
ALPHABET = st.sampled_from(
    [*"aA0-", '"', '"', ",", ";", " ", "\u00a0", "\ufeff", "é", "€", "東", "\x00", "\x1a", "\x0b"]
)
CELL = st.one_of(
    st.sampled_from(["", "", "x", '"x"', '""', '"a,b"', '"a;b"', 'a"b', '"a""b"', "NA"]), st.text(ALPHABET, max_size=5)
)
LINE = st.lists(CELL, min_size=0, max_size=5)
DELIMITER = st.sampled_from(["\t", ",", ";"])
TEXT_SNIPPETS = [
    b"order-id",
    b"status",
    b"ship-date",
    b"tracking",
    b"\t",
    b"\n",
    b"\r",
    b"\r\n",
    b",",
    b";",
    b'"',
    b" ",
    b"x",
]
MARKS = [b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"\x00", b"PK\x03\x04", b"\x1f\x8b\x08", b"%PDF"]
SNIPPETS = st.sampled_from([*TEXT_SNIPPETS, *MARKS, b"\x93\x8c", b"\xe9", b"\x81"])
HEADED = b"order-id\tstatus\ttracking\n"


def outcome(data: bytes, rows: int = 50_000) -> Read | tuple[str, ...]:
    faults = opening.faults(io.BytesIO(data), Limits())
    try:
        found = read(data, rows=rows)
    except FileRejected as error:
        rejected = error
    else:
        assert not faults, "a look at the beginning never refuses what can be read"
        return found
    assert rejected.issues
    assert all(issue.message and issue.remedy for issue in rejected.issues)
    return tuple(issue.code for issue in rejected.issues)


@RELAXED
@given(st.one_of(st.binary(max_size=300), st.lists(SNIPPETS, max_size=40).map(b"".join)))
@example(b"PK\x05\x06" + bytes(18))
@example(b"\x1f\x8b")
@example(b"\xff\xfe")
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    outcome(data)
    outcome(HEADED + data)
    outcome(HEADED.replace(b"\t", b",") + data)
    outcome(HEADED.decode().encode("utf-16") + data)


@RELAXED
@given(st.lists(SNIPPETS, max_size=40).map(b"".join))
def test_anything_packed_is_read_or_refused(data: bytes) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a.txt", HEADED + data)
    plain = outcome(HEADED + data)
    for packed in (gzip.compress(HEADED + data), out.getvalue()):
        found = outcome(packed)
        if isinstance(found, Read) and isinstance(plain, Read):
            assert (found.lines, found.odd, found.raw) == (plain.lines, plain.odd, plain.raw)
        else:
            assert found == plain


def body(lines: list[list[str]], delimiter: str, end: str) -> str:
    return end.join([delimiter.join(("order-id", "status", "tracking")), *(delimiter.join(line) for line in lines)])


@RELAXED
@given(st.lists(LINE, min_size=1, max_size=12), DELIMITER, st.sampled_from([1, 2, 5]))
def test_line_ends_and_chunks_do_not_matter(lines: list[list[str]], delimiter: str, rows: int) -> None:
    whole = outcome(body(lines, delimiter, "\n").encode())
    for end in ("\n", "\r\n", "\r"):
        found = outcome(body(lines, delimiter, end).encode(), rows)
        if isinstance(whole, Read):
            assert isinstance(found, Read)
            assert max(found.chunk_sizes) <= rows
            assert (found.lines, found.odd, found.raw) == (whole.lines, whole.odd, whole.raw)
        else:
            assert found == whole


@RELAXED
@given(st.lists(LINE, min_size=1, max_size=12), DELIMITER)
def test_every_line_is_read_as_it_would_be_alone(lines: list[list[str]], delimiter: str) -> None:
    """The same answer as from the plainest reading of one line after the other."""
    # Lines enough that the number of cells is not in question, since the other lines would decide it.
    lines = [["x"] * 3, ["y"] * 3, *lines]
    found = outcome(body(lines, delimiter, "\n").encode())
    assume(isinstance(found, Read))
    assert isinstance(found, Read)
    good, odd = {}, set()
    for number, typed in enumerate(map(delimiter.join, lines), start=2):
        if not typed.strip(f" \t\x1a{delimiter}"):
            continue
        try:
            cells = split_cells(typed, delimiter)
        except ValueError:
            cells = []
        halves = [cell for cell in cells if cell.count('"') % 2 and '"' in (cell[0], cell[-1])]
        if len(cells) == 3 and not (halves and delimiter == "\t"):
            good[number] = tuple(cells[:3])
        else:
            odd.add(number)
    assert found.lines == good
    assert found.odd.keys() == odd
    assert found.raw == {number: delimiter.join(lines[number - 2]) for number in sorted(good.keys() | odd)}


@RELAXED
@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\t\r\n"), max_size=8), min_size=3, max_size=3))
def test_a_cell_stays_what_it_is_in_every_encoding(cells: list[str]) -> None:
    assume("\t".join(cells).strip(" \t\x1a"))
    row = "\t".join(cells)
    text = f"{HEADED.decode()}{row}\n111-1111111-1111111\tshipped\t1Z999AA10123456784"
    plain = outcome(text.encode())
    assume(isinstance(plain, Read))
    assert isinstance(plain, Read)
    assert plain.raw[2] == "\t".join(cells)
    halves = any(cell.strip(BLANKS).count('"') % 2 for cell in cells)
    assert (2 in plain.lines) != (2 in plain.odd)
    assert halves or 2 in plain.lines
    for cell, read_as in zip(cells, plain.lines.get(2, cells), strict=True):
        assert halves or cell.strip(BLANKS) == read_as or cell.strip(BLANKS).startswith('"')
    for codec in ("utf-8-sig", "utf-16", "utf-16-le"):
        found = outcome(text.encode(codec))
        assert isinstance(found, Read)
        assert (found.lines, found.raw) == (plain.lines, plain.raw)


@RELAXED
@given(st.lists(LINE, min_size=1, max_size=12), DELIMITER, st.integers(1, 30))
def test_where_blocks_are_cut_does_not_matter(lines: list[list[str]], delimiter: str, size: int) -> None:
    data = body(lines, delimiter, "\r\n").encode()
    whole = outcome(data)
    before = stream.blocks.__kwdefaults__
    stream.blocks.__kwdefaults__ = {"size": size}
    try:
        found = outcome(data)
    finally:
        stream.blocks.__kwdefaults__ = before
    if isinstance(whole, Read):
        assert isinstance(found, Read)
        assert (found.lines, found.odd, found.raw) == (whole.lines, whole.odd, whole.raw)
    else:
        assert found == whole


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(1, 5)), max_size=5))
def test_spans_are_all_numbers_in_some_ranges(ranges: list[tuple[int, int]]) -> None:
    begins = np.array([begin for begin, _ in ranges], np.int64)
    stops = begins + np.array([length for _, length in ranges], np.int64)
    expected = [number for begin, length in ranges for number in range(begin, begin + length)]
    assert quotes.spans(begins, stops).tolist() == expected
