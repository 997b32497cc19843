"""Cells stay what they are, but for blanks around them and quotes around the whole of them."""

from __future__ import annotations

import pytest
from formats.seller_files import HEADINGS, cells, read


@pytest.mark.parametrize(
    "cell", ["NA", "null", "None", "nan", "007", "1E5", "1.0", "TRUE", "#", "N/A", "-", "'x", "=1+1"]
)
def test_everything_is_text(cell: str) -> None:
    assert cells(f"{HEADINGS}\n{cell}\t{cell}\t{cell}\n") == [(cell, cell, cell)]


@pytest.mark.parametrize(
    "cell", ["a\x00b", "\x00", "\x01", "a\x0b", "\x0c", "a\x1f", "\x7f", "a\x85", "a\u2028b", "\u200b"]
)
def test_control_characters_stay_for_a_rule_to_find(cell: str) -> None:
    rest = "111-1111111-1111111\tshipped"
    assert cells(f"{HEADINGS}\n{rest}\t{cell}\n{rest}\t x\n") == [(*rest.split("\t"), cell), (*rest.split("\t"), "x")]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        (" a ", "a"),
        ("\u00a0a\u3000", "a"),
        ("a b", "a b"),
        ('"a"', "a"),
        (' "a" ', "a"),
        ('" a "', "a"),
        ('""', ""),
        ('""""', '"'),
        ('"a ""b"" c"', 'a "b" c'),
        ('"a" and "b"', '"a" and "b"'),
        ('5" pipe', '5" pipe'),
        ('5 "x" 7"" pipe', '5 "x" 7"" pipe'),
        ('"Müller"', "Müller"),
    ],
)
@pytest.mark.parametrize("beside", ["x", 'x" "', '"y"', " z"])
def test_blanks_and_whole_quotes_are_taken_away(typed: str, meant: str, beside: str) -> None:
    found = cells(f"{HEADINGS}\nA\t{typed}\tx\nB\t{beside}\tx\n{typed}\tb\t{typed}\n")
    assert found[0] == ("A", meant, "x")
    assert found[2] == (meant, "b", meant)


@pytest.mark.parametrize("cell", ['"', '"""', '"a', 'a"', ' "a', 'a" ', '"a "b" c', '5"', '"Grün', 'Grün"'])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_quote_at_one_end_of_a_cell_is_a_fault_and_never_read_as_part_of_it(cell: str, place: int) -> None:
    row = ["A", "b", "c"]
    row[place] = cell
    typed = "\t".join(row)
    found = read(f'{HEADINGS}\tnote\nA\tb\tc\t7"\n{typed}\tx\nA\t"b"\tc\t\n'.encode())
    assert list(found.lines) == [2, 4]
    assert found.odd == {3: "quote"}
    assert found.raw[3] == f"{typed}\tx"


@pytest.mark.parametrize("delimiter", [",", ";", "|"])
def test_other_separators_are_understood_and_mentioned(delimiter: str) -> None:
    text = f"{HEADINGS}\n A \tb\tc\n\n\t\t\nD\te\tf\nG\th\n".replace("\t", delimiter)
    found = read(text.encode())
    assert found.facts.delimiter == delimiter
    assert found.lines == {2: ("A", "b", "c"), 5: ("D", "e", "f")}
    assert found.odd == {6: "2 cells instead of 3"}
    assert any("instead of tabs" in note for note in found.facts.notes)


@pytest.mark.parametrize("delimiter", [",", ";"])
@pytest.mark.parametrize(
    ("line", "meant"),
    [
        ('"A","b","c"', ("A", "b", "c")),
        ('"A|b",c,d', ("A|b", "c", "d")),
        ('"A ""x"" y",c,d', ('A "x" y', "c", "d")),
        ('"","",""', ("", "", "")),
        ('"""A""",b,c', ('"A"', "b", "c")),
        (' "A|b" ,c,d', None),
        (' "A|b",c,d', ("A|b", "c", "d")),
        ('5" x 7",c,d', ('5" x 7"', "c", "d")),
        ('A,b,c,"",', None),
        ('"A","b","c",,', None),
        ('A,b,c,"x"', None),
        ('"A,b,c', None),
        ('A,b,c"', None),
        ('"A"b,c,d', None),
        ("A\tx,b,\tc", ("A\tx", "b", "c")),
        ('" A ",b,c', ("A", "b", "c")),
    ],
)
def test_quotes_protect_separators_where_the_separator_is_no_tab(
    line: str, meant: tuple[str, ...] | None, delimiter: str
) -> None:
    typed = line.replace(",", delimiter).replace("|", delimiter)
    header = delimiter.join(("order-id", "status", "tracking"))
    found = read(f"{header}\r\n{delimiter.join('xyz')}\r\n{typed}\r\n".encode())
    if meant is None:
        assert list(found.odd) == [3]
    else:
        assert found.lines[3] == tuple(cell.replace("|", delimiter) for cell in meant)
    assert found.raw[3] == typed


def test_records_do_not_go_over_lines() -> None:
    found = read(b'order-id,status,tracking\n"A,b,c\nnext,line,"\nD,e,f\n')
    assert found.lines == {4: ("D", "e", "f")}
    assert list(found.odd) == [2, 3]


def test_a_comma_is_data_in_a_tab_delimited_file() -> None:
    assert cells(f'{HEADINGS}\nA,1\tb;2\t"c,3"\n') == [("A,1", "b;2", "c,3")]


AMBIGUOUS = ['x"y{d}z"', '24"Oak{d} Plain"', 'a"b""c{d}d"', 'x\\"y{d}z"']


@pytest.mark.parametrize("delimiter", [",", ";", "|"])
@pytest.mark.parametrize("cell", AMBIGUOUS)
@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_separator_between_quotes_within_a_cell_divides_nothing_for_certain(
    delimiter: str, cell: str, place: int
) -> None:
    row = ["A", "b", "c"]
    row[place] = cell.format(d=delimiter)
    lines = [HEADINGS.replace("\t", delimiter) + delimiter + "note", delimiter.join(row), delimiter.join("ABCD")]
    found = read("\n".join([*lines, ""]).encode())
    assert list(found.lines) == [3]
    assert "nobody can tell where cells end" in found.odd[2]


@pytest.mark.parametrize("delimiter", ["\t", ",", ";", "|"])
@pytest.mark.parametrize("quoted", [False, True])
def test_a_heading_row_that_comes_again_is_no_line(delimiter: str, quoted: bool) -> None:
    names = HEADINGS.split("\t")
    head = delimiter.join(f'"{name}"' for name in names) if quoted else delimiter.join(names)
    found = read("\n".join([head, delimiter.join("Abc"), head, delimiter.join(("order-id", "b", "c")), ""]).encode())
    assert found.lines == {2: ("A", "b", "c"), 4: ("order-id", "b", "c")}
    assert found.odd == {3: "headings"}


@pytest.mark.parametrize("heading", ["trackingship_date", "tracking ship_date", "statustracking", "Tracking_carrier"])
def test_headings_that_ran_together_do_not_shift_the_cells_behind_them(heading: str) -> None:
    row = "111-1111111-1111111\tshipped\t1Z999AA10123456784\tUPS\t"
    found = read(f"order-id\tstatus\t{heading}\tnote\n{row}\n{row}\n{row}\n".encode())
    assert (found.lines, sorted(found.odd)) == ({}, [2, 3, 4])
