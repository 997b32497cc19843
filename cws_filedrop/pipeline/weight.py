"""How much a file is to read: as many bytes as it has once unpacked, whatever it says of itself."""

from __future__ import annotations

from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Final

from cws_filedrop.errors import FileRejected
from cws_filedrop.formats import packed, sniff
from cws_filedrop.model import Limits

_BLOCK_BYTES: Final = 65_536
_PACKED: Final = (*sniff.ZIP, sniff.GZIP)


def of_file(path: Path, size: int, most: int) -> int:
    """The bytes of a file, unpacked if it is packed; counted to `most` and told as one more where there are more.

    A trailer or a table of contents may say anything; what comes out of the file cannot.
    """
    return size if size > most or not is_packed(path) else _counted(path, size, most)


def is_packed(path: Path) -> bool:
    """Does it begin as a packed file does?"""
    with suppress(OSError), path.open("rb") as source:
        return source.read(4).startswith(_PACKED)
    return False


@lru_cache(maxsize=1024)  # it is asked when a file arrives, when it is begun, and when it is read
def _counted(path: Path, size: int, most: int) -> int:
    try:
        with path.open("rb") as source:
            contents = packed.contents(source, Limits(bytes=size, unpacked_bytes=most))
            return max(size, sum(map(len, contents.pieces(_BLOCK_BYTES))))
    except FileRejected as rejected:
        # What cannot be unpacked is refused as soon as it is read.
        return most + 1 if any(issue.code == "F05" for issue in rejected.issues) else size
    except OSError:
        return size
