"""Any encoding that a seller's program writes is read, named, and never guessed wrong without a sign."""

from __future__ import annotations

import codecs
from pathlib import Path

import pytest
from formats.seller_files import HEADINGS, ROW, cells, opened, read, refused

from cws_filedrop.formats.file import open_file
from cws_filedrop.model import Limits

UMLAUT = f"{HEADINGS}\nA\tMüller\té€\n"
JAPANESE = f"{HEADINGS}\nA\tヤマト運輸\t東京都\n"
TEMPLATE = (
    "TemplateType=OrderFulfillment\tVersion=2011.1102\tこの行はAmazonが使用しますので変更や削除しないでください。\n"
    "注文番号\t出荷日\t配送業者名\norder-id\tship-date\tcarrier-name\nA\t2026-11-22\tヤマト運輸\n"
)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (UMLAUT.encode(), "UTF-8"),
        (f"{HEADINGS}\n{ROW}\n".encode(), "UTF-8"),
        (codecs.BOM_UTF8 + UMLAUT.encode(), "UTF-8 with BOM"),
        (codecs.BOM_UTF16_LE + UMLAUT.encode("utf-16-le"), "UTF-16"),
        (codecs.BOM_UTF16_BE + UMLAUT.encode("utf-16-be"), "UTF-16"),
        (UMLAUT.encode("utf-16-le"), "UTF-16"),
        (UMLAUT.encode("utf-16-be"), "UTF-16"),
        (UMLAUT.encode("cp1252"), "Windows-1252"),
        (JAPANESE.encode("cp932"), "Windows-31J"),
        (TEMPLATE.encode("cp932"), "Windows-31J"),
        (JAPANESE.encode(), "UTF-8"),
    ],
)
def test_the_encoding_is_found_and_named(data: bytes, words: str) -> None:
    assert opened(data).facts.encoding == words


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
def test_western_letters_survive(codec: str) -> None:
    assert cells(UMLAUT.encode(codec)) == [("A", "Müller", "é€")]


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "cp932"])
def test_japanese_survives_and_raw_lines_are_as_typed(codec: str) -> None:
    found = read(JAPANESE.encode(codec))
    assert found.lines == {2: ("A", "ヤマト運輸", "東京都")}
    assert found.raw == {2: "A\tヤマト運輸\t東京都"}


@pytest.mark.parametrize(
    "text", ["Jäger", "André O’Brien", "Señor Ägidius", "groß", "“quoted” – dash", "ÉCOLE", "créées"]
)
def test_western_names_that_happen_to_be_valid_japanese_bytes_stay_western(text: str) -> None:
    data = f"{HEADINGS}\nA\t{text}\tx\n".encode("cp1252")
    assert opened(data).facts.encoding == "Windows-1252"
    assert cells(data) == [("A", text, "x")]


def test_bytes_that_no_encoding_knows_are_refused() -> None:
    issue = refused(HEADINGS.encode() + b"\nA\tb\xe9c\t\x81\n")
    assert issue.code == "F02"
    assert "0x81" in issue.message


@pytest.mark.parametrize(
    "data",
    [
        UMLAUT.encode()[: UMLAUT.encode().index("€".encode()) + 1],
        codecs.BOM_UTF16_LE + UMLAUT.encode("utf-16-le")[:-1],
        codecs.BOM_UTF8 + HEADINGS.encode() + b"\n\xff\tb\tc\n",
    ],
)
def test_a_file_that_ends_inside_a_character_or_breaks_its_own_mark_is_refused(data: bytes) -> None:
    if data.startswith(codecs.BOM_UTF8):
        with pytest.raises(UnicodeDecodeError):
            data.decode()
    assert refused(data).code == "F02"


def test_the_last_letter_of_a_windows_file_is_no_cut_character() -> None:
    assert cells(f"{HEADINGS}\nA\tb\tcafé".encode("cp1252")) == [("A", "b", "café")]


def test_a_byte_order_mark_inside_the_file_stays_in_its_cell() -> None:
    assert cells(f"{HEADINGS}\n\ufeffA\tb\tc\n") == [("\ufeffA", "b", "c")]


def test_a_late_odd_byte_decides_for_the_whole_file() -> None:
    data = HEADINGS.encode() + b"\n" + b"A\tb\tc\n" * 3_000_000 + b"A\t\xe9\tc\n"
    assert opened(data).facts.encoding == "Windows-1252"


def test_files_of_disk_are_read_like_bytes(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(UMLAUT.encode("utf-16"))
    with path.open("rb") as source:
        chunk = next(open_file(source, file_name="a.txt", limits=Limits()).chunks())
    assert chunk.lines.to_numpy().tolist() == [["A", "Müller", "é€"]]


GOOD = "111-1111111-1111111"


@pytest.mark.parametrize("odd", ["Gr\xf6\xdfe".encode("cp1252"), b"Gr\xc3", b"\xe4", "Größe".encode("mac_roman")])
@pytest.mark.parametrize("place", [0, 1, 5])
@pytest.mark.parametrize("mark", [b"", codecs.BOM_UTF8])
def test_an_odd_line_of_a_utf8_file_is_rejected_alone(odd: bytes, place: int, mark: bytes) -> None:
    lines = [f"{GOOD}\tshipped\tMüller {number}".encode() for number in range(5)]
    lines.insert(place, GOOD.encode() + b"\tshipped\t" + odd)
    found = read(mark + b"\n".join([HEADINGS.encode(), *lines, b""]))
    assert list(found.odd) == [place + 2]
    assert {cells[2] for cells in found.lines.values()} == {f"Müller {number}" for number in range(5)}
    assert found.facts.encoding == f"UTF-8{' with BOM' if mark else ''}, but for a few lines"


def test_lines_of_utf8_in_a_windows_file_are_rejected_alone() -> None:
    lines = [f"{GOOD}\tshipped\t{word}".encode("cp1252") for word in ("Größe", "Müller", "Straße", "Köln", "Jäger")]
    lines.insert(2, f"{GOOD}\tshipped\tGrüße".encode())
    found = read(b"\n".join([HEADINGS.encode(), *lines]))
    assert list(found.odd) == [4]
    assert [cells[2] for cells in found.lines.values()] == ["Größe", "Müller", "Straße", "Köln", "Jäger"]


@pytest.mark.parametrize("word", ["MÃ¼ller", "GrÃ¶ÃŸe", "Oâ€™Brien", "gar\ufffdon", "Ã‰COLE"])
def test_letters_that_were_lost_before_are_seen(word: str) -> None:
    found = read(f"{HEADINGS}\tnote\n{GOOD}\tshipped\t{word}\tx\n{GOOD}\tshipped\tx\t{word}\n".encode())
    assert list(found.odd) == [2]
    assert list(found.lines) == [3], "what is not used does no harm"


@pytest.mark.parametrize("word", ["TRANSPORTAÇÃO", "SÃO JOÃO", "ÂGE", "Ärger", "Łódź", "Ãé", "Привет", "Ðuro", "São"])
def test_real_letters_are_not_taken_for_lost_ones(word: str) -> None:
    assert cells(f"{HEADINGS}\n{GOOD}\tshipped\t{word}\n") == [(GOOD, "shipped", word)]


def test_where_letters_are_in_doubt_the_other_lines_go_on() -> None:
    body = b"\n".join([HEADINGS.encode(), b"A\tshipped\tb\xe8", b"A\tshipped\tM\xfcller", b"A\tshipped\tUPS"])
    found = read(body)
    assert found.facts.encoding.startswith("in doubt: Windows-1252 or ")
    assert list(found.odd) == [2]
    assert [cells[2] for cells in found.lines.values()] == ["Müller", "UPS"]
