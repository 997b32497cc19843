"""Uploads: one row per file, from its arrival to its last answer."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import sqlalchemy as sa

from cws_filedrop.model import Grade, OrderState, UploadState
from cws_filedrop.store.database import BulkQuery, Database, moment, stamp
from cws_filedrop.store.schema import ORDER_HISTORY, SELLERS, UPLOADS
from cws_filedrop.upload_outcome import UploadOutcome

FINISHED: Final = (UploadState.DONE, UploadState.REJECTED, UploadState.REPLACED)
USUAL_DAYS: Final = 30  # what a seller did in the days before a file counts as usual
ASIDE: Final = (UploadState.HELD, UploadState.CUT, UploadState.FAILED)  # an operator can release them


def _nothing(_connection: sa.Connection, _new: Sequence[Mapping[str, Any]]) -> None:
    """Keep nothing besides."""


_OWNERS: Final = BulkQuery(lambda among: sa.select(UPLOADS.c.id, UPLOADS.c.seller_id).where(among(UPLOADS.c.id)))


@dataclass(frozen=True, slots=True)
class Upload:
    """A row of `uploads`."""

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
    outcome: UploadOutcome
    line_count: int
    waiting: int
    answered_at: str | None  # when its receipt was first delivered
    done_at: str | None
    releases: int  # how often somebody decided about it while it was set aside

    @property
    def rehearsal(self) -> bool:
        """Was it dropped into test/?"""
        return self.folder == "test"

    def to_json(self) -> dict[str, Any]:
        """Plain values, for machines."""
        values = {name: getattr(self, name) for name in self.__slots__}
        return values | {"outcome": self.outcome.to_json()}


def arrive(
    db: Database,
    arrived: Iterable[Mapping[str, object]],
    *,
    beside: Callable[[sa.Connection, Sequence[Mapping[str, Any]]], None] = _nothing,
) -> None:
    """Record arrivals; uploads that are known already stay as they are (a second start is harmless).

    `beside` is called with the new ones, to record what else there is in the same transaction.
    """
    rows = {str(one["id"]): {"state": UploadState.ARRIVED, **one} for one in arrived}
    with db.write() as connection:
        known = set(connection.execute(sa.select(UPLOADS.c.id).where(UPLOADS.c.id.in_(rows))).scalars())
        if new := [row for upload_id, row in rows.items() if upload_id not in known]:
            connection.execute(UPLOADS.insert(), new)
            beside(connection, new)


def owners_in(connection: sa.Connection, upload_ids: Collection[str]) -> dict[str, int]:
    """The sellers' ids of some uploads."""
    return {row.id: row.seller_id for row in _OWNERS(connection, upload_ids)}


def get(db: Database, upload_id: str) -> Upload | None:
    """The upload with that id."""
    return next(iter(some(db, [upload_id])), None)


def some(db: Database, upload_ids: Sequence[str]) -> list[Upload]:
    """The uploads with these ids (a few hundred at most), in order of arrival."""
    with db.read() as connection:
        query = select().where(UPLOADS.c.id.in_(upload_ids)).order_by(UPLOADS.c.id)
        return [_upload(row) for row in connection.execute(query)]


def unread_in(connection: sa.Connection, upload_ids: Sequence[str]) -> set[str]:
    """Those of the uploads that are not read yet; they are locked until the transaction ends."""
    unread = (UPLOADS.c.id.in_(upload_ids), UPLOADS.c.state == UploadState.ARRIVED)
    return set(connection.execute(sa.select(UPLOADS.c.id).where(*unread).with_for_update()).scalars())


def listing(
    db: Database, *, seller: str = "", states: Iterable[UploadState] = (), before: str = "", limit: int = 50
) -> list[Upload]:
    """At most `limit` uploads, newest first; `before` is the id to continue from."""
    query = select().order_by(UPLOADS.c.id.desc()).limit(limit)
    if seller:
        query = query.where(SELLERS.c.name == seller.lower())
    if wanted := list(states):
        query = query.where(UPLOADS.c.state.in_(wanted))
    if before:
        query = query.where(UPLOADS.c.id < before)
    with db.read() as connection:
        return [_upload(row) for row in connection.execute(query)]


def between(db: Database, seller_id: int, since: str, until: str) -> list[Upload]:
    """A seller's uploads that arrived or were finished from `since` until before `until` (stamps), oldest first."""
    arrived = sa.and_(UPLOADS.c.arrived_at >= since, UPLOADS.c.arrived_at < until)
    ended = sa.and_(UPLOADS.c.done_at >= since, UPLOADS.c.done_at < until)
    query = select().where(UPLOADS.c.seller_id == seller_id, sa.or_(arrived, ended)).order_by(UPLOADS.c.id)
    with db.read() as connection:
        return [_upload(row) for row in connection.execute(query)]


def in_state(db: Database, state: UploadState) -> list[str]:
    """Ids of the uploads in one state, oldest first."""
    with db.read() as connection:
        return list(
            connection.execute(sa.select(UPLOADS.c.id).where(UPLOADS.c.state == state).order_by(UPLOADS.c.id)).scalars()
        )


def counts(db: Database, seller_id: int | None = None) -> dict[str, int]:
    """How many uploads are in each state."""
    query = sa.select(UPLOADS.c.state, sa.func.count()).group_by(UPLOADS.c.state)
    if seller_id is not None:
        query = query.where(UPLOADS.c.seller_id == seller_id)
    with db.read() as connection:
        return {row[0]: row[1] for row in connection.execute(query)}


def same_content(connection: sa.Connection, upload: Upload) -> str:
    """The earliest upload of the same seller that has the same bytes and was read ("" = none)."""
    given = {name: getattr(upload, name) for name in ("id", "seller_id", "sha256", "folder")}
    return connection.execute(_SAME_CONTENT, given).scalar() or ""


def most_cancelled(db: Database, upload_id: str) -> int:
    """The most orders that any single file of the same seller cancelled in the USUAL_DAYS before this upload."""
    this = UPLOADS.alias("this")
    events = ORDER_HISTORY.c
    with db.read() as connection:
        arrived_at = connection.execute(sa.select(this.c.arrived_at).where(this.c.id == upload_id)).scalar_one()
        since = stamp(moment(arrived_at) - timedelta(days=USUAL_DAYS))
        counted = (
            sa.select(sa.func.count().label("number"))
            .select_from(this.join(UPLOADS, UPLOADS.c.seller_id == this.c.seller_id))
            .join(ORDER_HISTORY, events.upload_id == UPLOADS.c.id)
            .where(this.c.id == upload_id, UPLOADS.c.id < upload_id, UPLOADS.c.arrived_at >= since)
            .where(events.state == OrderState.CANCELLED)
            .group_by(events.upload_id)
            .subquery()
        )
        return connection.execute(sa.select(sa.func.max(counted.c.number))).scalar() or 0


READ_COLUMNS: Final = ("state", "sha256", "line_count", "waiting", "done_at")


def keep_in(connection: sa.Connection, read: Iterable[Upload]) -> None:
    """Store what reading has changed about uploads."""
    rows = [
        {name: getattr(upload, name) for name in READ_COLUMNS}
        | {"outcome": json.dumps(upload.outcome.to_json()), "upload_id": upload.id}
        for upload in read
    ]
    if rows:
        connection.execute(_KEEP, rows)


def replace_in(connection: sa.Connection, upload: Upload) -> None:
    """Mark earlier uploads of the same name that were held or cut as replaced (docs/domain.md#8-grading)."""
    given = {f"of_{name}": getattr(upload, name) for name in ("id", "seller_id", "folder", "name")}
    connection.execute(_REPLACE, given)


def read_again(db: Database, upload_id: str, *, evidence: str, only_from: Sequence[UploadState] = ASIDE) -> bool:
    """Let an upload that was set aside be read as a whole one; false when it is not set aside (any more)."""
    with db.write() as connection:
        return read_again_in(connection, upload_id, evidence=evidence, only_from=only_from)


def read_again_in(
    connection: sa.Connection, upload_id: str, *, evidence: str, only_from: Sequence[UploadState] = ASIDE
) -> bool:
    """`read_again`, in a transaction."""
    values = {"state": UploadState.ARRIVED, "grade": str(Grade.WHOLE), "evidence": evidence}
    chosen = UPLOADS.update().where(UPLOADS.c.id == upload_id, UPLOADS.c.state.in_(only_from))
    return connection.execute(chosen.values(releases=UPLOADS.c.releases + 1, **values)).rowcount > 0


def refuse_in(connection: sa.Connection, upload_id: str, *, why: str) -> bool:
    """Let an upload that was set aside be answered as refused; false when it is not set aside (any more)."""
    refused = UploadOutcome(refused=why)
    values = {"state": UploadState.ARRIVED, "outcome": json.dumps(refused.to_json())}
    chosen = UPLOADS.update().where(UPLOADS.c.id == upload_id, UPLOADS.c.state.in_(ASIDE))
    return connection.execute(chosen.values(releases=UPLOADS.c.releases + 1, **values)).rowcount > 0


def held_in(connection: sa.Connection, upload: Upload) -> list[Upload]:
    """The held uploads of the same seller and folder that arrived before this one, newest first."""
    mine = (UPLOADS.c.seller_id == upload.seller_id, UPLOADS.c.folder == upload.folder, UPLOADS.c.id < upload.id)
    query = select().where(UPLOADS.c.state == UploadState.HELD, *mine).order_by(UPLOADS.c.id.desc())
    return [_upload(row) for row in connection.execute(query)]


# Built once: putting a statement together costs more than running it.
_SAME_CONTENT: Final = (
    sa.select(UPLOADS.c.id)
    .where(
        UPLOADS.c.seller_id == sa.bindparam("seller_id"),
        UPLOADS.c.sha256 == sa.bindparam("sha256"),
        UPLOADS.c.folder == sa.bindparam("folder"),
        UPLOADS.c.id < sa.bindparam("id"),
        UPLOADS.c.state.in_((UploadState.WAITING, UploadState.DONE)),
    )
    .order_by(UPLOADS.c.id)
    .limit(1)
)
_REPLACE: Final = (
    UPLOADS.update()
    .where(
        UPLOADS.c.state.in_((UploadState.HELD, UploadState.CUT)),
        # + 0 keeps the index of sellers out: few uploads are held or cut, and the index of states finds them faster.
        UPLOADS.c.seller_id + 0 == sa.bindparam("of_seller_id"),
        UPLOADS.c.folder == sa.bindparam("of_folder"),
        UPLOADS.c.name == sa.bindparam("of_name"),
        UPLOADS.c.id < sa.bindparam("of_id"),
    )
    .values(state=UploadState.REPLACED)
)
_KEEP: Final = (
    UPLOADS.update()
    .where(UPLOADS.c.id == sa.bindparam("upload_id"))
    .values({name: sa.bindparam(name) for name in (*READ_COLUMNS, "outcome")})
)


def set_state(db: Database, upload_id: str, state: UploadState, *, waiting: int = 0) -> None:
    """Set the state of an upload."""
    with db.write() as connection:
        mine = UPLOADS.c.id == upload_id
        connection.execute(UPLOADS.update().where(mine).values(state=state, waiting=waiting))


def select() -> sa.Select[Any]:
    """A query for uploads, to be narrowed down and passed to `found`."""
    return sa.select(UPLOADS, SELLERS.c.name.label("seller")).select_from(UPLOADS.join(SELLERS))


def found(db: Database, query: sa.Select[Any]) -> list[Upload]:
    """The uploads that a narrowed `select` yields."""
    with db.read() as connection:
        return [_upload(row) for row in connection.execute(query)]


def _upload(row: Any) -> Upload:
    values = {name: getattr(row, name) for name in Upload.__slots__}
    outcome = UploadOutcome.from_json(json.loads(row.outcome))
    return Upload(**values | {"state": UploadState(row.state), "outcome": outcome})
