"""Order files in the sellers' orders/ folders: what is new and what has changed, and nothing twice."""

from __future__ import annotations

import io
import os
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from pipeline.contexts import NOW, context_on, put, read
from running import rows

from cws_filedrop import retention
from cws_filedrop.formats.fillz_orders import COLUMNS
from cws_filedrop.model import OrderState, UploadState
from cws_filedrop.orders import order_files
from cws_filedrop.orders.importing import import_file
from cws_filedrop.service_context import ServiceContext
from cws_filedrop.store.orders import order_book
from cws_filedrop.store.schema import ORDER_PEOPLE
from cws_filedrop.store.sellers import sellers
from cws_filedrop.store.uploads import lines as recorded

REPORT = (
    "order-id\torder-item-id\tpurchase-date\tship-service-level\tpromise-date\tsku\tquantity-purchased\tbuyer-name\n"
    "111-1111111-1111111\t00000000000001\t2026-11-20T10:00:00Z\tStandard\t2026-11-25T23:00:00Z\tA\t2\t=Bob\n"
    "111-1111111-1111111\t00000000000002\t2026-11-20T10:00:00Z\tStandard\t2026-11-25T23:00:00Z\tB\t1\t=Bob\n"
    "222-2222222-2222222\t00000000000003\t2026-11-21T10:00:00Z\tExpedited\t2026-11-24T23:00:00Z\tC\t1\tEve\n"
)


def bring(context: ServiceContext, report: str = REPORT, *, hours: int = 0) -> None:
    anna = sellers.find(context.db, "anna")
    assert anna is not None
    now = NOW + timedelta(hours=hours)
    judging = context.judging(anna.policy, now)
    import_file(context.db, anna.account.id, io.BytesIO(report.encode()), file_name="r.txt", judging=judging, now=now)


def move(context: ServiceContext, order: str, state: OrderState, *, days: int) -> None:
    (found,) = order_book.find(context.db, 1, order)
    with context.db.write() as connection:
        assert order_book.move(connection, found, state, who="x", what="x", now=NOW + timedelta(days=days))


def files(context: ServiceContext, folder: str) -> list[str]:
    return sorted(path.name for path in (context.home("anna").path / "orders" / folder).iterdir())


def latest(context: ServiceContext, folder: str) -> list[dict[str, str]]:
    return rows((context.home("anna").path / "orders" / folder / "latest.txt").read_bytes())


def test_new_orders_come_once_in_the_ancestors_columns(tmp_path: Path) -> None:
    context = context_on(tmp_path)
    bring(context)
    assert order_files.write(context) == 2
    name, other = files(context, "created")
    assert (name, other) == ("latest.txt", "orders-20261122-120000-2.txt")
    found = latest(context, "created")
    assert list(found[0]) == list(COLUMNS)
    assert [(row["special_comments"], row["order_item_id"], row["status"]) for row in found] == [
        ("Amazon/111-1111111-1111111", "00000000000001", "new"),
        ("Amazon/111-1111111-1111111", "00000000000002", "new"),
        ("Amazon/222-2222222-2222222", "00000000000003", "new"),
    ]
    first = found[0]
    assert (first["amazon_order_id"], first["sku"], first["quantity_purchased"]) == ("111-1111111-1111111", "A", "2")
    assert first["latest_ship_date"] == "2026-11-25T23:00:00.000Z"
    assert order_files.write(context) == 0
    assert files(context, "modified") == []


def test_what_a_buyer_typed_is_no_formula(tmp_path: Path) -> None:
    context = context_on(tmp_path)
    bring(context)
    order_files.write(context)
    assert [row["buyer_name"] for row in latest(context, "created")] == ["'=Bob", "'=Bob", "Eve"]


def test_changed_orders_come_apart_from_new_ones(tmp_path: Path) -> None:
    context = context_on(tmp_path)
    bring(context)
    order_files.write(context)
    another = "333-3333333-3333333\t00000000000004\t\tStandard\t\t\t1\t\n"
    bring(context, REPORT.replace("Expedited", "Standard") + another, hours=1)
    assert order_files.write(context) == 2
    assert [row["amazon_order_id"] for row in latest(context, "modified")] == ["222-2222222-2222222"]
    assert [row["amazon_order_id"] for row in latest(context, "created")] == ["333-3333333-3333333"]
    assert len(files(context, "created")) == 3


def test_a_file_is_what_the_order_book_takes_in_again(tmp_path: Path) -> None:
    context = context_on(tmp_path)
    bring(context)
    order_files.write(context)
    before = order_book.listing(context.db, 1)
    bring(context, (context.home("anna").path / "orders/created/latest.txt").read_text(), hours=1)
    assert [replace(one, changed_at="") for one in order_book.listing(context.db, 1)] == [
        replace(one, changed_at="") for one in before
    ]


def test_buyers_are_forgotten_thirty_days_after_shipment(tmp_path: Path) -> None:
    context = context_on(tmp_path)
    bring(context)
    order_files.write(context)
    move(context, "111-1111111-1111111", OrderState.SHIPPED, days=0)
    old = time.time() - 86_400 * 2000
    for path in (context.home("anna").path / "orders/created").iterdir():
        os.utime(path, (old, old))

    def people() -> int:
        with context.db.read() as connection:
            return connection.execute(sa.select(sa.func.count()).select_from(ORDER_PEOPLE)).scalar_one()

    assert people() == 2
    retention.sweep(replace(context, clock=lambda: NOW + timedelta(days=29)))
    assert people() == 2
    retention.sweep(replace(context, clock=lambda: NOW + timedelta(days=31)))
    assert people() == 1
    assert files(context, "created") == []
    bring(context, hours=24 * 32)
    assert people() == 1, "a report that still names them brings nobody back"


FULL = (
    "order-id\torder-item-id\tpurchase-date\tship-service-level\tquantity-purchased\tship-address-1\tship-address-2\t"
    "ship-address-3\tbuyer-phone-number\tship-phone-number\tproduct-name\n"
    '111-1111111-1111111\t00000000000001\t2026-11-20T10:00:00Z\tStandard\t2\tA\tB\tC\t+1 555\t+1 556\tTV 55"\n'
    "222-2222222-2222222\t00000000000003\t2026-11-20T10:00:00Z\tStandard\t1\tD\t\t\t\t\tx\n"
    "333-3333333-3333333\t00000000000004\t2026-11-20T10:00:00Z\tStandard\t1\tE\t\t\t\t\tx\n"
)


def test_the_whole_address_and_the_telephone_are_there(tmp_path: Path) -> None:
    context = context_on(tmp_path)
    bring(context, FULL)
    order_files.write(context)
    row, *_ = latest(context, "created")
    assert [row[f"ship_address_{line}"] for line in (1, 2, 3)] == ["A", "B", "C"]
    assert (row["ship_phone_number"], row["buyer_phone_number"]) == ("'+1 556", "'+1 555")


def filled_in(content: bytes, *, spelling: str = "_", delimiter: str = "\t") -> bytes:
    """An order file in which the first order is filled in."""
    how, heading, first, *others = content.decode().split("\r\n")
    assert how.startswith("How to use this file")
    cells = dict(zip(heading.split("\t"), first.split("\t"), strict=True))
    cells |= {"status": "shipped", "tracking": "1Z999AA10123456784", "carrier": "UPS", "ship_date": "2026-11-21"}
    lines = [how, heading.replace("_", spelling), "\t".join(cells.values()), *others]
    return "\r\n".join(lines).replace("\t", delimiter).encode()


@pytest.mark.parametrize("spelling", ["_", "-"])
def test_a_file_that_is_filled_in_and_dropped_back_is_taken_as_it_is(tmp_path: Path, spelling: str) -> None:
    context = context_on(tmp_path)
    bring(context, FULL)
    order_files.write(context)
    content = (context.home("anna").path / "orders" / "created" / "latest.txt").read_bytes()
    taken = read(context, put(context, filled_in(content, spelling=spelling)))
    assert (taken.state, taken.line_count, taken.outcome.file_issues) == (UploadState.WAITING, 1, ())
    assert taken.outcome.counts == {"queued": 1}
    assert "This is an order file that was filled in" in " ".join(taken.outcome.notes)
    ((line,),) = recorded.of_upload(context.db, taken.id)
    assert line.verdict == "queued"


def test_it_may_be_imported_again_as_well(tmp_path: Path) -> None:
    context = context_on(tmp_path)
    bring(context, FULL)
    order_files.write(context)
    content = (context.home("anna").path / "orders" / "created" / "latest.txt").read_bytes()
    bring(context, content.decode(), hours=1)
    assert len(order_book.find(context.db, 1, "111-1111111-1111111")) == 1


def test_amazons_order_report_with_the_columns_of_a_confirmation_is_taken(tmp_path: Path) -> None:
    context = context_on(tmp_path)
    bring(context, FULL)
    heading, *lines = FULL.splitlines()
    more = ("1Z999AA10123456784\tUPS\t2026-11-21", "\t\t", "\t\t")
    rows_of = [f"{line}\t{filled}" for line, filled in zip(lines, more, strict=True)]
    taken = read(
        context,
        put(context, "\n".join([f"{heading}\ttracking-number\tcarrier-code\tship-date", *rows_of, ""]).encode()),
    )
    assert (taken.state, taken.outcome.counts) == (UploadState.WAITING, {"queued": 1})
