"""Files in a seller's own layout: which are read by a profile, what becomes of quotes, and whose line is whose."""

from __future__ import annotations

import io
import tracemalloc
from dataclasses import replace

import pytest
from formats.own_layouts import COLUMNS, HEAD, made, opened, read, table
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cws_filedrop.errors import FileRejected
from cws_filedrop.formats import known_profiles, opening, records, stream
from cws_filedrop.formats.file import open_file
from cws_filedrop.formats.split import BLANKS
from cws_filedrop.model import Limits, Profile

ROW = ("111-1111111-1111111", "1Z999AA10123456784", "", "2026-11-20")
CELLS = {"order-id": ROW[0], "tracking-number": ROW[1], "ship-date": ROW[3]}


def row(number: int, notes: str = "") -> tuple[str, ...]:
    return (f"111-1111111-{number:07}", ROW[1], notes, ROW[3])


def refused(data: bytes, *profiles: Profile) -> list[tuple[str, str]]:
    with pytest.raises(FileRejected) as error:
        opened(data, *profiles)
    looked = opening.faults(io.BytesIO(data), Limits(), profiles or (made(),))
    assert looked == error.value.issues, "the doors say otherwise"
    return [(issue.code, issue.column or issue.message) for issue in error.value.issues]


# Which files a profile reads.


def test_a_file_with_its_headings_is_read_by_a_profile() -> None:
    found = read(table(HEAD, ROW))
    assert found.lines == {2: CELLS}
    assert (found.facts.format.name, found.facts.delimiter, found.facts.issues) == ("profile shop", ",", ())
    assert found.facts.format.required == {"order-id", "tracking-number", "ship-date"}
    assert found.facts.format.heading("tracking-number") == "Parcel"
    assert list(found.facts.notes) == [
        'The file was read by your profile "shop".',
        "Columns that it does not name were left out: 1.",
    ]


def test_headings_may_be_spelled_otherwise_and_stand_in_any_order() -> None:
    found = read(table(("SENT_ON", "order no.", "tracking"), (ROW[3], ROW[0], ROW[1])))
    assert list(found.lines.values()) == [CELLS]


def test_the_first_of_several_headings_counts() -> None:
    found = read(table(("Order No.", "Tracking", "Parcel", "Sent on"), (ROW[0], "other", ROW[1], ROW[3])))
    assert found.lines[2]["tracking-number"] == ROW[1]


def test_a_heading_may_stand_in_the_third_row() -> None:
    found = read(table(("Export", "of today"), ("x", "y", "z"), HEAD, ROW))
    assert found.lines == {4: CELLS}
    assert any("found in line 3" in note for note in found.facts.notes)


def test_exact_standard_headings_are_never_a_profiles() -> None:
    own = made('[columns]\norder-id = "order-id"\ntracking = "notes"')
    found = opened(b"order-id\tship-date\tnotes\n1\t2\t3\n", own).facts
    assert (found.format.name, found.profile) == ("amazon-shipping-confirmation", None)


def test_a_profile_goes_before_a_standard_layout_spelled_otherwise() -> None:
    own = made('[columns]\norder-id = "Order ID"\nship-date = "Due"\n[constants]\nstatus = "packed"')
    found = opened(b"Order ID\tShip Date\tDue\n1\t2\t3\n", own).facts
    assert found.profile == own
    assert opened(b"Order ID\tShip Date\n1\t2\n", own).facts.profile is None


def test_of_several_profiles_the_one_that_names_the_most_headings_reads() -> None:
    less = made('[columns]\norder-id = "Order No."', "less")
    for profiles in ((less, made()), (made(), less)):
        assert opened(table(HEAD, ROW), *profiles).facts.profile == made()
    assert opened(table(HEAD[:1], ROW[:1]), made(), less).facts.profile == less


def test_two_profiles_that_fit_alike_are_an_error() -> None:
    other = made(COLUMNS.replace("Sent on", "Notes"), "other")
    assert refused(table(HEAD, ROW), made(), other)[0][0] == "F06"
    with pytest.raises(FileRejected, match="shop and other"):
        opened(table(HEAD, ROW), made(), other)


def test_what_is_missing_is_named_as_the_profile_does() -> None:
    assert refused(table(("Order No.", "Parcel", "Sent"), ROW[:3])) == [("F03", "Sent on")]
    with pytest.raises(FileRejected, match='nearest heading in your file is "Sent"'):
        opened(table(("Order No.", "Parcel", "Sent"), ROW[:3]))


def test_what_is_nearer_to_a_standard_layout_is_told_so() -> None:
    assert refused(b"order-id\tstate\ttracking\n1\t2\t3\n") == [("F03", "status")]
    assert [code for code, _ in refused(b"a\tb\tc\n1\t2\t3\n")] == ["F06"]


def test_a_heading_twice_is_an_error() -> None:
    assert refused(table(("ORDER NO.", *HEAD[1:], "order no."), (*ROW, "x"))) == [("F04", "ORDER NO.")]


def test_the_heading_spelled_as_the_profile_does_counts() -> None:
    assert read(table((*HEAD, "order no."), (*ROW, "x"))).lines == {2: CELLS}


def test_optional_columns_may_be_missing() -> None:
    own = made(f'[file]\noptional = ["ship-date"]\n{COLUMNS}')
    found = read(table(HEAD[:2], ROW[:2]), own)
    assert found.lines == {2: {"order-id": ROW[0], "tracking-number": ROW[1]}}
    assert "ship-date" not in found.facts.format.required
    assert any("does not have: Sent on" in note for note in found.facts.notes)


def test_headings_without_rows_are_an_error() -> None:
    assert [code for code, _ in refused(table(HEAD))] == ["F01"]
    assert [code for code, _ in refused(table(HEAD) + b",,,\r\n")] == ["F01"]


def test_too_many_columns_are_an_error() -> None:
    assert [code for code, _ in refused(table([*HEAD, *map(str, range(1_000))], ROW))] == ["F05"]


def test_too_many_lines_are_an_error() -> None:
    data = table(HEAD, *(row(number, "a\nb") for number in range(3)))
    assert opened(data, limits=Limits(lines=3)).facts.line_count == 3
    with pytest.raises(FileRejected, match="F05"):
        opened(data, limits=Limits(lines=2))


# How a file may be written.


@pytest.mark.parametrize("delimiter", ["\t", ",", ";", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_separators_are_found_out(delimiter: str, end: str) -> None:
    found = read(table(HEAD, ROW, row(2), delimiter=delimiter, end=end))
    assert [cells["order-id"] for cells in found.lines.values()] == [ROW[0], "111-1111111-0000002"]
    assert found.facts.delimiter == delimiter


def test_pipes_may_be_named() -> None:
    data = table(HEAD, row(1, "a|b"), delimiter="|")
    assert read(data, made(f'[file]\ndelimiter = "pipe"\n{COLUMNS}')).lines[2]["ship-date"] == ROW[3]
    assert read(data).lines[2]["ship-date"] == ROW[3]


def test_a_named_separator_is_the_only_one() -> None:
    own = made(f'[file]\ndelimiter = "semicolon"\n{COLUMNS}')
    assert read(table(HEAD, ROW, delimiter=";"), own).lines == {2: CELLS}
    assert refused(table(HEAD, ROW), own)


@pytest.mark.parametrize(
    ("codec", "words"),
    [
        ("utf-8", "UTF-8"),
        ("utf-8-sig", "UTF-8 with BOM"),
        ("utf-16", "UTF-16"),
        ("utf-16-le", "UTF-16"),
        ("cp1252", "Windows-1252"),
        ("cp932", "Windows-31J"),
    ],
)
def test_every_encoding_that_standard_files_may_have(codec: str, words: str) -> None:
    notes = "注文を発送しました" if codec == "cp932" else "Grüße,\r\n„Müller“ é"
    data = table(HEAD, row(1, notes), row(2)).decode().encode(codec)
    found = read(data)
    assert found.facts.encoding == words
    assert [cells["order-id"][-1] for cells in found.lines.values()] == ["1", "2"]
    assert notes in found.raw[2]


# Quotes.


def test_separators_quotes_and_line_ends_in_quotes_are_data() -> None:
    notes = ['a, "b"', "one\ntwo", "one\r\ntwo\r\n", "\n\n", '"', 'x\n"y', ",\n,"]
    found = read(table(HEAD, *(row(number, note) for number, note in enumerate(notes))))
    assert [cells["order-id"] for cells in found.lines.values()] == [row(number)[0] for number in range(len(notes))]
    assert not found.odd
    assert found.facts.line_count == len(notes)


def test_line_numbers_are_those_of_the_sellers_file() -> None:
    data = table(HEAD, row(1, "a\r\nb\r\nc"), row(2), row(3, "d\ne"), row(4))
    found = read(data)
    starts = {int(cells["order-id"][-1]): number for number, cells in found.lines.items()}
    lines = data.decode().replace("\r\n", "\n").split("\n")
    assert starts == {1: 2, 2: 5, 3: 6, 4: 8}
    assert all(f"-{order:07}" in lines[number - 1] for order, number in starts.items())


def test_lines_come_back_as_they_were_typed() -> None:
    data = table(HEAD, row(1, 'a\r\n"b"\nc'), row(2, " x "), ("1", "2"))
    found = read(data)
    assert found.raw == {
        2: '111-1111111-0000001,1Z999AA10123456784,"a\r\n""b""\nc",2026-11-20',
        5: found.raw[5],
        6: "1,2",
    }
    assert found.raw[5] == "111-1111111-0000002,1Z999AA10123456784, x ,2026-11-20"
    assert found.odd == {6: "2 cells instead of 4"}


def test_a_line_end_in_a_cell_that_is_used_counts_as_a_blank() -> None:
    data = table(HEAD, (f"{ROW[0]}\r\n", "1Z99\n9AA1", "", ROW[3]))
    assert read(data).lines[2] == CELLS | {"tracking-number": "1Z99 9AA1"}


@pytest.mark.parametrize(
    ("bad", "odd"),
    [
        (['9,5" pipe,x,y'], {3}),
        (['9,5" pipe,x,y', '8,6" pipe,x,y'], {3, 4}),
        (['9,"x,y', "z"], {3, 4}),
        (['9,"x', 'y",z'], {3, 4}),
        (['9,"x', 'y" z,"a', 'b",c,d,e'], {3, 4, 5}),
        (['9,"x,y,z'], {3}),
        (['"'], {3}),
    ],
)
def test_a_quote_that_nobody_closes_costs_its_own_line_only(bad: list[str], odd: set[int]) -> None:
    good = table(row(1)).decode()
    after = table(row(2, "a\nb"), row(3)).decode()
    found = read((table(HEAD).decode() + good + "".join(f"{line}\r\n" for line in bad) + after).encode())
    assert set(found.odd) == odd
    assert [cells["order-id"][-1] for cells in found.lines.values()] == ["1", "2", "3"]


def test_a_record_goes_on_in_the_next_block(monkeypatch: pytest.MonkeyPatch) -> None:
    data = table(HEAD, *(row(number, "note\r\nand, more\n" * (number % 3)) for number in range(60)))
    whole = replace(read(data), chunks=0)
    for size in (16, 50, 97, 256):
        monkeypatch.setattr(stream.blocks, "__kwdefaults__", {"size": size})
        assert replace(read(data), chunks=0) == whole


@pytest.mark.parametrize("rows", [1, 2, 7])
def test_the_size_of_chunks_changes_nothing(rows: int) -> None:
    data = table(HEAD, *(row(number, "a\nb" * (number % 2)) for number in range(20)), ("x",))
    assert replace(read(data, rows=rows), chunks=0) == replace(read(data), chunks=0)


def test_a_record_longer_than_any_is_not_waited_for() -> None:
    notes = "x\n" * records.LONGEST
    found = read(table(HEAD, row(1), row(2, notes), row(3)))
    assert next(iter(found.lines.values()))["order-id"] == "111-1111111-0000001"
    assert found.odd[3] == "a quotation mark is not closed on this line"


def test_a_chunk_has_only_its_own_lines() -> None:
    (chunk,) = opened(table(HEAD, row(1, "a\nb"), row(2))).chunks()
    assert chunk.raw([2, 4]) == [table(row(1, "a\nb")).decode().removesuffix("\r\n"), ",".join(row(2))]
    assert chunk.after(2).lines.index.tolist() == [4]
    for line in (1, 3, 5):
        with pytest.raises(IndexError):
            chunk.raw([line])


# What a profile adds and changes.


def test_a_look_at_some_columns_has_no_others() -> None:
    file = opened(table(HEAD, ROW), made(f'{COLUMNS}[constants]\ncarrier = "UPS"'))
    assert list(file.scan(("order-id",), lambda lines: list(lines.columns))) == [["order-id"]]
    assert list(file.scan(("order-id", "carrier-code"), len)) == [1]


def test_constants_stand_in_every_line() -> None:
    found = read(table(HEAD, ROW, row(2)), made(f'{COLUMNS}[constants]\ncarrier = "UPS"\nstatus = "packed"'))
    assert [(cells["carrier-code"], cells["status"]) for cells in found.lines.values()] == [("UPS", "packed")] * 2


def test_statuses_are_read_without_regard_to_case_and_others_stay() -> None:
    own = made('[columns]\norder-id = "A"\nstatus = "B"\n[statuses]\n"" = "deferred"\n"all gone" = "shipped"')
    found = read(b"A,B\n1,All  GONE\n2,\n3,open\n4,shipped\n", own)
    assert [cells["status"] for cells in found.lines.values()] == ["shipped", "deferred", "open", "shipped"]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("20261120", "2026-11-20"),
        ("20261120153000", "2026-11-20 15:30:00"),
        ("20261120 153000", "2026-11-20 15:30:00"),
        ("2026-11-20", "2026-11-20"),
        ("11/20/2026", "11/20/2026"),
        ("202611", "202611"),
    ],
)
def test_days_written_together(typed: str, meant: str) -> None:
    data = table(HEAD, (*ROW[:3], typed))
    assert read(data, made(f'[file]\ndate_order = "year-first"\n{COLUMNS}')).lines[2]["ship-date"] == meant
    assert read(data).lines[2]["ship-date"] == typed


def test_memory_does_not_grow_with_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream.blocks, "__kwdefaults__", {"size": 64 * 1024})
    some = table(*(row(number, f"note {number}\nmore") for number in range(1_000)))

    def peak(times: int) -> int:
        file = opened(table(HEAD) + some * times)
        tracemalloc.start()
        lines = sum(len(chunk.lines) for chunk in file.chunks())
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert lines == 1_000 * times
        return most

    peak(1)  # what is made once and kept is no part of it
    # The least of three: what threads of other tests allocate meanwhile is counted too.
    assert min(peak(12) for _ in range(3)) < 1.5 * peak(4)


TEXT = st.text(st.sampled_from([*"abcXYZ019-_. ", ",", ";", '"', "\n", "\r", "é", "東", "\u00a0"]), max_size=6)
OURS = ("order-id", "ship-date", "tracking-number", "carrier-code", "ship-method")
OTHERS = ("Order No.", "Sent on", "Parcel", "By", "Service")


@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    rows=st.lists(st.tuples(*[TEXT] * 6), min_size=1, max_size=6),
    delimiter=st.sampled_from([",", ";", "\t"]),
    end=st.sampled_from(["\n", "\r\n"]),
)
def test_any_table_says_the_same_as_in_the_standard_layout(
    rows: list[tuple[str, ...]], delimiter: str, end: str
) -> None:
    """The notes may hold whatever a CSV writer quotes; the cells that are used what a tab-delimited line can hold."""
    own = made(
        '[columns]\norder-id = "Order No."\nship-date = "Sent on"\n'
        'tracking = "Parcel"\ncarrier = "By"\nship-method = "Service"'
    )
    used = [tuple(" ".join(cell.replace('"', "").split()) for cell in cells[:5]) for cells in rows]
    notes = [cells[5].replace("\t", " ") for cells in rows]
    plain = "\t".join(OURS) + "\n" + "".join(f"x{line[0]}\t" + "\t".join(line[1:]) + "\n" for line in used)
    standard = open_file(io.BytesIO(plain.encode()), file_name="a.txt", limits=Limits())
    wanted = [tuple(line) for chunk in standard.chunks() for line in chunk.lines.itertuples(index=False, name=None)]
    lines = ((f"x{line[0]}", *line[1:], note) for line, note in zip(used, notes, strict=True))
    data = table((*OTHERS, "Notes"), *lines, delimiter=delimiter, end=end)
    found = [tuple(cells[column] for column in OURS) for cells in read(data, own).lines.values()]
    assert found == [tuple(cell.strip(BLANKS) for cell in line) for line in wanted]


PIECES = st.sampled_from(
    [
        b"Order No.",
        b"Parcel",
        b"Sent on",
        b",",
        b"\t",
        b";",
        b'"',
        b'"',
        b"\n",
        b"\r\n",
        b"\r",
        b"x",
        b" ",
        b"\xe9",
        b"\x00",
    ]
)


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(pieces=st.lists(PIECES, max_size=40), rows=st.integers(1, 4))
def test_any_bytes_are_read_to_their_end_or_refused(pieces: list[bytes], rows: int) -> None:
    """`read` checks that every record is there once."""
    own = made('[file]\noptional = ["tracking-number", "ship-date"]\n' + COLUMNS)
    data = b"Order No.,Parcel,x\r\n" + b"".join(pieces)
    try:
        found = read(data, own, rows=rows)
    except FileRejected:
        return
    assert found.facts.profile == own
    assert found.lines == read(data, own).lines


LEAVING = f"""{COLUMNS}
status = "State"
[statuses]
"" = "shipped"
[leave_out]
State = ["void", "Refunded"]
Return = "yes"
"""


def test_lines_that_are_no_shipments_are_left_out_and_counted() -> None:
    head = ("Order No.", "Parcel", "Sent on", "State", "Return")
    rows = [
        ("A", "1", "d", "", "no"),
        ("B", "2", "d", " VOID", ""),
        ("C", "3", "d", "", "Yes"),
        ("D", "4", "d", "", ""),
    ]
    found = read(table(head, *rows, ("E", "5"), ("F", "6", "d", "refunded", "yes")), made(LEAVING))
    assert {row["order-id"] for row in found.lines.values()} == {"A", "D"}
    assert list(found.odd) == [6]
    assert all(set(row) == {"order-id", "tracking-number", "ship-date", "status"} for row in found.lines.values())
    assert "Lines that the profile leaves out, since they are no shipments: 3." in found.facts.notes


def test_without_the_heading_that_tells_nothing_is_left_out() -> None:
    found = read(table(("Order No.", "Parcel", "Sent on", "State"), ("A", "1", "d", "")), made(LEAVING))
    assert list(found.lines) == [2]
    assert not any("leaves out" in note for note in found.facts.notes)


@pytest.mark.parametrize(
    ("refund", "is_return", "count"),
    [("", "false", 1), ("rejected", "false", 1), ("", "true", 0), ("refunded", "false", 0), ("submitted", "False", 0)],
)
def test_labels_that_came_back_or_were_refunded_are_no_shipments(refund: str, is_return: str, count: int) -> None:
    head = (
        "reference",
        "tracking_code",
        "carrier",
        "service",
        "postage_label_created_at",
        "refund_status",
        "is_return",
    )
    row = ("112-1234567-1234567", "9405511206213839284658", "USPS", "First", "2026-11-26", refund, is_return)
    other = ("112-1234567-1234568", "9405511206213839284658", "USPS", "First", "2026-11-26", "", "")
    assert len(read(table(head, row, other), known_profiles.known("easypost")).lines) == count + 1
