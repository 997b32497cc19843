"""The settings of the doors: FTP, TLS, SFTP, folders, guard and audit trail. A table, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

LOCAL_SYSLOG: Final = "/dev/log"


def export_target(setting: str) -> tuple[str, str]:
    """The kind of target of an export (file, local or tcp), and its place. Raises: ValueError."""
    kind, _, place = setting.partition(":")
    if kind == "file" and place:
        return "file", place
    if kind == "syslog" and (not place or place.startswith("/")):
        return "local", place or LOCAL_SYSLOG
    host, _, port = place.rpartition(":")
    if kind == "syslog" and host and port.isdecimal() and 0 < int(port) < 65_536:
        return "tcp", place
    raise ValueError(setting)


def export_fault(setting: str) -> str:
    """What is wrong with `[audit] export`, in words; "" = nothing."""
    try:
        export_target(setting or "syslog")
    except ValueError:
        return f"{setting!r} is no place for the audit trail; write file:PATH, syslog or syslog:HOST:PORT"
    return ""


@dataclass(frozen=True, slots=True)
class FtpSettings:
    """The FTP door."""

    enabled: bool = field(default=True, metadata={"doc": "serve FTP"})
    host: str = field(default="127.0.0.1", metadata={"doc": "address to listen on; 0.0.0.0 for all"})
    port: int = field(default=2121, metadata={"doc": "0 takes any free port"})
    passive_ports: str = field(default="", metadata={"doc": "such as 50000-50100; empty: any free port"})
    masquerade_address: str = field(
        default="",
        metadata={"doc": "address told to clients (PASV) when behind NAT, except to those in the same private network"},
    )
    banner: str = field(default="cws_filedrop ready.", metadata={"doc": "first line a client sees"})
    max_connections: int = field(default=512, metadata={"doc": "most connections at once, in all"})
    max_connections_per_address: int = field(default=64, metadata={"doc": "most connections at once from one address"})
    max_strangers_per_address: int = field(
        default=32, metadata={"doc": "most connections at once from one address that have not logged in; 0: no limit"}
    )
    login_timeout_seconds: float = field(
        default=60, metadata={"doc": "a client that has not logged in by then is disconnected"}
    )
    idle_timeout_seconds: int = field(default=300, metadata={"doc": "a silent session is closed after this"})
    transfer_timeout_seconds: int = field(default=120, metadata={"doc": "a stalled transfer is closed after this"})
    grace_seconds: float = field(
        default=0.5, metadata={"doc": "an upload whose client leaves sooner than this afterwards may have been cut off"}
    )
    proxy_networks: str = field(
        default="",
        metadata={
            "doc": "networks or addresses of load balancers, separated by blanks: each of their connections must begin"
            " with a PROXY header (version 1 or 2), which is trusted"
        },
    )
    courtesy_seconds: int = field(default=60, metadata={"doc": "how long a file that was picked up is still listed"})


@dataclass(frozen=True, slots=True)
class TlsSettings:
    """FTP over TLS."""

    mode: str = field(
        default="auto",
        metadata={
            "doc": "auto: offered, and without it only clear-text passwords are taken over the network; required; off",
            "one_of": ("auto", "required", "off"),
        },
    )
    certificate: str = field(
        default="", metadata={"doc": "PEM file, with the chain; empty: one is made at the first start"}
    )
    key: str = field(default="", metadata={"doc": "PEM file; empty: the key is in the certificate's file"})
    implicit_port: int = field(default=-1, metadata={"doc": "for implicit TLS, such as 990; -1: none, 0: any"})
    session_reuse: str = field(
        default="accept",
        metadata={
            "doc": "accept, or require: data connections must resume the session of their control connection",
            "one_of": ("accept", "require"),
        },
    )
    names: str = field(default="", metadata={"doc": "host names for the certificate that is made, separated by commas"})


@dataclass(frozen=True, slots=True)
class SftpSettings:
    """The SFTP door."""

    enabled: bool = field(default=True, metadata={"doc": "serve SFTP"})
    host: str = field(default="127.0.0.1", metadata={"doc": "address to listen on; 0.0.0.0 for all"})
    port: int = field(default=2222, metadata={"doc": "0 takes any free port"})
    max_connections: int = field(default=512, metadata={"doc": "most connections at once, in all"})
    max_connections_per_address: int = field(default=64, metadata={"doc": "most connections at once from one address"})
    max_strangers_per_address: int = field(
        default=32, metadata={"doc": "most connections at once from one address that have not logged in; 0: no limit"}
    )
    login_timeout_seconds: float = field(
        default=30, metadata={"doc": "a client that has not logged in by then is disconnected"}
    )
    idle_timeout_seconds: float = field(default=600, metadata={"doc": "a silent session is closed after this"})
    proxy_networks: str = field(
        default="",
        metadata={
            "doc": "networks or addresses of load balancers, separated by blanks: each of their connections must begin"
            " with a PROXY header (version 1 or 2), which is trusted"
        },
    )
    courtesy_seconds: int = field(
        default=60, metadata={"doc": "how long stat still answers for a file that was picked up"}
    )


@dataclass(frozen=True, slots=True)
class GuardSettings:
    """Whoever guesses at passwords, at any door, is slowed down and then banned."""

    failures: int = field(default=5, metadata={"doc": "wrong passwords before a user name has to wait at an address"})
    wait_seconds: float = field(default=30.0, metadata={"doc": "the first wait; doubled each time"})
    ban_failures: int = field(default=15, metadata={"doc": "wrong passwords before an address is banned"})
    ban_seconds: float = field(default=1800.0, metadata={"doc": "the first ban; doubled each time"})
    forget_seconds: float = field(
        default=600.0, metadata={"doc": "half of the failures counted are forgotten after this"}
    )
    exempt: str = field(
        default="", metadata={"doc": "addresses or networks that are never banned, separated by blanks"}
    )


@dataclass(frozen=True, slots=True)
class AuditSettings:
    """The audit trail: who logged in, uploaded, fetched, deleted or was refused."""

    keep_days: int = field(default=400, metadata={"doc": "entries older than this are removed"})
    export: str = field(
        default="",
        metadata={
            "doc": "where new entries are exported to, too, as JSON lines: file:PATH, syslog (of this machine), or"
            " syslog:HOST:PORT (by TCP); empty: nowhere",
            "fault": export_fault,
        },
    )


@dataclass(frozen=True, slots=True)
class FolderSettings:
    """Files that are put into an inbox on disk by other programs."""

    enabled: bool = field(default=True, metadata={"doc": "watch the inboxes on disk"})
    settle_seconds: float = field(
        default=1.0, metadata={"doc": "a file unchanged for this long, and open nowhere, is complete"}
    )
    settle_unsure_seconds: float = field(
        default=10.0,
        metadata={"doc": "the same where the system cannot say who has it open, such as for files of another user"},
    )
    sweep_seconds: float = field(default=5.0, metadata={"doc": "how often every inbox is scanned"})
    working_names: str = field(
        default="",
        metadata={
            "doc": "more names that programs use while they write, at any door, as patterns such as up_* separated by"
            " blanks; such files are taken when they get another name"
        },
    )
    ignored_minutes: float = field(
        default=10.0,
        metadata={"doc": "what lies in an inbox for this long and cannot be taken is reported; 0: nothing is"},
    )
    polling: bool = field(default=False, metadata={"doc": "never use file events (they are tested at start anyway)"})

    @property
    def working_patterns(self) -> tuple[str, ...]:
        """The patterns of `working_names`, in small letters."""
        return tuple(self.working_names.lower().split())

    @property
    def told_minutes(self) -> float:
        """`ignored_minutes`, or 0 where nobody looks into the folders anyway."""
        return self.ignored_minutes if self.enabled else 0.0
