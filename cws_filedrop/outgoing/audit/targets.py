"""Where the audit trail may be exported to. Each either has all of some lines, or raises OSError and is asked again."""

from __future__ import annotations

import os
import socket
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Protocol

from cws_filedrop import private
from cws_filedrop.door_settings import LOCAL_SYSLOG, export_target
from cws_filedrop.drop.audit_events import AuditEventKind
from cws_filedrop.store.doors.audit import AuditRow

NAME: Final = "cws_filedrop"
TIMEOUT_SECONDS: Final = 10.0
_FACILITY: Final = 10  # security and authorization (RFC 5424, 6.2.1)
_INFO: Final = 6
_SEVERITY: Final[dict[str, int]] = {AuditEventKind.LOGIN_REFUSED: 5, AuditEventKind.REFUSED: 5, AuditEventKind.GAP: 4}


@dataclass(frozen=True, slots=True)
class Exported:
    """An entry, and its line."""

    row: AuditRow
    line: str

    @property
    def priority(self) -> int:
        """Facility and severity, as syslog counts them."""
        return _FACILITY * 8 + _SEVERITY.get(self.row.event, _INFO)


class Target(Protocol):
    """Where lines go."""

    def write(self, some: Sequence[Exported]) -> None:
        """Take all of them. Raises: OSError."""


def target_of(setting: str) -> Target:
    """The target that `[audit] export` names."""
    kind, place = export_target(setting)
    if kind == "file":
        return LinesFile(Path(place).expanduser().absolute())
    if kind == "tcp":
        host, _, port = place.rpartition(":")
        return RemoteSyslog(host.strip("[]"), int(port))
    return LocalSyslog(place)


class LinesFile:
    """A file that lines are added to. It is opened each time, so that it may be rotated by moving it away."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def write(self, some: Sequence[Exported]) -> None:
        """All lines, on the disk; what a full disk has cut off is taken back."""
        body = "".join(f"{one.line}\n" for one in some).encode()
        opened = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND, private.FILE)
        try:
            before = os.fstat(opened).st_size
            if before and os.pread(opened, 1, before - 1) != b"\n":
                body = b"\n" + body  # a kill has left half a line
            self._add(opened, body, before)
        finally:
            os.close(opened)

    def _add(self, opened: int, body: bytes, before: int) -> None:
        try:
            while body:
                body = body[os.write(opened, body) :]
            os.fsync(opened)
        except OSError:
            with suppress(OSError):
                os.ftruncate(opened, before)
            raise


class LocalSyslog:
    """The syslog of this machine, by its socket."""

    def __init__(self, path: str = LOCAL_SYSLOG) -> None:
        self._path = path

    def write(self, some: Sequence[Exported]) -> None:
        """All lines, a datagram each."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as there:
            there.settimeout(TIMEOUT_SECONDS)
            there.connect(self._path)
            for one in some:
                there.send(f"<{one.priority}>{NAME}: {one.line}".encode())


class RemoteSyslog:
    """A syslog server by TCP (RFC 5424 in the framing of RFC 6587, 3.4.1)."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port

    def write(self, some: Sequence[Exported]) -> None:
        """All lines, on a connection of their own. That the server closes it in return is all that shows that it has
        read them; syslog itself confirms nothing."""
        with socket.create_connection((self._host, self._port), timeout=TIMEOUT_SECONDS) as there:
            there.sendall(b"".join(self._frame(one) for one in some))
            there.shutdown(socket.SHUT_WR)
            while there.recv(4096):
                pass

    def _frame(self, one: Exported) -> bytes:
        at = datetime.fromisoformat(one.row.at).astimezone(UTC).isoformat(timespec="milliseconds")
        message = f"<{one.priority}>1 {at} {socket.gethostname() or '-'} {NAME} - audit - {one.line}".encode()
        return f"{len(message)} ".encode() + message
