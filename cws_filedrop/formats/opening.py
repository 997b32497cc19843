"""The beginning of a file -> what it shows: not text at all, an encoding, the first rows, what is wrong with them.

Reads no more than it must, and needs no tables: the doors inspect uploads with it. May not know what a cell means.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import BinaryIO, Final

from cws_filedrop.errors import FileRejected
from cws_filedrop.formats import packed, recognition, sniff, split, text
from cws_filedrop.formats.claims import FORMATS
from cws_filedrop.formats.packed import Contents
from cws_filedrop.formats.stream import blocks, plain_ends
from cws_filedrop.formats.text import Encoding
from cws_filedrop.model import Issue, Limits, Profile
from cws_filedrop.rules import catalogue

FIRST_ROWS: Final = 3  # the heading row is among these
MOST_LOOKED_AT: Final = 100  # lines, in case the first ones hold nothing but separators


def faults(source: BinaryIO, limits: Limits, profiles: Sequence[Profile] = ()) -> tuple[Issue, ...]:
    """Why this file cannot be used, as far as its beginning shows; empty when nothing is wrong there.

    `file.open_file` finds everything that is found here, and possibly more.
    """
    try:
        contents = packed.contents(source, limits)
        rows = first_rows(contents, sniffed(contents) or text.UTF_8)
        head = recognition.recognised(rows, FORMATS, profiles).row
    except FileRejected as error:
        return error.issues
    except UnicodeDecodeError:  # an older encoding, then; which one, only the whole file can show
        return ()
    below = [line for number, line in rows if number > head.line and not split.is_blank(line, head.delimiter)]
    return () if below or len(rows) == MOST_LOOKED_AT else (catalogue.issue("F01", detail="no-rows"),)


def sniffed(contents: Contents) -> Encoding | None:
    """The encoding, if the first bytes give it away.

    Raises: FileRejected F01 or F02.
    """
    head = next(contents.pieces(sniff.HEAD), b"")
    if not head:
        raise FileRejected(catalogue.issue("F01"))
    if (issue := sniff.not_text(head)) is not None:
        raise FileRejected(issue)
    if head.startswith((*sniff.ZIP, sniff.GZIP)):
        raise FileRejected(catalogue.issue("F02", detail="archive=it is packed twice"))
    encoding = text.marked(head)
    if sniff.is_binary(head) and (encoding is None or encoding.codec == text.UTF_8.codec):
        raise FileRejected(catalogue.issue("F02", detail="it holds binary data"))
    return encoding


def first_rows(contents: Contents, encoding: Encoding) -> list[tuple[int, str]]:
    """The first lines, with their numbers, as many as the headings may be in.

    Raises: FileRejected, UnicodeDecodeError.
    """
    rows: list[tuple[int, str]] = []
    filled = 0
    for number, line in _numbered(contents, encoding):
        if split.is_blank(line, split.TAB):
            continue
        rows.append((number, line))
        filled += not split.is_blank(line, "".join(split.DELIMITERS))
        if filled == FIRST_ROWS or len(rows) == MOST_LOOKED_AT:
            break
    return rows


def _numbered(contents: Contents, encoding: Encoding) -> Iterator[tuple[int, str]]:
    number = 0
    for block in blocks(contents, encoding, size=sniff.HEAD):
        for line in plain_ends(block).removesuffix(b"\n").split(b"\n"):
            number += 1
            yield number, line.removesuffix(b"\r").decode()
