"""Pieces of bytes -> blocks of whole lines in UTF-8, whatever the file was written in. Memory stays flat.

May not know what stands in a line.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator
from typing import Final

from cws_filedrop.errors import FileRejected
from cws_filedrop.formats.encoding.text import UTF_8, Encoding, undecodable
from cws_filedrop.formats.packed import Contents
from cws_filedrop.rules import catalogue

BLOCK: Final = 8 * 1024 * 1024  # bytes; pandas reads in parallel from 5 MB on
LONGEST_LINE: Final = 1024 * 1024  # bytes
# Bytes of a block in which every third one ends a line or is a quotation mark: what is kept for each of those would
# else fill the memory. A file of shipments never has so many.
DENSE_BLOCK: Final = 1024 * 1024
DENSE: Final = 3
MARKS: Final = (b"\n", b"\r", b'"')
PEEK: Final = 64 * 1024  # bytes that are looked at before a file is read as a whole


def blocks(contents: Contents, encoding: Encoding, *, size: int = BLOCK) -> Iterator[bytes]:
    """The text in blocks that end with a line end (the last need not), with the line ends of the file.

    Raises: FileRejected F02 if the bytes do not fit the encoding, F05 for an endless line.
    """
    pieces = _without_mark(contents.pieces(size), encoding.skip)
    if encoding.single:
        return map(encoding.decoded, _bounded(_whole_lines(pieces)))
    return _bounded(_whole_lines(_utf8(pieces, encoding)))


def _bounded(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """The same blocks, dense ones in smaller pieces of whole lines."""
    for block in blocks:
        if len(block) <= DENSE_BLOCK or sum(block.count(one) for one in MARKS) * DENSE < len(block):
            yield block
            continue
        begin = 0
        while begin < len(block):
            end = _line_end(block, begin, begin + DENSE_BLOCK) or _line_end(block, begin, len(block)) or len(block)
            yield block[begin:end]
            begin = end


def _line_end(block: bytes, begin: int, end: int) -> int:
    """Where the last line that ends in a part of the block ends; 0 if none does."""
    # A CR in the last place may be the first half of a CRLF.
    return max(block.rfind(b"\n", begin, end), block.rfind(b"\r", begin, min(end, len(block)) - 1)) + 1


def returns(block: bytes) -> tuple[int, int]:
    """How many CR stand alone, and how many are part of a CRLF."""
    if b"\r" not in block:
        return 0, 0
    paired = block.count(b"\r\n")
    return block.count(b"\r") - paired, paired


def plain_ends(block: bytes) -> bytes:
    """The block with only LF and CRLF as line ends; the number of lines stays the same."""
    return block.replace(b"\r\n", b"\n").replace(b"\r", b"\n") if returns(block)[0] else block


def line_too_long() -> FileRejected:
    """F05 for a line that nobody can have meant."""
    return FileRejected(catalogue.issue("F05", detail=f"shape=a line is longer than {LONGEST_LINE:,} bytes"))


def _without_mark(pieces: Iterable[bytes], skip: int) -> Iterator[bytes]:
    for piece in pieces:
        if skip:
            piece, skip = piece[skip:], max(0, skip - len(piece))
        if piece:
            yield piece


def _utf8(pieces: Iterable[bytes], encoding: Encoding) -> Iterator[bytes]:
    if encoding.codec == UTF_8.codec:
        yield from pieces
        return
    decoder = codecs.getincrementaldecoder(encoding.codec)("strict")
    try:
        for piece in pieces:
            yield decoder.decode(piece).encode()
        yield decoder.decode(b"", True).encode()
    except UnicodeDecodeError as error:
        raise undecodable(encoding) from error


def _whole_lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    held, rest = b"", b""  # a block is held back so that a last line without end does not make a block of its own
    for piece in pieces:
        if held:
            yield held
        data = rest + piece
        # Cut inside a CRLF, its LF would count as a line of its own, and every later line number would be wrong.
        end = _line_end(data, 0, len(data))
        held, rest = data[:end], data[end:]
        if len(rest) > LONGEST_LINE:
            raise line_too_long()
    if held or rest:
        yield held + rest
