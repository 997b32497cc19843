"""What goes wrong at Amazon: every fault of the sandbox on every one of its operations, clocks, lists and reports that
are late, orders that spoil a feed, other programs of the seller. Chosen from a seed, and counted as it strikes.
"""

from __future__ import annotations

import json
import random
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from typing import Any

from chaos.deployment import Amazon

from cws_filedrop.marketplaces.sandbox.faults import AFTER, ANY, BEFORE, FATES, KINDS, ONLY, OPERATIONS

NOT_CALLED = ("cancelFeed",)  # the service never does
# Operations by how often they are called, and how many faults wait for each class: with more nothing would get through.
CLASSES = (
    (4, ("token", "createReport", "getReport", "getReportDocument", "createRestrictedDataToken")),
    (2, ("getOrder", "getFeed")),
    (6, ("createFeedDocument", "upload", "createFeed", "getFeeds", "getFeedDocument", "report", ANY)),
)
# A refusal to read orders makes the service look away for a minute, the next one in a row for six: only so long.
ORDERS_REFUSED_SECONDS = 40.0
# That createFeed takes effect, and feeds are listed, late: with a worker that is stopped in between, less than the
# look-ups before a feed is sent again take. What is later than those is for a person, here as at Amazon.
MOST_SECONDS = 2.5
CERTAIN = ("throttle", "refuse")  # say that nothing was done: Amazon does not say so when it was
OF_ANY = [(ANY, "drop"), (ANY, "throttle"), (ANY, "hang")]
STATUSES = {"fail": (500, 502, 503), "refuse": (400, 403, 404), "late": (504, 500)}


def asked(endpoint: str, path: str, wanted: object = None, method: str = "") -> Any:
    """An answer of the sandbox's own pages."""
    body = None if wanted is None else json.dumps(wanted).encode()
    request = urllib.request.Request(f"{endpoint}/sandbox/{path}", body, method=method or None)
    with urllib.request.urlopen(request, timeout=60) as answer:
        content = answer.read()
    return json.loads(content) if content else None


def combinations() -> list[tuple[str, str]]:
    """Every operation that is called, with every kind of fault that means something for it."""
    return [
        (operation, kind)
        for operation in OPERATIONS
        if operation not in NOT_CALLED
        for kind in KINDS
        if operation in ONLY.get(kind, (operation,))
    ]


def fault_of(chance: random.Random, operation: str, kind: str) -> dict[str, Any]:
    """A fault of that kind, with details by chance."""
    fault: dict[str, Any] = {"operation": operation, "kind": kind, "seconds": round(chance.uniform(0.3, 4.0), 2)}
    fault |= {"count": chance.choice([1, 1, 1, 2]), "probability": chance.choice([1.0, 0.6]), "seed": chance.random()}
    fault["seed"] = chance.randrange(1_000_000)
    if kind in STATUSES:
        fault["status"] = chance.choice(STATUSES[kind])
    if kind in AFTER | BEFORE and not (kind in CERTAIN and operation == "createFeed"):
        fault |= {"when": chance.choice(["before", "after"])} if chance.random() < 0.5 else {}
    if kind in FATES:
        fault |= {"when": chance.choice(["before", "after"]) if kind == "fatal" else "before"}
        fault["report"] = chance.random() < 0.5
    if operation == "createFeed":
        fault["seconds"] = min(fault["seconds"], MOST_SECONDS)
    return fault


class Troubles:
    """The faults of one campaign. `struck` counts them by operation and kind, `done` other events by name."""

    def __init__(self, amazon: Amazon, chance: random.Random, merchants: list[str]) -> None:
        self.amazon, self.chance, self.merchants = amazon, chance, merchants
        self.struck: Counter[tuple[str, str]] = Counter()
        self.done: Counter[str] = Counter()
        self.by_hand: set[str] = set()  # orders that somebody shipped at Amazon's own site
        self.turn = 0
        self._asked: Counter[tuple[str, str]] = Counter()
        self._left: dict[tuple[str, ...], Iterator[tuple[str, str]]] = {}
        self._begun = time.monotonic()
        self.behaviour: dict[str, object] = {"clock_skew_seconds": chance.choice([0, -400, -90, 90, 400, 7200])}

    def begin(self) -> None:
        """Clocks differ from the beginning, and for good."""
        asked(self.amazon.endpoint, "behaviour", self.behaviour)
        self._begun = time.monotonic()

    def go_on(self, orders: list[tuple[str, str, str]]) -> None:
        """See to it that something is about to go wrong; `orders` (merchant, order, item) were dropped lately."""
        waiting = self.count()
        self.turn += 1
        if self.turn % 12 == 0:
            self.clear()
        for number, operations in CLASSES:
            for _ in range(number - sum(one["operation"] in operations for one in waiting)):
                self._add(*self._next(operations))
        if self.turn % 8 == 0:
            self._behave(orders)
        if self.turn % 10 == 0:
            self._others(orders)

    def _next(self, operations: tuple[str, ...]) -> tuple[str, str]:
        found = next(self._left.get(operations, iter(())), None)
        if found is None:
            every = [one for one in [*combinations(), *OF_ANY] if one[0] in operations]
            self.chance.shuffle(every)
            self._left[operations] = iter(every)
            return self._next(operations)
        return found if self._may_strike(*found) else self._next(operations)

    def _may_strike(self, operation: str, kind: str = "refuse") -> bool:
        early = time.monotonic() - self._begun < ORDERS_REFUSED_SECONDS
        return early or (operation, kind) != ("getOrder", "refuse")

    def _add(self, operation: str, kind: str) -> None:
        fault = fault_of(self.chance, operation, kind)
        if operation == ANY:
            fault.pop("when", None)
        asked(self.amazon.endpoint, "faults", fault)
        self._asked[operation, kind] += fault["count"]

    def count(self) -> list[dict[str, Any]]:
        """What waits to go wrong; whatever waits no longer has struck."""
        waiting: list[dict[str, Any]] = asked(self.amazon.endpoint, "faults")["faults"]
        left = Counter[tuple[str, str]]()
        for one in waiting:
            left[one["operation"], one["kind"]] += one["times"]
        self.struck.update(self._asked - left)
        self._asked = left
        return waiting

    def clear(self) -> None:
        """Nothing waits to go wrong any more."""
        self.count()
        asked(self.amazon.endpoint, "faults", method="DELETE")
        self._asked.clear()

    def forget(self) -> None:
        """The sandbox was killed: what waited is gone, and has not struck."""
        self._asked.clear()

    def _behave(self, orders: list[tuple[str, str, str]]) -> None:
        """It behaves otherwise for a while."""
        late = {
            name: round(self.chance.uniform(0, MOST_SECONDS), 1) for name in LATE_NAMES if self.chance.random() < 0.4
        }
        guilty = {}
        if orders and self.chance.random() < 0.3:
            guilty = {self.chance.choice(orders)[1]: self.chance.choice(["5002", "25", "99001"])}
        forbidden = [one for one in self.chance.sample(OPERATIONS, 1) if self._may_strike(one)]
        forbidden = forbidden if self.chance.random() < 0.15 else []
        changed = {**dict.fromkeys(LATE_NAMES, 0), **late, "guilty": guilty, "forbidden": forbidden}
        for name, value in changed.items():
            self.done[name] += bool(value)
        asked(self.amazon.endpoint, "behaviour", changed)

    def _others(self, orders: list[tuple[str, str, str]]) -> None:
        """Another program of a seller's sends a feed; somebody confirms an order by hand."""
        merchant = self.chance.choice(self.merchants)
        strange = {"account": merchant, "order_id": f"999-{self.turn:07d}-0000001"}
        asked(self.amazon.endpoint, "feeds", strange | {"seconds": self.chance.choice([0, 0, 2])})
        self.done["another program's feed"] += 1
        if orders and self.chance.random() < 0.3:
            merchant, order, item = self.chance.choice(orders)
            shipped = {"account": merchant, "order_id": order, "items": {item: 1}, "carrier": "River Post"}
            tracking = self.chance.choice(["", f"BYHAND{self.turn:06d}"])
            self.by_hand.add(order)
            asked(self.amazon.endpoint, "shipments", shipped | {"tracking": tracking})
            self.done["confirmed by hand"] += 1

    def end(self) -> None:
        """All is well at Amazon from now on; its clock stays as it is."""
        self.clear()
        usual: dict[str, object] = {**dict.fromkeys(LATE_NAMES, 0), "guilty": {}, "forbidden": []}
        asked(self.amazon.endpoint, "behaviour", usual)


LATE_NAMES = ("list_after_seconds", "report_after_seconds", "show_after_seconds")
