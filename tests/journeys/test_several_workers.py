"""Two services on one PostgreSQL and one folder: they share the work, and one takes over what the other leaves."""

from __future__ import annotations

import io
import os
import signal
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from running import Running, Sandbox, amazon_file, order_ids, upload_id, wait_for

from cws_filedrop.service import TAKEN_OVER_CODE

pytestmark = [pytest.mark.postgres(only=True), pytest.mark.timeout(500)]
SELLERS = ("anna", "berta", "carla")
FILES = 4
CONFIRMED = ["confirmed"] * 2


@dataclass
class Pair:
    """A service with the doors, another that only works, and the Amazon of both."""

    doors: Running
    worker: Running
    sandbox: Sandbox
    orders: int = 0

    def drop(self) -> dict[str, list[str]]:
        """Files of every seller, by seller the ids of the uploads that were acknowledged."""
        taken: dict[str, list[str]] = {}
        for seller in SELLERS:
            with self.doors.ftp(seller) as session:
                for _ in range(FILES):
                    content = amazon_file(order_ids(2, start=self.orders))
                    name = f"f{self.orders}.txt"
                    taken.setdefault(seller, []).append(
                        upload_id(session.storbinary(f"STOR /inbox/{name}", io.BytesIO(content)))
                    )
                    self.orders += 2
        return taken

    def check(self, taken: dict[str, list[str]]) -> None:
        """Every line of every upload is confirmed, and Amazon was told of each order once."""
        for seller, ids in taken.items():
            for one in ids:
                assert [row["verdict"] for row in self.worker.result(seller, one, seconds=200)] == CONFIRMED
        sent = Counter(message["order_id"] for message in self.sandbox.ledger())
        assert sent.keys() == set(order_ids(self.orders))
        assert set(sent.values()) == {1}


@pytest.fixture
def pair(database_kind: str, tmp_path: Path) -> Iterator[Pair]:
    assert database_kind
    sandbox = Sandbox(tmp_path)
    shared = {"MARKETPLACE__ENDPOINT": sandbox.endpoint, "MARKETPLACE__RATE_SCALE": 5000}
    doors = Running(tmp_path, **shared)
    for seller in SELLERS:
        doors.add_seller(seller)
    worker = Running(tmp_path, roles="worker", **shared)
    doors.start()
    try:
        with worker.started():
            yield Pair(doors, worker, sandbox)
    finally:
        doors.stop()
        sandbox.stop()


def test_who_slept_is_taken_over_and_changes_nothing_when_it_wakes(pair: Pair) -> None:
    assert pair.doors.process is not None
    taken = pair.drop()
    sleeper = pair.doors.process.process.pid
    os.kill(sleeper, signal.SIGSTOP)  # its doors go on
    later = pair.drop()
    pair.check({seller: ids + later[seller] for seller, ids in taken.items()})
    os.kill(sleeper, signal.SIGCONT)
    assert wait_for(pair.doors.process.process.poll, what="the sleeper to end") == TAKEN_OVER_CODE
    pair.check(later)


def test_who_is_killed_is_taken_over(pair: Pair) -> None:
    taken = pair.drop()
    pair.doors.stop(signal.SIGKILL, group=True)
    pair.check(taken)
