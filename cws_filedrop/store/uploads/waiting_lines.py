"""Lines that others take the place of before they are sent, and lines that wait until an earlier one is answered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import sqlalchemy as sa

from cws_filedrop.model import UploadState, Verdict
from cws_filedrop.rules import catalogue
from cws_filedrop.rules.book import Effect, LinePlace, line_named
from cws_filedrop.rules.pieces.ledger import line_key
from cws_filedrop.store.schema import LINES, UPLOADS
from cws_filedrop.store.uploads import claims, verdict_counts

UNDECIDED: Final = (Verdict.QUEUED, Verdict.SENT, Verdict.UNKNOWN)
_LINE: Final = (LINES.c.upload_id == sa.bindparam("b_upload")) & (LINES.c.line == sa.bindparam("b_line"))
_AFTER: Final = "!"  # the character after the blank in `line_key`


def as_judged_in(connection: sa.Connection, effects: Sequence[Effect]) -> bool:
    """Are the lines that these rows replace still unsent, and those that they wait for still undecided?

    They are locked until the transaction ends: the sender cannot take them meanwhile, and no answer settles them.
    """
    replaced = {place for one in effects for place in one.replaces}
    awaited = {one.waits_for for one in effects if one.waits_for}
    found = _found(connection, replaced | awaited) if replaced or awaited else {}
    return all(_is_unsent(found.get(place)) for place in replaced) and all(
        place in found and found[place].verdict in UNDECIDED for place in awaited
    )


def _found(connection: sa.Connection, places: Iterable[LinePlace]) -> dict[LinePlace, Any]:
    columns = (LINES.c.upload_id, LINES.c.line, LINES.c.verdict, LINES.c.feed_no, LINES.c.account_id)
    found = {}
    for upload_id, line in places:
        mine = (LINES.c.upload_id == upload_id, LINES.c.line == line)
        query = sa.select(*columns, LINES.c.amazon_order_id).where(*mine).with_for_update()
        if (row := connection.execute(query).first()) is not None:
            found[upload_id, line] = row
    return found


def _is_unsent(row: Any) -> bool:
    return row is not None and row.feed_no is None and row.verdict in (Verdict.QUEUED, Verdict.HELD)


def replace_in(
    connection: sa.Connection, account_id: int, upload_id: str, effects: Sequence[Effect], *, now: str
) -> None:
    """Let lines of this upload take the place of lines that were not sent yet; an upload that waits for no more is
    done. Two lines may take the place of one (packages of what it told as a whole), which waits only once."""
    for one in effects:
        for earlier, line in one.replaces:
            if _replace(connection, (earlier, line), upload_id, one.line):
                claims.take_back_in(connection, account_id, one.amazon_order_id, [(earlier, line)])
                answered_in(connection, {earlier: 1}, now=now)


def _replace(connection: sa.Connection, earlier: LinePlace, upload_id: str, line: int) -> bool:
    """Mark a line as replaced; false when it is already."""
    issue = catalogue.issue("O08", detail=f"by={line_named(upload_id, line)}")
    values = {"verdict": str(Verdict.UPDATED), "code": issue.code, "message": issue.message}
    replaced = LINES.update().where(_LINE, LINES.c.verdict != Verdict.UPDATED)
    replaced = replaced.values(values | {"replaced_by": line_key(upload_id, line)})
    return connection.execute(replaced, {"b_upload": earlier[0], "b_line": earlier[1]}).rowcount > 0


def answered_in(connection: sa.Connection, answered: Mapping[str, int], *, now: str) -> None:
    """Subtract lines from what their uploads wait for; an upload that waits for no more is done."""
    counts = [{"b_upload": upload_id, "b_count": count} for upload_id, count in answered.items()]
    if not counts:
        return
    mine = UPLOADS.c.id == sa.bindparam("b_upload")
    connection.execute(UPLOADS.update().where(mine).values(waiting=UPLOADS.c.waiting - sa.bindparam("b_count")), counts)
    over = mine & (UPLOADS.c.waiting == 0) & (UPLOADS.c.state == UploadState.WAITING)
    done = UPLOADS.update().where(over).values(state=str(UploadState.DONE), done_at=now)
    connection.execute(done, [{"b_upload": row["b_upload"]} for row in counts])


def finished_by(connection: sa.Connection, upload_ids: Iterable[str]) -> list[str]:
    """Uploads that wait for nothing any more because lines of these uploads took the place of theirs."""
    found: set[str] = set()
    for upload_id in upload_ids:
        query = (
            sa.select(LINES.c.upload_id)
            .distinct()
            .join(UPLOADS, (UPLOADS.c.id == LINES.c.upload_id) & (UPLOADS.c.state == UploadState.DONE))
            .where(_of(upload_id))
        )
        found.update(connection.execute(query).scalars())
    return sorted(found)


def _of(upload_id: str) -> sa.ColumnElement[bool]:
    """Lines whose place was taken by lines of an upload."""
    return (LINES.c.replaced_by > f"{upload_id} ") & (LINES.c.replaced_by < upload_id + _AFTER)


def restore_in(connection: sa.Connection, upload_id: str) -> None:
    """Let lines be sent after all whose place an upload took that is undone."""
    columns = (LINES.c.upload_id, LINES.c.line, LINES.c.account_id, LINES.c.amazon_order_id)
    for row in connection.execute(sa.select(*columns).where(_of(upload_id))).all():
        line = {"b_upload": row.upload_id, "b_line": row.line}
        # What has no claim waited for an answer itself; it is judged when that comes.
        told = claims.tell_after_all_in(connection, row.account_id, row.amazon_order_id, (row.upload_id, row.line))
        values: dict[str, Any] = {"verdict": str(Verdict.QUEUED if told else Verdict.HELD), "code": "", "message": ""}
        connection.execute(LINES.update().where(_LINE).values(values | {"replaced_by": None}), line)
        again = {"state": str(UploadState.WAITING), "waiting": UPLOADS.c.waiting + 1, "done_at": None}
        connection.execute(UPLOADS.update().where(UPLOADS.c.id == row.upload_id).values(again))
        verdict_counts.expect_in(connection, [row.upload_id])
