"""Finds uploads and orders by whatever an operator knows of them: a name, an id, a number, a hash, a verdict, a day.

Every query is bounded, and uses an index or the verdict counts (table `tallies`); none searches all of `lines`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Final

import sqlalchemy as sa

from cws_filedrop.model import UploadState
from cws_filedrop.reports.outcome import UploadWords, of_upload
from cws_filedrop.store.database import Database
from cws_filedrop.store.schema import ACCOUNTS, LINES, ORDERS, SELLERS, UPLOADS, VERDICT_COUNTS
from cws_filedrop.store.uploads import verdict_counts

UPLOAD_ID: Final = re.compile(r"\d{8}-\d{6}-\w{4}")
AMAZON_ORDER: Final = re.compile(r"\d{3}-\d{7}-\d{7}")
HASH: Final = re.compile(r"[0-9a-f]{8,64}")


@dataclass(frozen=True, slots=True)
class UploadSearch:
    """Conditions on uploads; "" = any. Days are ISO dates in UTC, both included.

    `text` may be an upload's id, an Amazon order number, the beginning of a hash, a tracking number, or part of a name.
    """

    text: str = ""
    seller: str = ""
    state: str = ""
    door: str = ""
    verdict: str = ""
    code: str = ""
    since: str = ""
    until: str = ""


@dataclass(frozen=True, slots=True)
class UploadSummary:
    """An upload in a list; `verdicts` are those of its last answer. Moments are stamps."""

    id: str
    seller: str
    folder: str
    name: str
    door: str
    grade: str
    state: UploadState
    size: int
    line_count: int
    waiting: int
    arrived_at: str
    answered_at: str | None
    done_at: str | None
    verdicts: Mapping[str, int]

    @property
    def outcome(self) -> UploadWords:
        """What became of it, in words."""
        return of_upload(self.state, self.verdicts, rehearsal=self.folder == "test")


_COLUMNS: Final = tuple(
    UPLOADS.c[item.name] for item in fields(UploadSummary) if item.name not in ("seller", "verdicts")
)


def uploads(
    db: Database, wanted: UploadSearch, *, before: str = "", seller_id: int | None = None, limit: int = 50
) -> list[UploadSummary]:
    """Uploads that meet the conditions, newest first; `before` is the id to continue from."""
    query = sa.select(*_COLUMNS, SELLERS.c.name.label("seller")).select_from(UPLOADS.join(SELLERS))
    query = query.order_by(UPLOADS.c.id.desc()).limit(limit)
    if before:
        query = query.where(UPLOADS.c.id < before)
    if seller_id is not None:
        query = query.where(UPLOADS.c.seller_id == seller_id)
    with db.read() as connection:
        for condition in _conditions(connection, wanted):
            query = query.where(condition)
        rows = connection.execute(query).all()
        verdicts = _verdicts(connection, [row.id for row in rows])
    return [
        UploadSummary(**{**row._mapping, "state": UploadState(row.state), "verdicts": verdicts.get(row.id, {})})
        for row in rows
    ]


def _verdicts(connection: sa.Connection, upload_ids: Sequence[str]) -> dict[str, dict[str, int]]:
    counted = sa.select(
        VERDICT_COUNTS.c.upload_id,
        VERDICT_COUNTS.c.verdict,
        sa.func.sum(VERDICT_COUNTS.c.line_count).label("line_count"),
    )
    counted = counted.where(VERDICT_COUNTS.c.upload_id.in_(upload_ids), VERDICT_COUNTS.c.line_count > 0).group_by(
        VERDICT_COUNTS.c.upload_id, VERDICT_COUNTS.c.verdict
    )
    by_upload: dict[str, dict[str, int]] = {}
    for row in connection.execute(counted):
        by_upload.setdefault(row.upload_id, {})[row.verdict] = int(row.line_count)
    return by_upload


def _conditions(connection: sa.Connection, wanted: UploadSearch) -> list[sa.ColumnElement[bool]]:
    columns = {"seller": SELLERS.c.name, "state": UPLOADS.c.state, "door": UPLOADS.c.door}
    given = [column == getattr(wanted, name) for name, column in columns.items() if getattr(wanted, name)]
    if wanted.since:
        given.append(UPLOADS.c.id >= wanted.since.replace("-", ""))
    if wanted.until:
        given.append(UPLOADS.c.id < wanted.until.replace("-", "") + "~")
    of_lines = [VERDICT_COUNTS.c.verdict == wanted.verdict] if wanted.verdict else []
    if wanted.code:
        of_lines.append(verdict_counts.among(VERDICT_COUNTS.c.code, wanted.code))
    if of_lines:
        given.append(UPLOADS.c.id.in_(sa.select(VERDICT_COUNTS.c.upload_id).where(*of_lines)))
    if text := wanted.text.strip():
        given.append(_named(connection, text))
    return given


def _named(connection: sa.Connection, text: str) -> sa.ColumnElement[bool]:
    if UPLOAD_ID.fullmatch(text):
        return UPLOADS.c.id == text
    if AMAZON_ORDER.fullmatch(text):
        return UPLOADS.c.id.in_(_of_orders(connection, text))
    ways = [UPLOADS.c.name.contains(text, autoescape=True)]
    ways.append(UPLOADS.c.id.in_(sa.select(LINES.c.upload_id).where(LINES.c.tracking == text, LINES.c.tracking != "")))
    if HASH.fullmatch(text.lower()):
        ways.append(UPLOADS.c.sha256.startswith(text.lower()))
    return sa.or_(*ways)


def _of_orders(connection: sa.Connection, amazon_order_id: str) -> sa.Select[Any]:
    accounts = list(connection.execute(sa.select(ACCOUNTS.c.id)).scalars())  # the index begins with the account
    return sa.select(LINES.c.upload_id).where(
        LINES.c.account_id.in_(accounts), LINES.c.amazon_order_id == amazon_order_id
    )


@dataclass(frozen=True, slots=True)
class FoundOrder:
    """An order in a list. Moments are stamps, "" = not known."""

    account_id: int
    merchant_id: str
    amazon_order_id: str
    reference: str
    state: str
    latest_ship_date: str
    tracking_number: str
    changed_at: str
    cancel_request: str  # "yes": the buyer wishes to cancel it


def orders(
    db: Database,
    *,
    text: str = "",
    state: str = "",
    account_id: int | None = None,
    before: tuple[str, int] | None = None,
    limit: int = 50,
) -> tuple[list[FoundOrder], tuple[str, int] | None]:
    """Orders, most recently changed first; and the `before` of the next page, None when there is none.

    `text` is Amazon's number, the service's own, the seller's reference, or the tracking number of a line.
    """
    names = [item.name for item in fields(FoundOrder) if item.name != "merchant_id"]
    query = sa.select(*(ORDERS.c[name] for name in names), ORDERS.c.no, ACCOUNTS.c.merchant_id)
    query = query.select_from(ORDERS.join(ACCOUNTS)).order_by(ORDERS.c.changed_at.desc(), ORDERS.c.no.desc())
    if state:
        query = query.where(ORDERS.c.state == state)
    if before is not None:
        query = query.where(sa.tuple_(ORDERS.c.changed_at, ORDERS.c.no) < sa.tuple_(*map(sa.literal, before)))
    with db.read() as connection:
        accounts = [account_id] if account_id is not None else connection.execute(sa.select(ACCOUNTS.c.id)).scalars()
        among = list(accounts)
        if text := text.strip():
            query = query.where(ORDERS.c.no.in_(_orders_named(text, among)))
        # One account after the other: the index of changes begins with the account, and the newest come first.
        rows = [
            row
            for account in among
            for row in connection.execute(query.where(ORDERS.c.account_id == account).limit(limit + 1))
        ]
    rows.sort(key=lambda row: (row.changed_at, row.no), reverse=True)
    page = [FoundOrder(**{name: getattr(row, name) for name in FoundOrder.__slots__}) for row in rows[:limit]]
    more = (rows[limit - 1].changed_at, int(rows[limit - 1].no)) if len(rows) > limit else None
    return page, more


def _orders_named(text: str, accounts: Sequence[int]) -> Any:
    mine = ORDERS.c.account_id.in_(accounts)
    ways = [
        sa.select(ORDERS.c.no).where(mine, column == text)
        for column in (ORDERS.c.amazon_order_id, ORDERS.c.number, ORDERS.c.reference)
    ]
    carried = sa.select(ORDERS.c.no).join(
        LINES, (LINES.c.account_id == ORDERS.c.account_id) & (LINES.c.amazon_order_id == ORDERS.c.amazon_order_id)
    )
    ways.append(carried.where(mine, LINES.c.tracking == text, LINES.c.tracking != ""))
    return sa.union(*ways)
