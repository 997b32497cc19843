"""Rows that a seller opens in a spreadsheet: no formula runs, no cell breaks a row, two ways of writing are one."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cws_filedrop.reports.table import heading, numbers, plain, plain_rows, rows, sparse
from cws_filedrop.tables import text

# What a table can hold: cells come from decoded files, so lone surrogates never get here.
ANYTHING = st.text(st.characters(exclude_categories=["Cs"]))
SIGNS = "=+-@\uff1d\uff0b\uff0d\uff20"
UNSEEN = "\x00\x07\x1b\x7f\xa0\xad\u1680\u180e\u2003\u200b\u200e\u202f\u2060\u2800\u3000\u3164\ufeff"
NASTY = st.text(
    SIGNS + UNSEEN + "\u3042 '\t\r\n\v\f\x1c\x1d\x1e\x1f\x85\u2028\u2029\xa0\u3000a\u00e9\U0001f600", max_size=8
)
CELLS = st.one_of(ANYTHING, NASTY)
BREAKS = ["\t", "\r", "\n", "\x0b", "\x0c", "\x1c", "\x1d", "\x1e", "\x1f", "\x85", "\u2028", "\u2029"]


def test_a_heading_is_one_row() -> None:
    assert heading(["line", "order-id"]) == b"line\torder-id\r\n"


def test_columns_become_rows() -> None:
    assert rows([text(["1", "2"]), text(["a", "\u00e9"])]) == "1\ta\r\n2\t\u00e9\r\n".encode()


def test_one_text_stands_in_every_row() -> None:
    assert rows([text(["1", "2"]), "-", text(["a", "b"])]) == b"1\t-\ta\r\n2\t-\tb\r\n"
    assert rows([text(["1", "2"]), ""]) == b"1\t\r\n2\t\r\n"


def test_no_lines_are_no_rows() -> None:
    assert rows([text([]), "", text([])]) == b""
    assert plain_rows([]) == b""


def test_empty_cells_stay_empty() -> None:
    assert rows([text(["", "a"]), text(["", ""])]) == b"\t\r\na\t\r\n"
    assert rows([text([""])]) == b"\r\n"
    assert plain_rows([("", None, "")]) == b"\t\t\r\n"


def test_absent_text_is_empty() -> None:
    assert rows([text(["a", None]), text(["1", "2"])]) == b"a\t1\r\n\t2\r\n"


@pytest.mark.parametrize("formula", ["=1+1", "+1", "-1", "@SUM(A1)", "  =1+1", "=", '=HYPERLINK("x")'])
def test_formulas_are_disarmed(formula: str) -> None:
    assert plain_rows([[formula]]) == f"'{formula}\r\n".encode()
    assert rows([text([formula, "b"])]) == f"'{formula}\r\nb\r\n".encode()


@pytest.mark.parametrize("sign", SIGNS)
@pytest.mark.parametrize("before", ["", *UNSEEN, "\u3000 \u3000", "\t\u3000", "\r", "\ufeff "], ids=ascii)
def test_no_sign_runs_whatever_stands_unseen_before_it(before: str, sign: str) -> None:
    shown = " ".join(before.split("\t")).replace("\r", " ")
    assert plain_rows([[f"{before}{sign}1"]]) == f"'{shown}{sign}1\r\n".encode()
    assert rows([text(["b", f"{before}{sign}1"])]) == f"b\r\n'{shown}{sign}1\r\n".encode()


@pytest.mark.parametrize(
    "harmless", ["\u3000a", "\u3042=1", "\uff11\uff0b\uff11", "\xe9=", "\ufeffa", "\uff0e=", "a\u3000=1"]
)
def test_a_sign_that_is_not_first_does_no_harm(harmless: str) -> None:
    assert plain_rows([[harmless]]) == rows([text([harmless])]) == f"{harmless}\r\n".encode()


@pytest.mark.parametrize("harmless", ["1-2", "a=b", "112-1234567-1234567", "UPS+", "'=1", " a", "\u2212" + "1", " "])
def test_what_is_no_formula_stays_as_it_is(harmless: str) -> None:
    assert plain_rows([[harmless]]) == f"{harmless}\r\n".encode()
    assert rows([text([harmless])]) == f"{harmless}\r\n".encode()


@pytest.mark.parametrize("sign", ["\t", "\r", "\n", "\x85", "\u2028", " \t "])
def test_a_break_does_not_hide_a_formula(sign: str) -> None:
    for written in (plain_rows([[f"{sign}=1+1"]]), rows([text([f"{sign}=1+1"])])):
        assert written.lstrip(b"' ") == b"=1+1\r\n"
        assert written.startswith(b"'")


@pytest.mark.parametrize("sign", [*BREAKS, "\r\n", "\n\n\t"], ids=ascii)
def test_breaks_inside_a_cell_become_one_blank(sign: str) -> None:
    assert plain_rows([[f"a{sign}b", "c"]]) == b"a b\tc\r\n"
    assert rows([text([f"a{sign}b"]), text(["c"])]) == b"a b\tc\r\n"


def test_the_breaks_are_all_that_python_splits_at() -> None:
    every = [chr(point) for point in range(0x11000) if len(f"a{chr(point)}b".splitlines()) > 1]
    assert set(every) | {"\t", "\x1f"} == set(BREAKS)


def test_other_signs_stay() -> None:
    cell = "\u00e9\u6f22\U0001f600\xa0\u3000\x07'\""
    assert plain_rows([[cell]]) == rows([text([cell])]) == f"{cell}\r\n".encode()


def test_a_part_of_a_column_is_written_alone() -> None:
    cells = ["=0", "a", "=2", "b\nc", "=4"]
    for part in (text(cells).iloc[1:4], pa.array(cells, pa.string()).slice(1, 3)):
        assert rows([part]) == b"a\r\n'=2\r\nb c\r\n"
    assert rows([pa.array(cells, pa.string()).slice(4)]) == b"'=4\r\n"
    assert rows([text(cells).iloc[:0]]) == b""


def test_numbers_are_text() -> None:
    assert rows([numbers([2, 10_000_000])]) == b"2\r\n10000000\r\n"


def test_sparse_texts_stand_in_their_places() -> None:
    assert sparse(["a", "=b"], [1, 3], 5).to_pylist() == ["", "a", "", "=b", ""]
    assert sparse([], [], 2).to_pylist() == ["", ""]


@settings(deadline=None)
@given(st.lists(CELLS, min_size=1, max_size=8))
@example(["=1+1"])
@example([" \t=1"])
@example(["a\x85b", "c\u2028d"])
@example([""])
@example(["'", "'="])
def test_both_ways_of_writing_agree(cells: list[str]) -> None:
    assert rows([text(cells)]) == plain_rows([[cell] for cell in cells])


@settings(deadline=None)
@given(st.lists(st.tuples(CELLS, CELLS, CELLS), min_size=1, max_size=6))
def test_both_ways_agree_on_whole_tables(lines: list[tuple[str, str, str]]) -> None:
    columns = [pa.array(column, pa.string()) for column in zip(*lines, strict=True)]
    assert rows(columns) == plain_rows(lines)


@settings(deadline=None)
@given(st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=6))
def test_a_table_has_the_rows_and_cells_it_was_given(lines: list[tuple[str, str]]) -> None:
    written = plain_rows(lines).decode()
    assert written.endswith("\r\n")
    assert [len(line.split("\t")) for line in written.splitlines()] == [2] * len(lines)


@settings(deadline=None)
@given(CELLS)
def test_no_cell_begins_as_a_formula(cell: str) -> None:
    assert not plain(cell).lstrip(f" {UNSEEN}").startswith(tuple(SIGNS))


def test_what_cannot_be_encoded_is_replaced() -> None:
    assert plain_rows([["a\udc80b"]]) == b"a?b\r\n"
