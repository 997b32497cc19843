"""Files in layouts of sellers' own, and what becomes of them."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass

from cws_filedrop.formats import profile
from cws_filedrop.formats.file import FileFacts, SellerFile, open_file
from cws_filedrop.model import Limits, Profile

COLUMNS = """
[columns]
order-id = "Order No."
tracking-number = ["Parcel", "Tracking"]
ship-date = "Sent on"
"""
HEAD = ("Order No.", "Parcel", "Notes", "Sent on")


def made(text: str = COLUMNS, name: str = "shop") -> Profile:
    """A profile."""
    return profile.parse(text, name)


def table(*rows: Sequence[str], delimiter: str = ",", end: str = "\r\n") -> bytes:
    """Rows as a CSV writer writes them."""
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=delimiter, lineterminator=end).writerows(rows)
    return out.getvalue().encode()


@dataclass(frozen=True)
class Read:
    """A file read to its end: the cells of each line by column, L01 details by line, the lines as typed."""

    facts: FileFacts
    lines: dict[int, dict[str, str]]
    odd: dict[int, str]
    raw: dict[int, str]
    chunks: int


def opened(data: bytes, *profiles: Profile, limits: Limits | None = None) -> SellerFile:
    """The file, opened."""
    return open_file(io.BytesIO(data), file_name="x.csv", limits=limits or Limits(), profiles=profiles or (made(),))


def read(data: bytes, *profiles: Profile, rows: int = 50_000) -> Read:
    """The file, read to its end; every record is there once, and `scan` has the same order numbers."""
    file = opened(data, *profiles)
    found = Read(file.facts, {}, {}, {}, 0)
    chunks = 0
    for chunk in file.chunks(rows):
        chunks += 1
        numbers, odd = chunk.lines.index.tolist(), chunk.issues["line"].tolist()
        cells = chunk.lines.to_dict("records")
        found.lines.update(
            zip(numbers, ({str(key): str(cell) for key, cell in row.items()} for row in cells), strict=True)
        )
        found.odd.update(zip(odd, chunk.issues["detail"].tolist(), strict=True))
        both = sorted(numbers + odd)
        found.raw.update(zip(both, chunk.raw(both), strict=True))
    assert len(found.lines) + len(found.odd) == file.facts.line_count == len(found.raw)
    scanned = [one for part in file.scan(("order-id",), lambda lines: lines["order-id"].tolist()) for one in part]
    if "" not in found.odd.values():  # letters that cannot be told are seen in the columns that are looked at alone
        assert scanned == [row["order-id"] for row in found.lines.values()]
    return Read(found.facts, found.lines, found.odd, found.raw, chunks)
