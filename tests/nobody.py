"""Programs of ours that run as another user, in a place that this user can reach: for what only strangers can show."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

NOBODY = 65534
# All is imported before: what belongs to root may lie where nobody can read it.
PROLOGUE = f"""
import os, pathlib, sys
def become_nobody(*groups):
    os.setgroups(groups)
    os.setgid({NOBODY})
    os.setuid({NOBODY})
    os.umask(0o022)
"""


def needs_root() -> None:
    if os.geteuid() != 0:
        pytest.skip("not at hand: only root can become another user")


def program(text: str, *arguments: str) -> list[str]:
    """The command of a program that may call `become_nobody(*groups)`."""
    return [sys.executable, "-c", PROLOGUE + text, *arguments]


def as_nobody(text: str, *arguments: str) -> str:
    """What such a program says."""
    done = subprocess.run(
        program(text, *arguments), capture_output=True, text=True, timeout=120, check=False, stdin=subprocess.DEVNULL
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@contextmanager
def shared_folder() -> Iterator[Path]:
    """A folder that everybody can reach and read, unlike pytest's own."""
    needs_root()
    folder = Path(tempfile.mkdtemp(prefix="cws-filedrop-test-"))
    try:
        folder.chmod(0o755)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
