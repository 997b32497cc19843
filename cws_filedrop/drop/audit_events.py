"""Audit events: what somebody did at a door, or was refused. Values only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias


class AuditEventKind(StrEnum):
    """What happened."""

    LOGIN = "login"
    LOGIN_REFUSED = "login-refused"
    LOGOUT = "logout"
    UPLOAD = "upload"
    UPLOAD_CUT = "upload-cut"
    DOWNLOAD = "download"
    DELETE = "delete"
    RENAME = "rename"
    REFUSED = "refused"
    TOKENS = "token"  # an API token was changed
    HOOKS = "hook"  # a web hook was changed
    ACCESS = "access"  # a password or second factor was changed
    GAP = "gap"  # entries are missing here, or were removed before they were exported


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEvent:
    """One entry. For a refused login `seller` is the name that was tried; `client` is the client's program."""

    event: AuditEventKind
    seller: str = ""
    address: str = ""
    door: str = ""
    client: str = ""
    name: str = ""
    upload_id: str = ""
    size: int | None = None
    detail: str = ""


Witness: TypeAlias = Callable[[AuditEvent], None]


def unseen(event: AuditEvent) -> None:
    """Discard an event: the default witness, where no trail is kept."""
