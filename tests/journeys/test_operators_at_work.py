"""An operator's day in a real browser, with the real service behind it."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyotp
import pytest
from running import Running, amazon_file, order_ids, rows, wait_for
from web.browsing import Visit
from web.browsing import running as browsing

OPERATORS = "correct-horse-9!"
REFUSED = "026-0000404-0000003"  # the sandbox knows no such order
MASS = "order-id\tstatus\ttracking\tcarrier\n" + "".join(
    f"026-1520163-{number:07}\tshipped\tY0000001K\tYodel\n" for number in range(5)
)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The service with its pages, a seller and an operator."""
    running = Running(
        tmp_path_factory.mktemp("service"), WEB__ENABLED=True, SFTP__ENABLED=False, ORDERS__BRAKE_ORDERS=3
    )
    running.add_seller("anna", "--marketplace", "A1PA6795UKMFR9")
    running.add_user("olga", OPERATORS)
    yield running.start()
    assert running.stop() == 0


@pytest.fixture
def visit(service: Running) -> Iterator[Visit]:
    """A browser at the service's pages."""
    with browsing() as browser:
        begun = Visit(browser, service.pages, accept_downloads=True)
        yield begun
        begun.close()


def text_of(download: Any) -> str:
    return Path(download.path()).read_bytes().decode()


def test_an_operators_day(service: Running, visit: Visit) -> None:
    # The second factor is set up, and asked for from then on.
    visit.login("olga", OPERATORS)
    page = visit.page
    page.get_by_role("link", name="olga").click()
    page.get_by_role("link", name="Set it up").click()
    secret = page.locator("#secret").inner_text()
    page.get_by_label("Code").fill(pyotp.TOTP(secret).now())
    page.get_by_label("Your password").fill(OPERATORS)
    page.get_by_role("button", name="Turn it on").click()
    page.wait_for_url("**/login")
    visit.login("olga", OPERATORS)
    page.wait_for_url("**/login/code")
    soon = datetime.now(UTC) + timedelta(seconds=30)  # since the code of now was used
    page.get_by_label("Code").fill(pyotp.TOTP(secret).at(soon))
    page.get_by_role("button", name="Go on").click()

    # An upload by FTP appears without a reload, and so does what becomes of it.
    page.evaluate("window.untouched = true")
    page.locator("[data-pulse]", has_text="live").wait_for()
    good = service.drop("anna", "monday.txt", amazon_file(order_ids(3, start=70)))
    row = page.locator("#uploads tr", has_text="monday.txt")
    row.get_by_text("3 confirmed").wait_for()
    assert page.evaluate("window.untouched") is True

    # Its story, and a download of its result.
    row.get_by_role("link", name="monday.txt").click()
    page.wait_for_url(f"**/uploads/{good}")
    for words in ("receipt delivered", "given to Amazon", "Amazon answered", "every line has its answer"):
        page.locator("#story").get_by_text(words).first.wait_for()
    with page.expect_download() as waiting:
        page.locator("#facts").get_by_role("link", name="result", exact=True).click()
    assert [line["verdict"] for line in rows(text_of(waiting.value).encode())] == ["confirmed"] * 3

    # A held upload is released, and goes to Amazon.
    held = service.drop("anna", "mass.txt", MASS.encode())
    page.get_by_role("link", name="Held").click()
    page.locator("article", has_text="mass.txt").get_by_text("Release", exact=True).click()
    page.get_by_role("button", name="Release it").click()
    page.get_by_text(f"{held} is read again.").wait_for()
    assert {line["verdict"] for line in service.result("anna", held)} == {"confirmed"}
    page.get_by_text("Nothing is held.").wait_for()

    # An order that Amazon refused is settled.
    service.drop("anna", "refused.txt", f"order-id\tstatus\n{REFUSED}\tshipped\n".encode())
    page.get_by_role("link", name="Unconfirmed").click()
    article = page.locator("article", has_text=REFUSED)
    article.get_by_text("Settle", exact=True).first.click()
    article.get_by_label("It is").select_option("cancelled")
    article.get_by_label("Why").fill("the buyer went away")
    article.get_by_role("button", name="Settle").click()
    page.get_by_text(f"{REFUSED} is cancelled now.").wait_for()
    assert "the buyer went away" in page.locator("#history").inner_text()
    status = lambda: json.loads((service.home("anna") / "STATUS.json").read_bytes())["unconfirmed"]  # noqa: E731
    wait_for(lambda: status() == [], what="the seller's own status")

    page.get_by_role("button", name="Log out").click()
    page.wait_for_url("**/login")
    visit.go("/uploads")
    page.wait_for_url("**/login?next=/uploads")


def test_the_web_process_is_started_again_when_it_dies(service: Running) -> None:
    assert service.process is not None
    children = Path(f"/proc/{service.process.process.pid}/task/{service.process.process.pid}/children").read_text()
    pids = [int(pid) for pid in children.split()]
    (web,) = [pid for pid in pids if b"cws_filedrop.web" in Path(f"/proc/{pid}/cmdline").read_bytes()]
    os.kill(web, signal.SIGKILL)
    wait_for(lambda: (service.folder / "service.log").read_bytes().count(b"service.child_died"), what="the loss")
    assert service.result("anna", service.drop("anna", "meanwhile.txt", amazon_file(order_ids(1, start=99))))
