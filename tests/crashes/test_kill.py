"""kill -9 of the service at random moments: nothing is lost, nothing is sent twice, every file has its one result."""

from __future__ import annotations

import ftplib
import io
import json
import os
import random
import signal
import threading
import time
from collections import Counter
from pathlib import Path

import pytest
from running import Running, Sandbox, amazon_file, order_ids, rows, upload_id, wait_for

LINES_PER_FILE = 3


class Dropper(threading.Thread):
    """A seller's script: drops its files one after the other, and again when the server went away before the 226."""

    def __init__(self, running: Running, files: dict[str, bytes]) -> None:
        super().__init__(daemon=True)
        self.running = running
        self.files = files
        self.uploads: dict[str, list[str]] = {name: [] for name in files}
        self.pace = threading.Event()

    def run(self) -> None:
        for name, content in self.files.items():
            while not self._dropped(name, content):
                self.pace.wait(0.05)
            self.pace.wait(0.03)

    def _dropped(self, name: str, content: bytes) -> bool:
        try:
            with self.running.ftp("anna") as session:
                self.uploads[name].append(upload_id(session.storbinary(f"STOR /inbox/{name}", io.BytesIO(content))))
        except (OSError, EOFError, ftplib.Error):
            return bool(self.uploads[name])
        return True


def campaign(folder: Path, *, files: int, kills: int, seed: int) -> tuple[Running, Sandbox, Dropper]:
    """Drop files while the service is killed and started again, then let it finish."""
    chance = random.Random(seed)
    sandbox = Sandbox(folder)
    running = Running(folder, MARKETPLACE__ENDPOINT=sandbox.endpoint, MARKETPLACE__RATE_SCALE=5000)
    running.add_seller("anna")
    running.start()
    contents = {
        f"drop-{n:04d}.txt": amazon_file(order_ids(LINES_PER_FILE, start=n * LINES_PER_FILE)) for n in range(files)
    }
    dropper = Dropper(running, contents)
    dropper.start()
    pause = threading.Event()
    for _ in range(kills):
        pause.wait(chance.uniform(0.0, 2.0))
        running.stop(signal.SIGKILL, group=chance.random() < 0.5)
        running.start()
    dropper.join(240)
    assert not dropper.is_alive()
    return running, sandbox, dropper


def check(running: Running, sandbox: Sandbox, dropper: Dropper) -> None:
    for name, ids in dropper.uploads.items():
        assert ids, name
        for one in ids:
            found = running.result("anna", one, seconds=120)
            assert len(found) == LINES_PER_FILE
    wait_for(lambda: _quiet(running), seconds=120, what="every upload to be answered")
    receipts = {name.split(".")[-3] for name in running.outbox("anna") if name.endswith(".receipt.txt")}
    listed = json.loads(running.command("upload", "list", "--limit", "10000", "--json").stdout)["uploads"]
    assert {upload["id"] for upload in listed} == receipts
    results = [name for name in running.outbox("anna") if name.endswith(".result.txt")]
    per_upload = Counter(name.split(".")[-3] for name in results)
    assert set(per_upload.values()) == {1}
    verdicts: dict[str, list[str]] = {}
    for name in results:
        for row in rows((running.home("anna") / "outbox" / name).read_bytes()):
            verdicts.setdefault(row["order-id"], []).append(row["verdict"])
    for order, given in verdicts.items():
        assert given.count("confirmed") == 1, (order, given)
        assert set(given) <= {"confirmed", "duplicate"}, (order, given)
    sent = Counter(row["order_id"] for row in sandbox.ledger())
    assert set(sent) == set(verdicts)
    assert set(sent.values()) == {1}, [order for order, number in sent.items() if number > 1]


def _quiet(running: Running) -> bool:
    done = running.command("status", "--json")
    states = json.loads(done.stdout)["uploads"]
    # A kill in the middle of a transfer leaves a cut upload, which the whole one replaces when it is dropped again.
    return set(states) <= {"done", "cut", "replaced"}


def run(folder: Path, *, files: int, kills: int) -> None:
    seed = int(os.environ.get("SEED", time.time_ns() % 1_000_000))
    print(f"SEED={seed}")
    running, sandbox, dropper = campaign(folder, files=files, kills=kills, seed=seed)
    try:
        check(running, sandbox, dropper)
    finally:
        running.stop()
        sandbox.stop()


@pytest.mark.timeout(280)
def test_six_kills_lose_and_double_nothing(tmp_path: Path) -> None:
    run(tmp_path, files=40, kills=6)


@pytest.mark.postgres(only=True)
@pytest.mark.timeout(280)
def test_two_kills_lose_and_double_nothing(tmp_path: Path) -> None:
    run(tmp_path, files=10, kills=2)


@pytest.mark.long
@pytest.mark.timeout(1500)
def test_thirty_kills_lose_and_double_nothing(tmp_path: Path) -> None:
    run(tmp_path, files=200, kills=30)
