"""The small values that all other modules share. Knows nothing of files, tables or clocks."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final


class Severity(StrEnum):
    """What an issue does: `error` rejects, `held` stops the line until somebody decides, the others let it go on."""

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
    """One remark about a line, or about the whole file. `column` and `value` are "" where they do not apply."""

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
    resend_unknown: bool = False  # lines of unknown outcome are sent again once Amazon's order plainly lacks them
    known_headings: tuple[str, ...] = ()  # marks of headings that held a file (F13) and were released


@dataclass(frozen=True, slots=True)
class Profile:
    """A layout of a seller's own: which of its headings mean what (`formats.profile` reads one from its TOML).

    `columns` has (rule column, the headings it may have, likeliest first); those in `optional` may be missing.
    `statuses` are folded. With `year_first` a day may be written as 20261122, and 03/04/2026 is rejected as ambiguous.
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
    leave_out: tuple[tuple[str, frozenset[str]], ...] = ()  # (heading, folded texts): lines that are no shipments
    delimiter: str = ""  # "" = detected
    title: str = ""
    source: str = ""  # where its headings are documented


@dataclass(frozen=True, slots=True)
class Allowance:
    """The most that a seller may do at the doors; 0 = no limit of the seller's own."""

    file_bytes: int = 0
    files_an_hour: int = 0
    kept_bytes: int = 0  # in all its folders
    waiting_files: int = 0  # in inbox and test, not picked up yet
    connections: int = 0  # at once, over all doors


NO_LIMITS: Final = Allowance()


class MailEvent(StrEnum):
    """What a seller may want mail about; `digest` is one mail a day instead."""

    ERRORS = "errors"  # part of a file was rejected, or refused by Amazon
    WARNINGS = "warnings"
    SUCCESS = "success"
    DIGEST = "digest"


@dataclass(frozen=True, slots=True)
class Mailing:
    """Where a seller's mails go and what they are about; and whether its buyers get mail."""

    addresses: tuple[str, ...] = ()
    events: tuple[MailEvent, ...] = ()
    buyers: bool = False


NO_MAIL: Final = Mailing()


class MailKind(StrEnum):
    """Whom a mail is for, and why."""

    UPLOAD = "upload"  # to a seller, about one of its files
    DIGEST = "digest"  # to a seller, about a day
    OPERATORS = "operators"
    BUYER = "buyer"
    ACCESS = "access"  # to a seller, about its tokens, web hooks and login


class MailState(StrEnum):
    """Where a mail stands."""

    QUEUED = "queued"  # not sent yet
    SENDING = "sending"  # its text is on its way: the SMTP server may have it
    SENT = "sent"  # the SMTP server has it
    FAILED = "failed"  # the SMTP server refused it for good
    UNSURE = "unsure"  # nobody knows whether the SMTP server has it; not sent again unless somebody asks


class HookEvent(StrEnum):
    """What a web hook may be called for."""

    RECEIVED = "upload.received"
    ANSWERED = "upload.answered"
    UNCONFIRMED = "order.unconfirmed"
    ALARM_RAISED = "alarm.raised"  # for operators only, as is the next
    ALARM_RECOVERED = "alarm.recovered"
    TEST = "hook.test"


SELLERS_EVENTS: Final = (HookEvent.RECEIVED, HookEvent.ANSWERED, HookEvent.UNCONFIRMED)


class CallState(StrEnum):
    """Where a call of a web hook stands."""

    QUEUED = "queued"  # not accepted yet, and tried again
    DELIVERED = "delivered"  # the receiver answered 2xx
    FAILED = "failed"  # given up


class OrderState(StrEnum):
    """Where an order stands (docs/domain.md#10-orders)."""

    NEW = "new"
    PACKED = "packed"
    PARTLY_SHIPPED = "partly shipped"  # Amazon has or gets some of it, and something is still open
    SHIPPED = "shipped"
    UNCONFIRMED = "unconfirmed"  # Amazon refused its confirmation
    DEFERRED = "deferred"
    CANCELLED = "cancelled"


class ReadBackState(StrEnum):
    """Does Amazon's own record of an order show what Amazon accepted for it?"""

    AWAITED = "awaited"  # not yet, and it is looked up again
    SEEN = "seen"  # everything that was accepted is there
    MISSING = "missing"  # still not after the last look-up
    UNSHIPPED = "unshipped"  # plainly not, of what nobody knew whether Amazon had it: it may be sent again


class UploadState(StrEnum):
    """Where an upload stands."""

    ARRIVED = "arrived"  # safe in the spool, not read yet
    WAITING = "waiting"  # read, and some lines wait for Amazon
    DONE = "done"  # every line has its final verdict
    REJECTED = "rejected"  # the whole file is unusable
    HELD = "held"  # waits for a decision of the seller or an operator
    CUT = "cut"  # broken off in transfer, kept aside
    FAILED = "failed"  # we failed; set aside for an operator
    REPLACED = "replaced"  # was held or cut, until a later file of the same name took its place


class FeedKind(StrEnum):
    """What a feed tells Amazon."""

    FULFILLMENT = "fulfillment"  # what was shipped
    ACKNOWLEDGEMENT = "acknowledgement"  # what is cancelled


class FeedState(StrEnum):
    """Where a feed stands."""

    OPEN = "open"  # the account's slot is taken
    FILLED = "filled"  # its lines and messages are fixed
    INTENDED = "intended"  # createFeed was or is being called: Amazon may have it
    ADOPTED = "adopted"  # a feed found at Amazon may be it, which is still to be proven
    SUBMITTED = "submitted"  # Amazon has it, its feed id is known
    SETTLED = "settled"  # every line has its verdict
    EMPTY = "empty"  # nothing was left to send when it was filled
    WAITING = "waiting"  # its lines were sent before, in vain, and wait for their turn to be sent again
    STOPPED = "stopped"  # needs an operator


class OrderReportState(StrEnum):
    """Where a pull of an account's orders from Amazon stands."""

    OPEN = "open"  # wanted, but not requested from Amazon yet
    MAKING = "making"  # requested: Amazon's report id is known
    DONE = "done"  # the report is in the order book
    FAILED = "failed"  # this one failed, the next one may work
    REFUSED = "refused"  # Amazon refused; not requested again for an hour


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
    """What a user of the pages may do; each role includes the ones before it."""

    VIEWER = "viewer"  # look
    OPERATOR = "operator"  # release, reject, retry, settle, close connections
    ADMIN = "admin"  # sellers and users

    def may(self, needed: Role) -> bool:
        """Does this role include the one that is needed?"""
        order = list(Role)
        return order.index(self) >= order.index(needed)


class Scope(StrEnum):
    """What a token is for."""

    READ = "read"  # every GET, and evidence
    UPLOAD = "upload"  # hand in files, release held ones
    MANAGE = "manage"  # everything else that changes something


@dataclass(frozen=True, slots=True)
class Account:
    """One seller's account at Amazon: where feeds go, and in whose name."""

    id: int
    merchant_id: str
    marketplace_id: str = "ATVPDKIKX0DER"


@dataclass(frozen=True, slots=True)
class Seller:
    """Somebody who drops files. `name` is letters and digits, lower case (matched without regard to case)."""

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
    """The largest file that is read. All limits are inclusive."""

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
    answering: str = "Amazon"  # who answers, in words
