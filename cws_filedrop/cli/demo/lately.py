"""Sample files with their days moved: they speak of November 2026, and what is more than a year old is refused.

Only days that can be read in one way are moved (with hyphens: the day first). A packed file is unpacked, moved and
packed again.
"""

from __future__ import annotations

import gzip
import io
import re
import zipfile
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Final

WRITTEN: Final = date(2026, 11, 22)  # the day of the samples
MOVED_AFTER: Final = 300  # days: until then they are dropped as they are
FORMS: Final = (
    (re.compile(rb"\b2026-[01][0-9]-[0-3][0-9]"), "%Y-%m-%d"),
    (re.compile(rb"\b2026/[01][0-9]/[0-3][0-9]"), "%Y/%m/%d"),
    (re.compile(rb"\b[0-3][0-9]\.[01][0-9]\.2026"), "%d.%m.%Y"),
    (re.compile(rb"\b[0-3][0-9]-[01][0-9]-2026"), "%d-%m-%Y"),
    (re.compile(rb"\b2026[01][0-9][0-3][0-9]\b"), "%Y%m%d"),
    (re.compile(rb"\b[01][0-9]/(?:1[3-9]|2[0-9]|3[01])/2026"), "%m/%d/%Y"),
    (re.compile(rb"\b(?:1[3-9]|2[0-9]|3[01])/[01][0-9]/2026"), "%d/%m/%Y"),
)
UTF_16: Final = b"\xff\xfe"


def days_since(today: date) -> int:
    """By how many days the samples are to be moved; 0 while they are recent."""
    age = (today - WRITTEN).days
    return age if age > MOVED_AFTER else 0


def moved(content: bytes, days: int) -> bytes:
    """A sample file with its days so many later."""
    if not days:
        return content
    if content.startswith(b"\x1f\x8b"):
        return gzip.compress(moved(gzip.decompress(content), days), mtime=0)
    if content.startswith(b"PK\x03\x04"):
        return _zipped(content, lambda inside: moved(inside, days))
    if content.startswith(UTF_16):
        return UTF_16 + moved(content[2:].decode("utf-16-le").encode(), days).decode().encode("utf-16-le")
    for form, written in FORMS:
        content = form.sub(partial(_later, written=written, days=days), content)
    return content


def _later(found: re.Match[bytes], *, written: str, days: int) -> bytes:
    try:
        read = datetime.strptime(found[0].decode(), written).replace(tzinfo=UTC)
    except ValueError:  # no such day, as some samples show
        return found[0]
    return (read + timedelta(days=days)).strftime(written).encode()


def _zipped(content: bytes, change: Callable[[bytes], bytes]) -> bytes:
    """An archive with its files changed; one that is no text, such as a workbook, stays as it is."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            inside = {name: archive.read(name) for name in archive.namelist()}
    except zipfile.BadZipFile:
        return content
    if any(not name.endswith(".txt") for name in inside):
        return content
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in inside.items():
            archive.writestr(name, change(body))
    return out.getvalue()
