"""One campaign: a service and an Amazon in processes of their own, sellers who drop files by every door, and all that
goes wrong meanwhile; then everything comes to its end, and the oracle judges. The same seed plans the same campaign;
what it meets also depends on the machine's pace.
"""

from __future__ import annotations

import random
import shutil
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from chaos.amazon_troubles import Troubles, asked
from chaos.deployment import Amazon, Deployment
from chaos.disturbances import Disturber, SmallDisk
from chaos.doors import Acknowledged, Doors, Drop
from chaos.operator import Operator
from chaos.oracle import Broken, Evidence, check, verdicts
from chaos.seller_files import SellerFiles, rows_of
from running import rows

CLIENTS = 4  # that drop at the same time
BOOKS_AT_ONCE = 500


@dataclass(frozen=True)
class Plan:
    """How large a campaign is. `seconds` is about how long files are dropped and things go wrong."""

    seed: int
    uploads: int = 200
    lines: int = 22  # of a file, on average; cancellations have fewer
    kills: int = 20
    faults: int = 200
    seconds: float = 100.0
    drain_seconds: float = 300.0
    sellers: int = 6
    small_disk: bool = True


@dataclass
class Figures:
    """What happened, to be kept as JSON."""

    plan: dict[str, Any]
    uploads: dict[str, int] = field(default_factory=dict)  # acknowledged, by door
    not_acknowledged: int = 0  # attempts, each of which was made again
    known_uploads: int = 0  # some were taken, and the client was not told any more
    lines: int = 0
    kills: dict[str, int] = field(default_factory=dict)
    stops: dict[str, int] = field(default_factory=dict)
    starts: int = 0
    faults: dict[str, int] = field(default_factory=dict)  # by kind
    combinations: int = 0  # of operation and kind that struck
    struck: dict[str, int] = field(default_factory=dict)  # by operation and kind
    other: dict[str, int] = field(default_factory=dict)
    decisions: dict[str, int] = field(default_factory=dict)
    verdicts: dict[str, int] = field(default_factory=dict)
    feeds: int = 0
    seconds: dict[str, float] = field(default_factory=dict)
    disk: str = ""
    broken: list[dict[str, str]] = field(default_factory=list)


class Campaign:
    """`run()` returns its figures; what is broken is in them."""

    def __init__(self, folder: Path, plan: Plan, deployed: type[Deployment] = Deployment) -> None:
        self.plan, self.folder = plan, folder
        self.chance = random.Random(plan.seed)
        self.figures = Figures(asdict(plan))
        folder.mkdir(parents=True)
        self.disk = SmallDisk(folder / "data", wanted=plan.small_disk)
        self.amazon = Amazon(folder)
        self.deployment = deployed(folder, self.amazon.endpoint)
        self.doors = Doors(self.deployment)
        self.sellers = [
            SellerFiles(f"seller{n}", n, n % 2 == 0, self._chance(f"seller {n}"), plan.lines)
            for n in range(plan.sellers)
        ]
        self.tokens: dict[str, str] = {}
        merchants = [one.merchant for one in self.sellers]
        self.troubles = Troubles(self.amazon, self._chance("amazon"), merchants)
        self.disturber = Disturber(self.deployment, self.amazon, self.troubles, self.disk, self._chance("processes"))
        self.operator = Operator(self.deployment, self.amazon, [one.seller for one in self.sellers])
        self.acknowledged: list[Acknowledged] = []
        self.contents: dict[tuple[str, str], bytes] = {}
        self.lately: list[tuple[str, str, str]] = []
        self._queue: SimpleQueue[tuple[str, Drop]] = SimpleQueue()
        self._over = threading.Event()

    def _chance(self, what: str) -> random.Random:
        return random.Random(f"{self.plan.seed} {what}")

    def run(self) -> Figures:
        """From the first drop to the verdict."""
        try:
            with self._timed("begin"):
                self._begin()
            with self._timed("trouble"):
                self._trouble()
            with self._timed("drain"):
                open_work = self._drain()
            with self._timed("judge"):
                self._judge(open_work)
        finally:
            self._end()
        return self.figures

    @contextmanager
    def _timed(self, what: str) -> Iterator[None]:
        begun = time.monotonic()
        yield
        self.figures.seconds[what] = round(time.monotonic() - begun, 1)

    def _begin(self) -> None:
        self.amazon.start()
        self.troubles.begin()
        for one in self.sellers:
            self.deployment.running.add_seller(one.seller)
            self.deployment.command("seller", "policy", one.seller, "--cancel-at-amazon", "on")
            made = self.deployment.command("seller", "token", "add", one.seller)
            self.tokens[one.seller] = next(word for word in made.stdout.split() if len(word) > 30)
        self._plan_drops()
        self._load_books()
        self.deployment.see_to_it()
        self.deployment.wait_until_ready()
        for one in self.sellers:
            self.deployment.running.address = self.deployment.ftp
            self.deployment.running.ftp(one.seller).quit()  # which makes its home
            if one.booked:
                self.operator.pull_orders(one.seller)

    def _plan_drops(self) -> None:
        doors = list(self.doors.ways)
        for number in range(self.plan.uploads):
            one = self.chance.choice(self.sellers)
            packed, content = self.chance.random() < 0.1, one.next()
            name = f"drop-{number:04d}.txt{'.gz' if packed else ''}"
            self.contents[one.seller, name] = content
            door = doors[number] if number < len(doors) else self.chance.choice(doors)
            self._queue.put((door, Drop(one.seller, name, content, self.tokens[one.seller], packed)))

    def _load_books(self) -> None:
        for one in self.sellers:
            orders = [{"order_id": order, "items": items} for order, items in one.orders.items()]
            for start in range(0, len(orders) if one.booked else 0, BOOKS_AT_ONCE):
                some = orders[start : start + BOOKS_AT_ONCE]
                asked(self.amazon.endpoint, "orders", {"account": one.merchant, "orders": some})

    def _trouble(self) -> None:
        clients = [threading.Thread(target=self._drop_all, args=(n,), daemon=True) for n in range(CLIENTS)]
        for client in clients:
            client.start()
        pace, rhythm = threading.Event(), self._chance("rhythm")
        begun, turn = time.monotonic(), 0
        pause = self.plan.seconds / max(1, self.plan.kills) / 2.2  # two of three disturbances are kills, some kill two
        due = begun + pause
        while not self._is_over(clients, begun):
            pace.wait(0.2)
            turn += 1
            self.deployment.see_to_it()
            self.troubles.go_on(self.lately[-30:])
            if not self.deployment.is_ready() and rhythm.random() > 0.02:
                due = max(due, time.monotonic() + pause)  # it is to do some work before the next one
            elif time.monotonic() >= due:
                self.disturber.disturb()
                due = time.monotonic() + rhythm.uniform(0.3, 1.7) * pause
            if turn % 25 == 0 and self.deployment.is_ready():
                self.operator.let_go_on()
                self.operator.pull_orders(rhythm.choice(self.sellers).seller)
        self._over.set()
        for client in clients:
            client.join()

    def _is_over(self, clients: list[threading.Thread], begun: float) -> bool:
        """Nobody drops any more, and there were as many kills, and, unless that takes much longer, as many faults."""
        longest = time.monotonic() - begun > 3 * self.plan.seconds
        enough = longest or self.troubles.struck.total() >= self.plan.faults
        dropping = any(client.is_alive() for client in clients)
        return enough and not dropping and self.disturber.kills.total() >= self.plan.kills

    def _drop_all(self, client: int) -> None:
        chance, pace = self._chance(f"client {client}"), threading.Event()
        between = self.plan.seconds * 0.8 * CLIENTS / max(1, self.plan.uploads)
        while True:
            try:
                door, drop = self._queue.get_nowait()
            except Empty:
                return
            orders = [(row["order-id"], row["order-item-id"]) for row in rows_of(drop.content)[:3]]
            self.lately += [(f"M{drop.seller.upper()}", *one) for one in orders]
            while (acknowledged := self.doors.drop(door, drop)) is None:
                self.figures.not_acknowledged += 1
                pace.wait(chance.uniform(0.05, 0.5))
            self.acknowledged.append(acknowledged)
            pace.wait(chance.uniform(0, 2 * between) if not self._over.is_set() else 0)

    def _drain(self) -> list[str]:
        """All is well from now on: everything comes to its end. Returns what did not."""
        self.disturber.end()
        self.troubles.end()
        deadline, pace = time.monotonic() + self.plan.drain_seconds, threading.Event()
        ids = [one.upload_id for one in self.acknowledged if one.upload_id]
        while (work := self._open_work(ids)) and time.monotonic() < deadline:
            self.deployment.see_to_it()
            self.operator.decide()
            pace.wait(1.0)
        return work

    def _open_work(self, ids: list[str]) -> list[str]:
        """What is not at its end; last of all the answers on disk, which are written after the rows."""
        if work := self.operator.open_work(ids):
            return work
        evidence = self._evidence()
        return [f"{one.promise}: {one.upload} {one.line} {one.why}" for one in check(evidence)]

    def _judge(self, open_work: list[str]) -> None:
        evidence, figures = self._evidence(), self.figures
        broken = check(evidence)
        broken += [Broken("not at its end", "", "", work) for work in open_work if not broken]
        figures.broken = [asdict(one) for one in broken]
        figures.uploads = dict(sorted(Counter(one.door for one in self.acknowledged).items()))
        figures.known_uploads, figures.verdicts = len(evidence.uploads), dict(sorted(verdicts(evidence).items()))
        figures.lines = sum(figures.verdicts.values())
        figures.kills, figures.stops = dict(self.disturber.kills), dict(self.disturber.stops)
        figures.starts = self.deployment.starts
        figures.faults, figures.combinations = self._by_kind(), len(self.troubles.struck)
        figures.struck = {" ".join(one): number for one, number in sorted(self.troubles.struck.items())}
        figures.other = {**self.disturber.done, **{name: n for name, n in self.troubles.done.items() if n}}
        figures.decisions = {name: number for name, number in self.operator.decisions.items() if number}
        figures.feeds = len(self.operator.lists("feed", "list", "--limit", "100000")["feeds"])
        figures.disk = self.disk.why_not

    def _by_kind(self) -> dict[str, int]:
        kinds = Counter[str]()
        for (_, kind), number in self.troubles.struck.items():
            kinds[kind] += number
        return dict(sorted(kinds.items()))

    def _evidence(self) -> Evidence:
        receipts: Counter[str] = Counter()
        results: dict[str, list[list[dict[str, str]]]] = {}
        for one in self.sellers:
            for name in self.deployment.running.outbox(one.seller):
                parts = name.split(".")
                if name.endswith(".receipt.txt"):
                    receipts[parts[-3]] += 1
                elif name.endswith(".result.txt"):
                    table = rows((self.deployment.running.home(one.seller) / "outbox" / name).read_bytes())
                    results.setdefault(parts[-3], []).append(table)
        ledger = asked(self.amazon.endpoint, "ledger")
        return Evidence(
            acknowledged=self.acknowledged,
            uploads=list(self.operator.uploads()),
            receipts=receipts,
            results=results,
            taken=ledger["taken"],
            twice=ledger["twice"],
            cancelled=Counter((m["account"], m["order_id"]) for m in ledger["messages"] if m["outcome"] == "cancelled"),
            contents=self.contents,
            merchants={one.seller: one.merchant for one in self.sellers},
            by_hand=self.troubles.by_hand,
        )

    def _end(self) -> None:
        self._over.set()
        self.disturber.let_go()
        if self.deployment.process is not None:
            self.deployment.stop()
        if self.amazon.process is not None:
            self.amazon.stop()
        if self.figures.broken and not self.disk.why_not:  # the data is worth a look
            shutil.copytree(self.folder / "data", self.folder / "data-at-the-end", symlinks=True)
        self.disk.close()
