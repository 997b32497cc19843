"""Lines: one row for every line of every upload, recorded together with the claims that keep shipments from being sent
twice.

Callers pass bounded batches, so that a file of a million lines never keeps others waiting.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any, Final

import sqlalchemy as sa

from cws_filedrop.model import FeedKind, Verdict
from cws_filedrop.store.database import Database, insert_new
from cws_filedrop.store.schema import FEEDS, LINES, ORDERS, QUIET_LINES
from cws_filedrop.store.uploads import claims

PIECE: Final = 20_000
HELD: Final = "held: it waits for the whole file to be released, or dropped again"
COLUMNS: Final = (
    "line",
    "order_id",
    "amazon_order_id",
    "order_item_id",
    "tracking",
    "verdict",
    "code",
    "message",
    "shipment",
    "key",
    "quiet",
    "kind",
)

# COLUMNS, all of the same length. `shipment` and `key` are None except for queued lines; cancellations have no key
# either, since the order's state keeps them from being sent twice.
Rows = dict[str, list[Any]]


def record_in(connection: sa.Connection, *, upload_id: str, account_id: int, rows: Rows) -> dict[str, int]:
    """Insert lines and claim their shipments. Returns how many ended in each verdict.

    A queued line whose shipment is claimed by another line becomes `duplicate`. Recording again changes nothing.
    """
    columns = {name: list(cells) for name, cells in rows.items()}
    keys, quiet = columns.pop("key"), columns.pop("quiet")
    silent = [(upload_id, line) for line, chosen in zip(columns["line"], quiet, strict=True) if chosen]
    if silent:
        insert_new(connection, QUIET_LINES, ("upload_id", "line"), silent)
    lost = claims.claim_in(connection, account_id, upload_id, columns["line"], keys)
    for place, (other_upload, other_line) in lost.items():
        for name, cell in _duplicate(other_upload, other_line).items():
            columns[name][place] = cell
    _insert_lines(connection, upload_id, account_id, columns)
    return dict(Counter(columns["verdict"]))


def held(rows: Rows) -> Rows:
    """The same lines as those of a held file: nothing of it is sent or claimed."""
    waits = [verdict in (Verdict.QUEUED, Verdict.UPDATED, Verdict.HELD) for verdict in rows["verdict"]]
    nothing: list[Any] = [None] * len(waits)
    messages = [HELD if waiting else cell for waiting, cell in zip(waits, rows["message"], strict=True)]
    verdicts = [str(Verdict.HELD) if waiting else cell for waiting, cell in zip(waits, rows["verdict"], strict=True)]
    codes = ["" if waiting else cell for waiting, cell in zip(waits, rows["code"], strict=True)]
    return rows | {"verdict": verdicts, "code": codes, "message": messages, "shipment": nothing, "key": nothing}


def _insert_lines(connection: sa.Connection, upload_id: str, account_id: int, columns: dict[str, list[Any]]) -> None:
    rows = [(upload_id, account_id, *cells) for cells in zip(*columns.values(), strict=True)]
    if rows:
        insert_new(connection, LINES, ("upload_id", "account_id", *columns), rows)


def _duplicate(other_upload: str, other_line: int) -> dict[str, object]:
    """The cells of a line whose shipment another line has claimed."""
    message = f"the same shipment as line {other_line} of upload {other_upload}"
    return {"verdict": str(Verdict.DUPLICATE), "code": "O05", "message": message, "shipment": None}


def forget_in(connection: sa.Connection, upload_id: str) -> None:
    """Remove the lines of an upload that failed, and their claims: another file may bring these shipments.

    Lines that are in a feed stay, and so do their claims.
    """
    sent = sa.select(LINES.c.line).where(LINES.c.upload_id == upload_id, LINES.c.feed_no.is_not(None))
    claims.forget_in(connection, upload_id, but=sent)
    connection.execute(LINES.delete().where(LINES.c.upload_id == upload_id, LINES.c.feed_no.is_(None)))
    unsent = (QUIET_LINES.c.upload_id == upload_id, QUIET_LINES.c.line.not_in(sent))
    connection.execute(QUIET_LINES.delete().where(*unsent))


def of_upload(db: Database, upload_id: str, *, verdict: Verdict | None = None) -> Iterator[Sequence[Any]]:
    """The lines of an upload in order, in bounded pieces: rows of line, order_id, order_item_id, tracking, verdict,
    code, message, and amazon_feed_id (None for lines that were in no feed)."""
    names = ("line", "order_id", "order_item_id", "tracking", "verdict", "code", "message")
    columns = [*(LINES.c[name] for name in names), FEEDS.c.amazon_feed_id]
    query = sa.select(*columns).select_from(LINES.outerjoin(FEEDS, FEEDS.c.no == LINES.c.feed_no))
    query = query.where(LINES.c.upload_id == upload_id).order_by(LINES.c.line).limit(PIECE)
    if verdict is not None:
        query = query.where(LINES.c.verdict == verdict)
    after, rows = 0, None
    while rows is None or len(rows) == PIECE:
        with db.read() as connection:
            rows = connection.execute(query.where(LINES.c.line > after)).all()
        if rows:
            after = rows[-1].line
            yield rows


def rejected_late(db: Database, upload_id: str) -> list[Any]:
    """Lines that were good when they were read, waited for an earlier one, and were rejected when that was decided:
    rows of line, code, message."""
    mine = (LINES.c.upload_id == upload_id, LINES.c.verdict == Verdict.REJECTED, LINES.c.shipment.is_not(None))
    query = sa.select(LINES.c.line, LINES.c.code, LINES.c.message).where(*mine).order_by(LINES.c.line)
    with db.read() as connection:
        return list(connection.execute(query))


def verdict_counts(db: Database, upload_id: str) -> dict[str, int]:
    """How many lines of an upload have each verdict."""
    query = sa.select(LINES.c.verdict, sa.func.count()).where(LINES.c.upload_id == upload_id).group_by(LINES.c.verdict)
    with db.read() as connection:
        return {row[0]: row[1] for row in connection.execute(query)}


def any_unknown(db: Database, feed_no: int) -> bool:
    """Does a feed have lines whose outcome nobody can tell?"""
    query = sa.select(LINES.c.line).where(LINES.c.feed_no == feed_no, LINES.c.verdict == Verdict.UNKNOWN)
    with db.read() as connection:
        return connection.execute(query.limit(1)).first() is not None


def _settled_by_hand() -> sa.ColumnElement[bool]:
    """Has an operator settled the line's order since Amazon refused it?"""
    return sa.exists().where(
        ORDERS.c.account_id == LINES.c.account_id,
        ORDERS.c.amazon_order_id == LINES.c.amazon_order_id,
        FEEDS.c.no == LINES.c.feed_no,
        ORDERS.c.settled_at > FEEDS.c.settled_at,
    )


def open_refusals() -> tuple[sa.ColumnElement[bool], ...]:
    """Conditions on LINES: Amazon refused them or their outcome is unknown, and that was settled neither by
    confirmations of the same pieces, nor by an operator, nor by Amazon's own order having shown the package."""
    later = LINES.alias("later")
    settled = sa.exists().where(
        later.c.account_id == LINES.c.account_id,
        later.c.amazon_order_id == LINES.c.amazon_order_id,
        later.c.upload_id > LINES.c.upload_id,
        sa.or_(later.c.verdict.in_(claims.ACCEPTED), later.c.seen_at.is_not(None)),
    )
    cancels = LINES.c.kind == FeedKind.ACKNOWLEDGEMENT
    open_ = sa.or_(cancels & ~settled, ~cancels & claims.is_open())
    return _NOT_GOOD, LINES.c.seen_at.is_(None), open_, ~_settled_by_hand()


_NOT_GOOD: Final = LINES.c.verdict.in_(  # spelled exactly as in the partial indexes, or these would not be used
    [sa.literal_column(f"'{verdict}'") for verdict in (Verdict.UNCONFIRMED, Verdict.UNKNOWN)]
)


def unconfirmed(db: Database, account_id: int, *, limit: int) -> list[dict[str, Any]]:
    """Lines that Amazon refused and that neither a later drop nor an operator has settled, newest first."""
    return _open(db, account_id, Verdict.UNCONFIRMED, limit)


def unconfirmed_count(db: Database, account_id: int) -> int:
    """How many such lines there are."""
    open_ = (LINES.c.account_id == account_id, LINES.c.verdict == str(Verdict.UNCONFIRMED), *open_refusals())
    with db.read() as connection:
        return connection.execute(sa.select(sa.func.count()).select_from(LINES).where(*open_)).scalar_one()


def unknown(db: Database, account_id: int, *, limit: int) -> list[dict[str, Any]]:
    """Lines whose outcome nobody can tell, newest first."""
    return _open(db, account_id, Verdict.UNKNOWN, limit)


def _open(db: Database, account_id: int, verdict: Verdict, limit: int) -> list[dict[str, Any]]:
    with db.read() as connection:
        rows = connection.execute(_open_of(verdict), {"account": account_id, "most": limit})
        return [dict(row._mapping) for row in rows]


@cache  # STATUS asks again and again, and building it takes longer than running it
def _open_of(verdict: Verdict) -> sa.Select[Any]:
    names = ("upload_id", "line", "order_id", "amazon_order_id", "order_item_id", "code", "message")
    return (
        sa.select(*(LINES.c[name] for name in names))
        .where(LINES.c.account_id == sa.bindparam("account"), LINES.c.verdict == str(verdict), *open_refusals())
        .order_by(LINES.c.upload_id.desc(), LINES.c.line)
        .limit(sa.bindparam("most"))
    )
