"""What a service of several may do: a host has the doors, works, serves the pages, or all of it."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from cws_filedrop.errors import ConfigError


class ServiceRole(StrEnum):
    """A part of the service."""

    DOORS = "doors"
    WORKER = "worker"
    WEB = "web"


EVERY: Final = frozenset(ServiceRole)


def parse(text: str, *, embedded: bool) -> frozenset[ServiceRole]:
    """The roles in a text such as "doors,worker"; with an embedded database one service does everything.

    Raises: ConfigError.
    """
    names = [name.strip() for name in text.split(",")]
    if wrong := [name for name in names if name not in list(ServiceRole)]:
        raise ConfigError(f"--roles: {wrong[0]!r} is none of {', '.join(ServiceRole)}")
    if embedded and set(names) != EVERY:
        raise ConfigError(
            "--roles: SQLite is for one service that does everything; to share the work, set [database] url"
        )
    return frozenset(map(ServiceRole, names))
