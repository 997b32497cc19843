"""Lines whose buyers shall get no mail are kept with the others, by every way in which lines are recorded."""

from __future__ import annotations

from pathlib import Path

import pytest
from pipeline.contexts import context_on, put, read

from cws_filedrop.model import Policy
from cws_filedrop.pipeline import large
from cws_filedrop.service_context import ServiceContext
from cws_filedrop.store.schema import QUIET_LINES
from cws_filedrop.store.uploads import lines, uploads

ROWS = [
    "026-1520163-0000001\tshipped\tY0000001K\tYodel",
    "026-1520163-0000002\tshipped & no confirm\tY0000002K\tYodel",
    "026-1520163-0000003\tSHIPPED-no-email\tY0000003K\tYodel",
    "026-1520163-0000004\tpacked\tY0000004K\tYodel",
    "nothing\tshipped\tY0000005K\tYodel",
]
FILE = ("order-id\tstatus\ttracking\tcarrier\n" + "".join(f"{row}\n" for row in ROWS)).encode()
SHIPPED = b"order-id\tship-date\ttracking-number\tcarrier-code\n026-1520163-0000001\t2026-11-22\tY0000001K\tYodel\n"


def quiet(context: ServiceContext, upload_id: str) -> list[int]:
    with context.db.read() as connection:
        rows = connection.execute(QUIET_LINES.select().order_by(QUIET_LINES.c.line)).all()
    assert {row.upload_id for row in rows} <= {upload_id}
    return [row.line for row in rows]


@pytest.mark.parametrize("is_large", [False, True], ids=["small", "large"])
def test_they_are_kept(tmp_path: Path, is_large: bool) -> None:
    context = context_on(tmp_path)
    upload_id = put(context, FILE)
    if is_large:
        large.read(context, uploads.some(context.db, [upload_id])[0])
    else:
        read(context, upload_id)
    assert quiet(context, upload_id) == [3, 4]


def test_a_file_without_statuses_has_none(tmp_path: Path) -> None:
    context = context_on(tmp_path)
    upload_id = put(context, SHIPPED)
    read(context, upload_id)
    assert quiet(context, upload_id) == []


def test_they_are_forgotten_with_the_lines_and_kept_again_with_them(tmp_path: Path) -> None:
    context = context_on(tmp_path, Policy(on_error="hold-file"))
    upload_id = put(context, FILE)
    read(context, upload_id)
    with context.db.write() as connection:
        lines.forget_in(connection, upload_id)
    assert quiet(context, upload_id) == []
    assert uploads.read_again(context.db, upload_id, evidence="")
    read(context, upload_id)
    assert quiet(context, upload_id) == [3, 4]
