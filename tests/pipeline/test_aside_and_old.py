"""Uploads that were set aside: released by an operator, or replaced by a later file. And what is old is removed."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from pipeline.contexts import NOW, context_on, outbox, put, read
from running import amazon_file, order_ids

from cws_filedrop import retention
from cws_filedrop.drop.home import Folder, UploadStage
from cws_filedrop.model import Grade, Policy, UploadState
from cws_filedrop.pipeline import outbox as delivering
from cws_filedrop.service_context import ServiceContext
from cws_filedrop.store.uploads import lines, uploads

GOOD = amazon_file(order_ids(2), date="2026-11-20")


def state(context: ServiceContext, upload_id: str) -> UploadState:
    upload = uploads.get(context.db, upload_id)
    assert upload is not None
    return upload.state


def verdicts(context: ServiceContext, upload_id: str) -> list[str]:
    return [row.verdict for piece in lines.of_upload(context.db, upload_id) for row in piece]


def test_a_file_without_its_last_line_end_is_read_after_all_when_an_operator_says_so(tmp_path: Path) -> None:
    context = context_on(tmp_path)
    upload_id = put(context, GOOD.rstrip(), grade=Grade.DOUBTFUL)
    assert read(context, upload_id).state is UploadState.CUT
    assert uploads.read_again(context.db, upload_id, evidence="released by an operator")
    assert read(context, upload_id).state is UploadState.WAITING
    assert verdicts(context, upload_id) == ["queued", "queued"]


def test_what_is_not_set_aside_is_not_read_again(tmp_path: Path) -> None:
    context = context_on(tmp_path)
    upload_id = put(context, GOOD)
    read(context, upload_id)
    assert not uploads.read_again(context.db, upload_id, evidence="")
    assert state(context, upload_id) is UploadState.WAITING


def test_held_lines_are_queued_when_they_are_released(tmp_path: Path) -> None:
    context = context_on(tmp_path, Policy(on_error="hold-file"))
    held = read(context, put(context, GOOD + b"nonsense\r\n"))
    assert verdicts(context, held.id) == ["held", "held", "rejected"]
    assert uploads.read_again(context.db, held.id, evidence="released by an operator")
    read(context, held.id)
    assert verdicts(context, held.id) == ["queued", "queued", "rejected"]
    assert state(context, held.id) is UploadState.WAITING


def test_held_lines_that_went_out_with_another_file_do_not_go_again(tmp_path: Path) -> None:
    context = context_on(tmp_path, Policy(on_error="hold-file"))
    held = read(context, put(context, GOOD + b"nonsense\r\n", name="a.txt"))
    read(context, put(context, amazon_file(order_ids(1), date="2026-11-20"), name="b.txt"))
    assert uploads.read_again(context.db, held.id, evidence="released by an operator")
    read(context, held.id)
    assert verdicts(context, held.id) == ["duplicate", "queued", "rejected"]


def test_a_whole_file_takes_the_place_of_a_cut_one_of_its_name(tmp_path: Path) -> None:
    context = context_on(tmp_path)
    cut = put(context, GOOD.rstrip(), grade=Grade.DOUBTFUL, name="same.txt")
    other = put(context, GOOD.rstrip(), grade=Grade.DOUBTFUL, name="other.txt")
    read(context, cut, other)
    whole = read(context, put(context, GOOD, name="same.txt"))
    assert (state(context, cut), state(context, other)) == (UploadState.REPLACED, UploadState.CUT)
    assert whole.state is UploadState.WAITING


def test_a_file_that_cannot_be_used_does_not_take_the_place_of_a_cut_one(tmp_path: Path) -> None:
    context = context_on(tmp_path)
    cut = put(context, GOOD.rstrip(), grade=Grade.DOUBTFUL)
    read(context, cut)
    assert read(context, put(context, b"no headings at all\n")).state is UploadState.REJECTED
    assert state(context, cut) is UploadState.CUT


def test_answers_are_removed_after_their_time_and_what_is_unsettled_stays(tmp_path: Path) -> None:
    context = context_on(tmp_path)
    done, waiting = put(context, b"order-id\tship-date\nx\ty\n", name="a.txt"), put(context, GOOD, name="b.txt")
    read(context, done, waiting)
    delivering.answer(context, uploads.some(context.db, [done, waiting]))
    assert retention.sweep(context) == 0
    assert set(outbox(context, done)) == {"receipt", "rejected", "result"}
    later = replace(context, clock=lambda: time_of(done) + timedelta(days=92))
    assert retention.sweep(later) == 1
    assert outbox(context, done) == {}
    assert not context.spool.path(done).exists()
    assert set(outbox(context, waiting)) == {"receipt"}
    assert context.spool.data_path(waiting).read_bytes() == GOOD
    assert verdicts(context, done) == ["rejected"]
    assert retention.sweep(later) == 0


def test_a_broken_off_upload_can_be_resumed_for_a_week(tmp_path: Path) -> None:
    context = context_on(tmp_path)
    landing = context.home("anna").landing(Folder.INBOX, UploadStage.CUT)
    for name, days in (("young.txt", 6), ("old.txt", 8)):
        (landing / name).write_bytes(b"half")
        os.utime(landing / name, (time.time() - days * 86_400,) * 2)
    retention.sweep(context)
    assert [path.name for path in landing.iterdir()] == ["young.txt"]


def time_of(upload_id: str):  # type: ignore[no-untyped-def]
    return NOW.strptime(upload_id[:15] + "+0000", "%Y%m%d-%H%M%S%z")
