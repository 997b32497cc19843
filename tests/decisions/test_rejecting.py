"""An operator refuses what was set aside: nothing of it goes to Amazon, and the seller reads why."""

from __future__ import annotations

from pathlib import Path

import pytest
from pipeline.contexts import context_on, outbox, put, read
from pipeline.shop import Shop
from running import rows

from cws_filedrop.decisions import set_aside
from cws_filedrop.errors import NotPossible
from cws_filedrop.model import Grade, Policy, UploadState
from cws_filedrop.pipeline import outbox as delivering
from cws_filedrop.service_context import ServiceContext
from cws_filedrop.store.uploads import uploads
from cws_filedrop.store.users import decisions
from cws_filedrop.store.users.decisions import Who

WHO = Who("olga", "192.0.2.1")
MIXED = b"order-id\tstatus\n026-1520163-6049104\tshipped\n4711\tshipped\n"
MASS = b"order-id\tstatus\ttracking\tcarrier\n" + b"".join(
    b"026-1520163-%07d\tshipped\tY0000001K\tYodel\n" % number for number in range(30)
)


@pytest.fixture
def context(tmp_path: Path) -> ServiceContext:
    return context_on(tmp_path, Policy(on_error="hold-file"))


def delivered(context: ServiceContext, upload_id: str) -> dict[str, bytes]:
    assert delivering.answer(context, uploads.some(context.db, [upload_id])) == []
    return outbox(context, upload_id)


@pytest.mark.parametrize(
    ("content", "grade"), [(MIXED, Grade.WHOLE), (MASS, Grade.WHOLE), (MIXED, Grade.CUT)], ids=["held", "brake", "cut"]
)
def test_a_rejected_file_is_answered_with_the_reason_and_sends_nothing(
    context: ServiceContext, content: bytes, grade: Grade
) -> None:
    upload_id = put(context, content, grade=grade)
    assert read(context, upload_id).state in (UploadState.HELD, UploadState.CUT)
    set_aside.reject(context, upload_id, "these are  last week's", who=WHO)
    assert read(context, upload_id).state is UploadState.REJECTED
    files = delivered(context, upload_id)
    (row,) = rows(files["result"])
    assert (row["verdict"], row["code"]) == ("rejected", "F12")
    assert "these are last week's" in row["message"]
    assert "these are last week's" in files["receipt"].decode()
    shop = Shop(context)
    assert shop.lines(upload_id) == []
    (did,) = decisions.listing(context.db, about=upload_id)
    assert (did.who, did.what, did.detail) == ("olga", "upload.reject", "these are last week's")


def test_its_shipments_may_come_in_another_file(context: ServiceContext) -> None:
    upload_id = put(context, MIXED)
    read(context, upload_id)
    set_aside.reject(context, upload_id, "no", who=WHO)
    read(context, upload_id)
    again = put(context, MIXED.replace(b"4711\tshipped\n", b""), name="b.txt")
    assert read(context, again).outcome.counts == {"queued": 1}


def test_only_what_is_set_aside_is_rejected_once_and_for_a_reason(context: ServiceContext) -> None:
    done = put(context, MIXED.replace(b"4711\tshipped\n", b""))
    read(context, done)
    held = put(context, MIXED.replace(b"6049104", b"6049105"), name="b.txt")
    read(context, held)
    for upload_id, why in ((done, "no"), (held, "  "), ("nonsense", "no")):
        with pytest.raises(NotPossible):
            set_aside.reject(context, upload_id, why, who=WHO)
    set_aside.reject(context, held, "no", who=WHO)
    with pytest.raises(NotPossible):
        set_aside.reject(context, held, "no", who=WHO)
    assert len(decisions.listing(context.db)) == 1
