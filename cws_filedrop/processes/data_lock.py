"""One service works on a data folder, or several on one PostgreSQL: a lock in it that ends with its process, however
that ends."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import TextIO

from cws_filedrop.errors import ConfigError


def take(folder: Path, *, shared: bool = False) -> TextIO:
    """Make the folder if need be, and take its lock, alone or with others who share it; whoever closes the file gives
    it back.

    Raises: ConfigError when another process has it, or the folder cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / "worker.lock").open("a+")
    except OSError as error:
        raise ConfigError(f"[service] data_dir: {folder} cannot be used: {error.strerror}") from error
    try:
        fcntl.flock(lock, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except OSError as error:
        lock.close()
        raise ConfigError(f"{folder}: another cws-filedrop works on this data folder already") from error
    lock.truncate(0)
    lock.write(f"{os.getpid()}\n")
    lock.flush()
    return lock
