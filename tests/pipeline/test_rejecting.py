"""An operator refuses what was set aside: nothing of it goes to Amazon, and the seller reads why."""

from __future__ import annotations

from pathlib import Path

import pytest
from pipeline.desks import desk_on, outbox, put, read
from pipeline.shop import Shop
from running import rows

from cws_filedrop.model import Grade, Policy, UploadState
from cws_filedrop.pipeline import actions
from cws_filedrop.pipeline import outbox as delivering
from cws_filedrop.pipeline.deciding import Impossible, Who
from cws_filedrop.pipeline.desk import Desk
from cws_filedrop.store import deeds, uploads

WHO = Who("olga", "192.0.2.1")
MIXED = b"order-id\tstatus\n026-1520163-6049104\tshipped\n4711\tshipped\n"
MASS = b"order-id\tstatus\ttracking\tcarrier\n" + b"".join(
    b"026-1520163-%07d\tshipped\tY0000001K\tYodel\n" % number for number in range(30)
)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return desk_on(tmp_path, Policy(on_error="hold-file"))


def delivered(desk: Desk, upload_id: str) -> dict[str, bytes]:
    assert delivering.answer(desk, uploads.some(desk.db, [upload_id])) == []
    return outbox(desk, upload_id)


@pytest.mark.parametrize(
    ("content", "grade"), [(MIXED, Grade.WHOLE), (MASS, Grade.WHOLE), (MIXED, Grade.CUT)], ids=["held", "brake", "cut"]
)
def test_a_rejected_file_is_answered_with_the_reason_and_sends_nothing(
    desk: Desk, content: bytes, grade: Grade
) -> None:
    upload_id = put(desk, content, grade=grade)
    assert read(desk, upload_id).state in (UploadState.HELD, UploadState.CUT)
    actions.reject(desk, upload_id, "these are  last week's", who=WHO)
    assert read(desk, upload_id).state is UploadState.REJECTED
    files = delivered(desk, upload_id)
    (row,) = rows(files["result"])
    assert (row["verdict"], row["code"]) == ("rejected", "F12")
    assert "these are last week's" in row["message"]
    assert "these are last week's" in files["receipt"].decode()
    shop = Shop(desk)
    assert shop.lines(upload_id) == []
    (did,) = deeds.listing(desk.db, about=upload_id)
    assert (did.who, did.what, did.detail) == ("olga", "upload.reject", "these are last week's")


def test_its_shipments_may_come_in_another_file(desk: Desk) -> None:
    upload_id = put(desk, MIXED)
    read(desk, upload_id)
    actions.reject(desk, upload_id, "no", who=WHO)
    read(desk, upload_id)
    again = put(desk, MIXED.replace(b"4711\tshipped\n", b""), name="b.txt")
    assert read(desk, again).outcome.counts == {"queued": 1}


def test_only_what_is_set_aside_is_rejected_once_and_for_a_reason(desk: Desk) -> None:
    done = put(desk, MIXED.replace(b"4711\tshipped\n", b""))
    read(desk, done)
    held = put(desk, MIXED.replace(b"6049104", b"6049105"), name="b.txt")
    read(desk, held)
    for upload_id, why in ((done, "no"), (held, "  "), ("nonsense", "no")):
        with pytest.raises(Impossible):
            actions.reject(desk, upload_id, why, who=WHO)
    actions.reject(desk, held, "no", who=WHO)
    with pytest.raises(Impossible):
        actions.reject(desk, held, "no", who=WHO)
    assert len(deeds.listing(desk.db)) == 1
