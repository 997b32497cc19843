"""The few disk operations everything else is made of, each one small enough to be the last before a power cut.

What they make nobody else may read, unless they are told another mode.

Knows nothing of sellers, uploads or grades. Call these through the module (`disk.move(...)`): the crash tests count
the calls and kill the process at each one.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import stat
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from typing import Final

from cws_filedrop import private

_MOST_AT_ONCE: Final = 16
_COPY_BYTES: Final = 1_048_576
_READ_AND_WRITE: Final = 0o066  # of the group and of everybody


def sync_file(descriptor: int) -> None:
    """Return when the bytes of an open file are on the disk."""
    os.fsync(descriptor)


def open_own(path: Path) -> int:
    """Open a file to be written, or make it.

    Raises: OSError; FileExistsError for what is no file of ours: a link, a pipe, or a file that has another name too.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK, private.FILE)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENXIO, errno.EISDIR):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path)) from error
        raise
    found = os.fstat(descriptor)
    if stat.S_ISREG(found.st_mode) and found.st_nlink == 1:
        return descriptor
    os.close(descriptor)
    raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))


def sync_directory(directory: Path) -> None:
    """Return when the names in a directory are on the disk."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_directory(directory: Path) -> None:
    """Make a directory that must not exist yet. Raises: FileExistsError."""
    os.mkdir(directory, private.FOLDER)


def make_shared(directory: Path) -> None:
    """Make a directory, unless it is there, that is open to whomever the one above it is open to.

    Raises: OSError, FileExistsError when something else has that name.
    """
    try:
        os.mkdir(directory, private.FOLDER)
    except FileExistsError:
        if not directory.is_dir():
            raise
        return
    above, own = os.stat(directory.parent).st_mode, os.stat(directory).st_mode
    if above & private.OTHERS:
        os.chmod(directory, stat.S_IMODE(own) | (above & private.OTHERS))


def shared_mode(directory: Path) -> int:
    """The mode of a file that whoever may look into its directory may read, and write who may write there."""
    return private.FILE | (os.stat(directory).st_mode & _READ_AND_WRITE)


def make_private(path: Path) -> None:
    """Let nobody else read a file, wherever it came from; what is not ours stays as it is."""
    with contextlib.suppress(OSError):
        os.chmod(path, private.FILE)


def sync_path(path: Path) -> None:
    """Return when the bytes of a file are on the disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class _Pool:
    """Threads that wait for the disk; a process that was forked has none of its parent's."""

    def __init__(self) -> None:
        self.renew()
        os.register_at_fork(after_in_child=self.renew)

    def renew(self) -> None:
        self.threads = ThreadPoolExecutor(_MOST_AT_ONCE, thread_name_prefix="disk")


_POOL: Final = _Pool()


def together(first: Callable[[], None], *others: Callable[[], None]) -> None:
    """Do several things that wait for the disk at the same time, and return when all are done.

    What is asked for at once a filesystem writes down in one go; one after the other takes as many times as long.
    Raises: OSError.
    """
    waiting = [_POOL.threads.submit(one) for one in others]
    try:
        first()
    finally:
        wait(waiting)
    for one in waiting:
        one.result()


def free_bytes(directory: Path) -> int:
    """What may still be written on the filesystem of a directory."""
    found = os.statvfs(directory)
    return found.f_bavail * found.f_frsize


def write(path: Path, chunks: Iterable[bytes]) -> None:
    """Write a new file (or over an old one) and return when its bytes are on the disk; its name may not be yet."""
    write_soon(path, chunks)
    sync_path(path)


def write_soon(path: Path, chunks: Iterable[bytes], *, mode: int = private.FILE) -> None:
    """`write` without waiting for the disk: for what may be lost in a power cut, or until `sync_path`."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, private.FILE)
    with open(descriptor, "wb") as file:
        if mode != private.FILE:
            os.fchmod(descriptor, mode)
        for chunk in chunks:
            file.write(chunk)


def replace_private(path: Path, content: bytes) -> None:
    """Write a file that nobody but us may read, whole or not at all; return when it is on the disk."""
    working = path.with_name(f".{path.name}.{os.getpid()}")
    remove(working)
    descriptor = os.open(working, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, private.FILE)
    with open(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        sync_file(descriptor)
    move(working, path)
    sync_directory(path.parent)


def move(source: Path, target: Path) -> None:
    """Rename within one filesystem; an existing target is replaced."""
    os.rename(source, target)


def move_new(source: Path, target: Path) -> None:
    """Rename within one filesystem, to a name that is free. Raises: FileExistsError; OSError where that is unknown."""
    if _LIBC is not None and _LIBC.renameat2(_HERE, os.fsencode(source), _HERE, os.fsencode(target), _NO_REPLACE) == 0:
        return
    number = ctypes.get_errno() if _LIBC is not None else errno.ENOSYS
    if number not in (errno.EINVAL, errno.ENOSYS):
        raise OSError(number, os.strerror(number), str(target))
    os.link(source, target, follow_symlinks=False)  # a file system that knows no such rename
    os.unlink(source)


def _library() -> ctypes.CDLL | None:
    library = ctypes.CDLL(None, use_errno=True)
    return library if hasattr(library, "renameat2") else None


_LIBC: Final = _library()
_HERE: Final = -100  # AT_FDCWD
_NO_REPLACE: Final = 1  # RENAME_NOREPLACE


def copy_bytes(descriptor: int, target: Path) -> None:
    """Copy what a file has now into a new one, and return when that is on the disk."""
    with open(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, private.FILE), "wb") as file:
        offset = 0
        while chunk := os.pread(descriptor, _COPY_BYTES, offset):
            file.write(chunk)
            offset += len(chunk)
        file.flush()
        sync_file(file.fileno())


def remove(path: Path) -> None:
    """Remove a file; it is no mistake if it is gone."""
    path.unlink(missing_ok=True)


def remove_directory(directory: Path) -> None:
    """Remove an empty directory."""
    os.rmdir(directory)
