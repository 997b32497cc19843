"""An operator puts an order report into the drop folder of a running service; the seller's files are judged by it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from running import Running, rows, wait_for

REPORT = (
    "order-id\torder-item-id\tpurchase-date\tship-service-level\tquantity-purchased\n"
    "111-1111111-1111111\t00000000000001\t2026-11-20T10:00:00Z\tStandard\t2\n"
)


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    drop_folder = tmp_path / "from-the-scripts"
    running = Running(tmp_path, ORDERS__DROP_FOLDER=drop_folder, FOLDER__SETTLE_SECONDS=0.1, ORDERS__FILES_MINUTES=0.01)
    running.add_seller("anna", "--unknown-orders", "reject")
    yield running.start()
    running.stop()


def test_a_report_that_is_put_there_is_in_the_order_book_soon(running: Running, tmp_path: Path) -> None:
    folder = tmp_path / "from-the-scripts" / "anna"
    wait_for(folder.is_dir, what="the seller's folder")
    (folder / "october.txt.part").write_text(REPORT)
    (folder / "october.txt.part").rename(folder / "october.txt")
    (report,) = wait_for(lambda: list(folder.glob("done/october.*.txt.import.txt")), what="the report")
    assert "1 new" in report.read_text()
    assert not (folder / "october.txt").exists()
    wait_for((running.home("anna") / "orders/created/latest.txt").exists, what="the seller's order file")
    listed = rows((running.home("anna") / "orders/created/latest.txt").read_bytes())
    assert [row["amazon_order_id"] for row in listed] == ["111-1111111-1111111"]
    known = b"order-id\tstatus\n111-1111111-1111111\tshipped\n222-2222222-2222222\tshipped\n"
    result = running.result("anna", running.drop("anna", "shipped.txt", known))
    assert [(row["verdict"], row["code"]) for row in result] == [("confirmed", "C01"), ("rejected", "O03")]
