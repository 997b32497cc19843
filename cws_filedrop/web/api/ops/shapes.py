"""The shapes of what operators work on: uploads, orders, work lists, feeds. Only ever extended; moments are ISO 8601 in
UTC.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from cws_filedrop.model import Door, FeedKind, FeedState, Grade, OrderState, UploadState, Verdict
from cws_filedrop.web.api.ops.parts import NO_ZERO
from cws_filedrop.web.api.shapes import AT, ORDER, UPLOAD, EventBody, IssueBody, OrderBody, OrderLineBody, PackageBody


class CaseBody(BaseModel):
    """Who a case is assigned to, and a note."""

    assignee: str = Field(default="", description="a user's name; empty: nobody's", examples=["olga"])
    note: str = ""
    changed_at: str = Field(default="", description="empty: never changed", examples=[AT])


class CaseRequest(BaseModel):
    """Who to assign a case to, and a note; what is left out is emptied."""

    model_config = ConfigDict(extra="forbid")
    assignee: str = Field(
        default="", max_length=64, pattern=NO_ZERO, description="a user's name; empty: nobody's", examples=["olga"]
    )
    note: str = Field(default="", max_length=1000, pattern=NO_ZERO)


class DecisionBody(BaseModel):
    """What somebody decided, on the pages, by the API or by a command."""

    id: int
    at: str = Field(examples=[AT])
    who: str = Field(description="a user's name, or: command line", examples=["olga"])
    address: str = Field(examples=["192.0.2.7"])
    token: str = Field(description="the beginning of the token that was used; empty: none was", examples=["cwsop_Ab3d"])
    what: str = Field(examples=["upload.release"])
    about: str = Field(description="an upload, a seller, a user, `ACCOUNT ORDER-ID`", examples=[UPLOAD])
    detail: str


# Uploads.


class FoundUpload(BaseModel):
    """An upload in a list. `verdicts` counts its lines as they stood when it was last answered."""

    id: str = Field(examples=[UPLOAD])
    seller: str = Field(examples=["anna"])
    folder: str = Field(examples=["inbox"])
    name: str = Field(examples=["shipped.txt"])
    door: Door
    grade: Grade | None = Field(description="none: it is being taken")
    state: UploadState
    size: int = Field(examples=[1234], description="bytes")
    line_count: int = Field(examples=[12])
    waiting: int = Field(description="lines that wait for Amazon")
    arrived_at: str = Field(examples=[AT])
    answered_at: str | None = Field(default=None, examples=[AT], description="when its receipt was first delivered")
    done_at: str | None = Field(default=None, examples=[AT])
    verdicts: dict[str, int] = Field(examples=[{"confirmed": 11, "rejected": 1}])


class FoundUploads(BaseModel):
    """A page of uploads, newest first; the next one is in the `Link` header."""

    uploads: list[FoundUpload]


class StepBody(BaseModel):
    """A step of an upload's timeline."""

    at: str = Field(examples=[AT])
    what: str = Field(examples=["receipt delivered"])
    detail: str
    tone: str = Field(description="good, bad, odd or plain", examples=["good"])


class KeptFile(BaseModel):
    """A file of an upload that is there: at `/ops/uploads/ID/KIND`."""

    kind: str = Field(examples=["receipt"])
    name: str
    size: int = Field(description="bytes")


class LineMessages(BaseModel):
    """How many lines have a verdict and a code."""

    verdict: Verdict
    code: str
    lines: int


class WholeUpload(FoundUpload):
    """An upload with its timeline, the first issues found in it, its files, and its case."""

    account_id: int = Field(description="0: it is not recorded yet")
    client: str = Field(description="where it came from", examples=["192.0.2.7"])
    evidence: str = Field(description="why it was graded so, and what was decided on it since")
    sha256: str = Field(description="empty until it is read")
    releases: int = Field(description="times that somebody has decided on it")
    failure: str = Field(description="why we failed; empty: we did not")
    issues: list[IssueBody]
    said: list[LineMessages]
    story: list[StepBody]
    files: list[KeptFile]
    case: CaseBody


class UploadDecided(BaseModel):
    """An upload that was just released or rejected: it is read, or answered, within seconds."""

    id: str = Field(examples=[UPLOAD])
    state: UploadState


class RejectRequest(BaseModel):
    """Why an upload is refused."""

    model_config = ConfigDict(extra="forbid")
    why: str = Field(max_length=500, pattern=NO_ZERO, description="the seller reads it", examples=["it is last week's"])


class LineOfUpload(BaseModel):
    """A line of an upload as it stands; `line` counts as an editor does."""

    line: int = Field(examples=[2])
    order_id: str = Field(description="as the file has it", examples=[ORDER])
    amazon_order_id: str = Field(description="empty: not known", examples=[ORDER])
    order_item_id: str
    tracking: str
    verdict: Verdict
    code: str
    message: str
    feed_no: int | None = Field(default=None, description="the feed that carries it")
    seen_at: str | None = Field(default=None, description="when Amazon's own order was seen to have it")


class LinesOfUpload(BaseModel):
    """A page of lines; the next one is in the `Link` header."""

    lines: list[LineOfUpload]


# Orders.


class FoundOrder(BaseModel):
    """An order in a list."""

    account_id: int
    merchant_id: str = Field(examples=["A1B2C3D4E5"])
    order_id: str = Field(examples=[ORDER])
    reference: str = Field(description="the seller's own number")
    state: OrderState
    latest_ship_date: str
    tracking_number: str
    changed_at: str = Field(examples=[AT])
    cancel_request: str = Field(default="", description='"yes": the buyer wishes to cancel it')


class FoundOrders(BaseModel):
    """A page of orders, last changed first; the next one is in the `Link` header."""

    orders: list[FoundOrder]


class RefusedLine(BaseModel):
    """A line that Amazon refused, or of which nobody knows what became of it."""

    upload_id: str = Field(examples=[UPLOAD])
    line: int
    verdict: Verdict
    code: str = Field(examples=["A-18028"])
    message: str


class WholeOrder(OrderBody):
    """An order with its lines, all that happened to it, the uploads that name it, and its case."""

    account_id: int
    merchant_id: str
    marketplace_id: str
    speed: str = Field(description="slow or fast, by its ship method; empty: neither")
    amazon_url: str = Field(description="where it stands on Amazon's seller site; empty: not known")
    open: str = Field(default="", examples=["1 of 2 lines not confirmed"], description="empty: nothing")
    lines: list[OrderLineBody]
    packages: list[PackageBody]
    history: list[EventBody]
    uploads: list[FoundUpload]
    refused: list[RefusedLine] = Field(description="the lines that `retry` would send again")
    case: CaseBody
    deeds: list[DecisionBody]


class DifferenceBody(BaseModel):
    """An order of which Amazon's own order says something else than we know."""

    account_id: int
    order_id: str = Field(examples=[ORDER])
    state: OrderState
    amazon_status: str = Field(examples=["PARTIALLY_SHIPPED"])
    looked_at: str = Field(examples=[AT])
    differences: list[str] = Field(examples=[["01234567890123: 2 accepted in our ledger, 1 of 2 shipped at Amazon"]])


class OrderDifferences(BaseModel):
    """Orders that differ, last looked at first."""

    differences: list[DifferenceBody]


class SettleRequest(BaseModel):
    """What has become of an order: shipped, cancelled or new."""

    model_config = ConfigDict(extra="forbid")
    state: OrderState
    note: str = Field(
        max_length=1000,
        pattern=r"^[^\x00]*[^\s\x00][^\x00]*$",
        description="why; it is kept in the order's history",
        examples=["confirmed at Amazon by hand"],
    )


class OrderKey(BaseModel):
    """Which order of which account."""

    model_config = ConfigDict(extra="forbid")
    account_id: int = Field(ge=1, le=2**63 - 1)
    order_id: str = Field(min_length=1, max_length=100, examples=["026-1520163-6049104"])


class OrdersToRetry(BaseModel):
    """Which orders; or, with `offered`, all of which lines of unknown outcome are plainly not at Amazon."""

    model_config = ConfigDict(extra="forbid")
    orders: list[OrderKey] = Field(default=[], max_length=1000)
    offered: bool = False


class OrdersToSettle(SettleRequest):
    """Which orders, and what has become of all of them."""

    orders: list[OrderKey] = Field(min_length=1, max_length=1000)


class OrderDone(BaseModel):
    """How it went with one order."""

    account_id: int
    order_id: str
    upload_id: str = Field(default="", description="the upload that carries its lines now")
    why_not: str = Field(default="", description="why nothing was done; empty: it was done")


class OrdersDone(BaseModel):
    """How it went with each order."""

    orders: list[OrderDone]


class OrderStands(BaseModel):
    """Where an order stands now."""

    account_id: int
    order_id: str = Field(examples=[ORDER])
    state: OrderState


class SentAgain(BaseModel):
    """The upload by which refused lines are sent again."""

    upload_id: str = Field(examples=[UPLOAD])


# Work lists.


class UnconfirmedLine(BaseModel):
    """A line that Amazon refused, or of which nobody knows what became of it, and that nobody has settled."""

    upload_id: str = Field(examples=[UPLOAD])
    line: int = Field(examples=[2])
    seller: str = Field(examples=["anna"])
    account_id: int
    order_id: str = Field(examples=[ORDER])
    order_item_id: str
    tracking: str
    verdict: Verdict
    code: str = Field(examples=["A-18028"])
    message: str
    remedy: str = Field(description="what to do; empty: nothing is known of that code")
    amazon_url: str = Field(description="where the order stands on Amazon's seller site; empty: not known")
    arrived_at: str = Field(examples=[AT])
    case: CaseBody = Field(description="of the order")


class UnconfirmedLines(BaseModel):
    """A page of them, newest first; the next one is in the `Link` header."""

    lines: list[UnconfirmedLine]


class HeldUpload(BaseModel):
    """An upload that waits for a decision."""

    id: str = Field(examples=[UPLOAD])
    seller: str = Field(examples=["anna"])
    folder: str
    name: str
    state: UploadState
    size: int = Field(description="bytes")
    arrived_at: str = Field(examples=[AT])
    evidence: str
    failure: str = Field(description="why we failed; empty: we did not")
    issues: list[IssueBody]
    verdicts: dict[str, int] = Field(description="what its lines would become")
    case: CaseBody


class HeldUploads(BaseModel):
    """A page of them, newest first; the next one is in the `Link` header."""

    uploads: list[HeldUpload]


# Feeds.


class FeedBody(BaseModel):
    """A document on its way to Amazon."""

    no: int = Field(examples=[7])
    account_id: int
    merchant_id: str = Field(examples=["A1B2C3D4E5"])
    kind: FeedKind
    state: FeedState
    line_count: int
    message_count: int
    opened_at: str = Field(examples=[AT])
    intent_at: str | None = Field(description="since when Amazon may have it")
    submitted_at: str | None
    settled_at: str | None
    amazon_feed_id: str | None
    document_id: str = Field(description="Amazon's id of the document; empty: not uploaded")
    report_document_id: str = Field(description="Amazon's id of its report; empty: none yet")
    note: str = Field(description="why it is stopped, or what it waits for")
    offered: bool = Field(description="whether it may be at Amazon, and may be sent again at an operator's risk")


class FeedList(BaseModel):
    """A page of feeds, newest first; the next one is in the `Link` header."""

    feeds: list[FeedBody]


class DropFeedRequest(BaseModel):
    """Why the lines of a feed are taken out."""

    model_config = ConfigDict(extra="forbid")
    note: str = Field(default="", max_length=200, description="for its sellers; the default is the feed's own note")


class AdoptRequest(BaseModel):
    """Which of Amazon's feeds a stopped feed became."""

    model_config = ConfigDict(extra="forbid")
    amazon_feed_id: str = Field(pattern=r"^[A-Za-z0-9-]{1,40}$", examples=["50001234567"])
