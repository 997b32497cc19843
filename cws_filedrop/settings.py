"""Every setting, by section: its default and what it means, in words. A table, and nothing else.

The words go into `cws-filedrop init`'s file and docs/settings.md.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from cws_filedrop import private
from cws_filedrop.door_settings import (
    AuditSettings,
    FolderSettings,
    FtpSettings,
    GuardSettings,
    SftpSettings,
    TlsSettings,
)
from cws_filedrop.marketplace_settings import MarketplaceSettings, SandboxSettings


@dataclass(frozen=True, slots=True)
class ServiceSettings:
    """Where everything lives, and how the service logs."""

    data_dir: Path = field(default=Path("data"), metadata={"doc": "database, homes and spool live here"})
    group: str = field(
        default="",
        metadata={
            "doc": "a group of this system whose programs may put files into homes/ and order-files/ and collect"
            " answers: folders 2770, files 0660, and the data folder lets it pass (0710); empty: nobody but the"
            " service's user gets in (0700)",
            "fault": private.group_fault,
        },
    )
    log_level: str = field(
        default="info",
        metadata={"doc": "debug, info, warning or error", "one_of": ("debug", "info", "warning", "error")},
    )
    log_json: bool = field(
        default=False, metadata={"doc": "write one JSON object per line to the stream instead of text"}
    )
    log_stream: str = field(
        default="stderr",
        metadata={"doc": "where the log is streamed: stderr or stdout", "one_of": ("stderr", "stdout")},
    )
    log_file_bytes: int = field(
        default=10_000_000,
        metadata={
            "doc": "a log file in logs/ of the data folder is rotated when it grows larger than this; 0: no log files"
        },
    )
    log_files: int = field(
        default=5, metadata={"doc": "number of log files kept per process, including the current one"}
    )
    heavy_bytes: int = field(
        default=1_000_000, metadata={"doc": "files larger than this are read in a separate process"}
    )
    keep_results_days: int = field(default=90, metadata={"doc": "receipts and results older than this are removed"})
    keep_documents_days: int = field(
        default=400,
        metadata={"doc": "what was sent to Amazon, its answers and what its orders showed are removed after this"},
    )


@dataclass(frozen=True, slots=True)
class DatabaseSettings:
    """One database for our rows and the durable engine's."""

    url: str = field(default="", metadata={"doc": "empty: SQLite in the data folder; or postgresql+psycopg://..."})
    key_file: str = field(
        default="",
        metadata={
            "doc": "file with the keys that encrypt second factors, secrets of web hooks and buyers' data in it; made"
            " when it is needed; empty: keys/database.key in the data folder"
        },
    )

    @property
    def is_embedded(self) -> bool:
        """Is it SQLite's, which one service alone may work with?"""
        return not self.url.startswith("postgresql")


@dataclass(frozen=True, slots=True)
class WebSettings:
    """The pages for operators and sellers, and the API."""

    enabled: bool = field(default=True, metadata={"doc": "serve pages and API"})
    host: str = field(default="127.0.0.1", metadata={"doc": "address to listen on; 0.0.0.0 for all"})
    port: int = field(default=8080, metadata={"doc": "0 takes any free port"})
    certificate: str = field(default="", metadata={"doc": "PEM file, with the chain, for HTTPS; empty: plain HTTP"})
    key: str = field(default="", metadata={"doc": "PEM file; empty: the key is in the certificate's file"})
    proxies: str = field(
        default="",
        metadata={
            "doc": "addresses or networks of proxies whose X-Forwarded-For and -Proto are trusted, separated by blanks"
        },
    )
    hosts: str = field(
        default="",
        metadata={"doc": "names and addresses by which it is reached, separated by blanks; empty: any"},
    )
    max_connections: int = field(default=1000, metadata={"doc": "most connections at once, in all"})
    max_connections_per_address: int = field(
        default=200, metadata={"doc": "most connections at once from one address; proxies are not counted so"}
    )
    handshake_seconds: float = field(default=10.0, metadata={"doc": "how long a TLS handshake may take"})
    header_seconds: float = field(default=10.0, metadata={"doc": "how long the header of a request may take"})
    body_seconds: float = field(
        default=30.0,
        metadata={"doc": "how long a form may take, and how long an upload may be silent (and a second for each KiB)"},
    )
    monitoring_port: int = field(
        default=0,
        metadata={"doc": "a port of its own for /metrics and /readyz, which are nowhere else then; 0: none"},
    )
    monitoring_host: str = field(default="127.0.0.1", metadata={"doc": "address to listen on for that port"})
    monitoring_token: str = field(
        default="",
        metadata={
            "doc": "env:NAME or file:PATH of a token for /metrics and /readyz (Authorization: Bearer ...); without"
            " token and port only this machine and private networks are answered"
        },
    )
    idle_minutes: float = field(
        default=60.0, metadata={"doc": "a session idle for longer than this has to log in again"}
    )
    session_hours: float = field(default=12.0, metadata={"doc": "everyone has to log in again after this"})
    second_factor: str = field(
        default="optional",
        metadata={
            "doc": "codes of an authenticator app: optional, or required of every operator",
            "one_of": ("optional", "required"),
        },
    )


@dataclass(frozen=True, slots=True)
class LimitSettings:
    """The largest file that is accepted, and the disk space that must stay free."""

    upload_bytes: int = field(default=1_073_741_824, metadata={"doc": "largest upload, in bytes"})
    unpacked_bytes: int = field(default=268_435_456, metadata={"doc": "largest packed file once unpacked, in bytes"})
    lines: int = field(default=2_000_000, metadata={"doc": "most lines in one file"})
    reading_memory_bytes: int = field(
        default=1_610_612_736,
        metadata={"doc": "a file is refused when the process that reads it takes more memory than this; 0: no limit"},
    )
    reading_seconds: float = field(
        default=20.0,
        metadata={"doc": "and when it computes for longer than this (not counting what it waits); 0: no limit"},
    )
    reading_seconds_per_mib: float = field(
        default=4.0, metadata={"doc": "added to that for each MiB of the file, unpacked"}
    )
    reading_clock_factor: float = field(
        default=5.0,
        metadata={
            "doc": "a file is set aside when reading it has not come to an end after so many times those seconds by the"
            " clock, and `reading_stalled_seconds`; 0: no limit"
        },
    )
    reading_stalled_seconds: float = field(
        default=60.0,
        metadata={
            "doc": "and when the process that reads it computes nothing for so long, as one that hangs; 0: no limit"
        },
    )
    free_bytes: int = field(
        default=268_435_456, metadata={"doc": "uploads are refused while less than this is free on the disk"}
    )


@dataclass(frozen=True, slots=True)
class OrderSettings:
    """The order book, and the order files that sellers get from it."""

    files_minutes: float = field(
        default=30.0, metadata={"doc": "how often new and changed orders are written to orders/; 0: never"}
    )
    brake_orders: int = field(
        default=20, metadata={"doc": "a file that gives one tracking number to more orders than this is held; 0: never"}
    )
    brake_cancellations: int = field(
        default=20, metadata={"doc": "a file that cancels more than this, and 3 times what is usual, is held; 0: never"}
    )
    read_back_minutes: float = field(
        default=15.0,
        metadata={"doc": "how long after Amazon accepted a shipment it is looked for in Amazon's own order; 0: never"},
    )
    unknown_hours: float = field(
        default=24.0,
        metadata={
            "doc": "how long Amazon's own order must plainly lack a shipment of unknown outcome, on at least three"
            " looks, before it may be sent again"
        },
    )
    read_back_queue: int = field(
        default=1800,
        metadata={"doc": "with more orders of an account than this to be looked at, of new ones only one in ten is"},
    )
    missing_hours: float = field(
        default=24.0,
        metadata={"doc": "shipments that Amazon accepted but its order does not show after this are listed as missing"},
    )
    late_hours: float = field(
        default=24.0, metadata={"doc": "unconfirmed orders that must ship within this are listed as late soon"}
    )
    pull_minutes: float = field(
        default=0.0, metadata={"doc": "how often orders to be shipped are fetched from Amazon (Reports API); 0: never"}
    )
    drop_folder: str = field(
        default="",
        metadata={
            "doc": "order reports are imported from here, one folder per seller; empty: order-files in the data folder"
        },
    )
    keep_buyers_days: int = field(
        default=30,
        metadata={"doc": "buyers' names and addresses, and order files, are removed this long after shipment"},
    )


@dataclass(frozen=True, slots=True)
class MailSettings:
    """Mail to sellers, to operators and, where a seller asks for it, to buyers."""

    host: str = field(default="", metadata={"doc": "the SMTP server; empty: no mail"})
    port: int = field(default=0, metadata={"doc": "0: 587, 465 or 25, depending on security"})
    security: str = field(
        default="starttls",
        metadata={
            "doc": "starttls, tls (from the first byte) or none; certificates are verified",
            "one_of": ("starttls", "tls", "none"),
        },
    )
    authorities: str = field(
        default="", metadata={"doc": "PEM file of the trusted authorities; empty: those of the system"}
    )
    user: str = field(default="", metadata={"doc": "empty: no login"})
    password: str = field(default="", metadata={"doc": "env:NAME or file:PATH"})
    sender: str = field(default="", metadata={"doc": "whom mails are from, such as Shipments <shipments@example.com>"})
    operators: str = field(default="", metadata={"doc": "addresses that are told of trouble, separated by commas"})
    base_url: str = field(default="", metadata={"doc": "a page that mails to sellers and operators link to"})
    per_minute: int = field(default=120, metadata={"doc": "most mails sent within a minute; 0: no limit"})
    timeout_seconds: float = field(default=60.0, metadata={"doc": "how long to wait for one answer of the SMTP server"})
    digest_hour: int = field(
        default=7, metadata={"doc": "hour at which daily mails are written, in the seller's time zone"}
    )
    collect_minutes: float = field(default=5.0, metadata={"doc": "operators get at most one mail in this time"})
    keep_days: int = field(default=90, metadata={"doc": "mails older than this are removed"})


@dataclass(frozen=True, slots=True)
class HookSettings:
    """Web hooks: events are sent by HTTP to addresses of sellers and operators."""

    operators_url: str = field(default="", metadata={"doc": "address that is told of alarms; empty: none"})
    operators_secret: str = field(
        default="", metadata={"doc": "env:NAME or file:PATH of the secret that signs these calls (whsec_...)"}
    )
    allow_http: bool = field(default=False, metadata={"doc": "allow addresses that begin with http://"})
    allow_private: bool = field(
        default=False, metadata={"doc": "allow addresses in private networks and on this machine"}
    )
    ports: str = field(
        default="80 443 8443",
        metadata={"doc": "ports that are called, separated by blanks; empty, or with `allow_private`: any"},
    )
    timeout_seconds: float = field(
        default=10.0, metadata={"doc": "how long one call may take in all, from the look-up of the name to the answer"}
    )
    give_up_days: float = field(
        default=5.0, metadata={"doc": "a hook that has taken nothing for this long, though called, is switched off"}
    )
    keep_days: int = field(default=30, metadata={"doc": "calls older than this are removed"})

    @property
    def called_ports(self) -> frozenset[int]:
        """The ports that may be called; none: any."""
        words = [] if self.allow_private else self.ports.replace(",", " ").split()
        return frozenset(int(word) if word.isdecimal() else 0 for word in words)  # 0 is none


@dataclass(frozen=True, slots=True)
class ApiSettings:
    """The REST API."""

    per_second: int = field(default=15, metadata={"doc": "most calls with one token within a second; 0: no limit"})
    per_minute: int = field(default=240, metadata={"doc": "most calls with one token within a minute; 0: no limit"})
    per_hour: int = field(default=5400, metadata={"doc": "most calls with one token within an hour; 0: no limit"})


@dataclass(frozen=True, slots=True)
class AlarmSettings:
    """What raises an alarm: operators are told by mail ([mail] operators) and web hook, and again when it is over."""

    every_seconds: float = field(default=30.0, metadata={"doc": "how often everything is checked; 0: never"})
    unread_minutes: float = field(
        default=10.0, metadata={"doc": "an upload that has not been read after this is stuck"}
    )
    unanswered_hours: float = field(
        default=6.0,
        metadata={
            "doc": "a feed that Amazon has not answered after this is stuck, and so are lines that wait this long to be"
            " sent"
        },
    )
    unconfirmed_minutes: float = field(
        default=15.0, metadata={"doc": "lines that Amazon refused raise an alarm once they are this old"}
    )
    rejections: int = field(
        default=20,
        metadata={
            "doc": "this many lines rejected with one code in an hour, far above its usual share, raise an alarm"
        },
    )
    disk_hours: float = field(default=24.0, metadata={"doc": "warn when the disk will be full within this"})
    expiry_days: float = field(
        default=14.0, metadata={"doc": "warn this long before certificates and sellers' access end"}
    )
    clock_seconds: float = field(default=60.0, metadata={"doc": "largest tolerated difference from Amazon's clock"})
    beat_seconds: float = field(
        default=60.0, metadata={"doc": "a process that is silent for this long counts as hanging"}
    )
    silent_sellers: bool = field(
        default=True,
        metadata={"doc": "raise an alarm when a seller misses its own rhythm, learned by weekday and hour"},
    )


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that can be set. Field names are section names of the file."""

    service: ServiceSettings = field(default_factory=ServiceSettings)
    database: DatabaseSettings = field(default_factory=DatabaseSettings)
    ftp: FtpSettings = field(default_factory=FtpSettings)
    tls: TlsSettings = field(default_factory=TlsSettings)
    sftp: SftpSettings = field(default_factory=SftpSettings)
    web: WebSettings = field(default_factory=WebSettings)
    guard: GuardSettings = field(default_factory=GuardSettings)
    audit: AuditSettings = field(default_factory=AuditSettings)
    folder: FolderSettings = field(default_factory=FolderSettings)
    limits: LimitSettings = field(default_factory=LimitSettings)
    orders: OrderSettings = field(default_factory=OrderSettings)
    mail: MailSettings = field(default_factory=MailSettings)
    hooks: HookSettings = field(default_factory=HookSettings)
    api: ApiSettings = field(default_factory=ApiSettings)
    alarms: AlarmSettings = field(default_factory=AlarmSettings)
    marketplace: MarketplaceSettings = field(default_factory=MarketplaceSettings)
    sandbox: SandboxSettings = field(default_factory=SandboxSettings)

    @property
    def data(self) -> Path:
        """The data folder, absolute."""
        return self.service.data_dir.expanduser().absolute()

    @property
    def rate_scale(self) -> float:
        """How much faster than Amazon's the rate limits are: only the sandbox is."""
        if self.marketplace.kind != "sandbox":
            return 1.0
        built_in = not self.marketplace.endpoint or self.marketplace.rate_scale == 1.0
        return self.sandbox.rate_scale if built_in else self.marketplace.rate_scale

    @property
    def logs(self) -> Path:
        """Where log files are, absolute."""
        return self.data / "logs"

    @property
    def key_file(self) -> Path:
        """Where the keys of the database's encrypted values are, absolute."""
        given = self.database.key_file
        return Path(given).expanduser().absolute() if given else self.data / "keys" / "database.key"

    @property
    def order_drops(self) -> Path:
        """Where order reports are imported from, absolute."""
        given = self.orders.drop_folder
        return Path(given).expanduser().absolute() if given else self.data / "order-files"
