"""What is no text is refused, and the seller is told what it is and how to export it."""

from __future__ import annotations

import random

import pytest
from formats.seller_files import HEADINGS, ROW, cells, refused


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512), "spreadsheet"),
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3", "PDF"),
        (b"\x89PNG\r\n\x1a\n", "picture"),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF", "picture"),
        (b"GIF89a", "picture"),
        (b"<!DOCTYPE html><html></html>", "web page"),
        (b"\n <HTML><table><tr><td>order-id</td></tr>", "web page"),
        (b"<div>order-id</div>", "web page"),
        (b"<!-- saved from url -->\n<html>", "web page"),
        (b"<p>order-id<br>", "web page"),
        (b"<TR><TD>order-id", "web page"),
        (b'{"order-id": "1"}', "JSON"),
        (b'[{"order-id": 1}]', "JSON"),
        (b'\xef\xbb\xbf[\n  {\n "a": 1}]', "JSON"),
        (b'<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?>', "spreadsheet"),
        (b'\xef\xbb\xbf<?xml version="1.0"?><AmazonEnvelope/>', "XML"),
        (b"{\\rtf1\\ansi order-id}", "RTF"),
        (b"Rar!\x1a\x07\x01\x00", "rar"),
        (b"7z\xbc\xaf\x27\x1c", "7z"),
        (bytes(1000), "binary"),
        ("order-id\tstatus\nA\tb\n".encode("utf-32-le"), "binary"),
        (random.Random(1).randbytes(5000), "binary"),
    ],
)
def test_it_is_said_what_it_is(data: bytes, word: str) -> None:
    issue = refused(data)
    assert issue.code == "F02"
    assert word in issue.message
    assert issue.remedy


def test_a_file_with_a_few_control_characters_is_still_text() -> None:
    assert cells(f"{HEADINGS}\nA\t\x00\t\x01\n{ROW}\n")[0] == ("A", "\x00", "\x01")


def test_utf32_with_its_mark_is_refused() -> None:
    assert refused("order-id\tstatus\nA\tb\n".encode("utf-32")).code == "F02"
