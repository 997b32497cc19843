"""What somebody did at a door, or was not let do: the words of the audit trail. Values only."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEvent:
    """One entry. `seller` is the name that was tried where a login was refused; `client` is the client's program."""

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


def unseen(deed: AuditEvent) -> None:
    """Nobody keeps a trail."""
