"""Amazon's answer to createFeed is lost, and then the look-up fails as well: a running service sends nothing twice."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from running import Running, Sandbox, amazon_file, order_ids, wait_for

CASES = {  # faults of the look-up, and whether they need an operator
    "throttled": ({"operation": "getFeeds", "kind": "throttle"}, False),
    "server fault, twice": ({"operation": "getFeeds", "kind": "fail", "times": 2}, False),
    "time-out": ({"operation": "getFeeds", "kind": "hang"}, False),
    "refused": ({"operation": "getFeeds", "kind": "refuse"}, True),
}


class Place:
    """A service and its Amazon, whose ledger tells what was really sent."""

    def __init__(self, folder: Path) -> None:
        self.sandbox = Sandbox(folder)
        endpoint = self.sandbox.endpoint
        self.service = Running(folder, MARKETPLACE__ENDPOINT=endpoint, MARKETPLACE__TIMEOUT_SECONDS=1)
        self.service.add_seller("anna")
        self.service.start()

    def stop(self) -> None:
        assert self.service.stop() == 0
        self.sandbox.stop()

    def stopped_feed(self) -> str:
        done = self.service.command("feed", "list", "--state", "stopped", "--json")
        return "".join(str(feed["no"]) for feed in json.loads(done.stdout)["feeds"])


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    place = Place(tmp_path_factory.mktemp("place"))
    yield place
    place.stop()


@pytest.mark.parametrize("case", CASES)
def test_a_lost_answer_and_a_failed_look_up_send_nothing_twice(place: Place, case: str) -> None:
    fault, needs_operator = CASES[case]
    orders = order_ids(3, start=3 * list(CASES).index(case))
    place.sandbox.fault("createFeed", "drop")
    place.sandbox.fault(**fault)
    upload = place.service.drop("anna", f"{orders[0]}.txt", amazon_file(orders))
    if needs_operator:
        stopped = wait_for(place.stopped_feed, what="a stopped feed")
        assert place.service.command("feed", "retry", stopped).returncode == 0
    found = place.service.result("anna", upload)
    assert place.sandbox.faults() == [], "all of it went wrong"
    assert [row["verdict"] for row in found] == ["confirmed"] * 3
    sent = Counter(row["order_id"] for row in place.sandbox.ledger())
    assert {order: sent[order] for order in orders} == dict.fromkeys(orders, 1)
