"""Orders that an operator imports lie in the seller's orders/created soon after."""

from __future__ import annotations

import io
from pathlib import Path

from running import Running, rows, wait_for

REPORT = (
    "order-id\torder-item-id\tpurchase-date\tship-service-level\n"
    "111-1111111-1111111\t00000000000001\t2026-11-20T10:00:00Z\tStandard\n"
)


def test_an_imported_order_can_be_downloaded(service: Running, tmp_path: Path) -> None:
    seller = service.new_seller()
    (tmp_path / "report.txt").write_text(REPORT)
    done = service.command("orders", "import", str(tmp_path / "report.txt"), "--seller", seller)
    assert done.returncode == 0, done.stderr
    with service.ftp(seller) as session:
        wait_for(lambda: "latest.txt" in session.nlst("orders/created"), what="the order file")
        body = io.BytesIO()
        session.retrbinary("RETR /orders/created/latest.txt", body.write)
    assert [row["amazon_order_id"] for row in rows(body.getvalue())] == ["111-1111111-1111111"]
