"""Small files as sellers drop them, and what becomes of them."""

from __future__ import annotations

import io
from dataclasses import dataclass

from cws_filedrop.errors import FileRejected
from cws_filedrop.formats.file import FileFacts, SellerFile, open_file
from cws_filedrop.model import Issue, Limits

HEADINGS = "order-id\tstatus\ttracking"
ROW = "111-1111111-1111111\tshipped\t1Z999AA10123456784"


@dataclass(frozen=True)
class Read:
    """A file read to its end: cells by line, L01 details by line, the lines as typed."""

    facts: FileFacts
    lines: dict[int, tuple[str, ...]]
    odd: dict[int, str]
    raw: dict[int, str]
    chunk_sizes: list[int]


def opened(data: bytes, *, name: str = "shipped.txt", limits: Limits | None = None) -> SellerFile:
    """The file, opened."""
    return open_file(io.BytesIO(data), file_name=name, limits=limits or Limits())


def read(data: bytes, *, rows: int = 50_000, limits: Limits | None = None) -> Read:
    """The file, read to its end in chunks of so many rows; no line may come twice."""
    file = opened(data, limits=limits)
    found = Read(file.facts, {}, {}, {}, [])
    for chunk in file.chunks(rows):
        numbers = chunk.lines.index.tolist()
        odd = chunk.issues["line"].tolist()
        assert not set(numbers + odd) & (found.lines.keys() | found.odd.keys())
        found.lines.update(zip(numbers, chunk.lines.itertuples(index=False, name=None), strict=True))
        found.odd.update(zip(odd, chunk.issues["detail"].tolist(), strict=True))
        found.raw.update(zip(sorted(numbers + odd), chunk.raw(sorted(numbers + odd)), strict=True))
        found.chunk_sizes.append(len(numbers) + len(odd))
    assert len(found.lines) + len(found.odd) == file.facts.line_count
    return found


def cells(text: str | bytes) -> list[tuple[str, ...]]:
    """The good lines of a file."""
    return list(read(text.encode() if isinstance(text, str) else text).lines.values())


def refused(data: bytes | str, *, limits: Limits | None = None) -> Issue:
    """The first reason why a file is rejected as a whole."""
    return refusals(data, limits=limits)[0]


def refusals(data: bytes | str, *, limits: Limits | None = None) -> tuple[Issue, ...]:
    """Why a file is rejected as a whole."""
    try:
        read(data.encode() if isinstance(data, str) else data, limits=limits)
    except FileRejected as error:
        return error.issues
    raise AssertionError("the file was not rejected")
