"""What waits for a person: lines that Amazon refused and uploads that were set aside; their assignees and notes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from cws_filedrop.model import Verdict
from cws_filedrop.store.database import Database, stamp
from cws_filedrop.store.schema import ACCOUNTS, CASES, LINES, SELLERS, UPLOADS
from cws_filedrop.store.uploads import lines, uploads, verdict_counts
from cws_filedrop.store.uploads.uploads import Upload

COUNTED: Final = 500  # counting stops here


@dataclass(frozen=True, slots=True)
class UnsettledLine:
    """A line that Amazon refused, or may or may not have, and that nobody has settled; `message` is Amazon's text and
    ours."""

    upload_id: str
    line: int
    seller: str
    account_id: int
    marketplace_id: str
    order_id: str
    amazon_order_id: str
    order_item_id: str
    tracking: str
    verdict: str
    code: str
    message: str
    kind: str
    arrived_at: str

    @property
    def is_unknown(self) -> bool:
        """Is it unknown whether Amazon has it?"""
        return self.verdict == Verdict.UNKNOWN

    @property
    def about(self) -> str:
        """The subject of its case."""
        return about_order(self.account_id, self.amazon_order_id or self.order_id)


@dataclass(frozen=True, slots=True)
class Case:
    """The assignee of something, and a note; "" = none."""

    assignee: str = ""
    note: str = ""
    changed_at: str = ""


NO_CASE: Final = Case()


def about_order(account_id: int, amazon_order_id: str) -> str:
    """How cases and decisions name an order."""
    return f"{account_id} {amazon_order_id}"


def account_of(about: str) -> int:
    """The account of an order that is named like that."""
    return int(about.partition(" ")[0])


def order_of(about: str) -> str:
    """The order that is named like that."""
    return about.partition(" ")[2]


def unconfirmed(
    db: Database,
    *,
    account_id: int | None = None,
    code: str = "",
    before: tuple[str, int] | None = None,
    limit: int = 200,
) -> list[UnsettledLine]:
    """Unsettled lines, newest first; `before` is the upload and line to continue from, the last on the page before."""
    names = ("upload_id", "line", "account_id", "order_id", "amazon_order_id", "order_item_id", "tracking")
    query = (
        sa.select(
            *(LINES.c[name] for name in names),
            LINES.c.verdict,
            LINES.c.code,
            LINES.c.message,
            LINES.c.kind,
            SELLERS.c.name.label("seller"),
            ACCOUNTS.c.marketplace_id,
            UPLOADS.c.arrived_at,
        )
        .select_from(LINES.join(UPLOADS, UPLOADS.c.id == LINES.c.upload_id).join(SELLERS))
        .join(ACCOUNTS, ACCOUNTS.c.id == LINES.c.account_id)
        .where(*lines.open_refusals())
        .order_by(LINES.c.upload_id.desc(), LINES.c.line.desc())
        .limit(limit)
    )
    if code:
        query = query.where(verdict_counts.among(LINES.c.code, code))
    if account_id is not None:
        query = query.where(LINES.c.account_id == account_id)
    if before is not None:
        query = query.where(sa.tuple_(LINES.c.upload_id, LINES.c.line) < sa.tuple_(*map(sa.literal, before)))
    with db.read() as connection:
        found = [UnsettledLine(**row) for row in connection.execute(query).mappings()]
    return sorted(found, key=lambda one: (one.upload_id, -one.line), reverse=True)


def unconfirmed_count(db: Database) -> int:
    """How many unsettled lines there are, at most `COUNTED`."""
    some = sa.select(LINES.c.line).where(*lines.open_refusals()).limit(COUNTED)
    with db.read() as connection:
        return connection.execute(sa.select(sa.func.count()).select_from(some.subquery())).scalar_one()


def aside(db: Database, *, seller: str = "", before: str = "", limit: int = 200) -> list[Upload]:
    """Uploads that were set aside (held, cut, failed), newest first; `before` is the id to continue from."""
    return uploads.listing(db, seller=seller, states=uploads.ASIDE, before=before, limit=limit)


def cases(db: Database, abouts: Sequence[str]) -> dict[str, Case]:
    """The cases of some subjects."""
    query = sa.select(CASES).where(CASES.c.about.in_(set(abouts)))
    with db.read() as connection:
        return {row.about: Case(row.assignee, row.note, row.changed_at) for row in connection.execute(query)}


def keep(db: Database, about: str, *, assignee: str, note: str, now: datetime) -> None:
    """Set the assignee and the note of a case."""
    values: dict[str, Any] = {"assignee": assignee, "note": note, "changed_at": stamp(now)}
    with db.write() as connection:
        if not connection.execute(CASES.update().where(CASES.c.about == about).values(values)).rowcount:
            connection.execute(CASES.insert().values(about=about, **values))
