"""Uploads: one row a file that came in, from its arrival to its last answer."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import sqlalchemy as sa

from cws_filedrop.store.database import Database
from cws_filedrop.store.schema import SELLERS, UPLOADS


class UploadState(StrEnum):
    """Where an upload stands."""

    ARRIVED = "arrived"  # safe in the spool, not read yet
    WAITING = "waiting"  # read; some lines wait for Amazon
    DONE = "done"  # every line has its final verdict
    REJECTED = "rejected"  # the whole file is unusable
    HELD = "held"  # waits for a word from the seller or an operator
    CUT = "cut"  # broken off in transfer, kept aside
    FAILED = "failed"  # we failed; set aside for an operator


FINISHED: Final = (UploadState.DONE, UploadState.REJECTED)


@dataclass(frozen=True, slots=True)
class Upload:
    """A row of `uploads`. `outcome` is what reading found, as plain JSON values."""

    id: str
    seller_id: int
    seller: str
    account_id: int
    folder: str
    name: str
    door: str
    client: str
    grade: str
    evidence: str
    arrived_at: str
    size: int
    state: UploadState
    sha256: str
    outcome: Mapping[str, Any]
    line_count: int
    waiting: int
    done_at: str | None

    @property
    def rehearsal(self) -> bool:
        """Was it dropped into test/?"""
        return self.folder == "test"


def arrive(db: Database, upload: Mapping[str, object]) -> bool:
    """Keep that a file arrived; false when it is known already (a second start is harmless)."""
    with db.write() as connection:
        known = connection.execute(sa.select(UPLOADS.c.id).where(UPLOADS.c.id == upload["id"])).first()
        if known is None:
            connection.execute(UPLOADS.insert().values(state=UploadState.ARRIVED, **upload))
    return known is None


def get(db: Database, upload_id: str) -> Upload | None:
    """The upload with that id."""
    with db.read() as connection:
        row = connection.execute(_select().where(UPLOADS.c.id == upload_id)).first()
    return None if row is None else _upload(row)


def listing(db: Database, *, seller: str = "", states: Iterable[UploadState] = (), limit: int = 50) -> list[Upload]:
    """Uploads, newest first."""
    query = _select().order_by(UPLOADS.c.id.desc()).limit(limit)
    if seller:
        query = query.where(SELLERS.c.name == seller.lower())
    if wanted := list(states):
        query = query.where(UPLOADS.c.state.in_(wanted))
    with db.read() as connection:
        return [_upload(row) for row in connection.execute(query)]


def in_state(db: Database, state: UploadState) -> list[str]:
    """Ids of the uploads in one state, oldest first."""
    with db.read() as connection:
        return list(
            connection.execute(sa.select(UPLOADS.c.id).where(UPLOADS.c.state == state).order_by(UPLOADS.c.id)).scalars()
        )


def counts(db: Database, seller_id: int | None = None) -> dict[str, int]:
    """How many uploads stand in each state."""
    query = sa.select(UPLOADS.c.state, sa.func.count()).group_by(UPLOADS.c.state)
    if seller_id is not None:
        query = query.where(UPLOADS.c.seller_id == seller_id)
    with db.read() as connection:
        return {row[0]: row[1] for row in connection.execute(query)}


def same_content(db: Database, upload: Upload, sha256: str) -> str:
    """The earliest upload of this seller with the same bytes that was read ("" = none)."""
    query = (
        sa.select(UPLOADS.c.id)
        .where(
            UPLOADS.c.seller_id == upload.seller_id,
            UPLOADS.c.sha256 == sha256,
            UPLOADS.c.folder == upload.folder,
            UPLOADS.c.id < upload.id,
            UPLOADS.c.state.in_((UploadState.WAITING, UploadState.DONE)),
        )
        .order_by(UPLOADS.c.id)
        .limit(1)
    )
    with db.read() as connection:
        return connection.execute(query).scalar() or ""


READ_COLUMNS: Final = ("state", "sha256", "line_count", "waiting", "done_at")


def keep(db: Database, upload: Upload) -> Upload:
    """Keep what reading an upload changed of it."""
    with db.write() as connection:
        keep_in(connection, upload)
    return upload


def keep_in(connection: sa.Connection, upload: Upload) -> None:
    """`keep` as part of a transaction."""
    values = {name: getattr(upload, name) for name in READ_COLUMNS} | {"outcome": json.dumps(upload.outcome)}
    connection.execute(UPLOADS.update().where(UPLOADS.c.id == upload.id).values(values))


def set_state(db: Database, upload_id: str, state: UploadState, *, waiting: int = 0) -> None:
    """Set where an upload stands."""
    with db.write() as connection:
        mine = UPLOADS.c.id == upload_id
        connection.execute(UPLOADS.update().where(mine).values(state=state, waiting=waiting))


def _select() -> sa.Select[Any]:
    return sa.select(UPLOADS, SELLERS.c.name.label("seller")).select_from(UPLOADS.join(SELLERS))


def _upload(row: Any) -> Upload:
    values = {name: getattr(row, name) for name in Upload.__slots__}
    return Upload(**values | {"state": UploadState(row.state), "outcome": json.loads(row.outcome)})
