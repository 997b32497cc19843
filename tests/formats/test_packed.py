"""zip and gz files with one text file inside are opened; everything else about archives is refused in words."""

from __future__ import annotations

import gzip
import io
import struct
import zipfile
from collections.abc import Callable

import pytest
from formats.seller_files import HEADINGS, ROW, opened, read, refused

from cws_filedrop.errors import FileRejected
from cws_filedrop.formats.file import open_file
from cws_filedrop.model import Limits

TEXT = f"{HEADINGS}\n{ROW}\n".encode()


def zipped(*files: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in files:
            archive.writestr(name, data)
    return out.getvalue()


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2])
def test_a_zip_with_one_file_is_opened(method: int) -> None:
    found = read(zipped(("out/shipped.txt", TEXT), method=method))
    assert found.facts.packed == "zip"
    assert found.lines == {2: tuple(ROW.split("\t"))}
    assert found.raw == {2: ROW}
    assert "out/shipped.txt" in found.facts.notes[0]


def test_what_a_desktop_adds_to_a_zip_does_not_count() -> None:
    junk = (("a/", b""), ("__MACOSX/a/._b.txt", b"x"), ("a/.DS_Store", b"x"), ("a/Thumbs.db", b"x"))
    assert read(zipped(*junk, ("a/b.txt", TEXT))).lines


def test_a_gzip_is_opened_also_one_of_several_members() -> None:
    assert read(gzip.compress(TEXT)).facts.packed == "gzip"
    assert list(read(gzip.compress(TEXT[:20]) + gzip.compress(TEXT[20:])).lines) == [2]


def test_what_is_not_packed_says_so() -> None:
    assert opened(TEXT).facts.packed == ""


def test_several_files_are_refused_with_their_names() -> None:
    issue = refused(zipped(("a.txt", TEXT), ("b.txt", TEXT)))
    assert issue.code == "F02"
    assert "a.txt" in issue.message
    assert "b.txt" in issue.message
    assert "3 more" in refused(zipped(*((f"{number}.txt", TEXT) for number in range(8)))).value


def test_an_empty_zip_is_refused() -> None:
    assert refused(zipped()).code == "F02"


def test_a_locked_zip_is_told_to_be_locked() -> None:
    data = bytearray(zipped(("a.txt", TEXT)))
    data[6] |= 1
    data[data.rindex(b"PK\x01\x02") + 8] |= 1
    issue = refused(bytes(data))
    assert issue.code == "F02"
    assert "password" in issue.message


def test_an_unusual_method_is_refused() -> None:
    issue = refused(zipped(("a.txt", TEXT), method=zipfile.ZIP_LZMA))
    assert issue.code == "F02"
    assert "unusual" in issue.message


@pytest.mark.parametrize(
    "names",
    [("[Content_Types].xml", "xl/workbook.xml"), ("mimetype", "content.xml"), ("Index/Document.iwa",)],
)
def test_a_spreadsheet_is_told_how_to_be_exported(names: tuple[str, ...]) -> None:
    issue = refused(zipped(*((name, b"<x/>") for name in names)))
    assert issue.code == "F02"
    assert "spreadsheet" in issue.message
    assert "Tab delimited" in issue.remedy


def test_a_word_document_is_refused() -> None:
    assert "Word" in refused(zipped(("[Content_Types].xml", b""), ("word/document.xml", b""))).message


def test_archives_in_archives_are_refused() -> None:
    for data in (zipped(("a.zip", zipped(("a.txt", TEXT)))), gzip.compress(gzip.compress(TEXT))):
        issue = refused(data)
        assert issue.code == "F02"
        assert "twice" in issue.message


def test_a_tar_is_refused() -> None:
    assert "tar" in refused(gzip.compress(b"a.txt".ljust(257, b"\0") + b"ustar\x0000")).message


@pytest.mark.parametrize("pack", [gzip.compress, lambda data: zipped(("a.txt", data))])
def test_more_than_the_limit_is_never_unpacked(pack: Callable[[bytes], bytes]) -> None:
    bomb = pack(TEXT + (ROW + "\n").encode() * 200_000)
    assert len(bomb) < 100_000
    assert refused(bomb, limits=Limits(unpacked_bytes=1_000_000)).code == "F05"
    assert read(pack(TEXT), limits=Limits(unpacked_bytes=len(TEXT))).lines


def test_a_zip_that_lies_about_its_size_is_refused() -> None:
    data = bytearray(zipped(("a.txt", TEXT + (ROW + "\n").encode() * 200_000)))
    for place in (22, data.rindex(b"PK\x01\x02") + 24):
        data[place : place + 4] = struct.pack("<I", 100)
    assert refused(bytes(data), limits=Limits(unpacked_bytes=1_000_000)).code in ("F02", "F05")


@pytest.mark.parametrize("data", [gzip.compress(TEXT * 50), zipped(("a.txt", TEXT * 50))])
def test_a_cut_or_damaged_archive_is_refused(data: bytes) -> None:
    for size in range(4, len(data)):
        assert refused(data[:size]).code in ("F01", "F02")
    codes: set[str] = set()
    for place in range(10, len(data) - 30):
        damaged = data[:place] + bytes([data[place] ^ 0x55]) + data[place + 1 :]
        try:
            read(damaged)
        except FileRejected as error:
            codes.add(error.issues[0].code)
    assert codes <= {"F01", "F02", "F03", "F05", "F06"}


def test_a_huge_table_of_contents_is_not_read() -> None:
    data = bytearray(zipped(("a.txt", TEXT)) + b"\0" * 20_000_000)
    end = data.rindex(b"PK\x05\x06")
    data[end + 12 : end + 16] = struct.pack("<I", 19_000_000)
    tail = bytes(data[end : end + 22])
    assert refused(bytes(data) + tail).code == "F02"


def test_an_error_of_the_disk_is_not_the_sellers() -> None:
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            if self.tell() > 10:
                raise OSError(5, "Input/output error")
            return super().read(size)

    for data in (TEXT, gzip.compress(TEXT * 100), zipped(("a.txt", TEXT))):
        with pytest.raises(OSError, match="Input/output"):
            open_file(Broken(data), file_name="a", limits=Limits()).chunks().__next__()
