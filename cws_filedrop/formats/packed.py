"""A file, perhaps packed as zip or gzip -> a way to read its contents from the start, any number of times.

Nothing is unpacked to disk, or to memory as a whole, and never more than the limit. May not know what the text says.
"""

from __future__ import annotations

import gzip
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final, Protocol, cast

from cws_filedrop.errors import FileRejected
from cws_filedrop.formats import sniff
from cws_filedrop.formats.spelling import listed
from cws_filedrop.model import Issue, Limits
from cws_filedrop.rules import catalogue

LONGEST_READ: Final = 16 * 1024 * 1024
LONGEST_TABLE: Final = 256 * 1024  # a larger table of contents is no archive of one text file
METHODS: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2)
ENCRYPTED: Final = 0x1
SHEETS: Final = {
    "xl/workbook.": "spreadsheet=an Excel workbook, .xlsx",
    "word/document.": "this is a Word document",
    "[Content_Types].xml": "spreadsheet=an Office document",
    "content.xml": "spreadsheet=an OpenDocument file, such as .ods",
    "Index/Document.iwa": "spreadsheet=an Apple Numbers document",
}
# What macOS and Windows put into archives beside the one file that the seller packed.
JUNK: Final = ("__macosx/", ".ds_store", "thumbs.db", "desktop.ini")
SHOWN_NAMES: Final = 5
# What zipfile, gzip and bz2 raise on a damaged archive; the library documents only the first few of these.
DAMAGE: Final = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    OSError,  # a bad gzip or bzip2 stream; one of the disk has an errno and is passed on
    RuntimeError,
    ValueError,
    OverflowError,
    LookupError,
    struct.error,
)


class Readable(Protocol):
    """What can be read from front to back."""

    def read(self, size: int, /) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Contents:
    """A file's contents. `packed` is "", "zip" or "gzip"; `name` is that of the file inside, if it has one."""

    packed: str
    name: str
    open: Callable[[], Readable]
    limit: int  # bytes

    def pieces(self, size: int) -> Iterator[bytes]:
        """The bytes from the start, at most `size` at a time.

        Raises: FileRejected F02 for a damaged archive, F05 if more comes out of it than allowed.
        """
        stream, total = self._opened(), 0
        while piece := self._read(stream, size):
            total += len(piece)
            if total > self.limit:
                raise FileRejected(_too_large(self.limit, "unpacked " if self.packed else ""))
            yield piece

    def _opened(self) -> Readable:
        try:
            return self.open()
        except DAMAGE as error:
            raise self._damaged(error) from error

    def _read(self, stream: Readable, size: int) -> bytes:
        try:
            return stream.read(size)
        except DAMAGE as error:
            raise self._damaged(error) from error

    def _damaged(self, error: Exception) -> Exception:
        return damaged(error) if self.packed else error


class Window:
    """A view of a file with a position of its own, so that several readers of one file do not disturb each other."""

    def __init__(self, source: BinaryIO) -> None:
        self._source = source
        self._place = 0
        self.longest = LONGEST_READ

    def tell(self) -> int:
        """Bytes from the start."""
        return self._place

    def seekable(self) -> bool:
        """Yes."""
        return True

    def seek(self, place: int, whence: int = 0) -> int:
        """Go to a place, as files do."""
        base = (0, self._place, self._size() if whence == 2 else 0)[whence]
        if base + place < 0:
            raise ValueError("before the start of the file")
        self._place = base + place
        return self._place

    def read(self, size: int = -1, /) -> bytes:
        """Some bytes; all that is left when no size is given, which is how `zipfile` reads the end of an archive.

        Raises: ValueError if that is more than an archive of one text file can need: a forged table of contents would
        otherwise make us read gigabytes at once.
        """
        if size < 0:
            size = max(0, self._size() - self._place)
        if size > self.longest:
            raise ValueError("a read too long")
        self._source.seek(self._place)
        data = self._source.read(size)
        self._place += len(data)
        return data

    def _size(self) -> int:
        return self._source.seek(0, 2)


def contents(source: BinaryIO, limits: Limits) -> Contents:
    """A way to read a file, or the one file inside it.

    Raises: FileRejected F02 or F05.
    """
    size = source.seek(0, 2)
    if size > limits.bytes:
        raise FileRejected(_too_large(limits.bytes, ""))
    head = Window(source).read(4)
    if head.startswith(sniff.ZIP):
        return _zipped(source, limits)
    if head.startswith(sniff.GZIP):
        return Contents("gzip", "", lambda: cast(Readable, _gzip(source)), limits.unpacked_bytes)
    return Contents("", "", lambda: Window(source), limits.bytes)


def damaged(error: Exception) -> Exception:
    """F02 for an archive that cannot be read; the error itself if it is the disk's."""
    for cause in (error, error.__context__):  # zipfile hides an error of the disk behind one of its own
        if isinstance(cause, OSError) and cause.errno is not None:
            return cause
    return FileRejected(catalogue.issue("F02", detail="archive=it is damaged or was cut off"))


def _gzip(source: BinaryIO) -> gzip.GzipFile:
    return gzip.GzipFile(fileobj=cast(BinaryIO, Window(source)), mode="rb")


def _zipped(source: BinaryIO, limits: Limits) -> Contents:
    try:
        window = Window(source)
        window.longest = LONGEST_TABLE
        archive = zipfile.ZipFile(cast(BinaryIO, window))
        window.longest = LONGEST_READ
    except DAMAGE as error:
        raise damaged(error) from error
    member = _only_member(archive)
    if member.file_size > limits.unpacked_bytes:
        raise FileRejected(_too_large(limits.unpacked_bytes, "unpacked "))
    return Contents("zip", member.filename, lambda: cast(Readable, archive.open(member)), limits.unpacked_bytes)


def _only_member(archive: zipfile.ZipFile) -> zipfile.ZipInfo:
    members = [one for one in archive.infolist() if not one.is_dir() and not _is_junk(one.filename)]
    for begin, words in SHEETS.items():
        if any(one.filename.startswith(begin) for one in members):
            raise FileRejected(catalogue.issue("F02", detail=words))
    if len(members) != 1:
        raise FileRejected(_number_issue([one.filename for one in members]))
    if members[0].flag_bits & ENCRYPTED:
        raise FileRejected(_archive_issue("it is locked with a password"))
    if members[0].compress_type not in METHODS:
        raise FileRejected(_archive_issue("it is packed in an unusual way; use an ordinary zip"))
    return members[0]


def _is_junk(name: str) -> bool:
    lower = name.lower()
    return lower.startswith(JUNK[0]) or lower.rsplit("/", 1)[-1].startswith(JUNK[1:])


def _number_issue(names: list[str]) -> Issue:
    if not names:
        return _archive_issue("there is no file in it")
    more = [f"{len(names) - SHOWN_NAMES:,} more"] if len(names) > SHOWN_NAMES else []
    shown = listed([*names[:SHOWN_NAMES], *more])
    return _archive_issue(f"there are {len(names):,} files in it: {shown}", value=shown)


def _archive_issue(words: str, *, value: str = "") -> Issue:
    return catalogue.issue("F02", value=value, detail=f"archive={words}")


def _too_large(limit: int, what: str) -> Issue:
    return catalogue.issue("F05", detail=f"more than {limit:,} {what}bytes")
