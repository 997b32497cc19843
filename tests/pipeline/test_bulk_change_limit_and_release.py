"""Files that would change far more than usual wait for a word (F09), and how the seller gives it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from pipeline.contexts import NOW, context_on, outbox, put, read

from cws_filedrop.model import Grade, OrderState, Policy, UploadState
from cws_filedrop.pipeline import large
from cws_filedrop.pipeline import outbox as answers
from cws_filedrop.service_context import ServiceContext
from cws_filedrop.store.database import stamp
from cws_filedrop.store.orders import order_book
from cws_filedrop.store.sellers import sellers
from cws_filedrop.store.uploads import lines as recorded
from cws_filedrop.store.uploads import uploads
from cws_filedrop.store.uploads.uploads import Upload

pytestmark = pytest.mark.postgres

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


def verdicts(context: ServiceContext, upload_id: str) -> set[str]:
    return {row.verdict for piece in recorded.of_upload(context.db, upload_id) for row in piece}


def now(context: ServiceContext, upload_id: str) -> Upload:
    (upload,) = uploads.some(context.db, [upload_id])
    return upload


def test_one_tracking_number_for_many_orders(tmp_path: Path) -> None:
    context = context_on(tmp_path)
    few = read(context, put(context, shipped(20), name="few.txt"))
    assert few.state is UploadState.WAITING
    held = read(context, put(context, shipped(21, first=50), name="many.txt"))
    assert (held.state, codes(held)) == (UploadState.HELD, ["F09"])
    assert f'"{NUMBER}" is given for many different orders (21 orders)' in held.outcome.file_issues[0].message
    assert verdicts(context, held.id) == set()
    assert order_book.find(context.db, 1, order(50)) == []


def test_many_items_of_one_order_have_one_tracking_number(tmp_path: Path) -> None:
    context = context_on(tmp_path)
    rows = "".join(f"{order(1)}\tshipped\t{n:014}\t1\t{NUMBER}\tUPS\t\n" for n in range(30))
    assert read(context, put(context, (HEADINGS + rows).encode())).state is UploadState.WAITING


@pytest.mark.parametrize("word", ["n/a", "untracked"])
def test_what_is_no_tracking_number_may_stand_on_many_orders(tmp_path: Path, word: str) -> None:
    context = context_on(tmp_path)
    assert read(context, put(context, shipped(30, tracking=word))).state is not UploadState.HELD


def test_many_cancellations_are_held_unless_they_are_usual(tmp_path: Path) -> None:
    context = context_on(tmp_path)
    assert read(context, put(context, cancelled(20))).state is UploadState.DONE
    usual = read(context, put(context, cancelled(60, first=100)))
    assert usual.state is UploadState.DONE  # 3 times the 20 of before
    held = read(context, put(context, cancelled(181, first=200)))
    assert (held.state, codes(held)) == (UploadState.HELD, ["F09"])
    assert "it cancels 181 orders, at most 60 at a time in the last 30 days" in held.outcome.file_issues[0].message


def test_cancellations_of_long_ago_are_not_usual(tmp_path: Path) -> None:
    context = context_on(tmp_path)
    read(context, put(context, cancelled(20)))
    with context.db.write() as connection:
        old = stamp(NOW.replace(year=2025))
        connection.execute(uploads.UPLOADS.update().values(arrived_at=old))
    assert read(context, put(context, cancelled(21, first=100))).state is UploadState.HELD


def test_cancellations_of_another_seller_are_not_usual(tmp_path: Path) -> None:
    context = context_on(tmp_path)
    read(context, put(context, cancelled(20)))
    anna = sellers.find(context.db, "anna")
    assert anna is not None
    sellers.add(context.db, replace(anna, name="bert"), password_hash="h", now=NOW)
    with context.db.write() as connection:
        connection.execute(uploads.UPLOADS.update().values(seller_id=2))
    assert read(context, put(context, cancelled(21, first=100))).state is UploadState.HELD


def test_the_brake_can_be_set_and_switched_off(tmp_path: Path) -> None:
    context = context_on(tmp_path)
    orders = replace(context.settings.orders, brake_orders=0, brake_cancellations=0)
    free = replace(context, settings=replace(context.settings, orders=orders))
    assert read(free, put(context, shipped(100))).state is UploadState.WAITING
    assert read(free, put(context, cancelled(100, first=500))).state is UploadState.DONE
    orders = replace(orders, brake_orders=2, brake_cancellations=1)
    strict = replace(context, settings=replace(context.settings, orders=orders))
    assert read(strict, put(context, shipped(3, first=700))).state is UploadState.HELD
    assert read(context, put(context, shipped(3, first=700), folder="test")).state is UploadState.DONE


def test_a_seller_releases_a_held_file(tmp_path: Path) -> None:
    context = context_on(tmp_path)
    held = put(context, shipped(21))
    said = put(context, b"", name="a.txt.release")
    read(context, held, said)  # in one group even
    assert now(context, held).state is UploadState.ARRIVED
    assert now(context, said).state is UploadState.DONE
    assert answers.answer(context, [now(context, said)]) == []
    told = outbox(context, said)
    assert set(told) == {"receipt"}
    assert b'You released the held file "a.txt"' in told["receipt"]
    assert held.encode() in told["receipt"]
    read(context, held)
    assert now(context, held).state is UploadState.WAITING
    assert verdicts(context, held) == {"queued"}
    assert said in now(context, held).evidence


def test_the_newest_held_file_of_the_name_is_released(tmp_path: Path) -> None:
    context = context_on(tmp_path)
    older, newer, other = (
        put(context, shipped(21, first=100 * n), name=name) for n, name in enumerate(("a.txt", "a.txt", "b.txt"))
    )
    read(context, older, newer, other, put(context, b"anything", name="A.RELEASE".replace("A", "a")))
    states = [now(context, one).state for one in (older, newer, other)]
    assert states == [UploadState.HELD, UploadState.ARRIVED, UploadState.HELD]
    read(context, newer)
    assert now(context, older).state is UploadState.REPLACED


def test_releasing_what_is_not_held(tmp_path: Path) -> None:
    context = context_on(tmp_path)
    good = put(context, shipped(2))
    said = put(context, b"", name="a.txt.release")
    read(context, good, said)
    assert (now(context, said).state, codes(now(context, said))) == (UploadState.REJECTED, ["F11"])
    assert now(context, good).state is UploadState.WAITING
    held = put(context, shipped(21, first=50))
    read(context, held)
    read(context, put(context, b"", name="a.txt.release", folder="test"))
    assert now(context, held).state is UploadState.HELD


def test_a_release_by_a_client_that_never_says_that_it_is_done(tmp_path: Path) -> None:
    context = context_on(tmp_path)
    held = put(context, shipped(21))
    read(context, held)
    said = put(context, b"", name="a.txt.release", grade=Grade.DOUBTFUL)
    read(context, said)
    assert now(context, held).state is UploadState.ARRIVED


def test_a_corrected_file_takes_the_place_of_a_held_one(tmp_path: Path) -> None:
    context = context_on(tmp_path)
    held = put(context, shipped(21))
    read(context, held, put(context, shipped(5)))
    assert now(context, held).state is UploadState.REPLACED


def test_a_doubtful_file_is_released_as_well(tmp_path: Path) -> None:
    context = context_on(tmp_path, Policy(doubtful="hold"))
    held = put(context, shipped(2), grade=Grade.DOUBTFUL)  # by a seller who wants to be asked
    read(context, held)
    assert (now(context, held).state, codes(now(context, held))) == (UploadState.HELD, ["F07"])
    assert "a.txt.release" not in now(context, held).outcome.file_issues[0].message
    assert '".release"' in now(context, held).outcome.file_issues[0].remedy
    read(context, put(context, b"", name="a.txt.release"))
    assert read(context, held).state is UploadState.WAITING


def test_a_large_file_meets_the_brake_and_is_released(tmp_path: Path) -> None:
    context = context_on(tmp_path, Policy())
    big = put(context, cancelled(30_000), name="big.txt")
    assert large.read(context, now(context, big)).state is UploadState.HELD
    read(context, put(context, b"", name="big.release"))
    assert large.read(context, now(context, big)).state is UploadState.DONE
    (found,) = order_book.find(context.db, 1, order(29_999))
    assert found.state is OrderState.CANCELLED
