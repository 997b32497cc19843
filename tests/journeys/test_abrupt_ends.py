"""Whole uploads, half of them by clients that are gone with their last byte: each is processed, once, by every door."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from running import Running, Sandbox, amazon_file, order_ids, rows, wait_for
from transports.dying_client import End, Visit, run_all

WAYS = ("ftp", "ftps", "implicit", "sftp")
LINES = 2


class Market:
    """A service and its Amazon, whose ledger tells what was really sent."""

    def __init__(self, folder: Path) -> None:
        self.sandbox = Sandbox(folder)
        self.service = Running(folder, MARKETPLACE__ENDPOINT=self.sandbox.endpoint, TLS__IMPLICIT_PORT=0)
        for way in WAYS:
            self.service.add_seller(f"by{way}")
        self.service.start()

    def address(self, way: str) -> tuple[str, int]:
        found = {"sftp": self.service.sftp_address, "implicit": self.service.implicit_address}
        return found.get(way, self.service.address)

    def stop(self) -> None:
        assert self.service.stop() == 0
        self.sandbox.stop()


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Market]:
    market = Market(tmp_path_factory.mktemp("market"))
    yield market
    market.stop()


def visit_all(market: Market, way: str, folder: Path, *, number: int, start: int) -> None:
    """Have them all come and go, and look at what became of each."""
    start += WAYS.index(way) * 10_000
    orders = {f"{start + n}.txt": order_ids(LINES, start=(start + n) * LINES) for n in range(number)}
    visits = []
    for at, (name, ids) in enumerate(orders.items()):
        content = amazon_file(ids, date="2026-11-20")
        (folder / name).write_bytes(content)
        end = End.UNHEARD if at % 2 else End.PROPER
        visits.append(Visit(name, str(folder / name), len(content), len(content), end))
    run_all(way, market.address(way), visits, seller=f"by{way}")
    check(market, way, orders)


def check(market: Market, way: str, orders: dict[str, list[str]]) -> None:
    def mine(kind: str) -> list[str]:
        names = market.service.outbox(f"by{way}")
        return [name for name in names if name.endswith(f".{kind}.txt") and f"{name.split('.')[0]}.txt" in orders]

    wait_for(lambda: len(mine("result")) >= len(orders), seconds=120, what=f"results; there are {len(mine('result'))}")
    for kind in ("receipt", "result"):
        assert Counter(f"{name.split('.')[0]}.txt" for name in mine(kind)) == dict.fromkeys(orders, 1)
    for name in mine("result"):
        found = rows((market.service.home(f"by{way}") / "outbox" / name).read_bytes())
        assert [(row["order-id"], row["verdict"]) for row in found] == [
            (order, "confirmed") for order in orders[f"{name.split('.')[0]}.txt"]
        ]
    sent = Counter(row["order_id"] for row in market.sandbox.ledger())
    assert {order: sent[order] for ids in orders.values() for order in ids} == {
        order: 1 for ids in orders.values() for order in ids
    }


@pytest.mark.parametrize("way", WAYS)
def test_twenty_whole_uploads(market: Market, tmp_path: Path, way: str) -> None:
    visit_all(market, way, tmp_path, number=20, start=1)


@pytest.mark.long
@pytest.mark.parametrize("way", WAYS)
def test_two_hundred_whole_uploads(market: Market, tmp_path: Path, way: str) -> None:
    visit_all(market, way, tmp_path, number=200, start=1001)
