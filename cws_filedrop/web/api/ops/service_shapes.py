"""The shapes of how the service itself stands: now, sellers, doors, alarms, charts, people. Only ever extended; moments
are ISO 8601 in UTC.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from cws_filedrop.model import AlarmKind, OrderState, Role
from cws_filedrop.web.api.ops.parts import NO_ZERO
from cws_filedrop.web.api.ops.shapes import DecisionBody, FoundUpload, UnconfirmedLine
from cws_filedrop.web.api.shapes import AT, ORDER, FileBody


class AlarmBody(BaseModel):
    """What is wrong, or was."""

    no: int
    kind: AlarmKind
    text: str
    remedy: str
    since: str = Field(examples=[AT])
    recovered_at: str | None = Field(description="none: it is still open")


class Alarms(BaseModel):
    """A page of alarms, newest first; the next one is in the `Link` header."""

    alarms: list[AlarmBody]


# Now.


class StageBody(BaseModel):
    """How much stands at a stage, and since when the oldest of it does."""

    number: int = Field(description="uploads or feeds")
    lines: int
    oldest_at: str | None = Field(default=None, examples=[AT], description="none: there is nothing")
    oldest_seconds: float | None = Field(default=None, examples=[42.5])


class StagesBody(BaseModel):
    """The stages of what is dropped, and what was set aside."""

    being_read: StageBody = Field(description="uploads that have not been read")
    to_send: StageBody = Field(description="uploads with lines still to be sent to Amazon")
    at_amazon: StageBody = Field(description="feeds that Amazon has and has not answered")
    aside: StageBody = Field(description="uploads that wait for a decision: held, cut, failed")
    stopped: StageBody = Field(description="feeds that need an operator")


class HealthBody(BaseModel):
    """How a part of the service is."""

    name: str = Field(examples=["Database"])
    tone: Literal["good", "odd", "bad"]
    words: str = Field(examples=["answers within 3 ms"])


class LateOrder(BaseModel):
    """An order that is to be shipped soon, or should have been, and is not."""

    seller: str | None
    account_id: int
    order_id: str = Field(examples=[ORDER])
    state: OrderState
    ship_by: str = Field(examples=[AT])
    open: str = Field(default="", description="what is not confirmed of it; empty: nothing of it was told")


class Now(BaseModel):
    """How everything stands at this moment."""

    at: str = Field(examples=[AT])
    stages: StagesBody
    day: dict[str, int] = Field(description="lines by verdict, of uploads of the last 24 hours")
    connections: int
    transfers: int = Field(description="connections on which something is transferred")
    unconfirmed: int = Field(description="lines; at most 500 are counted")
    late_orders: int = Field(description="at most 1,000 are counted")
    late: list[LateOrder] = Field(description="the most pressing 100")
    alarms: list[AlarmBody] = Field(description="those that are open")
    stopped_accounts: dict[str, str] = Field(description="accounts that nothing is sent for, and why")
    health: list[HealthBody]


# Sellers.


class SellerSummary(BaseModel):
    """A seller in the list. Files and lines are those of the last 24 hours."""

    name: str = Field(examples=["anna"])
    enabled: bool
    merchant_id: str
    stopped: str = Field(description="why nothing is sent for it; empty: nothing is stopped")
    last_drop: str | None = Field(examples=[AT])
    files: int
    lines: int
    confirmed: int
    rejected: int
    waiting: int = Field(description="lines that wait for Amazon")
    aside: int = Field(description="uploads that wait for a decision")


class SellerList(BaseModel):
    """A page of sellers, by name; the next one is in the `Link` header."""

    sellers: list[SellerSummary]


class FolderBody(BaseModel):
    """A folder of a seller's: how many files lie there, and the newest 100."""

    name: str = Field(examples=["inbox"])
    number: int
    files: list[FileBody]


class LimitBody(BaseModel):
    """How much of a limit is used."""

    name: str = Field(examples=["files in an hour"])
    used: int
    most: int


class LateOfSeller(BaseModel):
    """An order of the seller that is to be shipped soon, or should have been, and is not confirmed."""

    order_id: str = Field(examples=[ORDER])
    number: str
    ship_by: str = Field(examples=[AT])
    state: OrderState
    open: str = Field(default="", description="what is not confirmed of it; empty: nothing of it was told")


class AtDoor(BaseModel):
    """What was done at a door; `times` in all, first at `at`."""

    at: str = Field(examples=[AT])
    event: str = Field(examples=["login"])
    address: str
    door: str
    client: str
    name: str
    upload_id: str
    size: int | None
    detail: str
    times: int


class BanBody(BaseModel):
    """An address or a user name that is banned for guessing."""

    kind: str = Field(examples=["address"])
    who: str = Field(examples=["192.0.2.7"])
    until: str = Field(examples=[AT])
    bans: int = Field(description="how often it was banned")


class WholeSeller(BaseModel):
    """A seller: its access, folders, drops and rhythm, what is late or not confirmed."""

    name: str = Field(examples=["anna"])
    may_log_in: bool
    expires_at: str | None = Field(description="until when it may log in; none: always")
    networks: str = Field(description="where it may come from; empty: anywhere")
    account_id: int
    merchant_id: str
    marketplace_id: str
    time_zone: str
    counts: dict[str, int] = Field(description="uploads by state")
    uploads: list[FoundUpload] = Field(description="the newest 15")
    folders: list[FolderBody]
    rhythm: list[list[int]] = Field(description="files by weekday (Monday first) and hour in UTC, of 4 weeks")
    unconfirmed: list[UnconfirmedLine] = Field(description="the newest 50")
    late: list[LateOfSeller] = Field(description="the most pressing 50")
    limits: list[LimitBody]
    at_doors: list[AtDoor] = Field(description="the newest 30")
    bans: list[BanBody] = Field(description="banned addresses that tried this name")


# Doors.


class ConnectionBody(BaseModel):
    """A seller who is connected."""

    id: str = Field(examples=["0f3a5c7d9b1e"])
    seller: str
    door: str = Field(examples=["sftp"])
    address: str
    client: str
    since: str = Field(examples=[AT])
    busy: bool = Field(description="a transfer is under way")
    close_asked: bool = Field(description="it is being closed")


class Connections(BaseModel):
    """Who is connected, longest first."""

    connections: list[ConnectionBody]


class Bans(BaseModel):
    """A page of bans, by kind and name; the next one is in the `Link` header."""

    bans: list[BanBody]


class LiftRequest(BaseModel):
    """The address or user name that may try again at once."""

    model_config = ConfigDict(extra="forbid")
    who: str = Field(min_length=1, max_length=200, pattern=NO_ZERO, examples=["192.0.2.7"])


# Charts.


class CodeLines(BaseModel):
    """The number of lines with a code."""

    code: str = Field(examples=["D03"])
    lines: int


class UsedQuota(BaseModel):
    """Feeds of an account that Amazon was given."""

    merchant_id: str
    feeds: int


class QuotaBody(BaseModel):
    """How much was used of the feeds that Amazon takes from each account."""

    most: int = Field(description="feeds that Amazon takes from one account in that time")
    accounts: int
    used: list[UsedQuota] = Field(description="most first")


class ChartFigures(BaseModel):
    """What the charts show. Each list has a value for each slot."""

    range: Literal["day", "week", "month"]
    seller: str | None = Field(description="none: all of them")
    slots: list[str] = Field(description="hours or days in UTC, as moments begin", examples=[["2026-11-22T01"]])
    lines: dict[str, list[int]] = Field(description="by what became of them; what never happened is left out")
    receipt_seconds: dict[str, list[float | None]] = Field(description="from drop to receipt: p50, p95")
    answer_seconds: dict[str, list[float | None]] = Field(description="from drop to Amazon's last answer: p50, p95")
    codes: list[CodeLines] = Field(description="the commonest")
    quota: QuotaBody


# People.


class PersonBody(BaseModel):
    """A user of the pages and of this API."""

    name: str = Field(examples=["olga"])
    role: Role
    enabled: bool
    second_factor: bool
    created_at: str = Field(examples=[AT])


class People(BaseModel):
    """Every user, by name."""

    people: list[PersonBody]


class NewPerson(PersonBody):
    """A user, with a password that was made just now."""

    password: str = Field(description="shown this once")


class PersonRequest(BaseModel):
    """A new user."""

    model_config = ConfigDict(extra="forbid")
    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$", examples=["olga"])
    role: Role


class PersonChange(BaseModel):
    """A change to a user: one thing at a time."""

    model_config = ConfigDict(extra="forbid")
    role: Role | None = None
    enabled: bool | None = None
    second_factor: Literal[False] | None = Field(default=None, description="false: the phone is lost, ask for no codes")

    @model_validator(mode="after")
    def _one_thing(self) -> PersonChange:
        if sum(one is not None for one in (self.role, self.enabled, self.second_factor)) != 1:
            raise ValueError("say one of role, enabled, second_factor")
        return self


class Decisions(BaseModel):
    """A page of what people decided, newest first; the next one is in the `Link` header."""

    deeds: list[DecisionBody]
