"""The first bytes of a file -> what it is if it is not plain text. May not read more than it is given."""

from __future__ import annotations

import re
from typing import Final

from cws_filedrop.model import Issue
from cws_filedrop.rules import catalogue

HEAD: Final = 64 * 1024  # bytes that are inspected
ZIP: Final = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
GZIP: Final = b"\x1f\x8b"
# Files begin with these bytes; the words are the `detail` of F02, led by the kind of wording where there is one.
SIGNATURES: Final = (
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "spreadsheet=an old Excel workbook, .xls"),
    (b"%PDF-", "pdf"),
    (b"\xff\xfe\x00\x00", "it is written in UTF-32"),
    (b"\x00\x00\xfe\xff", "it is written in UTF-32"),
    (b"\x89PNG", "this is a picture"),
    (b"\xff\xd8\xff", "this is a picture"),
    (b"GIF8", "this is a picture"),
    (b"II*\x00", "this is a picture"),
    (b"MM\x00*", "this is a picture"),
    (b"{\\rtf", "this is a formatted document (RTF)"),
    (b"7z\xbc\xaf\x27\x1c", "archive=it is a 7z archive; only zip and gz are opened"),
    (b"Rar!\x1a\x07", "archive=it is a rar archive; only zip and gz are opened"),
    (b"BZh", "archive=it is a bz2 archive; only zip and gz are opened"),
    (b"\xfd7zXZ\x00", "archive=it is an xz archive; only zip and gz are opened"),
    (b"\x28\xb5\x2f\xfd", "archive=it is a zst archive; only zip and gz are opened"),
)
PAGE: Final = "this is a web page, whatever its name says"
MARKUP: Final = (
    (re.compile(rb"<(?:!doctype html|html|head|body|table|tr|td|div|p|span|meta|style|title|script|!--)[\s>/-]"), PAGE),
    (re.compile(rb"<!doctype html"), PAGE),
    (re.compile(rb"<\?xml"), "this is an XML document"),
    (re.compile(rb'\[?\s*\{\s*["}]'), "this is a JSON document"),
)
CONTROLS: Final = bytes(one for one in range(32) if one not in b"\t\n\r\x1a")


def not_text(head: bytes) -> Issue | None:
    """F02 if the first bytes show that this is not text."""
    for signature, words in SIGNATURES:
        if head.startswith(signature):
            return catalogue.issue("F02", detail=words)
    if head[257:262] == b"ustar":
        return catalogue.issue("F02", detail="archive=it is a tar archive; only zip and gz are opened")
    return _markup(head)


def is_binary(head: bytes) -> bool:
    """Are there too many control characters for text? A few are left for a rule to show to the seller."""
    text = head.translate(None, b"\r\n")  # the kind of line end must not tip the balance
    controls = len(text) - len(text.translate(None, CONTROLS))
    return controls > 4 and controls * 20 > len(text)


def _markup(head: bytes) -> Issue | None:
    start = head[:2000].removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if start.startswith(b"<?xml") and b"excel.sheet" in start:
        return catalogue.issue("F02", detail="spreadsheet=an Excel workbook saved as XML")
    for begin, words in MARKUP:
        if begin.match(start):
            return catalogue.issue("F02", detail=words)
    return None
