"""Who may look at what a process of ours makes: nobody else, unless the maker says so. Knows no folder of ours."""

from __future__ import annotations

import grp
import os
import pwd
from typing import Final

FOLDER: Final = 0o700
FILE: Final = 0o600
OTHERS: Final = 0o077  # the rights of the group and of everybody else


def set_umask() -> None:
    """Keep others out of whatever this process and its children make from here on, libraries' files among it."""
    os.umask(OTHERS)


def user_name() -> str:
    """Whom this process runs as, for people."""
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return f"user {os.geteuid()}"


def group_id(name: str) -> int | None:
    """The number of a group, given by name or number; None when there is none of that name."""
    try:
        return grp.getgrnam(name).gr_gid
    except KeyError:
        return int(name) if name.isascii() and name.isdigit() else None


def group_fault(name: str) -> str:
    """What is wrong with the name of a group; "" for a known one, and for none."""
    return f"there is no group {name!r} on this system" if name and group_id(name) is None else ""
