"""Every setting there is, by section: its default and, for people, what it means. A table, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from cws_filedrop.door_settings import (
    AuditSettings,
    FolderSettings,
    FtpSettings,
    GuardSettings,
    SftpSettings,
    TlsSettings,
)


@dataclass(frozen=True, slots=True)
class ServiceSettings:
    """Where everything lives, and how the service speaks."""

    data_dir: Path = field(default=Path("data"), metadata={"doc": "database, homes and spool live here"})
    log_level: str = field(
        default="info",
        metadata={"doc": "debug, info, warning or error", "one_of": ("debug", "info", "warning", "error")},
    )
    log_json: bool = field(default=False, metadata={"doc": "one JSON object a line instead of text, in the stream"})
    log_stream: str = field(
        default="stderr",
        metadata={"doc": "where the log is shown as it comes: stderr or stdout", "one_of": ("stderr", "stdout")},
    )
    log_file_bytes: int = field(
        default=10_000_000,
        metadata={"doc": "a log file in logs/ of the data folder that grows larger is put aside; 0: no log files"},
    )
    log_files: int = field(
        default=5, metadata={"doc": "so many log files of each process are kept, with the one that is written"}
    )
    heavy_bytes: int = field(
        default=1_000_000, metadata={"doc": "files larger than this are read in a process of their own"}
    )
    keep_results_days: int = field(default=90, metadata={"doc": "receipts and results older than this are removed"})
    keep_documents_days: int = field(
        default=400,
        metadata={"doc": "what was sent to Amazon, its answers and what its orders showed are removed so long after"},
    )


@dataclass(frozen=True, slots=True)
class DatabaseSettings:
    """One database for our rows and the durable engine's."""

    url: str = field(default="", metadata={"doc": "empty: SQLite in the data folder; or postgresql+psycopg://..."})


@dataclass(frozen=True, slots=True)
class WebSettings:
    """The pages for operators and sellers, and the API."""

    enabled: bool = field(default=True, metadata={"doc": "serve them"})
    host: str = field(default="127.0.0.1", metadata={"doc": "address to listen on; 0.0.0.0 for every one"})
    port: int = field(default=8080, metadata={"doc": "0 takes any free port"})
    certificate: str = field(default="", metadata={"doc": "PEM file, with the chain, for HTTPS; empty: plain HTTP"})
    key: str = field(default="", metadata={"doc": "PEM file; empty: it is in the certificate's file"})
    proxies: str = field(
        default="",
        metadata={
            "doc": "addresses or networks of proxies, with blanks, whose X-Forwarded-For and -Proto are believed"
        },
    )
    idle_minutes: float = field(default=60.0, metadata={"doc": "who does nothing for so long has to log in again"})
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
    """The largest file that is taken, and the room that must be left."""

    upload_bytes: int = field(default=1_073_741_824, metadata={"doc": "bytes of one upload"})
    unpacked_bytes: int = field(default=1_073_741_824, metadata={"doc": "bytes of a packed file once unpacked"})
    lines: int = field(default=10_000_000, metadata={"doc": "lines of one file"})
    free_bytes: int = field(
        default=268_435_456, metadata={"doc": "with less room on the disk uploads are refused until there is more"}
    )


@dataclass(frozen=True, slots=True)
class OrderSettings:
    """The order book, and the order files that sellers get of it."""

    files_minutes: float = field(
        default=30.0, metadata={"doc": "new and changed orders are put into orders/ this often; 0: never"}
    )
    brake_orders: int = field(
        default=20, metadata={"doc": "a file with one tracking number for more orders is held; 0: never"}
    )
    brake_cancellations: int = field(
        default=20, metadata={"doc": "a file that cancels more, and 3 times what is usual, is held; 0: never"}
    )
    read_back_minutes: float = field(
        default=15.0,
        metadata={"doc": "so long after Amazon accepted a shipment it is looked for in Amazon's own order; 0: never"},
    )
    missing_hours: float = field(
        default=24.0, metadata={"doc": "what Amazon accepted and its order does not show so long after is listed"}
    )
    late_hours: float = field(
        default=24.0, metadata={"doc": "orders to be shipped within this, and not confirmed, are listed as late soon"}
    )
    pull_minutes: float = field(
        default=0.0, metadata={"doc": "orders to be shipped are fetched from Amazon (Reports API) this often; 0: never"}
    )
    drop_folder: str = field(
        default="",
        metadata={
            "doc": "order reports are imported from here, from a folder for each seller; empty: order-files in the data"
            " folder"
        },
    )
    keep_buyers_days: int = field(
        default=30, metadata={"doc": "buyers' names and addresses, and order files, are removed so long after shipment"}
    )


@dataclass(frozen=True, slots=True)
class MailSettings:
    """Mail to sellers, to operators and, where a seller asks for it, to buyers."""

    host: str = field(default="", metadata={"doc": "the SMTP server; empty: there is no mail"})
    port: int = field(default=0, metadata={"doc": "0: 587, 465 or 25, after the way of encryption"})
    security: str = field(
        default="starttls",
        metadata={
            "doc": "starttls, tls (from the first byte on) or none; certificates are verified",
            "one_of": ("starttls", "tls", "none"),
        },
    )
    authorities: str = field(
        default="", metadata={"doc": "PEM file of the authorities that are trusted; empty: those of the system"}
    )
    user: str = field(default="", metadata={"doc": "empty: no login"})
    password: str = field(default="", metadata={"doc": "env:NAME or file:PATH"})
    sender: str = field(default="", metadata={"doc": "who writes, such as Shipments <shipments@example.com>"})
    operators: str = field(default="", metadata={"doc": "addresses that hear of trouble, with commas"})
    base_url: str = field(default="", metadata={"doc": "a page that mails to sellers and operators point to"})
    per_minute: int = field(default=120, metadata={"doc": "mails that leave in a minute at most; 0: any number"})
    timeout_seconds: float = field(default=60.0, metadata={"doc": "for one answer of the SMTP server"})
    digest_hour: int = field(default=7, metadata={"doc": "when daily mails are written, in the seller's time zone"})
    collect_minutes: float = field(default=5.0, metadata={"doc": "operators get one mail in this time at most"})
    keep_days: int = field(default=90, metadata={"doc": "mails older than this are removed"})


@dataclass(frozen=True, slots=True)
class HookSettings:
    """Web hooks: what happens is told to addresses of sellers and operators by HTTP."""

    operators_url: str = field(default="", metadata={"doc": "is told of alarms; empty: nobody is"})
    operators_secret: str = field(
        default="", metadata={"doc": "env:NAME or file:PATH of the secret that signs them (whsec_...)"}
    )
    allow_http: bool = field(default=False, metadata={"doc": "addresses that begin with http:// may be given, too"})
    allow_private: bool = field(
        default=False, metadata={"doc": "addresses in private networks and on this machine may be called, too"}
    )
    timeout_seconds: float = field(default=10.0, metadata={"doc": "for one call, from the first step to the answer"})
    give_up_days: float = field(
        default=5.0, metadata={"doc": "a hook that took nothing for so long, though called, is switched off"}
    )
    keep_days: int = field(default=30, metadata={"doc": "calls older than this are removed"})


@dataclass(frozen=True, slots=True)
class ApiSettings:
    """The REST API."""

    per_second: int = field(default=15, metadata={"doc": "calls with one token within a second; 0: any number"})
    per_minute: int = field(default=240, metadata={"doc": "calls with one token within a minute; 0: any number"})
    per_hour: int = field(default=5400, metadata={"doc": "calls with one token within an hour; 0: any number"})


@dataclass(frozen=True, slots=True)
class AlarmSettings:
    """What operators are told of by mail ([mail] operators) and web hook, and when it is over."""

    every_seconds: float = field(default=30.0, metadata={"doc": "how often everything is looked at; 0: never"})
    unread_minutes: float = field(default=10.0, metadata={"doc": "an upload that nobody has read for so long is stuck"})
    unanswered_hours: float = field(
        default=6.0,
        metadata={
            "doc": "a feed that Amazon has had for so long is stuck, and so are lines that wait so long to be sent"
        },
    )
    unconfirmed_minutes: float = field(
        default=15.0, metadata={"doc": "lines that Amazon refused are told of when they are so old"}
    )
    rejections: int = field(
        default=20, metadata={"doc": "so many lines of one code in an hour, far above its usual share"}
    )
    disk_hours: float = field(default=24.0, metadata={"doc": "warn when the disk will be full within this"})
    expiry_days: float = field(default=14.0, metadata={"doc": "warn before certificates and sellers' access end"})
    clock_seconds: float = field(default=60.0, metadata={"doc": "largest difference from Amazon's clock"})
    beat_seconds: float = field(default=60.0, metadata={"doc": "a process that is silent for so long hangs"})
    silent_sellers: bool = field(
        default=True, metadata={"doc": "tell when a seller misses its own rhythm, learned by weekday and hour"}
    )


@dataclass(frozen=True, slots=True)
class MarketplaceSettings:
    """Amazon, or the built-in sandbox."""

    kind: str = field(
        default="sandbox", metadata={"doc": "sandbox (built in) or amazon", "one_of": ("sandbox", "amazon")}
    )
    endpoint: str = field(
        default="", metadata={"doc": "empty: the built-in sandbox, or Amazon's endpoint for the marketplace"}
    )
    token_url: str = field(
        default="", metadata={"doc": "empty: beside the sandbox, or https://api.amazon.com/auth/o2/token"}
    )
    client_id: str = field(default="", metadata={"doc": "Login with Amazon client id"})
    client_secret: str = field(default="", metadata={"doc": "env:NAME or file:PATH"})
    timeout_seconds: float = field(default=30.0, metadata={"doc": "for one answer"})
    poll_seconds: float = field(default=30.0, metadata={"doc": "first look at a feed's state after this; then slower"})
    poll_slowest_seconds: float = field(default=600.0, metadata={"doc": "slowest look at a feed's state"})
    lookup_seconds: float = field(
        default=30.0, metadata={"doc": "after a lost answer, wait this long before asking which feeds exist"}
    )
    second_feed_seconds: float = field(
        default=1200.0, metadata={"doc": "a second feed may leave when the one in flight is older than this"}
    )
    messages_per_feed: int = field(default=10_000, metadata={"doc": "largest number of messages in a document"})
    rate_scale: float = field(
        default=1.0, metadata={"doc": "multiplies Amazon's rates; only the sandbox allows more than 1"}
    )


@dataclass(frozen=True, slots=True)
class SandboxSettings:
    """The built-in Amazon."""

    port: int = field(default=0, metadata={"doc": "0 takes any free port"})
    rate_scale: float = field(default=500.0, metadata={"doc": "how much faster than Amazon's its rate limits are"})
    processing_seconds: float = field(default=0.5, metadata={"doc": "how long a feed takes"})
    show_after_seconds: float = field(
        default=0.0, metadata={"doc": "how much later an accepted shipment is to be seen in its order"}
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
    def logs(self) -> Path:
        """Where log files are, absolute."""
        return self.data / "logs"

    @property
    def order_drops(self) -> Path:
        """Where order reports are imported from, absolute."""
        given = self.orders.drop_folder
        return Path(given).expanduser().absolute() if given else self.data / "order-files"
