"""The beginning of a file -> what it shows: not text at all, an encoding, the first rows, what is wrong with them.

Reads no more than it must, and needs no tables: the doors inspect uploads with it. May not know what a cell means.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import BinaryIO, Final

from cws_filedrop.errors import FileRejected
from cws_filedrop.formats import packed, recognition, sniff, split
from cws_filedrop.formats.claims import FORMATS
from cws_filedrop.formats.encoding import text
from cws_filedrop.formats.encoding.text import Encoding
from cws_filedrop.formats.packed import Contents, Readable
from cws_filedrop.formats.stream import blocks, plain_ends
from cws_filedrop.model import Issue, Limits, Profile
from cws_filedrop.rules import catalogue

FIRST_ROWS: Final = 3  # the heading row is among these
MOST_LOOKED_AT: Final = 100  # lines, in case the first ones hold nothing but separators
LOOK: Final = 256 * 1024  # bytes that the doors look at: a client waits meanwhile
NOT_FOUND: Final = frozenset(("F01", "F03", "F06"))  # what is said when no heading row was found
BLANK: Final = f"{split.NOTHING}\n".encode()


def faults(source: BinaryIO, limits: Limits, profiles: Sequence[Profile] = ()) -> tuple[Issue, ...]:
    """Why this file cannot be used, as far as its beginning shows; empty when nothing is wrong there.

    `file.open_file` finds everything that is found here, and possibly more.
    """
    try:
        contents = packed.contents(source, limits)
        rows, whole = _looked_at(contents, sniffed(contents) or text.UTF_8)
    except FileRejected as error:
        return error.issues
    except UnicodeDecodeError:  # an older encoding, then; which one, only the whole file can show
        return ()
    try:
        head = recognition.recognised(rows, FORMATS, profiles).row
    except FileRejected as error:
        # The heading row may be further down than the doors look.
        unseen = not whole and {issue.code for issue in error.issues} <= NOT_FOUND
        return () if unseen else error.issues
    below = [line for number, line in rows if number > head.line and not split.is_blank(line, head.delimiter)]
    return () if below or not whole or len(rows) == MOST_LOOKED_AT else (catalogue.issue("F01", detail="no-rows"),)


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
    return _first_rows(blocks(contents, encoding, size=sniff.HEAD))


def _looked_at(contents: Contents, encoding: Encoding) -> tuple[list[tuple[int, str]], bool]:
    """The same, from as much as the doors look at; and whether that was the whole file."""
    limit = Looking(contents, LOOK)
    rows = _first_rows(blocks(limit.contents, encoding, size=sniff.HEAD))
    return rows, not limit.reached


class Looking:
    """Contents of which no more is read than a number of bytes; `reached` says that there may be more."""

    def __init__(self, contents: Contents, most: int) -> None:
        self.contents = replace(contents, open=self._open)
        self.reached = False
        self._whole = contents
        self._most = most

    def _open(self) -> Readable:
        self._source, self._left = self._whole.open(), self._most
        return self

    def read(self, size: int, /) -> bytes:
        """Some bytes."""
        data = self._source.read(min(size, self._left))
        self._left -= len(data)
        self.reached = not self._left
        return data


def _first_rows(blocks: Iterable[bytes]) -> list[tuple[int, str]]:
    rows: list[tuple[int, str]] = []
    filled = 0
    for number, line in _numbered(blocks):
        rows.append((number, line))
        filled += not split.is_blank(line, "".join(split.DELIMITERS))
        if filled == FIRST_ROWS or len(rows) == MOST_LOOKED_AT:
            break
    return rows


def _numbered(blocks: Iterable[bytes]) -> Iterator[tuple[int, str]]:
    """The lines that are not empty, and their numbers; no work is done for an empty one."""
    number = 1
    for block in blocks:
        block = plain_ends(block)
        begin = 0
        while begin < len(block):
            filled = len(block) - len(block[begin:].lstrip(BLANK))
            start = block.rfind(b"\n", begin, filled) + 1 or begin
            number += block.count(b"\n", begin, start)
            if filled == len(block):
                break
            end = block.find(b"\n", start) + 1 or len(block)
            yield number, block[start:end].rstrip(b"\r\n").decode()
            begin, number = end, number + 1
