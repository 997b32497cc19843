"""Downloads: the files of an upload, as it came and as it was answered, and evidence.

What the seller has removed from the outbox is not there any more.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from fastapi.responses import FileResponse, Response, StreamingResponse

from cws_filedrop.drop.home import Home, regular, result_name
from cws_filedrop.service_context import ServiceContext
from cws_filedrop.store.uploads.uploads import Upload
from cws_filedrop.views.evidence.packing import EvidencePackage

ZIP: Final = "application/zip"
BLOCK_BYTES: Final = 262_144
ORIGINAL: Final = "original"
KINDS: Final = {
    ORIGINAL: "the file as it came",
    "receipt": "receipt",
    "result": "result",
    "rejected": "rejected lines",
    "unconfirmed": "unconfirmed lines",
}


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file that is there."""

    kind: str
    words: str
    name: str
    size: int
    path: Path


def of_upload(context: ServiceContext, upload: Upload) -> list[StoredFile]:
    """The files that are there."""
    return [kept for kind in KINDS if (kept := find(context, upload, kind)) is not None]


def find(context: ServiceContext, upload: Upload, kind: str) -> StoredFile | None:
    """The file of that kind, if it is there."""
    place = _place(context, upload, kind) if kind in KINDS else None
    seen = None if place is None else regular(place)
    if place is None or seen is None:
        return None
    return StoredFile(kind, KINDS[kind], upload.name if kind == ORIGINAL else place.name, seen.st_size, place)


def download(kept: StoredFile) -> Response:
    """One of them, to be kept by the browser and never shown in it."""
    return FileResponse(kept.path, media_type="application/octet-stream", filename=kept.name)


def _place(context: ServiceContext, upload: Upload, kind: str) -> Path | None:
    if kind == ORIGINAL:
        try:
            return context.spool.data_path(upload.id)
        except FileNotFoundError:
            return None
    home = Home(upload.seller, context.homes.root / upload.seller)
    return None if home.is_astray("outbox") else home.path / "outbox" / result_name(upload.name, upload.id, kind)


def sent(made: EvidencePackage, name: str) -> Response:
    """Evidence, to be kept by the browser or program."""
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Content-Length": str(made.size)}
    return StreamingResponse(_blocks(made), media_type=ZIP, headers=headers)


def _blocks(made: EvidencePackage) -> Iterator[bytes]:
    with made.file:
        while block := made.file.read(BLOCK_BYTES):
            yield block
