"""Lines: one row for every line of every upload, and the claims that keep a shipment from going twice.

Rows go in by bounded batches, each one short transaction, so that a file of a million lines never keeps others waiting.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import sqlalchemy as sa

from cws_filedrop.model import UploadState, Verdict
from cws_filedrop.store.database import Database
from cws_filedrop.store.schema import CLAIMS, FEEDS, LINES, UPLOADS
from cws_filedrop.tables import SHIPMENT_COLUMNS, TEXT, arrow

BATCH: Final = 5_000
PIECE: Final = 20_000
COLUMNS: Final = ("line", "order_id", "order_item_id", "tracking", "verdict", "code", "message", "shipment", "key")
KEY_CELLS: Final = ("amazon-order-id", "order-item-code", "tracking-number")
_CELL: Final = "\x1e"  # no cell of SHIPMENTS holds it: control characters are rejected (L02)


def pack(shipments: pd.DataFrame) -> tuple[list[str], list[str]]:
    """SHIPMENTS rows as one text each, for column `shipment`; and what makes two of them the same (`claim_keys`)."""
    cells = {name: arrow(shipments[name]) for name in SHIPMENT_COLUMNS}
    return pc.binary_join_element_wise(*cells.values(), _CELL).to_pylist(), _keys(cells)


def unpack(texts: Sequence[str]) -> pd.DataFrame:
    """SHIPMENTS from what `pack` made; index 0..n-1."""
    flat: Any = pc.split_pattern(pa.array(texts, pa.string()), _CELL).flatten()
    width = len(SHIPMENT_COLUMNS)
    columns = {
        name: pd.Series(flat.take(pa.array(range(place, len(flat), width), pa.int64())), dtype=TEXT)
        for place, name in enumerate(SHIPMENT_COLUMNS)
    }
    return pd.DataFrame(columns)


def claim_keys(texts: Sequence[str]) -> list[str]:
    """What makes two shipments the same one: order, item, tracking number (DOMAIN 4); from what `pack` made."""
    shipments = unpack(texts)
    return _keys({name: arrow(shipments[name]) for name in KEY_CELLS})


def _keys(cells: Mapping[str, Any]) -> list[str]:
    keys: list[str] = pc.binary_join_element_wise(*(cells[name] for name in KEY_CELLS), "|").to_pylist()
    return keys


Rows = dict[str, list[Any]]  # COLUMNS, each as long as the others; shipment and key are None but for queued lines


def record(db: Database, *, upload_id: str, account_id: int, rows: Rows, pause: bool) -> dict[str, int]:
    """Keep lines and claim their shipments.

    A queued line whose shipment is claimed by another line becomes `duplicate`. Recording again changes nothing.
    `pause` leaves room for other writers between batches. Returns how many lines ended in each verdict.
    """
    counts: Counter[str] = Counter()
    for start in range(0, len(rows["line"]), BATCH):
        batch = {name: cells[start : start + BATCH] for name, cells in rows.items()}
        began = time.monotonic()
        with db.write() as connection:
            counts.update(record_in(connection, upload_id=upload_id, account_id=account_id, rows=batch))
        if pause:
            # SQLite lets a waiting writer in only by chance; an open gap as long as the batch took is fair.
            time.sleep(time.monotonic() - began)
    return dict(counts)


def record_in(connection: sa.Connection, *, upload_id: str, account_id: int, rows: Rows) -> dict[str, int]:
    """`record` as part of a transaction."""
    columns = {name: list(cells) for name, cells in rows.items()}
    keys = columns.pop("key")
    for place, (other_upload, other_line) in _claim(connection, account_id, upload_id, columns["line"], keys).items():
        for name, cell in _duplicate(other_upload, other_line).items():
            columns[name][place] = cell
    _insert_lines(connection, upload_id, account_id, columns)
    return dict(Counter(columns["verdict"]))


def _claim(
    connection: sa.Connection, account_id: int, upload_id: str, lines: list[int], keys: list[str | None]
) -> dict[int, tuple[str, int]]:
    """Claim every key; the places (in the batch) that lost, with the line that holds the claim."""
    wanted = {key: place for place, key in enumerate(keys) if key is not None}
    if not wanted:
        return {}
    rows = [(account_id, key, upload_id, lines[place]) for key, place in wanted.items()]
    done = _insert_new(connection, CLAIMS, ("account_id", "shipment_key", "upload_id", "line"), rows)
    if done == len(rows) == sum(key is not None for key in keys):
        return {}
    held = _holders(connection, account_id, list(wanted))
    mine = {(upload_id, line) for line in lines}
    lost = {place: held[key] for place, key in enumerate(keys) if key is not None and held[key] not in mine}
    twice = {
        place: held[key]
        for place, key in enumerate(keys)
        if key is not None and held[key] == (upload_id, lines[wanted[key]]) and wanted[key] != place
    }
    return lost | twice


def _holders(connection: sa.Connection, account_id: int, keys: list[str]) -> dict[str, tuple[str, int]]:
    held: dict[str, tuple[str, int]] = {}
    for start in range(0, len(keys), 500):
        query = sa.select(CLAIMS.c.shipment_key, CLAIMS.c.upload_id, CLAIMS.c.line).where(
            CLAIMS.c.account_id == account_id, CLAIMS.c.shipment_key.in_(keys[start : start + 500])
        )
        held |= {row[0]: (row[1], row[2]) for row in connection.execute(query)}
    return held


def _insert_lines(connection: sa.Connection, upload_id: str, account_id: int, columns: dict[str, list[Any]]) -> None:
    rows = [(upload_id, account_id, *cells) for cells in zip(*columns.values(), strict=True)]
    if rows:
        _insert_new(connection, LINES, ("upload_id", "account_id", *columns), rows)


def _insert_new(connection: sa.Connection, table: sa.Table, names: Sequence[str], rows: Sequence[Any]) -> int:
    """Insert the rows whose key is new; how many those were. Plain tuples: SQLAlchemy's own parameters cost 3 times."""
    mark = "?" if connection.dialect.paramstyle == "qmark" else "%s"
    marks = ", ".join([mark] * len(names))
    insert = f"INSERT INTO {table.name} ({', '.join(names)}) VALUES ({marks}) ON CONFLICT DO NOTHING"  # noqa: S608
    return connection.exec_driver_sql(insert, list(rows)).rowcount


def release(db: Database, upload_id: str, account_id: int) -> int:
    """Queue the held lines of an upload, unless their shipments went out meanwhile; how many are queued."""
    held = (LINES.c.upload_id == upload_id, LINES.c.verdict == Verdict.HELD)
    with db.write() as connection:
        rows = connection.execute(sa.select(LINES.c.line, LINES.c.shipment).where(*held).order_by(LINES.c.line)).all()
        numbers = [row.line for row in rows]
        lost = _claim(connection, account_id, upload_id, numbers, [*claim_keys([row.shipment for row in rows])])
        for place, (other_upload, other_line) in lost.items():
            mine = (LINES.c.upload_id == upload_id, LINES.c.line == numbers[place])
            told = _duplicate(other_upload, other_line)
            connection.execute(LINES.update().where(*mine).values(told))
        queued = {"verdict": str(Verdict.QUEUED), "code": "", "message": ""}
        connection.execute(LINES.update().where(*held).values(queued))
        waiting = {"state": UploadState.WAITING, "waiting": len(rows) - len(lost)}
        if len(rows) > len(lost):
            connection.execute(UPLOADS.update().where(UPLOADS.c.id == upload_id).values(waiting))
    return len(rows) - len(lost)


def _duplicate(other_upload: str, other_line: int) -> dict[str, object]:
    """What is said of a line whose shipment another line carries."""
    message = f"the same shipment as line {other_line} of upload {other_upload}"
    return {"verdict": str(Verdict.DUPLICATE), "code": "O05", "message": message, "shipment": None}


def forget_in(connection: sa.Connection, upload_id: str) -> None:
    """Remove the lines of an upload that failed, and what they claimed: another file may bring these shipments.

    Whatever is in a feed stays claimed.
    """
    sent = sa.select(LINES.c.line).where(LINES.c.upload_id == upload_id, LINES.c.feed_no.is_not(None))
    connection.execute(CLAIMS.delete().where(CLAIMS.c.upload_id == upload_id, CLAIMS.c.line.not_in(sent)))
    connection.execute(LINES.delete().where(LINES.c.upload_id == upload_id, LINES.c.feed_no.is_(None)))


def hold_in(connection: sa.Connection, upload_id: str) -> None:
    """Take back the claims of an upload and hold its queued lines (`on_error = "hold-file"`)."""
    connection.execute(CLAIMS.delete().where(CLAIMS.c.upload_id == upload_id))
    connection.execute(
        LINES.update()
        .where(LINES.c.upload_id == upload_id, LINES.c.verdict == Verdict.QUEUED)
        .values(verdict=str(Verdict.HELD), code="", message="held: other lines of this file have errors")
    )


def of_upload(db: Database, upload_id: str, *, verdict: Verdict | None = None) -> Iterator[Sequence[Any]]:
    """The lines of an upload in order, in bounded pieces: rows of line, order_id, order_item_id, tracking, verdict,
    code, message, and amazon_feed_id (None for lines that no feed carried)."""
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


def verdict_counts(db: Database, upload_id: str) -> dict[str, int]:
    """How many lines of an upload stand in each verdict."""
    query = sa.select(LINES.c.verdict, sa.func.count()).where(LINES.c.upload_id == upload_id).group_by(LINES.c.verdict)
    with db.read() as connection:
        return {row[0]: row[1] for row in connection.execute(query)}


def unconfirmed(db: Database, account_id: int, *, limit: int) -> list[dict[str, Any]]:
    """Lines that Amazon refused and that no later drop has settled, newest first."""
    later = LINES.alias("later")
    settled = sa.exists().where(
        later.c.account_id == account_id,
        later.c.order_id == LINES.c.order_id,
        later.c.order_item_id == LINES.c.order_item_id,
        later.c.upload_id > LINES.c.upload_id,
        later.c.verdict.in_((Verdict.CONFIRMED, Verdict.CONFIRMED_WARNING)),
    )
    names = ("upload_id", "line", "order_id", "order_item_id", "code", "message")
    query = (
        sa.select(*(LINES.c[name] for name in names))
        .where(LINES.c.account_id == account_id, LINES.c.verdict == sa.literal_column(f"'{Verdict.UNCONFIRMED}'"))
        .where(~settled)
        .order_by(LINES.c.upload_id.desc(), LINES.c.line)
        .limit(limit)
    )
    with db.read() as connection:
        return [dict(row._mapping) for row in connection.execute(query)]
