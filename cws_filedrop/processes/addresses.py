"""Where the running service is to be found."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Addresses:
    """Of each door (host, port), None for one that is closed; how the folder door looks; URLs of the others."""

    ftp: tuple[str, int] | None = None
    ftps: tuple[str, int] | None = None  # by implicit TLS
    sftp: tuple[str, int] | None = None
    folder: str = ""
    marketplace: str = ""
    web: str = ""
