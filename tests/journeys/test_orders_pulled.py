"""Orders that lie at Amazon come by themselves into the order book, and from there to the seller."""

from __future__ import annotations

import io
import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from running import Running, Sandbox, order_ids, rows, wait_for

FIRST, SECOND, THIRD = order_ids(3)


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    sandbox = Sandbox(tmp_path)
    yield sandbox
    sandbox.stop()


def service(folder: Path, sandbox: Sandbox, *, pull_minutes: float) -> Running:
    running = Running(
        folder,
        MARKETPLACE__ENDPOINT=sandbox.endpoint,
        MARKETPLACE__RATE_SCALE=5000,
        ORDERS__PULL_MINUTES=pull_minutes,
        ORDERS__FILES_MINUTES=0.01,
    )
    running.add_seller("anna")
    return running


def load(sandbox: Sandbox, *orders: str) -> None:
    """Somebody buys two mugs, so many times."""
    items = {"01234567890123": {"units": 2, "sku": "MUG", "name": "A mug"}}
    bought = [{"order_id": one, "items": items, "buyer": {"recipient-name": "Zoë Quick"}} for one in orders]
    body = json.dumps({"account": "MANNA", "orders": bought}).encode()
    request = urllib.request.Request(f"{sandbox.endpoint}/sandbox/orders", body, method="POST")
    with urllib.request.urlopen(request, timeout=60) as answer:
        assert answer.status == 204


def told(running: Running, *arguments: str) -> Any:
    """What a command says as JSON."""
    done = running.command("orders", *arguments, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def listed(running: Running) -> set[str]:
    return {one["amazon_order_id"] for one in told(running, "list", "--seller", "anna")["orders"]}


def order_files(running: Running) -> dict[str, str]:
    """Recipients of all orders in the seller's orders/created, by order."""
    found: dict[str, str] = {}
    with running.ftp("anna") as session:
        for name in session.nlst("orders/created"):
            body = io.BytesIO()
            session.retrbinary(f"RETR /orders/created/{name}", body.write)
            found |= {row["amazon_order_id"]: row["recipient_name"] for row in rows(body.getvalue())}
    return found


def test_orders_come_on_a_schedule_and_go_on_after_a_kill(tmp_path: Path, sandbox: Sandbox) -> None:
    running = service(tmp_path, sandbox, pull_minutes=0.02)
    load(sandbox, FIRST)
    running.start()
    wait_for(lambda: listed(running) == {FIRST}, what="the first order")
    wait_for(lambda: order_files(running) == {FIRST: "Zoë Quick"}, what="its order file")
    load(sandbox, SECOND)
    running.stop(9, group=True)

    running.start()
    wait_for(lambda: listed(running) == {FIRST, SECOND}, what="the second order")
    wait_for(lambda: order_files(running) == dict.fromkeys((FIRST, SECOND), "Zoë Quick"), what="its order file")
    assert {one["state"] for one in told(running, "pulls")["pulls"]} <= {"open", "making", "done"}
    assert running.stop() == 0
    assert "Quick" not in (tmp_path / "service.log").read_text()


def test_orders_come_when_an_operator_wants_them(tmp_path: Path, sandbox: Sandbox) -> None:
    running = service(tmp_path, sandbox, pull_minutes=0)
    load(sandbox, THIRD)
    running.start()
    done = running.command("orders", "pull", "--seller", "anna")
    assert (done.returncode, "order report 1 will be asked for" in done.stdout) == (0, True), done.stderr
    wait_for(lambda: listed(running) == {THIRD}, what="the order")

    def ended() -> Any:
        (pull,) = told(running, "pulls")["pulls"]
        return pull if pull["done_at"] else None

    pull = wait_for(ended, what="the end of the pull")
    assert (pull["state"], pull["merchant_id"]) == ("done", "MANNA")
    assert pull["outcome"] == {
        "lines": 1,
        "refused_lines": 0,
        "new_orders": 1,
        "changed_orders": 0,
        "unchanged_orders": 0,
    }
    assert running.stop() == 0
