"""Web hooks of a running service: nothing is lost while the receiver is away and the service is killed."""

from __future__ import annotations

import json
import signal
import urllib.request
from pathlib import Path
from typing import Any

from hook_receiver import Told, receiver
from running import Running, Sandbox, amazon_file, order_ids, wait_for


def refuse(endpoint: str, order: str) -> None:
    """Have the built-in Amazon know another item of an order than the one that is dropped."""
    asked = json.dumps({"orders": [{"order_id": order, "items": {"99999999999999": 1}}]}).encode()
    request = urllib.request.Request(
        f"{endpoint}/sandbox/orders", data=asked, headers={"content-type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        assert answer.status == 204


def of(told: list[Told], kind: str) -> list[dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {one.id: one.said["data"] for one in told if one.said["type"] == kind}
    return list(found.values())


def test_hooks_are_told_after_a_kill_of_what_happened_before(tmp_path: Path) -> None:
    amazon = Sandbox(tmp_path)
    shop = Running(tmp_path, HOOKS__ALLOW_HTTP=True, HOOKS__ALLOW_PRIVATE=True, MARKETPLACE__ENDPOINT=amazon.endpoint)
    shop.add_seller("anna")
    with receiver() as there:
        port = int(there.url.rpartition(":")[2])
        made = json.loads(shop.command("seller", "hook", "add", "anna", there.url, "--json").stdout)
    shop.start()
    try:
        first = shop.drop("anna", "first.txt", amazon_file(order_ids(3)))
        shop.result("anna", first)  # and nobody has listened
        shop.stop(signal.SIGKILL, group=True)
        with receiver(port) as there:
            shop.start()
            second = shop.drop("anna", "second.txt", amazon_file(order_ids(2, start=10)))
            shop.result("anna", second)

            def finals() -> bool:
                return {data["upload_id"] for data in of(there.told, "upload.answered") if data["final"]} >= {
                    first,
                    second,
                }

            wait_for(finals, seconds=120, what=f"both results; told: {[one.said for one in there.told]}")
            received = {data["upload_id"] for data in of(there.told, "upload.received")}
            assert received == {first, second}
            assert all(one.is_signed_with(made["secret"]) for one in there.told)
            ids = [one.id for one in there.told]
            assert len(ids) == len(set(ids))
            done = [data for data in of(there.told, "upload.answered") if data["final"]]
            assert sorted(data["verdicts"]["confirmed"] for data in done) == [2, 3]
            (order,) = order_ids(1, start=77)
            refuse(amazon.endpoint, order)
            third = shop.drop("anna", "third.txt", amazon_file([order]))
            (refused,) = wait_for(lambda: of(there.told, "order.unconfirmed"), what="the refusal")
            assert (refused["order_id"], refused["upload_id"]) == (order, third)
            assert refused["lines"][0]["verdict"] == "unconfirmed"
            assert refused["lines"][0]["code"]
    finally:
        shop.stop()
        amazon.stop()
