"""File names: which are a seller's final ones, which are a client's working names, which can be used at all.

Text in, text out; touches no disk.
"""

from __future__ import annotations

import contextlib
import fnmatch
import os
import re
from collections.abc import Iterable
from typing import Final

from cws_filedrop.drop.working_names import BEGINNINGS, ENDINGS, FORMS, LITTER, LITTER_BEGINNINGS

LONGEST_NAME_BYTES: Final = 255

_WORKING_ENDS: Final = tuple(ENDINGS)
_WORKING_STARTS: Final = tuple(BEGINNINGS)
_DROPPED_SUFFIX: Final = re.compile(r"(?<=.)\.(txt|tsv|csv|tab|zip|gz)$", re.IGNORECASE)
_LONGEST_SUFFIX: Final = 20
_RELEASE: Final = ".release"
_UNUSABLE: Final = re.compile(r"[\x00-\x1f\x7f-\x9f/\ud800-\udfff\u2028\u2029]")
_UNDECODED: Final = re.compile(r"[\udc80-\udcff]")


def is_temporary(name: str, more: Iterable[str] = ()) -> bool:
    """Is it a name that clients use while they upload, or a desktop's litter? Not picked up (docs/domain.md#2-home).

    `more` are patterns such as `up_*`, in small letters.
    """
    lowered = name.lower()
    return (
        lowered.endswith(_WORKING_ENDS)
        or lowered.startswith(_WORKING_STARTS)
        or lowered in LITTER
        or any(form.fullmatch(lowered) for form in FORMS)
        or any(fnmatch.fnmatchcase(lowered, pattern) for pattern in more)
    )


def is_litter(name: str) -> bool:
    """Is it what desktops leave in every folder?"""
    lowered = name.lower()
    return lowered in LITTER or lowered.startswith(LITTER_BEGINNINGS)


def final_name(name: str) -> str:
    """The name that a working name most likely stands for: `a.txt.part` -> `a.txt`; or the name itself."""
    ending = next((one for one in _WORKING_ENDS if name.lower().endswith(one)), "")
    return name.removesuffix(name[len(name) - len(ending) :]) or name


def text_of(raw: bytes) -> tuple[str, str]:
    """A name, or a line with names, as text, and the encoding it is in: "" where it is ASCII and shows none.

    UTF-8, or Windows-1252 (Latin-1 for the few bytes that has no letters for), so that names that differ stay apart.
    """
    for encoding in ("utf-8", "cp1252"):
        with contextlib.suppress(UnicodeDecodeError):
            return raw.decode(encoding), "" if raw.isascii() else encoding
    return raw.decode("latin-1"), "latin-1"


def is_usable(name: str) -> bool:
    """Can a file have this name here: one path part, no control characters, not too long?"""
    return (
        name not in ("", ".", "..")
        and _UNUSABLE.search(name) is None
        and len(name.encode("utf-8", "surrogatepass")) <= LONGEST_NAME_BYTES
    )


def clean(name: str) -> str:
    """A name found on disk, made fit to be shown and used again: unusable characters become `_`."""
    text, _ = text_of(os.fsencode(name)) if _UNDECODED.search(name) else (name, "")
    return _cut_bytes(_UNUSABLE.sub("_", text), LONGEST_NAME_BYTES) or "_"


def is_release(name: str) -> bool:
    """Is it the name of a file that says by its arrival that a held file is to be taken as it is?"""
    return len(name) > len(_RELEASE) and name.lower().endswith(_RELEASE)


def is_released_by(name: str, release_name: str) -> bool:
    """Does `a.txt.release`, or `a.release`, mean the file `a.txt`?"""
    meant = release_name[: -len(_RELEASE)]
    return is_release(release_name) and meant in (name, _DROPPED_SUFFIX.sub("", name))


def result_name(original_name: str, upload_id: str, kind: str) -> str:
    """`shipped.txt` -> `shipped.<upload id>.<kind>.txt`, never longer than a file name may be."""
    tail = f".{upload_id}.{kind}.txt"
    stem = _DROPPED_SUFFIX.sub("", clean(original_name))
    return _cut_bytes(stem, LONGEST_NAME_BYTES - len(tail.encode())) + tail


def variant(name: str, upload_id: str) -> str:
    """Another name for a file whose own is taken: `shipped.<upload id>.txt`, never longer than a file name may be."""
    stem, _, suffix = name.rpartition(".")
    stem, tail = (stem, f".{upload_id}.{suffix}") if stem and len(suffix) < _LONGEST_SUFFIX else (name, f".{upload_id}")
    room = LONGEST_NAME_BYTES - len(os.fsencode(tail))
    return os.fsdecode(os.fsencode(stem)[:room]) + tail


def _cut_bytes(text: str, most: int) -> str:
    return text.encode()[:most].decode(errors="ignore")
