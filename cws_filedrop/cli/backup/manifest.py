"""What a backup says of itself: when it was made, by which version, and every file with its size and SHA-256.

    TO/database.db (or database.dump)   spool/ homes/ documents/ order-files/   keys/, if asked for   backup.json

`backup.json` is written last: without it a folder is no backup, or an unfinished one.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from cws_filedrop.drop import disk
from cws_filedrop.errors import FileDropError

NAME: Final = "backup.json"
VERSION: Final = 1
CHUNK: Final = 1 << 20
Advance = Callable[[int], object]


@dataclass(frozen=True, slots=True)
class BackupManifest:
    """`made_at` is the moment before the database was copied; `files` are sizes and digests by path."""

    made_at: str
    program: str
    marketplace: str
    database: str
    keys: bool
    files: dict[str, tuple[int, str]]
    version: int = VERSION

    @property
    def moment(self) -> datetime:
        return datetime.fromisoformat(self.made_at)

    @property
    def size(self) -> int:
        return sum(size for size, _ in self.files.values())

    def write(self, folder: Path) -> None:
        """Keep it, once everything else is on the disk."""
        os.sync()
        working = folder / f".{NAME}"
        disk.write(working, [json.dumps(asdict(self), indent=1).encode()])
        disk.move(working, folder / NAME)
        disk.sync_directory(folder)


def read(folder: Path) -> BackupManifest:
    """Raises: FileDropError when the folder holds no backup, or one of another version."""
    try:
        plain = json.loads((folder / NAME).read_bytes())
        if plain["version"] != VERSION:
            raise FileDropError(f"{folder}: a backup of version {plain['version']}, which this program does not know")
        return BackupManifest(**plain | {"files": {path: tuple(one) for path, one in plain["files"].items()}})
    except FileNotFoundError:
        raise FileDropError(f"{folder} holds no backup, or one that was not finished ({NAME} is missing)") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise FileDropError(f"{folder / NAME} cannot be read: {error}") from error


def digest(path: Path, advance: Advance) -> tuple[int, str]:
    """Size and SHA-256 of a file. Raises: OSError."""
    found, size = hashlib.sha256(), 0
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            found.update(chunk)
            size += len(chunk)
            advance(len(chunk))
    return size, found.hexdigest()


def faults(folder: Path, manifest: BackupManifest, advance: Advance) -> list[str]:
    """What is missing, has other bytes than when it was made, or is there besides."""
    found = []
    for path, wanted in manifest.files.items():
        try:
            if digest(folder / path, advance) != tuple(wanted):
                found.append(f"{path} is not what it was")
        except OSError as error:
            found.append(f"{path} cannot be read: {error.strerror}")
    there = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    return found + [f"{path} does not belong to it" for path in sorted(there - set(manifest.files) - {NAME})]
