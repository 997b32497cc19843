"""Drops against a running service, by real FTP clients: how long until the receipt lies in the outbox.

python -m bench.drops steady     20 sellers drop one file a second each, for a minute
python -m bench.drops burst      1,000 small files at once
python -m bench.drops beside     small drops of ten sellers while one seller's million lines are worked on
"""

from __future__ import annotations

import ftplib
import io
import json
import os
import statistics
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from running import Running, amazon_file, order_ids, upload_id

from bench import generate

LINES = 5


class Watch(threading.Thread):
    """Notes the moment each receipt appears in an outbox, by looking at the disk every few milliseconds."""

    def __init__(self, service: Running, sellers: list[str]) -> None:
        super().__init__(daemon=True)
        self.folders = {seller: service.home(seller) / "outbox" for seller in sellers}
        self.seen: dict[str, float] = {}
        self.over = threading.Event()

    def run(self) -> None:
        known: set[str] = set()
        while not self.over.wait(0.005):
            for folder in self.folders.values():
                for name in os.listdir(folder) if folder.exists() else ():
                    if name.endswith(".receipt.txt") and name not in known:
                        known.add(name)
                        self.seen[name.split(".")[-3]] = time.monotonic()


class Client:
    """A seller's session that drops files and talks on."""

    def __init__(self, service: Running, seller: str) -> None:
        self.session: ftplib.FTP = service.ftp(seller)
        self.sent: dict[str, float] = {}

    def drop(self, name: str, content: bytes) -> None:
        reply = self.session.storbinary(f"STOR /inbox/{name}", io.BytesIO(content))
        self.sent[upload_id(reply)] = time.monotonic()
        self.session.voidcmd("NOOP")


def service_in(folder: Path, sellers: list[str]) -> Running:
    """A running service with these sellers."""
    service = Running(folder, MARKETPLACE__POLL_SECONDS=2, SANDBOX__RATE_SCALE=500, SANDBOX__PROCESSING_SECONDS=1)
    for seller in sellers:
        service.add_seller(seller)
    service.start()
    for seller in sellers:
        service.ftp(seller).quit()
    return service


def delays(sent: dict[str, float], watch: Watch, *, seconds: float) -> list[float]:
    """Seconds from the 226 to the receipt, once all are there."""
    deadline = time.monotonic() + seconds
    pause = threading.Event()
    while set(sent) - set(watch.seen) and time.monotonic() < deadline:
        pause.wait(0.02)
    missing = set(sent) - set(watch.seen)
    if missing:
        raise SystemExit(f"{len(missing)} receipts are missing after {seconds} s")
    return sorted(watch.seen[one] - moment for one, moment in sent.items())


def figures(found: list[float]) -> dict[str, float]:
    """Median, 99th percentile and maximum in milliseconds."""
    place = min(len(found) - 1, int(len(found) * 0.99))
    return {
        "n": len(found),
        "median_ms": round(statistics.median(found) * 1000),
        "p99_ms": round(found[place] * 1000),
        "max_ms": round(found[-1] * 1000),
    }


def steady(folder: Path, *, seconds: int = 60, sellers: int = 20) -> dict[str, float]:
    """Each seller drops one file a second."""
    names = [f"seller{n:02d}" for n in range(sellers)]
    service = service_in(folder, names)
    watch = Watch(service, names)
    watch.start()

    def seller(number: int) -> dict[str, float]:
        client, pause = Client(service, names[number]), threading.Event()
        start = time.monotonic() + number / sellers
        for second in range(seconds):
            pause.wait(max(0.0, start + second - time.monotonic()))
            first = (number * seconds + second) * LINES
            client.drop(f"drop-{second}.txt", amazon_file(order_ids(LINES, start=first)))
        client.session.quit()
        return client.sent

    with ThreadPoolExecutor(sellers) as pool:
        sent = {one: moment for part in pool.map(seller, range(sellers)) for one, moment in part.items()}
    found = delays(sent, watch, seconds=60)
    watch.over.set()
    service.stop()
    return figures(found)


def burst(folder: Path, *, files: int = 1000, clients: int = 4) -> dict[str, float]:
    """Files dropped as fast as a few sessions can."""
    names = [f"seller{n:02d}" for n in range(clients)]
    service = service_in(folder, names)
    watch = Watch(service, names)
    watch.start()
    start = time.monotonic()

    def seller(number: int) -> dict[str, float]:
        client = Client(service, names[number])
        for file in range(number, files, clients):
            client.drop(f"drop-{file}.txt", amazon_file(order_ids(LINES, start=file * LINES)))
        client.session.quit()
        return client.sent

    with ThreadPoolExecutor(clients) as pool:
        sent = {one: moment for part in pool.map(seller, range(clients)) for one, moment in part.items()}
    uploaded = time.monotonic() - start
    found = delays(sent, watch, seconds=120)
    last = max(watch.seen.values()) - start
    watch.over.set()
    service.stop()
    return {"uploaded_per_s": round(files / uploaded), "receipts_per_s": round(files / last), **figures(found)}


def beside(folder: Path, *, lines: int = 1_000_000, others: int = 10, seconds: int = 60) -> dict[str, object]:
    """Small drops and FTP answers while a large file of another seller is read and sent."""
    names = [f"seller{n:02d}" for n in range(others)]
    service = service_in(folder, [*names, "large"])
    watch = Watch(service, [*names, "large"])
    watch.start()
    content = io.BytesIO()
    generate.write(content, lines, today=datetime.now(UTC).date())
    large = Client(service, "large")
    large.drop("large.txt", content.getvalue())
    answers: list[float] = []

    def seller(number: int) -> dict[str, float]:
        client, pause = Client(service, names[number]), threading.Event()
        for turn in range(seconds):
            before = time.monotonic()
            client.session.nlst("/outbox")
            answers.append(time.monotonic() - before)
            first = (number * seconds + turn) * LINES
            client.drop(f"drop-{turn}.txt", amazon_file(order_ids(LINES, start=5_000_000 + first)))
            pause.wait(1.0)
        return client.sent

    with ThreadPoolExecutor(others) as pool:
        sent = {one: moment for part in pool.map(seller, range(others)) for one, moment in part.items()}
    found = delays(sent, watch, seconds=60)
    (large_id,) = large.sent
    done = delays(large.sent, watch, seconds=300)[0] if large_id not in watch.seen else 0.0
    took = watch.seen[large_id] - large.sent[large_id]
    watch.over.set()
    service.stop()
    return {"receipts": figures(found), "answers": figures(sorted(answers)), "large_receipt_s": round(took or done, 1)}


KINDS = {"steady": steady, "burst": burst, "beside": beside}


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as place:
        print(json.dumps(KINDS[sys.argv[1]](Path(place))))
