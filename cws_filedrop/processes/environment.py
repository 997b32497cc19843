"""What processes of ours are given of the environment: what libraries need, and settings; no secrets of others."""

from __future__ import annotations

import os
import secrets
import socket
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

from cws_filedrop import config, private
from cws_filedrop.settings import Settings

TEMPORARY: Final = "tmp"  # in the data folder
_NAMES: Final = frozenset(
    (
        *("PATH", "HOME", "USER", "LOGNAME", "LANG", "LANGUAGE", "TZ", "TZDIR", "TERM", "NO_COLOR", "VIRTUAL_ENV"),
        *("LD_LIBRARY_PATH", "OPENSSL_CONF", "SSL_CERT_FILE", "SSL_CERT_DIR", "CREDENTIALS_DIRECTORY"),
    )
)
# Of the C library, Python, its measuring tools, arrow's threads, and the client library of PostgreSQL.
_BEGINNINGS: Final = ("LC_", "MALLOC_", "PYTHON", "COVERAGE_", "COV_CORE_", "OMP_", "ARROW_", "PG")
_REFERENCE: Final = "env:"
_WORKER: Final = "CWSFD_WORKER"
HOST_LETTERS: Final = 24
OLD_SECONDS: Final = 86_400.0


def of_child(settings: Settings) -> dict[str, str]:
    """The environment of a process of ours, with the settings in it."""
    kept = {name: value for name, value in os.environ.items() if name in _NAMES or name.startswith(_BEGINNINGS)}
    return {**kept, "TMPDIR": str(settings.data / TEMPORARY), **config.environment(settings)}


def _is_old(path: Path) -> bool:
    """Others on this folder may have made it, too, but long ago."""
    with suppress(FileNotFoundError):
        return path.stat().st_mtime < time.time() - OLD_SECONDS
    return False


def of_reader(settings: Settings) -> dict[str, str]:
    """That of a process that reads for this worker: it is kept out together with it."""
    return {**of_child(settings), _WORKER: worker()}


def host() -> str:
    """The name of this host."""
    return socket.gethostname()


def name_worker() -> None:
    """Give this process a name as a worker that none had before."""
    os.environ[_WORKER] = f"{host()[:HOST_LETTERS]}-{os.getpid()}-{secrets.token_hex(4)}"


def worker() -> str:
    """The name of the worker that this process is, or works for; "" if it is none."""
    return os.environ.get(_WORKER, "")


def named(reference: str) -> dict[str, str]:
    """The variable that a setting refers to (`env:NAME`), for the one process that needs it."""
    name = reference.removeprefix(_REFERENCE)
    return {name: os.environ[name]} if reference.startswith(_REFERENCE) and name in os.environ else {}


def keep_temporary_files(settings: Settings) -> None:
    """Have this process make its temporary files in the data folder, not where everybody's are; emptied first."""
    folder = settings.data / TEMPORARY
    folder.mkdir(mode=private.FOLDER, exist_ok=True)
    for path in folder.iterdir():  # left behind by processes that were killed
        if path.is_file() and not path.is_symlink() and (settings.database.is_embedded or _is_old(path)):
            path.unlink(missing_ok=True)
    tempfile.tempdir = str(folder)
