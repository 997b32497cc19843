"""What goes wrong at Amazon: every fault of the sandbox on every one of its operations, clocks, lists and reports that
are late, orders that spoil a feed, other programs of the seller. Chosen from a seed, and counted as it strikes.
"""

from __future__ import annotations

import json
import random
import urllib.request
from collections import Counter
from collections.abc import Iterator
from typing import Any

from chaos.deployment import Amazon

from cws_filedrop.marketplaces.sandbox.faults import AFTER, ANY, BEFORE, FATES, KINDS, LATE, ONLY, OPERATIONS

NOT_CALLED = ("cancelFeed",)  # the service never does
AT_ONCE = 6  # faults that wait for a call; with more, nothing would get through
RARE_AT_ONCE = 4  # the same of operations that are seldom called
RARE = ("token", "createReport", "getReport", "getReportDocument", "createRestrictedDataToken")
MOST_SECONDS = 4.0  # that anything is late: less than the look-ups before a feed is sent again take
CERTAIN = ("throttle", "refuse")  # say that nothing was done: Amazon does not say so when it was
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
    if kind == LATE:
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
        self._left: dict[bool, Iterator[tuple[str, str]]] = {}
        self.behaviour: dict[str, object] = {"clock_skew_seconds": chance.choice([0, -400, -90, 90, 400, 7200])}

    def begin(self) -> None:
        """Clocks differ from the beginning, and for good."""
        asked(self.amazon.endpoint, "behaviour", self.behaviour)

    def go_on(self, orders: list[tuple[str, str, str]]) -> None:
        """See to it that something is about to go wrong; `orders` (merchant, order, item) were dropped lately."""
        waiting = self.count()
        self.turn += 1
        if self.turn % 12 == 0:
            self.clear()
        rare = sum(one["operation"] in RARE for one in waiting)
        for is_rare, number in ((True, RARE_AT_ONCE - rare), (False, AT_ONCE - len(waiting) + rare)):
            for _ in range(number):
                self._add(*self._next(is_rare=is_rare))
        if self.turn % 8 == 0:
            self._behave(orders)
        if self.turn % 10 == 0:
            self._others(orders)

    def _next(self, *, is_rare: bool) -> tuple[str, str]:
        found = next(self._left.get(is_rare, iter(())), None)
        if found is None:
            every = [one for one in combinations() if (one[0] in RARE) is is_rare]
            every += [] if is_rare else [(ANY, "drop"), (ANY, "throttle"), (ANY, "hang")]
            self.chance.shuffle(every)
            self._left[is_rare] = iter(every)
            found = next(self._left[is_rare])
        return found

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
        late = {name: round(self.chance.uniform(0, 3), 1) for name in LATE_NAMES if self.chance.random() < 0.4}
        guilty = {}
        if orders and self.chance.random() < 0.3:
            guilty = {self.chance.choice(orders)[1]: self.chance.choice(["5002", "25", "99001"])}
        forbidden = self.chance.sample(OPERATIONS, 1) if self.chance.random() < 0.15 else []
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
