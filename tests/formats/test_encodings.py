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
