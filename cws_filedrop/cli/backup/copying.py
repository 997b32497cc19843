"""Makes a backup while the service runs.

The database first, then the files: what is in the copied database has its bytes in the copy, except what is deleted
meanwhile since it is past its retention. Uploads that the database does not have yet lie in the copied spool, and are
taken up from there (`restoring`). The spool is read in the order in which uploads move through it, so that one that
moves meanwhile is met at least once.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from cws_filedrop import __version__, private
from cws_filedrop.cli.backup.manifest import CHUNK, Advance, BackupManifest
from cws_filedrop.errors import ConfigError
from cws_filedrop.service_context import database_url
from cws_filedrop.settings import Settings
from cws_filedrop.store import copying
from cws_filedrop.store.database import stamp

SPOOL: Final = ("spool/landed", "spool/arrived", "spool/uploads")  # the way of an upload
OTHERS: Final = ("homes", "documents")
ORDER_FILES: Final = "order-files"
KEYS: Final = "keys"
SETTINGS: Final = "cws_filedrop.toml"


def sources(settings: Settings, *, with_keys: bool) -> dict[str, Path]:
    """The folders that belong to a backup, by their place in it."""
    names = (*SPOOL, *OTHERS, *([KEYS] if with_keys else []))
    return {name: settings.data / name for name in names} | {ORDER_FILES: settings.order_drops}


def size(settings: Settings, *, with_keys: bool) -> int:
    """About how many bytes the files of a backup have."""
    folders = sources(settings, with_keys=with_keys).values()
    return sum(_size(path) for folder in folders for path in _files(folder))


def make(settings: Settings, to: Path, *, config: Path | None, with_keys: bool, advance: Advance) -> BackupManifest:
    """Copy everything into an empty or a new folder. Raises: ConfigError, FileDropError, OSError."""
    private.set_umask()
    to.mkdir(mode=private.FOLDER, parents=True, exist_ok=True)
    if any(to.iterdir()):
        raise ConfigError(f"{to} is not empty; a backup has a folder of its own")
    made_at, url = stamp(datetime.now(UTC)), database_url(settings)
    name = copying.name_for(url)
    copying.copy(url, to / name)
    files = {name: _digest(to / name)}
    if config is not None:
        files |= _copied(config, to / SETTINGS, SETTINGS, advance)
    for place, folder in sources(settings, with_keys=with_keys).items():
        files |= _tree(folder, to / place, place, advance)
    manifest = BackupManifest(made_at, __version__, settings.marketplace.kind, name, with_keys, files)
    manifest.write(to)
    return manifest


def _tree(folder: Path, target: Path, place: str, advance: Advance) -> dict[str, tuple[int, str]]:
    """Copy a folder with all folders and files in it. What moves away meanwhile is met elsewhere, or was deleted."""
    found: dict[str, tuple[int, str]] = {}
    with suppress(FileNotFoundError):
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        target.mkdir(mode=private.FOLDER, parents=True, exist_ok=True)
        for entry in entries:
            inside = f"{place}/{entry.name}"
            if entry.is_dir(follow_symlinks=False):
                found |= _tree(folder / entry.name, target / entry.name, inside, advance)
            elif entry.is_file(follow_symlinks=False):
                found |= _copied(folder / entry.name, target / entry.name, inside, advance)
    return found


def _copied(source: Path, target: Path, place: str, advance: Advance) -> dict[str, tuple[int, str]]:
    """Copy a file, unless it has gone."""
    found, length = hashlib.sha256(), 0
    with suppress(FileNotFoundError), source.open("rb") as file, target.open("wb") as copied:
        while chunk := file.read(CHUNK):
            found.update(chunk)
            length += copied.write(chunk)
            advance(len(chunk))
        kept = os.fstat(file.fileno())
        os.utime(copied.fileno(), ns=(kept.st_atime_ns, kept.st_mtime_ns))
        return {place: (length, found.hexdigest())}
    return {}


def _digest(path: Path) -> tuple[int, str]:
    with path.open("rb") as file:
        return path.stat().st_size, hashlib.file_digest(file, "sha256").hexdigest()


def _files(folder: Path) -> Iterator[Path]:
    for path, _, names in os.walk(folder):
        yield from (Path(path, name) for name in names)


def _size(path: Path) -> int:
    with suppress(OSError):
        found = os.lstat(path)
        return found.st_size if stat.S_ISREG(found.st_mode) else 0
    return 0
