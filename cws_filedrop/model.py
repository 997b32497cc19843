"""The small values everything else speaks in. Knows nothing of files, tables or time-of-day."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final


class Severity(StrEnum):
    """What an issue does: `error` rejects, `held` stops until someone speaks, the others let the line go on."""

    ERROR = "error"
    HELD = "held"
    WARNING = "warning"
    INFO = "info"


class Verdict(StrEnum):
    """What became of one line (docs/domain.md#5-verdicts)."""

    QUEUED = "queued"
    SENT = "sent"
    CONFIRMED = "confirmed"
    CONFIRMED_WARNING = "confirmed-warning"
    UNCONFIRMED = "unconfirmed"
    UNKNOWN = "unknown"
    UPDATED = "updated"
    DUPLICATE = "duplicate"
    REJECTED = "rejected"
    HELD = "held"

    @property
    def waits(self) -> bool:
        """Is an answer from Amazon still to come?"""
        return self in (Verdict.QUEUED, Verdict.SENT)


class Grade(StrEnum):
    """Was the upload whole? (docs/domain.md#8-grading)"""

    WHOLE = "whole"
    DOUBTFUL = "doubtful"
    CUT = "cut"


class Door(StrEnum):
    """The way a file came in."""

    FTP = "ftp"
    FTPS = "ftps"
    SFTP = "sftp"
    FOLDER = "folder"
    HTTP = "http"  # the API, and the pages for sellers


class DateOrder(StrEnum):
    """How a seller writes a day such as 03/04/2026."""

    DAY_FIRST = "day-first"
    MONTH_FIRST = "month-first"


@dataclass(frozen=True, slots=True)
class Issue:
    """One thing to say about a line, or about the whole file. `column` and `value` are "" where they make no sense."""

    code: str
    severity: Severity
    column: str
    value: str
    message: str
    remedy: str

    def as_json(self) -> dict[str, str]:
        """The shape promised in docs/domain.md#11-json."""
        return {
            "code": self.code,
            "severity": str(self.severity),
            "column": self.column,
            "value": self.value,
            "message": self.message,
            "remedy": self.remedy,
        }


@dataclass(frozen=True, slots=True)
class Policy:
    """A seller's settings that decide how lines are read and judged."""

    time_zone: str = "UTC"
    date_order: DateOrder | None = None
    unknown_orders: str = "accept"  # accept | reject
    on_error: str = "continue"  # continue | hold-file
    doubtful: str = "take"  # take | hold
    carrier_aliases: tuple[tuple[str, str], ...] = ()  # (what the seller writes, Amazon's carrier code)
    cancel_at_amazon: bool = False  # cancelled rows with a reason are cancelled there too


@dataclass(frozen=True, slots=True)
class Profile:
    """A layout of a seller's own: which of its headings mean what (`formats.profile` reads one from its TOML).

    `columns` has (rule column, the headings it may have, the likeliest first); those in `optional` may be missing.
    `statuses` are folded. With `year_first` a day may be written as 20261122, and 03/04/2026 is nobody's.
    """

    name: str
    text: str  # the TOML itself
    columns: tuple[tuple[str, tuple[str, ...]], ...]
    optional: frozenset[str] = frozenset()
    constants: tuple[tuple[str, str], ...] = ()  # (rule column, what every line has there)
    carriers: tuple[tuple[str, str], ...] = ()  # (what the file says, Amazon's carrier code)
    statuses: tuple[tuple[str, str], ...] = ()  # (what the file says, one of ours)
    date_order: DateOrder | None = None
    year_first: bool = False
    delimiter: str = ""  # "" = found out
    title: str = ""
    source: str = ""  # where its headings are documented


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a seller may do at most at the doors; 0 = no limit of its own."""

    file_bytes: int = 0
    files_an_hour: int = 0
    kept_bytes: int = 0  # in all its folders
    waiting_files: int = 0  # that lie in inbox and test, not picked up
    connections: int = 0  # at once, over all doors


NO_LIMITS: Final = Allowance()


class MailEvent(StrEnum):
    """What a seller may want to hear of; `digest` is one mail a day instead."""

    ERRORS = "errors"  # something of a file was not taken, or Amazon refused it
    WARNINGS = "warnings"
    SUCCESS = "success"
    DIGEST = "digest"


@dataclass(frozen=True, slots=True)
class Mailing:
    """Where a seller's mails go and what they tell; and whether its buyers are written to."""

    addresses: tuple[str, ...] = ()
    events: tuple[MailEvent, ...] = ()
    buyers: bool = False


NO_MAIL: Final = Mailing()


class MailKind(StrEnum):
    """Whom a mail is for, and why."""

    UPLOAD = "upload"  # to a seller, of one of its files
    DIGEST = "digest"  # to a seller, of a day
    OPERATORS = "operators"
    BUYER = "buyer"


class MailState(StrEnum):
    """Where a mail stands."""

    QUEUED = "queued"  # not sent, and will be
    SENDING = "sending"  # its text is on its way: the SMTP server may have it
    SENT = "sent"  # the SMTP server has it
    FAILED = "failed"  # the SMTP server will not have it
    UNSURE = "unsure"  # nobody knows whether the SMTP server has it; not sent again by itself


class HookEvent(StrEnum):
    """What a web hook may be told."""

    RECEIVED = "upload.received"
    ANSWERED = "upload.answered"
    UNCONFIRMED = "order.unconfirmed"
    ALARM_RAISED = "alarm.raised"  # operators' only, and so is the next
    ALARM_RECOVERED = "alarm.recovered"
    TEST = "hook.test"


SELLERS_EVENTS: Final = (HookEvent.RECEIVED, HookEvent.ANSWERED, HookEvent.UNCONFIRMED)


class CallState(StrEnum):
    """Where the call of a web hook stands."""

    QUEUED = "queued"  # not taken yet, and tried again
    DELIVERED = "delivered"  # the receiver answered 2xx
    FAILED = "failed"  # given up


class OrderState(StrEnum):
    """Where an order stands (docs/domain.md#10-orders)."""

    NEW = "new"
    PACKED = "packed"
    SHIPPED = "shipped"
    UNCONFIRMED = "unconfirmed"  # Amazon refused its confirmation
    DEFERRED = "deferred"
    CANCELLED = "cancelled"


class ReadBackState(StrEnum):
    """What Amazon's own record of an order shows of what it accepted for it."""

    AWAITED = "awaited"  # it is looked for
    SEEN = "seen"  # everything that was accepted is there
    MISSING = "missing"  # it was looked for long enough


class UploadState(StrEnum):
    """Where an upload stands."""

    ARRIVED = "arrived"  # safe in the spool, not read yet
    WAITING = "waiting"  # read; some lines wait for Amazon
    DONE = "done"  # every line has its final verdict
    REJECTED = "rejected"  # the whole file is unusable
    HELD = "held"  # waits for a word from the seller or an operator
    CUT = "cut"  # broken off in transfer, kept aside
    FAILED = "failed"  # we failed; set aside for an operator
    REPLACED = "replaced"  # was held or cut; a later file of the same name came in its place


class FeedKind(StrEnum):
    """What a feed tells Amazon."""

    FULFILLMENT = "fulfillment"  # what was shipped
    ACKNOWLEDGEMENT = "acknowledgement"  # what is cancelled


class FeedState(StrEnum):
    """Where a feed stands."""

    OPEN = "open"  # the account's turn is taken
    FILLED = "filled"  # its lines and messages are fixed
    INTENDED = "intended"  # createFeed was or is being called: Amazon may have it
    SUBMITTED = "submitted"  # Amazon has it, its feed id is known
    SETTLED = "settled"  # every line has its verdict
    EMPTY = "empty"  # nothing was left to send when it was filled
    STOPPED = "stopped"  # needs an operator


class OrderReportState(StrEnum):
    """Where it stands to fetch an account's orders from Amazon."""

    OPEN = "open"  # Amazon is to be asked for a report
    MAKING = "making"  # Amazon has been asked, its report id is known
    DONE = "done"  # the report is in the order book
    FAILED = "failed"  # came to nothing; the next one may not
    REFUSED = "refused"  # Amazon refused; nobody asks again for an hour


class AlarmKind(StrEnum):
    """What can be wrong."""

    STUCK_UPLOAD = "stuck-upload"
    STUCK_FEED = "stuck-feed"
    UNCONFIRMED = "unconfirmed"
    SILENT_SELLER = "silent-seller"
    DISK = "disk"
    EXPIRING = "expiring"
    REJECTIONS = "rejections"
    GUARD = "guard"
    CLOCK = "clock"
    PROCESS = "process"
    MAIL = "mail"


class Role(StrEnum):
    """What a user of the pages may do; each may all that those before it may."""

    VIEWER = "viewer"  # look
    OPERATOR = "operator"  # release, reject, retry, settle, close connections
    ADMIN = "admin"  # sellers and users

    def may(self, needed: Role) -> bool:
        """Is that role enough for what needs the other one?"""
        order = list(Role)
        return order.index(self) >= order.index(needed)


@dataclass(frozen=True, slots=True)
class Account:
    """One seller's account at Amazon: where feeds go, and in whose name."""

    id: int
    merchant_id: str
    marketplace_id: str = "ATVPDKIKX0DER"


@dataclass(frozen=True, slots=True)
class Seller:
    """Someone who drops files. `name` is letters and digits, lower case (matched without regard to case)."""

    id: int
    name: str
    account: Account
    policy: Policy = field(default_factory=Policy)
    enabled: bool = True
    allowance: Allowance = field(default_factory=Allowance)
    mailing: Mailing = NO_MAIL
    profiles: tuple[Profile, ...] = ()


@dataclass(frozen=True, slots=True)
class Limits:
    """The largest file that is read. All of them are inclusive."""

    bytes: int = 1024 * 1024 * 1024
    unpacked_bytes: int = 1024 * 1024 * 1024
    lines: int = 10_000_000


@dataclass(frozen=True, slots=True)
class JudgementContext:
    """What judging a file depends on besides its bytes, so that the same input gives the same output.

    `now` is the aware moment the file arrived (UTC).
    """

    now: datetime
    policy: Policy = field(default_factory=Policy)
    limits: Limits = field(default_factory=Limits)
    profiles: tuple[Profile, ...] = ()  # layouts of the seller's own
