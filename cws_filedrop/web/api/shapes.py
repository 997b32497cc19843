"""The shapes of requests and answers: documented, and only ever extended. Moments are ISO 8601 in UTC."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from fastapi import Path
from pydantic import BaseModel, ConfigDict, Field

from cws_filedrop.model import HookEvent, Issue, OrderState, Scope, UploadState, Verdict
from cws_filedrop.upload_outcome import WHOLE, UploadOutcome

UPLOAD: Final = "20261122-013042-k7f3"
ORDER: Final = "026-1520163-6049104"
AT: Final = "2026-11-22T01:30:42.000Z"

UploadId = Annotated[
    str, Path(pattern=r"^[0-9]{8}-[0-9]{6}-[2-9a-hjkmnp-tv-z]{4}$", description="an upload's id", examples=[UPLOAD])
]
OrderId = Annotated[
    str,
    Path(pattern=r"^[A-Za-z0-9]{3}-[A-Za-z0-9]{7}-[A-Za-z0-9]{7}$", description="Amazon's order id", examples=[ORDER]),
]
SerialId = Annotated[int, Path(ge=1, le=2**53, description="its id", examples=[1])]


class Answering(BaseModel):
    """Who answers for Amazon."""

    marketplace: Literal["amazon", "sandbox"]


class HandedIn(BaseModel):
    """An upload that was taken just now: it is stored safely, and not read yet."""

    id: str = Field(examples=[UPLOAD])
    state: UploadState
    name: str = Field(examples=["shipped.txt"])
    folder: str = Field(examples=["inbox"])
    size: int = Field(examples=[1234], description="bytes")


class IssueBody(BaseModel):
    """One thing to say about a line, or about the whole file."""

    line: int | None = Field(default=None, description="none: the whole file")
    code: str = Field(examples=["D03"])
    severity: str = Field(examples=["error"])
    column: str
    message: str
    remedy: str


def issues_of(outcome: UploadOutcome) -> list[IssueBody]:
    """The first issues found in an upload."""
    return [_issue(line, issue) for line, issue in outcome.all_issues]


def _issue(line: int, issue: Issue) -> IssueBody:
    return IssueBody(
        line=None if line == WHOLE else line,
        code=issue.code,
        severity=str(issue.severity),
        column=issue.column,
        message=issue.message,
        remedy=issue.remedy,
    )


class UploadBody(BaseModel):
    """One upload. `verdicts` counts its lines."""

    id: str = Field(examples=[UPLOAD])
    name: str = Field(examples=["shipped.txt"])
    folder: str = Field(examples=["inbox"])
    door: str = Field(examples=["sftp"])
    state: UploadState
    arrived_at: str = Field(examples=[AT])
    answered_at: str | None = Field(default=None, examples=[AT], description="when its receipt was first delivered")
    done_at: str | None = Field(default=None, examples=[AT])
    size: int = Field(examples=[1234], description="bytes")
    sha256: str = Field(default="", description="empty until it is read")
    grade: str = Field(examples=["whole"])
    evidence: str = ""
    line_count: int = Field(default=0, examples=[12])
    waiting: int = Field(default=0, description="lines that wait for Amazon")
    verdicts: dict[str, int] = Field(default_factory=dict, examples=[{"confirmed": 11, "rejected": 1}])


class OneUpload(UploadBody):
    """One upload, and the first issues found in it."""

    issues: list[IssueBody] = Field(default_factory=list)


class Uploads(BaseModel):
    """A page of uploads, newest first; the next one is in the `Link` header."""

    uploads: list[UploadBody]


class LineBody(BaseModel):
    """One line of a file, as an editor counts them: the heading is a line."""

    line: int = Field(examples=[2])
    order_id: str = Field(examples=[ORDER])
    order_item_id: str = ""
    tracking: str = ""
    verdict: Verdict
    code: str = ""
    message: str = ""
    amazon_feed_id: str | None = None


class Lines(BaseModel):
    """A page of lines; the next one is in the `Link` header."""

    lines: list[LineBody]


class OrderBody(BaseModel):
    """An order, without its buyer. Moments are empty where they are not known."""

    order_id: str = Field(examples=[ORDER])
    number: str = Field(examples=["17"], description="the service's own number")
    reference: str = Field(default="", description="your own")
    state: OrderState
    purchase_date: str = ""
    latest_ship_date: str = ""
    ship_method: str = ""
    tracking_number: str = ""
    changed_at: str = Field(examples=[AT])
    shipped_at: str = ""
    cancel_request: str = Field(default="", description='"yes": the buyer wishes to cancel it')


class OrderLineBody(BaseModel):
    """What was ordered of one item."""

    order_item_id: str
    sku: str
    item_name: str
    quantity: int | None = None


class EventBody(BaseModel):
    """What happened to an order, and where it stood afterwards."""

    at: str = Field(examples=[AT])
    who: str = Field(examples=["seller"])
    state: OrderState
    what: str
    upload_id: str = Field(default="", description="empty: no upload, or none of yours")
    line: int | None = None


class PackageBody(BaseModel):
    """One order line in one package: how many units Amazon was told, and what became of them."""

    package: int = Field(description="its number in the order; it never changes")
    order_item_id: str = Field(description="empty: the whole order")
    tracking: str
    quantity: int | None = Field(default=None, description="null: all that was ordered, which the counts count as 1")
    told: int
    accepted: int
    refused: int
    unknown: int
    cancelled: int = Field(description="taken back before Amazon had them, or shipped in another package")
    on_its_way: int


class OneOrder(OrderBody):
    """An order with its lines, its packages and its history."""

    open: str = Field(default="", examples=["1 of 2 lines not confirmed"], description="empty: nothing")
    lines: list[OrderLineBody]
    packages: list[PackageBody]
    history: list[EventBody]


class Orders(BaseModel):
    """A page of orders, last changed first; the next one is in the `Link` header."""

    orders: list[OrderBody]


class FileBody(BaseModel):
    """A file to be fetched."""

    name: str
    size: int = Field(description="bytes")
    changed_at: str = Field(examples=[AT])


class Files(BaseModel):
    """Files of a folder, by name."""

    files: list[FileBody]


class StateBody(BaseModel):
    """An order state, and how many orders are in it."""

    state: OrderState
    orders: int


class States(BaseModel):
    """Every order state."""

    states: list[StateBody]


class HookBody(BaseModel):
    """A web hook."""

    id: int
    url: str = Field(examples=["https://example.com/hook"])
    events: list[HookEvent]
    enabled: bool
    why_disabled: str = Field(default="", description="empty: somebody switched it off, or it is on")
    failing_since: str | None = None
    last_answer: str = ""
    called_at: str | None = None
    created_at: str = Field(examples=[AT])
    waiting: int = Field(default=0, description="calls queued for it")


class NewHook(HookBody):
    """A web hook that was made just now."""

    secret: str = Field(description="signs the calls; shown only now", examples=["whsec_…"])


class Hooks(BaseModel):
    """Every web hook of yours."""

    hooks: list[HookBody]


class HookRequest(BaseModel):
    """A new web hook."""

    model_config = ConfigDict(extra="forbid")
    url: str = Field(max_length=1000, examples=["https://example.com/hook"])
    events: list[HookEvent] = Field(default_factory=list, max_length=10, description="empty: all events for sellers")


class TokenBody(BaseModel):
    """A token, without itself."""

    id: int
    label: str
    hint: str = Field(description="its first letters", examples=["cwsfd_Ab3d"])
    enabled: bool
    created_at: str = Field(examples=[AT])
    used_at: str | None = Field(default=None, description="to the minute")
    scopes: list[Scope] = Field(description="what it may be used for")
    expires_at: str | None = Field(default=None, description="it holds until then; null: until it is switched off")
    networks: str = Field(default="", description="where it may come from, by blanks; empty: anywhere")


class NewToken(TokenBody):
    """A token that was made just now."""

    token: str = Field(description="shown only now", examples=["cwsfd_…"])


class Tokens(BaseModel):
    """Every token of yours."""

    tokens: list[TokenBody]


class TokenRequest(BaseModel):
    """A new token."""

    model_config = ConfigDict(extra="forbid")
    label: str = Field(default="", max_length=100, pattern=r"^[ -~\u00a1-\ud7ff]*$", examples=["stock program"])


class Switch(BaseModel):
    """On or off."""

    model_config = ConfigDict(extra="forbid")
    enabled: bool
