"""Amazon cancels a feed, or answers badly about one: a running service gets over it by itself, and tells the truth."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from journeys.test_lost_answers import Place
from running import amazon_file, order_ids, wait_for

CASES: dict[str, dict[str, Any]] = {
    "cancelled twice": {"operation": "createFeed", "kind": "cancelled", "times": 2},
    "the feed cannot be asked about": {"operation": "getFeed", "kind": "refuse", "status": 403, "times": 2},
    "no link to the report": {"operation": "getFeedDocument", "kind": "refuse", "status": 404},
    "a page instead of the link": {"operation": "getFeedDocument", "kind": "garbage"},
    "the report is refused": {"operation": "report", "kind": "refuse", "status": 403},
    "the report is cut": {"operation": "report", "kind": "cut"},
    "a page instead of the report": {"operation": "report", "kind": "garbage"},
    "the report contradicts itself": {"operation": "report", "kind": "miscount"},
    "lost in FATAL, and taken": {"operation": "createFeed", "kind": "fatal", "worked": True},
}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    place = Place(tmp_path_factory.mktemp("place"))
    yield place
    place.stop()


def verdicts(place: Place, upload: str) -> list[str]:
    return [row["verdict"] for row in place.service.result("anna", upload)]


@pytest.mark.parametrize("case", CASES)
def test_it_is_got_over_without_a_person(place: Place, case: str) -> None:
    orders = order_ids(3, start=100 + 3 * list(CASES).index(case))
    place.sandbox.fault(**CASES[case])
    upload = place.service.drop("anna", f"{orders[0]}.txt", amazon_file(orders))
    wait_for(lambda: verdicts(place, upload) == ["confirmed"] * 3, what="three lines that are confirmed")
    assert place.sandbox.faults() == [], "it went wrong"
    sent = Counter(row["order_id"] for row in place.sandbox.ledger())
    assert {order: sent[order] for order in orders} == dict.fromkeys(orders, 1)
    assert place.stopped_feed() == ""
