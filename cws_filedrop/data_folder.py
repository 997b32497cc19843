"""The data folder: who is kept out of it, and who is let through to the sellers' folders.

    data/                                   0700; 0710 with [service] group
    data/ databases, spool, logs, keys …    0700, files 0600
    data/ homes, order-files                as they are; 2770, files 0660 with [service] group

What our processes make is private from the beginning (`private`). Here what an earlier version has made, or somebody
has opened since, is closed at the start of the service, and told. Programs of the group drop files and collect answers:
its rights end at the folders that are there for that.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Final

from cws_filedrop import log, private
from cws_filedrop.drop.home import LANDING
from cws_filedrop.errors import ConfigError
from cws_filedrop.settings import Settings
from cws_filedrop.store.database import default_url, sqlite_file

LOG: Final = log.get(__name__)
FOLDERS: Final = ("spool", "logs", "keys", "documents", "tmp")
RESTORING: Final = "RESTORING"  # in a data folder that a backup is put back into, until all of it is there
SMALL: Final = frozenset({"logs", "keys"})  # looked through at every start
BESIDE: Final = ("", "-wal", "-shm", "-journal")  # a database, and what SQLite puts beside it
PASS: Final = 0o010  # the group may go through the folder, and not see what is in it
SHARED_FOLDER: Final = 0o2770
SHARED_FILE: Final = 0o660


def make(settings: Settings) -> None:
    """Make the data folder, if there is none. Raises: ConfigError."""
    try:
        settings.data.mkdir(mode=private.FOLDER, parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"[service] data_dir: {settings.data} cannot be made: {error.strerror}") from error


def prepare(settings: Settings) -> None:
    """Make the data folder, close it to others, and let the group through to the sellers' folders, if one is named.

    Raises: ConfigError when the folder cannot be made, or nothing can be given to the group.
    """
    make(settings)
    if (settings.data / RESTORING).exists():
        raise ConfigError(
            f"{settings.data}: a backup was not restored to its end; empty the folder and restore it again"
        )
    if closed := unwritable(settings):
        raise ConfigError(f"[service] data_dir: {closed[0]} cannot be written by {private.user_name()}")
    gid = private.group_id(settings.service.group) if settings.service.group else None
    for path in _private(settings):
        _close(path)
    if gid is not None:
        for path in _shared(settings):
            _give(path, gid, settings.service.group)
    _close_top(settings.data, gid)  # last: the group passes only when everything beyond is as it should be


def unwritable(settings: Settings) -> list[Path]:
    """What is there, and the service cannot write, though it has to: folders, and the files of its database.

    Not its logs: it runs without, and says so.
    """
    folders = [settings.data, *(settings.data / name for name in (*FOLDERS, "homes") if name != "logs")]
    file = sqlite_file(settings.database.url or default_url(settings.data))
    files = [file.with_name(file.name + ending) for ending in BESIDE] if file else []
    closed = [path for path in folders if path.exists() and not os.access(path, os.W_OK | os.X_OK)]
    return closed + [path for path in files if path.exists() and not os.access(path, os.W_OK)]


def _private(settings: Settings) -> list[Path]:
    data = settings.data
    databases = (sqlite_file(settings.database.url or default_url(data)), data / "sandbox.db")
    files = [one.with_name(one.name + ending) for one in databases if one for ending in BESIDE]
    return [*files, data / "worker.lock", *(data / name for name in FOLDERS)]


def _shared(settings: Settings) -> list[Path]:
    """Homes, and the folder for order reports unless somebody else has made one elsewhere: that one is theirs."""
    drops = settings.order_drops
    is_ours = drops.is_relative_to(settings.data) or not drops.exists()
    return [settings.data / "homes", *([drops] if is_ours else [])]


# Closing what is private.


def _close(path: Path) -> None:
    """Close a file, or a folder with all that is in it, and say so if it was open to others."""
    place = path.resolve()  # a link here is the operator's way of keeping it elsewhere
    try:
        found = os.stat(place)
        is_folder = stat.S_ISDIR(found.st_mode)
        closed = _close_folder(place, whole=path.name in SMALL) if is_folder else _close_file(place)
    except FileNotFoundError:
        return
    except OSError as error:
        LOG.warning("data.not_made_private", path=str(path), why=error.strerror)
        return
    if closed:
        LOG.warning("data.made_private", path=str(path), mode=_shown(found), number=closed)


def _close_folder(folder: Path, *, whole: bool = False) -> int:
    """How many folders and files were open. Unless it is wanted whole, what lies in a closed folder, where nobody can
    reach it, is not looked at: a spool may hold a million files.
    """
    number = 0
    for _, names, files, descriptor in os.fwalk(folder, follow_symlinks=False):
        was_open = _close_descriptor(descriptor)
        number += was_open
        if was_open or whole:
            number += sum(_close_file(name, descriptor) for name in files)
        else:
            names.clear()
    return number


def _close_file(path: Path | str, folder: int | None = None) -> bool:
    """Was it open? Files of others, which came by an inbox, stay theirs: they lie in folders that are closed."""
    found = os.stat(path, dir_fd=folder, follow_symlinks=False)
    if not stat.S_ISREG(found.st_mode) or not stat.S_IMODE(found.st_mode) & private.OTHERS:
        return False
    if folder is not None and found.st_uid != os.geteuid():
        return False
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
    try:
        return _close_descriptor(descriptor)
    finally:
        os.close(descriptor)


def _close_descriptor(descriptor: int) -> bool:
    mode = stat.S_IMODE(os.fstat(descriptor).st_mode)
    if mode & private.OTHERS:
        os.fchmod(descriptor, mode & ~private.OTHERS)
    return bool(mode & private.OTHERS)


def _close_top(data: Path, gid: int | None) -> None:
    found = os.stat(data)
    mode, passing = stat.S_IMODE(found.st_mode), PASS if gid is not None else 0
    wanted = mode & ~private.OTHERS | passing
    try:
        if mode & stat.S_ISVTX:
            raise PermissionError(0, "it belongs to everybody, such as /tmp")
        if gid is not None and found.st_gid != gid:
            os.chown(data, -1, gid)
        if mode != wanted:
            os.chmod(data, wanted)
    except OSError as error:
        LOG.warning("data.not_made_private", path=str(data), why=error.strerror)
        return
    if mode & private.OTHERS & ~passing:
        LOG.warning("data.made_private", path=str(data), mode=_shown(found), number=1)


def _shown(found: os.stat_result) -> str:
    return f"{stat.S_IMODE(found.st_mode):04o}"


# Opening what is there for the group.


def _give(root: Path, gid: int, group: str) -> None:
    """Give a folder and what is in it to the group, as far as it is ours; uploads that grow stay closed."""
    try:
        root.mkdir(mode=private.FOLDER, parents=True, exist_ok=True)
        for path, names, files, descriptor in os.fwalk(root.resolve(), follow_symlinks=False):
            if LANDING in names:
                names.remove(LANDING)
                _close_folder(Path(path, LANDING))
            if _give_descriptor(descriptor, gid, SHARED_FOLDER):
                for name in files:
                    _give_file(name, descriptor, gid)
    except OSError as error:
        words = f"{root} cannot be given to {group}: {error.strerror}; is the user that runs the service in it?"
        raise ConfigError(f"[service] group: {words}") from error


def _give_file(name: str, folder: int, gid: int) -> None:
    found = os.stat(name, dir_fd=folder, follow_symlinks=False)
    # A second name could be that of a file elsewhere, whose rights are nobody's business here.
    if stat.S_ISREG(found.st_mode) and found.st_nlink == 1 and found.st_uid == os.geteuid():
        descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
        try:
            _give_descriptor(descriptor, gid, SHARED_FILE)
        finally:
            os.close(descriptor)


def _give_descriptor(descriptor: int, gid: int, mode: int) -> bool:
    """Was it ours, and not as it should be? What belongs to another user has been given to him by somebody."""
    found = os.fstat(descriptor)
    if found.st_uid != os.geteuid() or (found.st_gid, stat.S_IMODE(found.st_mode)) == (gid, mode):
        return False
    if found.st_gid != gid:
        os.fchown(descriptor, -1, gid)
    os.fchmod(descriptor, mode)
    return True
