"""Files that would change far more than usual wait for a word (F09), and how the seller gives it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from pipeline.desks import NOW, desk_on, outbox, put, read

from cws_filedrop.model import Grade, OrderState, Policy, UploadState
from cws_filedrop.pipeline import large
from cws_filedrop.pipeline import outbox as answers
from cws_filedrop.pipeline.desk import Desk
from cws_filedrop.store import lines as recorded
from cws_filedrop.store import order_book, sellers, uploads
from cws_filedrop.store.database import stamp
from cws_filedrop.store.uploads import Upload

HEADINGS = "order-id\tstatus\torder-item-id\tquantity\ttracking\tcarrier\tship_method\n"
NUMBER = "1Z999AA10123456784"


def order(number: int) -> str:
    return f"026-0000000-{number:07}"


def shipped(count: int, tracking: str = NUMBER, first: int = 0) -> bytes:
    rows = (f"{order(first + n)}\tshipped\t\t\t{tracking}\tUPS\t\n" for n in range(count))
    return (HEADINGS + "".join(rows)).encode()


def cancelled(count: int, first: int = 0) -> bytes:
    return (HEADINGS + "".join(f"{order(first + n)}\tcancelled\t\t\t\t\t\n" for n in range(count))).encode()


def codes(upload: Upload) -> list[str]:
    return [issue.code for issue in upload.outcome.file_issues]


def verdicts(desk: Desk, upload_id: str) -> set[str]:
    return {row.verdict for piece in recorded.of_upload(desk.db, upload_id) for row in piece}


def now(desk: Desk, upload_id: str) -> Upload:
    (upload,) = uploads.some(desk.db, [upload_id])
    return upload


def test_one_tracking_number_for_many_orders(tmp_path: Path) -> None:
    desk = desk_on(tmp_path)
    few = read(desk, put(desk, shipped(20), name="few.txt"))
    assert few.state is UploadState.WAITING
    held = read(desk, put(desk, shipped(21, first=50), name="many.txt"))
    assert (held.state, codes(held)) == (UploadState.HELD, ["F09"])
    assert f'"{NUMBER}" is given for many different orders (21 orders)' in held.outcome.file_issues[0].message
    assert verdicts(desk, held.id) == set()
    assert order_book.find(desk.db, 1, order(50)) == []


def test_many_items_of_one_order_have_one_tracking_number(tmp_path: Path) -> None:
    desk = desk_on(tmp_path)
    rows = "".join(f"{order(1)}\tshipped\t{n:014}\t1\t{NUMBER}\tUPS\t\n" for n in range(30))
    assert read(desk, put(desk, (HEADINGS + rows).encode())).state is UploadState.WAITING


@pytest.mark.parametrize("word", ["n/a", "untracked"])
def test_what_is_no_tracking_number_may_stand_on_many_orders(tmp_path: Path, word: str) -> None:
    desk = desk_on(tmp_path)
    assert read(desk, put(desk, shipped(30, tracking=word))).state is not UploadState.HELD


def test_many_cancellations_are_held_unless_they_are_usual(tmp_path: Path) -> None:
    desk = desk_on(tmp_path)
    assert read(desk, put(desk, cancelled(20))).state is UploadState.DONE
    usual = read(desk, put(desk, cancelled(60, first=100)))
    assert usual.state is UploadState.DONE  # 3 times the 20 of before
    held = read(desk, put(desk, cancelled(181, first=200)))
    assert (held.state, codes(held)) == (UploadState.HELD, ["F09"])
    assert "it cancels 181 orders, at most 60 at a time in the last 30 days" in held.outcome.file_issues[0].message


def test_cancellations_of_long_ago_are_not_usual(tmp_path: Path) -> None:
    desk = desk_on(tmp_path)
    read(desk, put(desk, cancelled(20)))
    with desk.db.write() as connection:
        old = stamp(NOW.replace(year=2025))
        connection.execute(uploads.UPLOADS.update().values(arrived_at=old))
    assert read(desk, put(desk, cancelled(21, first=100))).state is UploadState.HELD


def test_cancellations_of_another_seller_are_not_usual(tmp_path: Path) -> None:
    desk = desk_on(tmp_path)
    read(desk, put(desk, cancelled(20)))
    anna = sellers.find(desk.db, "anna")
    assert anna is not None
    sellers.add(desk.db, replace(anna, name="bert"), password_hash="h", now=NOW)
    with desk.db.write() as connection:
        connection.execute(uploads.UPLOADS.update().values(seller_id=2))
    assert read(desk, put(desk, cancelled(21, first=100))).state is UploadState.HELD


def test_the_brake_can_be_set_and_switched_off(tmp_path: Path) -> None:
    desk = desk_on(tmp_path)
    orders = replace(desk.settings.orders, brake_orders=0, brake_cancellations=0)
    free = replace(desk, settings=replace(desk.settings, orders=orders))
    assert read(free, put(desk, shipped(100))).state is UploadState.WAITING
    assert read(free, put(desk, cancelled(100, first=500))).state is UploadState.DONE
    orders = replace(orders, brake_orders=2, brake_cancellations=1)
    strict = replace(desk, settings=replace(desk.settings, orders=orders))
    assert read(strict, put(desk, shipped(3, first=700))).state is UploadState.HELD
    assert read(desk, put(desk, shipped(3, first=700), folder="test")).state is UploadState.DONE


def test_a_seller_releases_a_held_file(tmp_path: Path) -> None:
    desk = desk_on(tmp_path)
    held = put(desk, shipped(21))
    said = put(desk, b"", name="a.txt.release")
    read(desk, held, said)  # in one group even
    assert now(desk, held).state is UploadState.ARRIVED
    assert now(desk, said).state is UploadState.DONE
    assert answers.answer(desk, [now(desk, said)]) == []
    told = outbox(desk, said)
    assert set(told) == {"receipt"}
    assert b'You released the held file "a.txt"' in told["receipt"]
    assert held.encode() in told["receipt"]
    read(desk, held)
    assert now(desk, held).state is UploadState.WAITING
    assert verdicts(desk, held) == {"queued"}
    assert said in now(desk, held).evidence


def test_the_newest_held_file_of_the_name_is_released(tmp_path: Path) -> None:
    desk = desk_on(tmp_path)
    older, newer, other = (
        put(desk, shipped(21, first=100 * n), name=name) for n, name in enumerate(("a.txt", "a.txt", "b.txt"))
    )
    read(desk, older, newer, other, put(desk, b"anything", name="A.RELEASE".replace("A", "a")))
    states = [now(desk, one).state for one in (older, newer, other)]
    assert states == [UploadState.HELD, UploadState.ARRIVED, UploadState.HELD]
    read(desk, newer)
    assert now(desk, older).state is UploadState.REPLACED


def test_releasing_what_is_not_held(tmp_path: Path) -> None:
    desk = desk_on(tmp_path)
    good = put(desk, shipped(2))
    said = put(desk, b"", name="a.txt.release")
    read(desk, good, said)
    assert (now(desk, said).state, codes(now(desk, said))) == (UploadState.REJECTED, ["F11"])
    assert now(desk, good).state is UploadState.WAITING
    held = put(desk, shipped(21, first=50))
    read(desk, held)
    read(desk, put(desk, b"", name="a.txt.release", folder="test"))
    assert now(desk, held).state is UploadState.HELD


def test_a_release_by_a_client_that_never_says_that_it_is_done(tmp_path: Path) -> None:
    desk = desk_on(tmp_path)
    held = put(desk, shipped(21))
    read(desk, held)
    said = put(desk, b"", name="a.txt.release", grade=Grade.DOUBTFUL)
    read(desk, said)
    assert now(desk, held).state is UploadState.ARRIVED


def test_a_corrected_file_takes_the_place_of_a_held_one(tmp_path: Path) -> None:
    desk = desk_on(tmp_path)
    held = put(desk, shipped(21))
    read(desk, held, put(desk, shipped(5)))
    assert now(desk, held).state is UploadState.REPLACED


def test_a_doubtful_file_is_released_as_well(tmp_path: Path) -> None:
    desk = desk_on(tmp_path, Policy(doubtful="hold"))
    held = put(desk, shipped(2), grade=Grade.DOUBTFUL)  # by a seller who wants to be asked
    read(desk, held)
    assert (now(desk, held).state, codes(now(desk, held))) == (UploadState.HELD, ["F07"])
    assert "a.txt.release" not in now(desk, held).outcome.file_issues[0].message
    assert '".release"' in now(desk, held).outcome.file_issues[0].remedy
    read(desk, put(desk, b"", name="a.txt.release"))
    assert read(desk, held).state is UploadState.WAITING


def test_a_large_file_meets_the_brake_and_is_released(tmp_path: Path) -> None:
    desk = desk_on(tmp_path, Policy())
    big = put(desk, cancelled(30_000), name="big.txt")
    assert large.read(desk, now(desk, big)).state is UploadState.HELD
    read(desk, put(desk, b"", name="big.release"))
    assert large.read(desk, now(desk, big)).state is UploadState.DONE
    (found,) = order_book.find(desk.db, 1, order(29_999))
    assert found.state is OrderState.CANCELLED
