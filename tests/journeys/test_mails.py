"""A service that writes mails: from the drop to the letter box, and never twice, kill it when you like."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from notify.post_office import PostOffice, part
from running import Running, amazon_file, order_ids, wait_for

ORDERS = order_ids(2)
BAD = b"order-id\tstatus\nnothing\tshipped\n"
REPORT = "order-id\torder-item-id\tpurchase-date\tship-service-level\tbuyer-email\tbuyer-name\n" + "".join(
    f"{order}\t{order[4:11]}{order[12:19]}\t2026-01-01T10:00:00Z\tStandard\tbob{n}@example.com\tBob\n"
    for n, order in enumerate(ORDERS)
)


@pytest.fixture(scope="module")
def office() -> Iterator[PostOffice]:
    with PostOffice() as opened:
        yield opened


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory, office: PostOffice) -> Iterator[Running]:
    mail = {"HOST": "localhost", "PORT": office.port, "SECURITY": "none", "SENDER": "Shop <ship@example.com>"}
    mail |= {"PER_MINUTE": 0, "OPERATORS": "ops@example.com"}
    running = Running(tmp_path_factory.mktemp("service"), **{f"MAIL__{name}": value for name, value in mail.items()})
    yield running.start()
    running.stop()


@dataclass
class Shop:
    """A seller of its own, and what was sent since it is there."""

    running: Running
    server: PostOffice
    seller: str

    @property
    def address(self) -> str:
        return f"{self.seller}@example.com"

    def set(self, *options: str) -> None:
        done = self.running.command("seller", "set", self.seller, *options)
        assert done.returncode == 0, done.stderr

    def drop(self, name: str, content: bytes = BAD) -> str:
        return self.running.drop(self.seller, name, content)

    def listed(self) -> list[dict[str, Any]]:
        """Mails to the seller, as a command lists them."""
        found: list[dict[str, Any]] = json.loads(self.running.command("mail", "list", "--json").stdout)["mails"]
        return [one for one in found if one["to"] == self.address]


@pytest.fixture
def shop(service: Running, office: PostOffice) -> Iterator[Shop]:
    office.taken.clear()
    office.recipients.clear()
    shop = Shop(service, office, service.new_seller())
    shop.set("--mail", shop.address, "--mail-on", "errors,success")
    yield shop
    office.on_text = lambda _: "250 OK"
    if service.process is None or service.process.process.poll() is not None:
        service.start()


def test_a_dropped_file_with_errors_is_told_of(shop: Shop) -> None:
    upload_id = shop.drop("bad.txt")
    wait_for(lambda: shop.server.taken, what="the mail")
    (message,) = shop.server.messages()
    assert (message["To"], message["Subject"]) == (shop.address, "[sandbox] bad.txt: 1 line rejected")
    assert upload_id in part(message, "plain")
    wait_for(lambda: [one["state"] for one in shop.listed()] == ["sent"], what="the mark")


def test_no_buyer_hears_of_what_the_sandbox_confirmed(shop: Shop, tmp_path: Path) -> None:
    (tmp_path / "report.txt").write_text(REPORT)
    shop.set("--buyer-mails", "on")
    done = shop.running.command("orders", "import", str(tmp_path / "report.txt"), "--seller", shop.seller)
    assert done.returncode == 0, done.stderr
    upload_id = shop.drop("good.txt", amazon_file(ORDERS))
    assert [row["verdict"] for row in shop.running.result(shop.seller, upload_id)] == ["confirmed"] * 2
    log = Path(shop.running.folder / "service.log")
    wait_for(lambda: "mail.buyers_spared" in log.read_text(), what="the word that buyers are not told")
    wait_for(lambda: shop.server.taken, what="the seller's mail")
    assert shop.server.recipients == [shop.address]
    assert "bob0@" not in log.read_text()


def test_killed_between_the_text_and_the_mark_it_is_not_sent_again(shop: Shop) -> None:
    def kill(_: bytes) -> str:
        shop.running.stop(signal.SIGKILL)
        return "250 OK"

    shop.server.on_text = kill
    shop.drop("bad.txt")
    wait_for(lambda: shop.server.taken, what="the mail")
    shop.server.on_text = lambda _: "250 OK"
    shop.running.start()
    wait_for(lambda: [one["state"] for one in shop.listed()] == ["unsure"], what="the mail to be unsure")
    shop.drop("worse.txt")
    wait_for(lambda: len(shop.server.taken) == 2, what="the next mail")
    assert [message["Subject"] for message in shop.server.messages()] == [
        "[sandbox] bad.txt: 1 line rejected",
        "[sandbox] worse.txt: 1 line rejected",
    ]
    number = shop.listed()[-1]["no"]
    assert shop.running.command("mail", "retry", str(number)).returncode == 0
    wait_for(lambda: len(shop.server.taken) == 3, what="the mail that an operator had sent again")
    ids = [message["Message-ID"] for message in shop.server.messages()]
    assert ids[0] == ids[2] != ids[1]


def test_mails_wait_for_a_server_that_is_away(shop: Shop) -> None:
    shop.server.shut()
    try:
        shop.drop("bad.txt")
        wait_for(lambda: any("refused" in one["error"] for one in shop.listed()), what="the first try")
        assert shop.running.stop() == 0
    finally:
        shop.server.open()
    shop.running.start()
    wait_for(lambda: shop.server.taken, what="the mail")


def test_settings_that_cannot_be_used_stop_the_start(tmp_path: Path) -> None:
    running = Running(tmp_path, MAIL__HOST="localhost", MAIL__SENDER="nobody")
    done = running.program("serve")
    assert done.returncode == 2
    assert "[mail] sender: 'nobody' is no mail address" in done.stderr
