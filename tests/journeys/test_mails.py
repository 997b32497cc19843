"""A service that writes mails: from the drop to the letter box, and never twice, kill it when you like."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
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


@pytest.fixture
def server() -> Iterator[PostOffice]:
    with PostOffice() as opened:
        yield opened


@pytest.fixture
def running(tmp_path: Path, server: PostOffice) -> Iterator[Running]:
    mail = {"HOST": "localhost", "PORT": server.port, "SECURITY": "none", "SENDER": "Shop <ship@example.com>"}
    mail |= {"PER_MINUTE": 0, "OPERATORS": "ops@example.com"}
    running = Running(tmp_path, **{f"MAIL__{name}": value for name, value in mail.items()})
    running.add_seller("anna")
    done = running.command("seller", "set", "anna", "--mail", "anna@example.com", "--mail-on", "errors,success")
    assert done.returncode == 0, done.stderr
    yield running.start()
    running.stop()


def listed(running: Running) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(running.command("mail", "list", "--json").stdout)["mails"]
    return found


def test_a_dropped_file_with_errors_is_told_of(running: Running, server: PostOffice) -> None:
    upload_id = running.drop("anna", "bad.txt", BAD)
    wait_for(lambda: server.taken, what="the mail")
    (message,) = server.messages()
    assert (message["To"], message["Subject"]) == ("anna@example.com", "bad.txt: 1 line rejected")
    assert upload_id in part(message, "plain")
    wait_for(lambda: [one["state"] for one in listed(running)] == ["sent"], what="the mark")


def test_buyers_are_written_to_when_amazon_has_confirmed(running: Running, server: PostOffice, tmp_path: Path) -> None:
    (tmp_path / "report.txt").write_text(REPORT)
    running.command("seller", "set", "anna", "--buyer-mails", "on")
    done = running.command("orders", "import", str(tmp_path / "report.txt"), "--seller", "anna")
    assert done.returncode == 0, done.stderr
    upload_id = running.drop("anna", "good.txt", amazon_file(ORDERS))
    assert [row["verdict"] for row in running.result("anna", upload_id)] == ["confirmed"] * 2
    wait_for(lambda: len(server.taken) == 3, what="three mails")
    assert sorted(server.recipients) == ["anna@example.com", "bob0@example.com", "bob1@example.com"]
    assert "bob0@" not in Path(running.folder / "service.log").read_text()


def test_killed_between_the_text_and_the_mark_it_is_not_sent_again(running: Running, server: PostOffice) -> None:
    def kill(_: bytes) -> str:
        running.stop(signal.SIGKILL)
        return "250 OK"

    server.on_text = kill
    running.drop("anna", "bad.txt", BAD)
    wait_for(lambda: server.taken, what="the mail")
    server.on_text = lambda _: "250 OK"
    running.start()
    wait_for(lambda: [one["state"] for one in listed(running)] == ["unsure"], what="the mail to be unsure")
    running.drop("anna", "worse.txt", BAD)
    wait_for(lambda: len(server.taken) == 2, what="the next mail")
    assert [message["Subject"] for message in server.messages()] == [
        "bad.txt: 1 line rejected",
        "worse.txt: 1 line rejected",
    ]
    number = listed(running)[-1]["no"]
    assert running.command("mail", "retry", str(number)).returncode == 0
    wait_for(lambda: len(server.taken) == 3, what="the mail that an operator had sent again")
    ids = [message["Message-ID"] for message in server.messages()]
    assert ids[0] == ids[2] != ids[1]


def test_mails_wait_for_a_server_that_is_away(running: Running, server: PostOffice) -> None:
    server.shut()
    running.drop("anna", "bad.txt", BAD)
    wait_for(lambda: any("refused" in one["error"] for one in listed(running)), what="the first try")
    assert running.stop() == 0
    server.open()
    running.start()
    wait_for(lambda: server.taken, what="the mail")


def test_settings_that_cannot_be_used_stop_the_start(tmp_path: Path) -> None:
    running = Running(tmp_path, MAIL__HOST="localhost", MAIL__SENDER="nobody")
    done = running.program("serve")
    assert done.returncode == 2
    assert "[mail] sender: 'nobody' is no mail address" in done.stderr
