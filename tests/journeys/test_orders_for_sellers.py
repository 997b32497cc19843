"""Orders that an operator imports lie in the seller's orders/created soon after."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from running import Running, rows, wait_for

REPORT = (
    "order-id\torder-item-id\tpurchase-date\tship-service-level\n"
    "111-1111111-1111111\t00000000000001\t2026-11-20T10:00:00Z\tStandard\n"
)


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    running = Running(tmp_path, ORDERS__FILES_MINUTES=0.01)
    running.add_seller("anna")
    yield running.start()
    running.stop()


def test_an_imported_order_can_be_downloaded(running: Running, tmp_path: Path) -> None:
    (tmp_path / "report.txt").write_text(REPORT)
    done = running.command("orders", "import", str(tmp_path / "report.txt"), "--seller", "anna")
    assert done.returncode == 0, done.stderr
    with running.ftp("anna") as session:
        wait_for(lambda: "latest.txt" in session.nlst("orders/created"), what="the order file")
        body = io.BytesIO()
        session.retrbinary("RETR /orders/created/latest.txt", body.write)
    assert [row["amazon_order_id"] for row in rows(body.getvalue())] == ["111-1111111-1111111"]
