"""A flood of files from one seller does not keep the others waiting."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from running import Running, amazon_file, order_ids, wait_for

from cws_filedrop.drop.claims import Drop
from cws_filedrop.drop.home import Folder
from cws_filedrop.drop.spool import Spool
from cws_filedrop.model import Door, Grade


@pytest.fixture
def stopped(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Running]:
    running = Running(tmp_path, **getattr(request, "param", {}))
    for seller in ("flood", "other"):
        running.add_seller(seller)
    yield running
    if running.process is not None:
        running.stop()


def put(running: Running, seller: str, number: int) -> str:
    """A file that arrived while the worker was down; its id."""
    spool, source = Spool(running.data / "spool"), running.data / "incoming"
    source.write_bytes(amazon_file(order_ids(1, start=number)))
    drop = Drop(seller, Folder.INBOX, f"{number}.txt", Door.FTP, "127.0.0.1")
    claim = spool.land(source, drop, size=source.stat().st_size)
    spool.grade(claim.upload_id, Grade.WHOLE)
    return claim.upload_id


def receipts(running: Running, seller: str) -> list[int]:
    """When each receipt was written (ns), in order."""
    folder = running.home(seller) / "outbox"
    names = [name for name in os.listdir(folder) if name.endswith(".receipt.txt")] if folder.exists() else []
    return sorted((folder / name).stat().st_mtime_ns for name in names)


@pytest.mark.parametrize(
    ("stopped", "files", "before"),
    [({}, 200, 60), ({"SERVICE__HEAVY_BYTES": 1}, 12, 6)],
    indirect=["stopped"],
    ids=["small", "large"],
)
def test_the_last_to_come_is_not_the_last_to_be_answered(stopped: Running, files: int, before: int) -> None:
    flood = [put(stopped, "flood", number) for number in range(files)]
    other = put(stopped, "other", files)
    assert other > flood[-1]
    stopped.start()
    wait_for(lambda: len(receipts(stopped, "flood")) == files, what="the flood's receipts")
    (moment,) = receipts(stopped, "other")
    assert sum(one < moment for one in receipts(stopped, "flood")) < before
