"""The files of an upload: as it came, and as it was answered. What was collected or removed is not there any more."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from fastapi.responses import FileResponse, Response

from cws_filedrop.drop.home import regular, result_name
from cws_filedrop.pipeline.desk import Desk
from cws_filedrop.store.uploads import Upload

ORIGINAL: Final = "original"
KINDS: Final = {
    ORIGINAL: "the file as it came",
    "receipt": "receipt",
    "result": "result",
    "rejected": "rejected lines",
    "unconfirmed": "unconfirmed lines",
}


@dataclass(frozen=True, slots=True)
class Kept:
    """A file that is there."""

    kind: str
    words: str
    name: str
    size: int


def of_upload(desk: Desk, upload: Upload) -> list[Kept]:
    """Those that are there."""
    found = []
    for kind, words in KINDS.items():
        place = _place(desk, upload, kind)
        seen = None if place is None else regular(place)
        if place is not None and seen is not None:
            name = upload.name if kind == ORIGINAL else place.name
            found.append(Kept(kind, words, name, seen.st_size))
    return found


def download(desk: Desk, upload: Upload, kind: str) -> Response | None:
    """One of them, to be kept by the browser and never shown in it; None when it is not there."""
    place = _place(desk, upload, kind) if kind in KINDS else None
    if place is None or regular(place) is None:
        return None
    name = upload.name if kind == ORIGINAL else place.name
    return FileResponse(place, media_type="application/octet-stream", filename=name)


def _place(desk: Desk, upload: Upload, kind: str) -> Path | None:
    if kind == ORIGINAL:
        try:
            return desk.spool.data_path(upload.id)
        except FileNotFoundError:
            return None
    return desk.homes.root / upload.seller / "outbox" / result_name(upload.name, upload.id, kind)
