"""Puts a backup back, where no data is, so that nothing is sent twice: what was sent after the backup was made is not
in it, and so sending is paused until that is known (`orders.catching_up`)."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from cws_filedrop import data_folder, private
from cws_filedrop.cli.backup import manifest as manifests
from cws_filedrop.cli.backup.copying import KEYS, ORDER_FILES, SETTINGS
from cws_filedrop.cli.backup.manifest import Advance, BackupManifest
from cws_filedrop.drop.claims import read_claim
from cws_filedrop.drop.spool import Spool
from cws_filedrop.errors import ConfigError, FileDropError
from cws_filedrop.model import Grade
from cws_filedrop.processes import data_lock
from cws_filedrop.service_context import database_url
from cws_filedrop.settings import Settings
from cws_filedrop.store import copying
from cws_filedrop.store.database import Database
from cws_filedrop.store.feeds import unseen
from cws_filedrop.store.opening import open_database
from cws_filedrop.store.uploads import uploads

AT_ONCE: Final = 500
OURS: Final = ("worker.lock", data_folder.RESTORING, "lost+found")
"""What an empty data folder may hold."""


@dataclass(frozen=True, slots=True)
class Restored:
    """What was restored: uploads that are read anew, since the database of the backup does not have them, and accounts
    for which sending is paused."""

    again: list[str]
    accounts: int
    without_keys: bool


def faults(folder: Path, manifest: BackupManifest, advance: Advance) -> list[str]:
    """What is wrong with a backup; an empty list for one that can be restored."""
    found = manifests.faults(folder, manifest, advance)
    if why := copying.fault(folder / manifest.database):
        found.append(f"{manifest.database}: {why}")
    return found


def restore(settings: Settings, folder: Path, manifest: BackupManifest, advance: Advance) -> Restored:
    """Make data folder and database of a backup that was verified. Raises: ConfigError, FileDropError, OSError."""
    private.set_umask()
    data = settings.data
    if data.is_dir() and (there := sorted(set(os.listdir(data)) - set(OURS))):
        raise ConfigError(f"[service] data_dir: {data} is not empty ({there[0]}); a backup is restored into a new one")
    if manifest.marketplace != settings.marketplace.kind:
        raise ConfigError(f"[marketplace] kind: the backup is of {manifest.marketplace}")
    data_folder.make(settings)
    with data_lock.take(data):
        (data / data_folder.RESTORING).touch()
        for path in manifest.files:
            if (target := _target(settings, path)) is not None:
                target.parent.mkdir(mode=private.FOLDER, parents=True, exist_ok=True)
                shutil.copy2(folder / path, target)
                advance(target.stat().st_size)
        _folders(settings, folder)
        restored = _database(settings, folder, manifest)
        os.sync()
        (data / data_folder.RESTORING).unlink()
    return restored


def _target(settings: Settings, path: str) -> Path | None:
    """Where a file of a backup belongs; None for what is no file of the data folder."""
    top, _, rest = path.partition("/")
    if not rest or top == SETTINGS:
        return None
    return settings.order_drops / rest if top == ORDER_FILES else settings.data / path


def _folders(settings: Settings, folder: Path) -> None:
    """Empty folders are a part of it, too: inboxes."""
    for path, names, _ in os.walk(folder):
        for name in names:
            target = _target(settings, str(Path(path, name, "x").relative_to(folder)))
            if target is not None:
                target.parent.mkdir(mode=private.FOLDER, parents=True, exist_ok=True)


def _database(settings: Settings, folder: Path, manifest: BackupManifest) -> Restored:
    copying.put_back(folder / manifest.database, database_url(settings))
    db = open_database(settings)
    try:
        db.create()
        accounts = unseen.mark(db, since=manifest.moment, now=datetime.now(UTC))
        again = _take_up(db, settings.data / "spool")
    finally:
        db.close()
    return Restored(again, accounts, without_keys=not any(path.startswith(f"{KEYS}/") for path in manifest.files))


def _take_up(db: Database, root: Path) -> list[str]:
    """Have uploads read that were taken after the database was copied; remove what was copied twice on its way."""
    spool, again = Spool(root), []
    there = set(spool.accepted())
    for arrival in list(spool.arrivals()):
        if arrival.upload_id in there:
            shutil.rmtree(arrival.path)
    waiting = {arrival.upload_id for arrival in spool.arrivals()}
    for name, _ in list(spool.landed()):
        if name in there | waiting:
            shutil.rmtree(root / "landed" / name)
    for upload_id in _unrecorded(db, sorted(there)):
        claim = read_claim((spool.path(upload_id) / "claim.json").read_bytes())
        os.rename(spool.path(upload_id), root / "arrived" / f"{upload_id}.{claim.grade or Grade.DOUBTFUL}")
        again.append(upload_id)
    return again


def _unrecorded(db: Database, upload_ids: list[str]) -> Iterator[str]:
    for start in range(0, len(upload_ids), AT_ONCE):
        some = upload_ids[start : start + AT_ONCE]
        known = {upload.id for upload in uploads.some(db, some)}
        yield from (one for one in some if one not in known)


def checked(folder: Path, manifest: BackupManifest, advance: Advance) -> None:
    """Raises: FileDropError when something is wrong with the backup."""
    if found := faults(folder, manifest, advance):
        raise FileDropError(f"{folder}: {found[0]}" + (f", and {len(found) - 1} more faults" if found[1:] else ""))
