"""One file cannot hold everybody: which process a file is read by, and what reading it may take."""

from __future__ import annotations

import bz2
import gzip
import io
import os
import signal
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from pipeline.contexts import context_on, outbox, put
from pipeline.test_reading_process import pids
from running import amazon_file, order_ids

from cws_filedrop.model import UploadState
from cws_filedrop.pipeline import outbox as delivering
from cws_filedrop.pipeline.processes import Lane, Processes
from cws_filedrop.processes.effort import Effort
from cws_filedrop.processes.reading_process import ProcessDied, ProcessHung, ProcessOverran, ReadingProcess, Work
from cws_filedrop.service_context import ServiceContext
from cws_filedrop.settings import LimitSettings, Settings
from cws_filedrop.store.uploads import uploads
from cws_filedrop.store.uploads.uploads import Upload

HEAVY = Settings().service.heavy_bytes
BOMB = b"\n" * (2 * HEAVY)


def shipped(orders: list[str]) -> bytes:
    return amazon_file(orders, date="2026-11-20")


@contextmanager
def reading(settings: Settings) -> Iterator[Processes]:
    processes = Processes(settings, ReadingProcess(settings, "small"))
    try:
        yield processes
    finally:
        processes.close()


def zipped(content: bytes, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", method) as archive:
        archive.writestr("orders.txt", content)
    return target.getvalue()


def forged(packed: bytes) -> bytes:
    """A gzip file whose last four bytes say that it is small."""
    return packed[:-4] + (10).to_bytes(4, "little")


@pytest.mark.parametrize(
    ("content", "lane"),
    [
        (shipped(order_ids(3)), Lane.SMALL),
        (gzip.compress(shipped(order_ids(3))), Lane.SMALL),
        (zipped(shipped(order_ids(3))), Lane.SMALL),
        (BOMB, Lane.LARGE),
        (gzip.compress(BOMB), Lane.PACKED),
        (gzip.compress(BOMB) + gzip.compress(b"order-id\n"), Lane.PACKED),
        (zipped(BOMB), Lane.PACKED),
        (zipped(BOMB, zipfile.ZIP_BZIP2), Lane.PACKED),
        (forged(gzip.compress(b"x" * HEAVY)), Lane.SMALL),  # and refused for its damage
        (forged(gzip.compress(BOMB)), Lane.PACKED),
        (b"PK\x03\x04 rubbish", Lane.SMALL),
        (b"", Lane.SMALL),
        (bz2.compress(BOMB), Lane.SMALL),  # which is not unpacked
    ],
)
def test_the_lane_is_chosen_by_what_is_to_be_read(tmp_path: Path, content: bytes, lane: Lane) -> None:
    path = tmp_path / "data"
    path.write_bytes(content)
    with reading(Settings()) as processes:
        assert processes.lane(path, len(content)) is lane


@pytest.mark.parametrize("most", [Effort(1, 0), Effort(0, 0.001)])
def test_a_process_that_takes_more_than_it_may_is_ended(tmp_path: Path, most: Effort) -> None:
    context = context_on(tmp_path)
    large = put(context, shipped(order_ids(20_000)), name="large.txt")
    process = ReadingProcess(context.settings, "large")
    try:
        with pytest.raises(ProcessOverran, match="more than"):
            process.ask(Work.READ_LARGE, large, most=most)
        assert process.ask(Work.PING, 1) == 1
    finally:
        process.close()


@pytest.mark.parametrize("most", [Effort(0, 0, clock_seconds=0.2), Effort(0, 0, stalled_seconds=0.2)])
def test_a_process_that_hangs_is_ended(tmp_path: Path, most: Effort) -> None:
    process = ReadingProcess(context_on(tmp_path).settings, "small")
    try:
        process.ask(Work.PING, 1)
        stop()
        with pytest.raises(ProcessHung):
            process.ask(Work.PING, 1, most=most)
        assert process.ask(Work.PING, 1) == 1
    finally:
        process.close()


def test_one_that_reads_nothing_of_what_it_is_asked_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cws_filedrop.processes.reading_process.WIRE_SECONDS", 1)
    process = ReadingProcess(context_on(tmp_path).settings, "small")
    try:
        process.ask(Work.PING, 1)
        stop()
        with pytest.raises(ProcessDied):
            process.ask(Work.PING, b"x" * 10_000_000)
    finally:
        process.close()


def stop() -> None:
    for pid in pids():
        os.kill(pid, signal.SIGSTOP)


def limited(context: ServiceContext, **limits: float) -> ServiceContext:
    settings = replace(context.settings, limits=replace(LimitSettings(), **limits))  # type: ignore[arg-type]
    return replace(context, settings=settings)


def read(context: ServiceContext, *ids: str) -> list[Upload]:
    with reading(context.settings) as processes:
        processes.warm_up()
        processes.read(context, uploads.some(context.db, ids), wait_for_turn=lambda: None)
    return [found for one in ids if (found := uploads.get(context.db, one)) is not None]


@pytest.mark.parametrize("packed", [False, True])
def test_a_file_that_is_too_much_work_is_refused_in_words_and_the_others_are_read(tmp_path: Path, packed: bool) -> None:
    context = limited(context_on(tmp_path), reading_seconds=0.05, reading_seconds_per_mib=0)
    heavy = shipped(order_ids(30_000 if packed else 11_000))
    good = put(context, shipped(order_ids(1)), name="good.txt")
    bad = put(context, gzip.compress(heavy) if packed else heavy, name="bad.txt")
    also_good = put(context, shipped(order_ids(1, start=50_000)), name="also-good.txt")
    found = read(context, good, bad, also_good)
    assert [one.state for one in found] == [UploadState.WAITING, UploadState.REJECTED, UploadState.WAITING]
    delivering.answer(context, found)
    receipt = outbox(context, bad)["receipt"]
    assert b"F05" in receipt
    assert b"seconds of computing" in b" ".join(receipt.split())


@pytest.mark.parametrize("lane", [Lane.SMALL, Lane.LARGE])
def test_a_file_whose_reader_hangs_is_set_aside_in_words_and_the_others_are_read(tmp_path: Path, lane: Lane) -> None:
    context = limited(context_on(tmp_path), reading_stalled_seconds=5.0)
    bad = put(context, shipped(order_ids(1 if lane is Lane.SMALL else 20_000)), name="bad.txt")
    good = put(context, shipped(order_ids(1, start=50_000)), name="good.txt")
    with reading(context.settings) as processes:
        processes._run(lane, Work.PING, None)
        stop()
        processes.read(context, uploads.some(context.db, [bad, good]), wait_for_turn=lambda: None)
    found = [one for name in (bad, good) if (one := uploads.get(context.db, name)) is not None]
    assert [one.state for one in found] == [UploadState.FAILED, UploadState.WAITING]
    delivering.answer(context, found)
    receipt = b" ".join(outbox(context, bad)["receipt"].split())
    assert b"F05 Reading the file was given up: nothing happened for 5 seconds." in receipt
    assert b"Your file is safe, the operator is informed" in receipt


def test_what_was_recorded_of_a_file_before_it_was_too_much_is_forgotten(tmp_path: Path) -> None:
    context = limited(context_on(tmp_path), reading_memory_bytes=1)
    (found,) = read(context, put(context, shipped(order_ids(20_000))))
    assert (found.state, found.line_count) == (UploadState.REJECTED, 0)
    (again,) = read(limited(context), put(context, shipped(order_ids(20)), name="again.txt"))
    assert again.state is UploadState.WAITING
