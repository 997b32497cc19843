"""Buyers hear of a package once, when Amazon has confirmed it, and only where the seller asked for it."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from notify.post_office import PostOffice, part
from outgoing.mailing import Shop, shop_with
from pipeline.contexts import NOW

from cws_filedrop import retention
from cws_filedrop.model import MailKind, MailState, Verdict
from cws_filedrop.orders.importing import import_file
from cws_filedrop.outgoing.mail import notes
from cws_filedrop.rules import statuses
from cws_filedrop.store.feeds import feeds
from cws_filedrop.store.outgoing import mails
from cws_filedrop.store.schema import ORDER_PEOPLE, UPLOADS
from cws_filedrop.store.sellers import sellers
from cws_filedrop.store.uploads import lines

ORDER, OTHER = "026-1520163-6049104", "026-1520163-0000002"
HAT, COAT, SHOE = "00000000000001", "00000000000002", "00000000000003"
REPORT = (
    "order-id\torder-item-id\tpurchase-date\tship-service-level\tsku\tproduct-name\tquantity-purchased\t"
    "buyer-email\tbuyer-name\n"
    f"{ORDER}\t{HAT}\t2026-11-20T10:00:00Z\tStandard\tH\tA red hat\t2\tbob@bücher.example\tBob <b>Miller</b>\n"
    f"{ORDER}\t{COAT}\t2026-11-20T10:00:00Z\tStandard\tC\tA coat\t1\tbob@bücher.example\tBob <b>Miller</b>\n"
    f"{OTHER}\t{SHOE}\t2026-11-20T10:00:00Z\tStandard\tS\tA shoe\t1\teve@example.com\tEve\n"
)


@pytest.fixture
def server() -> Iterator[PostOffice]:
    with PostOffice() as opened:
        yield opened


@pytest.fixture
def shop(tmp_path: Path, server: PostOffice) -> Shop:
    shop = shop_with(tmp_path, server)
    imports(shop)
    shop.wants(to=(), buyers=True)
    return shop


def imports(shop: Shop, report: str = REPORT) -> None:
    judging = shop.context.judging(shop.anna.policy, NOW)
    source = io.BytesIO(report.encode())
    import_file(shop.context.db, 1, source, file_name="r.txt", judging=judging, now=NOW)


def row(order: str = ORDER, status: str = "shipped", item: str = "", tracking: str = "Y0000001K") -> str:
    return f"{order}\t{status}\t{item}\t\t{tracking}\t{'Yodel' if tracking else ''}"


def test_a_confirmed_package_is_told_of_once(shop: Shop) -> None:
    shop.drop(row())
    shop.send()
    assert shop.server.taken == [], "Amazon has not confirmed it yet"
    feed_no = shop.settle()
    shop.send()
    notes.settled(shop.context, feed_no, 1)
    shop.start()
    shop.send()
    (message,) = shop.server.messages()
    assert shop.server.recipients == ["bob@xn--bcher-kva.example"]
    assert message["Subject"] == f"Your order {ORDER} has been shipped"
    text = part(message, "plain")
    assert text.startswith("Hello Bob <b>Miller</b>,\n")
    assert "  - 2 x A red hat\n  - 1 x A coat\n" in text
    assert "Carrier          Yodel\nTracking number  Y0000001K\nShipped on       2026-11-22\n" in text
    assert "Hello Bob &lt;b&gt;Miller&lt;/b&gt;," in part(message, "html")


@pytest.mark.parametrize("status", [*sorted(statuses.QUIET), "Shipped  &  No  Confirm"])
def test_shipped_and_no_confirm_is_confirmed_to_amazon_without_a_mail(shop: Shop, status: str) -> None:
    upload_id = shop.drop(row(status=status), row(OTHER, tracking="Y0000002K"))
    shop.settle()
    shop.send()
    assert shop.server.recipients == ["eve@example.com"]
    assert lines.verdict_counts(shop.context.db, upload_id) == {Verdict.CONFIRMED: 2}


def test_one_quiet_row_makes_its_package_quiet_and_no_other(shop: Shop) -> None:
    shop.drop(
        row(item=HAT, tracking="Y0000001K"),
        row(item=COAT, tracking="Y0000002K", status="shipped & no confirm"),
        row(OTHER, tracking="Y0000003K"),
    )
    shop.settle()
    shop.send()
    assert sorted(shop.server.recipients) == ["bob@xn--bcher-kva.example", "eve@example.com"]
    told = "".join(part(message, "plain") for message in shop.server.messages())
    assert "Y0000001K" in told
    assert "Y0000002K" not in told


def test_rows_of_one_package_are_one_mail_and_packages_are_several(shop: Shop) -> None:
    shop.drop(row(item=HAT), row(item=COAT))
    shop.settle()
    shop.drop(row(OTHER, item=SHOE, tracking="Y0000007K"))
    shop.settle()
    shop.drop(row(item=HAT, tracking="Y0000009K"))  # a correction: another number for what was confirmed
    shop.settle()
    shop.send()
    texts = [part(message, "plain") for message in shop.server.messages()]
    assert ["Y0000001K" in texts[0], "Y0000007K" in texts[1], "Y0000009K" in texts[2]] == [True] * 3
    assert "A red hat" in texts[0]
    assert "A coat" in texts[0]
    assert "A coat" not in texts[2]
    assert len(texts) == 3


def test_a_package_without_a_number_is_told_of_too(shop: Shop) -> None:
    shop.drop(row(tracking=""))
    shop.settle()
    shop.send()
    (message,) = shop.server.messages()
    assert "Tracking number" not in part(message, "plain")


def test_no_buyer_hears_of_what_the_sandbox_confirmed(shop: Shop) -> None:
    """Neither while it is the marketplace, nor when Amazon is by the time that mails are written."""
    amazon = shop.context
    sandbox = replace(amazon.settings, marketplace=replace(amazon.settings.marketplace, kind="sandbox"))
    shop.context = replace(amazon, settings=sandbox)
    shop.drop(row())
    feed_no = shop.settle()
    shop.send()
    assert mails.untold(amazon.db, notes.Topic.SHIPPED) == []
    shop.context = amazon
    shop.drop(row(OTHER))
    feed_no = shop.settle()
    feeds.change(amazon.db, feed_no, amazon_feed_id="SANDBOX-50000000007")
    shop.send()
    assert mails.listing(amazon.db) == []
    assert shop.server.taken == []


@pytest.mark.parametrize("verdict", [Verdict.UNCONFIRMED, Verdict.UNKNOWN])
def test_what_amazon_did_not_confirm_is_not_told_of(shop: Shop, verdict: Verdict) -> None:
    shop.drop(row())
    shop.settle(verdict=verdict)
    shop.send()
    assert mails.listing(shop.context.db) == []


def test_a_refusal_and_then_a_confirmation_is_one_mail(shop: Shop) -> None:
    shop.drop(row())
    shop.settle({1: ("A-1", "no")})
    shop.send()
    assert shop.server.taken == []
    shop.drop(row())
    shop.settle()
    shop.send()
    assert len(shop.server.taken) == 1


def test_a_rehearsal_writes_to_nobody(shop: Shop) -> None:
    shop.drop(row(), folder="test")
    shop.send()
    assert mails.listing(shop.context.db) == []


def test_who_has_not_asked_for_it_writes_to_nobody(shop: Shop) -> None:
    shop.wants(to=(), buyers=False)
    shop.drop(row())
    shop.settle()
    shop.send()
    assert mails.listing(shop.context.db) == []


def test_another_seller_of_the_account_writes_to_nobody_by_anna_s_wish(shop: Shop) -> None:
    anna = shop.anna
    sellers.add(shop.context.db, replace(anna, id=0, name="berta"), password_hash="h", now=NOW)
    berta = sellers.find(shop.context.db, "berta")
    assert berta is not None
    upload_id = shop.put(row())
    with shop.context.db.write() as connection:
        connection.execute(UPLOADS.update().where(UPLOADS.c.id == upload_id).values(seller_id=berta.id))
    shop.answer(upload_id)
    shop.settle()
    shop.send()
    assert mails.listing(shop.context.db) == []


def test_an_order_without_a_known_buyer_is_passed_over(shop: Shop) -> None:
    shop.drop(row("026-1520163-0000009", tracking="Y0000005K"), row())
    shop.settle()
    shop.send()
    assert len(shop.server.taken) == 1


@pytest.mark.parametrize(
    "address",
    ["", "no address", "eve@example.com\r\nBcc: x@example.com", "eve@example.com>\r\nDATA", "änne@example.com"],
)
def test_an_address_that_is_none_is_never_shown(shop: Shop, address: str, capsys: pytest.CaptureFixture[str]) -> None:
    shop.drop(row(OTHER))
    shop.settle()
    with shop.context.db.write() as connection:
        cells = json.dumps({"buyer_email": address, "buyer_name": "Eve"})
        connection.execute(ORDER_PEOPLE.update().where(ORDER_PEOPLE.c.order_no == 2).values(cells=cells))
    capsys.readouterr()
    shop.send()
    assert shop.server.taken == []
    found = mails.listing(shop.context.db)
    assert [mail.state for mail in found] == ([MailState.FAILED] if address else [])
    assert all(mail.error == "the buyer's address is no mail address" for mail in found)
    told = capsys.readouterr()
    assert "example.com" not in told.out + told.err


@pytest.mark.parametrize("reply", ["550 5.1.1 <eve@example.com>: Eve is unknown", "450 eve@example.com later", None])
def test_nothing_of_buyers_is_logged_whatever_the_server_says(
    shop: Shop, reply: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    if reply is None:
        shop.server.on_text = lambda _: None
    else:
        shop.server.on_recipient = lambda _: reply
    shop.drop(row(OTHER))
    shop.settle()
    shop.send()
    told = capsys.readouterr()
    mail = shop.mail()
    for words in (told.out, told.err, mail.error):
        assert "eve" not in words.lower()
    assert mail.error
    assert mail.kind is MailKind.BUYER


def test_their_mails_are_emptied_when_they_are_forgotten(shop: Shop) -> None:
    shop.drop(row(OTHER))
    shop.settle()
    shop.send()
    retention.sweep(replace(shop.context, clock=lambda: NOW + timedelta(days=29)))
    assert shop.mail().recipient == "eve@example.com"
    retention.sweep(replace(shop.context, clock=lambda: NOW + timedelta(days=31)))
    mail = shop.mail()
    assert (mail.recipient, mail.subject, mail.text, mail.html, mail.state) == ("", "", "", "", MailState.SENT)


def test_who_was_forgotten_before_the_answer_came_is_not_written_to(shop: Shop) -> None:
    shop.drop(row(OTHER))
    retention.sweep(replace(shop.context, clock=lambda: NOW + timedelta(days=31)))
    shop.settle()
    shop.send()
    assert mails.listing(shop.context.db) == []
