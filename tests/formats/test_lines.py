"""Line ends, blank lines, numbers of cells and chunks: every line is found once, under its number in the file."""

from __future__ import annotations

import io

import numpy as np
import pytest
from formats.seller_files import HEADINGS, ROW, opened, read, refused

from cws_filedrop.formats import stream
from cws_filedrop.formats.file import open_file
from cws_filedrop.model import Limits
from cws_filedrop.tables import ISSUE_COLUMNS, TEXT


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{h}\n{r}\n{r}\n", "LF"),
        ("{h}\r\n{r}\r\n{r}\r\n", "CRLF"),
        ("{h}\r{r}\r{r}\r", "CR"),
        ("{h}\r\n{r}\n{r}\r", "mixed"),
        ("{h}\n{r}\n{r}", "LF"),
        ("{h}\r\n{r}\r\n{r}", "CRLF"),
        ("{h}\r{r}\r{r}", "CR"),
    ],
)
def test_line_ends_are_understood_and_named(text: str, words: str) -> None:
    found = read(text.format(h=HEADINGS, r=ROW).encode())
    assert found.facts.line_ends == words
    assert found.lines == {2: tuple(ROW.split("\t")), 3: tuple(ROW.split("\t"))}
    assert found.raw == {2: ROW, 3: ROW}


@pytest.mark.parametrize(
    ("tail", "ended"),
    [("", False), ("\n", True), ("\r\n", True), ("\r", True), ("\n\x1a", True), ("\n\n\n", True), ("\n\t", False)],
)
def test_it_is_known_whether_the_last_line_ended(tail: str, ended: bool) -> None:
    found = read(f"{HEADINGS}\n{ROW}{tail}".encode())
    assert found.facts.ended is ended
    assert list(found.lines) == [2]


def test_blank_lines_are_passed_over_and_counted_as_lines() -> None:
    found = read(f"\n \n{HEADINGS}\n\nA\tb\tc\n\t\t\n  \t \r\nD\te\tf\n\n\n\t\t\t\t\n".encode())
    assert found.facts.header_line == 3
    assert found.lines == {5: ("A", "b", "c"), 8: ("D", "e", "f")}
    assert not found.odd


def test_many_blank_lines_are_passed_over() -> None:
    data = b"\n" * 100_000 + HEADINGS.encode() + b"\n" + b"\t\t\n" * 200_000 + ROW.encode()
    found = read(data)
    assert found.facts.header_line == 100_001
    assert list(found.lines) == [300_002]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize(
    ("line", "verdict"),
    [
        ("A\tb", "2 cells instead of 3"),
        ("A", "1 cell instead of 3"),
        ("A\tb\tc\td", "4 cells instead of 3"),
        ("\tA\tb\tc", "4 cells instead of 3"),
        ("A\tb\tc\t\td", "5 cells instead of 3"),
        ('"A\tb"\tc\td', "4 cells instead of 3"),
        ("A\tb\tc\t\x00", "4 cells instead of 3"),
        ('A\tb\tc\t""', "4 cells instead of 3"),
    ],
)
def test_a_line_with_the_wrong_number_of_cells_is_never_shifted(line: str, verdict: str, end: str) -> None:
    found = read(end.join((HEADINGS, ROW, line, ROW, line)).encode())
    assert list(found.lines) == [2, 4]
    assert found.odd == {3: verdict, 5: verdict}
    assert found.raw[3] == line


def test_a_wrong_number_of_cells_is_told_in_the_shape_of_issues() -> None:
    chunk = next(opened(f"{HEADINGS}\nA\n{ROW}\n".encode()).chunks())
    assert tuple(chunk.issues.columns) == ISSUE_COLUMNS
    assert chunk.issues.to_numpy().tolist() == [[2, "L01", "", "1 cell", "1 cell instead of 3"]]
    assert chunk.issues["line"].dtype == np.int64
    assert all(chunk.issues[name].dtype == TEXT for name in ISSUE_COLUMNS[1:])


def test_lines_have_the_shape_of_lines() -> None:
    for data in (f"{HEADINGS}\n{ROW}\n", f"{HEADINGS}\nA\n"):
        lines = next(opened(data.encode()).chunks()).lines
        assert lines.index.name == "line"
        assert lines.index.dtype == np.int64
        assert list(lines.columns) == ["order-id", "status", "tracking-number"]
        assert (lines.dtypes == TEXT).all()


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("tail", ["\t", "\t\t\t", "\t \t", "\t\t  "])
@pytest.mark.parametrize("headed", [True, False])
def test_empty_cells_at_the_end_are_forgiven_where_the_whole_file_has_them(tail: str, headed: bool, end: str) -> None:
    heading = HEADINGS + "\t" * tail.count("\t") * headed
    found = read(end.join((heading, f"A\tb\tc{tail}", "", f"D\te\tf{tail}")).encode())
    assert found.lines == {2: ("A", "b", "c"), 4: ("D", "e", "f")}
    assert found.raw[2] == f"A\tb\tc{tail}"
    assert found.facts.cells == 3 + tail.count("\t")
    assert ("were left out" in "".join(found.facts.notes)) is not headed


@pytest.mark.parametrize("tail", ["\t", "\t\t\t", "\t \t", "\t\t  "])
@pytest.mark.parametrize("rows", [[], ["D\te\tf"], ["D\te\tf", "G\th\ti", "J\tk\tl"], ["D\te\tf\t\t\t\t"]])
def test_empty_cells_at_the_end_of_one_line_mean_that_its_cells_may_be_shifted(tail: str, rows: list[str]) -> None:
    found = read("\n".join((HEADINGS, f"A\tb\tc{tail}", *rows)).encode())
    assert 2 in found.odd
    assert len(found.lines) == sum(1 for row in rows if row.count("\t") == 2)


def test_trailing_tabs_of_the_heading_row_are_no_columns() -> None:
    found = read(f"{HEADINGS}\t\t\nA\tb\tc\t\t\nD\te\tf\nG\th\ti\tj\t\n".encode())
    assert found.facts.headings == ("order-id", "status", "tracking")
    assert found.lines == {2: ("A", "b", "c")}
    assert found.odd == {
        3: "3 cells instead of 5",
        4: "there is something in a cell beyond the last heading, and 5 cells",
    }


def test_trailing_tabs_of_the_heading_row_alone_do_no_harm() -> None:
    found = read(f"{HEADINGS}\t\t\nA\tb\tc\nD\te\tf\n".encode())
    assert list(found.lines) == [2, 3]


def test_one_broken_line_does_not_cost_the_others_their_empty_cells() -> None:
    rows = [f"A{number}\tb\tc\t" for number in range(12)] + ["B\tc\t", "D\te\tf\tg", "E\tf\tg\t\t"]
    found = read("\n".join((f"{HEADINGS}\t", *rows)).encode())
    assert len(found.lines) == 12
    assert list(found.odd) == [14, 15, 16]


def test_ignored_columns_are_counted_and_left_out() -> None:
    found = read(b"note\torder-id\t\tstatus\tmore\n1\tA\t2\tb\t3\n1\tA\t2\tb\n")
    assert found.facts.columns == ("", "order-id", "", "status", "")
    assert found.lines == {2: ("A", "b")}
    assert found.odd == {3: "4 cells instead of 5"}


@pytest.mark.parametrize("rows", [1, 2, 3, 7, 100, 50_000])
def test_the_size_of_chunks_changes_nothing_else(rows: int) -> None:
    body = "".join(f"{number}\tb\tc{chr(10) if number % 5 else chr(10) * 2}" for number in range(40)) + "odd\n"
    found = read(f"{HEADINGS}\n{body}".encode(), rows=rows)
    assert max(found.chunk_sizes) <= rows
    whole = read(f"{HEADINGS}\n{body}".encode())
    assert (found.lines, found.odd, found.raw) == (whole.lines, whole.odd, whole.raw)


@pytest.mark.parametrize("end", ["", "\n"])
def test_a_small_file_is_one_chunk(end: str) -> None:
    assert read(f"{HEADINGS}\n{ROW}\n{ROW}{end}".encode()).chunk_sizes == [2]


def test_a_chunk_needs_rows() -> None:
    with pytest.raises(ValueError, match="at least one"):
        opened(f"{HEADINGS}\n{ROW}\n".encode()).chunks(0)


@pytest.mark.parametrize("size", range(1, 40))
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_blocks_may_be_cut_anywhere(size: int, end: str, monkeypatch: pytest.MonkeyPatch) -> None:
    data = end.join((HEADINGS, "ä\tb\tc", "", "D\te", "G\th\t€")).encode()
    monkeypatch.setattr(stream.blocks, "__kwdefaults__", {"size": size})
    found = read(data)
    assert found.lines == {2: ("ä", "b", "c"), 5: ("G", "h", "€")}
    assert list(found.odd) == [4]


def test_a_file_is_read_again_and_by_two_readers_at_once() -> None:
    file = opened(f"{HEADINGS}\n".encode() + b"A\tb\tc\n" * 10)
    both = list(zip(file.chunks(3), file.chunks(3), strict=True))
    assert len(both) == 4
    assert all(one.lines.equals(other.lines) for one, other in both)


def test_lines_as_typed_are_only_those_of_the_chunk() -> None:
    first, second = opened(f'{HEADINGS}\nA\tb\tc\n D \t"e"\tf\n'.encode()).chunks(1)
    assert second.raw([3]) == [' D \t"e"\tf']
    assert first.raw([]) == []
    for chunk, line in ((first, 3), (first, 1), (second, 2)):
        with pytest.raises(IndexError):
            chunk.raw([line])


def test_more_lines_than_allowed_are_refused() -> None:
    limits = Limits(lines=2)
    assert list(read(f"{HEADINGS}\n{ROW}\n\n{ROW}\n\n".encode(), limits=limits).lines) == [2, 4]
    issue = refused(f"{HEADINGS}\n{ROW}\n{ROW}\n{ROW}\n", limits=limits)
    assert issue.code == "F05"
    assert "3 lines, 2 are allowed" in issue.message


def test_more_bytes_than_allowed_are_refused() -> None:
    data = f"{HEADINGS}\n{ROW}\n"
    assert read(data.encode(), limits=Limits(bytes=len(data))).lines
    assert refused(data, limits=Limits(bytes=len(data) - 1)).code == "F05"


@pytest.mark.parametrize("tail", [b"", b"\n"])
def test_a_line_without_end_is_refused(tail: bytes) -> None:
    for length in (stream.LONGEST_LINE + 1, stream.BLOCK * 2):
        assert refused(f"{HEADINGS}\n".encode() + b"x" * length + tail).code == "F05"


def test_the_source_may_give_less_than_asked_for() -> None:
    class Slow(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            return super().read(min(7, size) if size and size > 0 else size)

    file = open_file(Slow(f"{HEADINGS}\n{ROW}\n".encode()), file_name="a.txt", limits=Limits())
    assert [len(chunk.lines) for chunk in file.chunks()] == [1]
