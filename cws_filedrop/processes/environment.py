"""What processes of ours are given of the environment: what libraries need, and settings; no secrets of others."""

from __future__ import annotations

import os
import tempfile
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


def of_child(settings: Settings) -> dict[str, str]:
    """The environment of a process of ours, with the settings in it."""
    kept = {name: value for name, value in os.environ.items() if name in _NAMES or name.startswith(_BEGINNINGS)}
    return {**kept, "TMPDIR": str(settings.data / TEMPORARY), **config.environment(settings)}


def named(reference: str) -> dict[str, str]:
    """The variable that a setting refers to (`env:NAME`), for the one process that needs it."""
    name = reference.removeprefix(_REFERENCE)
    return {name: os.environ[name]} if reference.startswith(_REFERENCE) and name in os.environ else {}


def keep_temporary_files(settings: Settings) -> None:
    """Have this process make its temporary files in the data folder, not where everybody's are; emptied first."""
    folder = settings.data / TEMPORARY
    folder.mkdir(mode=private.FOLDER, exist_ok=True)
    for path in folder.iterdir():  # left behind by processes that were killed
        if path.is_file() and not path.is_symlink():
            path.unlink(missing_ok=True)
    tempfile.tempdir = str(folder)
