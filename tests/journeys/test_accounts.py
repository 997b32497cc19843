"""Tokens, passwords, codes and sessions beside a running service; what the trail and mails tell of them."""

from __future__ import annotations

import ftplib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pyotp
import pytest
from notify.post_office import PostOffice, part
from running import PASSWORD, Running, wait_for
from web.site import Browser

NEW = "another-long-password"
OPERATOR = "operators-own-password"
FILE = b"order-id\tstatus\n026-1520163-6049104\tshipped\n"


@pytest.fixture(scope="module")
def office() -> Iterator[PostOffice]:
    with PostOffice() as opened:
        yield opened


@pytest.fixture(scope="module")
def trail(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("trail") / "audit.jsonl"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory, office: PostOffice, trail: Path) -> Iterator[Running]:
    mail = {"HOST": "localhost", "PORT": office.port, "SECURITY": "none", "SENDER": "ship@example.com"}
    settings = {f"MAIL__{name}": value for name, value in mail.items()} | {"AUDIT__EXPORT": f"file:{trail}"}
    running = Running(tmp_path_factory.mktemp("service"), WEB__ENABLED=True, **settings)
    running.add_user("olga", OPERATOR)
    yield running.start()
    assert running.stop() == 0


def page_of(service: Running, name: str, kind: str = "seller", password: str = PASSWORD) -> Browser:
    return Browser(service.pages, **{"User-Agent": f"Browser of {name}"}).login(name, kind, password)


def call(service: Running, token: str, method: str, path: str, **more: Any) -> httpx.Response:
    headers = {"Authorization": f"Bearer {token}", "X-File-Name": "a.txt"}
    return httpx.request(method, f"{service.pages}/api/v1{path}", headers=headers, timeout=60, **more)


def told(trail: Path, seller: str) -> list[dict[str, Any]]:
    lines = trail.read_text().splitlines() if trail.exists() else []
    return [one for line in lines if (one := json.loads(line))["seller"] == seller]


def test_a_life_of_tokens_is_in_the_exported_trail_and_in_the_sellers_mail(
    service: Running, office: PostOffice, trail: Path
) -> None:
    seller = service.new_seller()
    assert service.command("seller", "set", seller, "--mail", f"{seller}@example.com").returncode == 0
    made = service.command("seller", "token", "add", seller, "--label", "stock", "--scope", "read", "--json")
    by_command = json.loads(made.stdout)["token"]
    assert call(service, by_command, "GET", "/uploads").status_code == 200
    assert call(service, by_command, "POST", "/uploads", content=FILE).status_code == 403
    page = page_of(service, seller)
    by_page = page.post("/my/tokens", label="shop").text.split('id="fresh">')[1].split("<")[0]
    upload = call(service, by_page, "POST", "/uploads", content=FILE).json()["id"]
    wait_for(lambda: call(service, by_page, "GET", f"/uploads/{upload}/receipt").status_code == 200, what="the receipt")
    hook = call(service, by_page, "POST", "/hooks", json={"url": "https://example.com/in"})
    assert hook.status_code == 201, hook.text
    wait_for(lambda: {"token", "hook", "download"} <= {one["event"] for one in told(trail, seller)}, what="the trail")
    found = told(trail, seller)
    details = [one["detail"] for one in found if one["event"] in ("token", "hook")]
    assert [words.partition(" ")[0] for words in details] == ["token-add", "token-add", "hook-add"]
    assert details[0].endswith("stock, by command line")
    assert details[2].endswith(f"by seller {seller} with token {by_page[:10]}…")
    (fetched,) = [one for one in found if one["event"] == "download"]
    assert (fetched["upload_id"], fetched["name"]) == (upload, f"a.{upload}.receipt.txt")
    assert by_page not in trail.read_text()

    def mails() -> list[Any]:
        return [one for one in office.messages() if f"Access of {seller} was" in str(one["Subject"])]

    wait_for(mails, what="the mail")
    assert "made the API token" in part(mails()[0], "plain")
    page.close()


def test_a_sellers_second_factor_and_new_password(service: Running) -> None:
    seller = service.new_seller()
    page = page_of(service, seller)
    secret = re.search(r'id="secret">(\w+)<', page.get("/my/login/second-factor").text)
    assert secret is not None
    totp = pyotp.TOTP(secret[1])
    done = page.post("/my/login/second-factor", code=totp.now(), password=PASSWORD)
    assert done.headers["location"] == "/login"
    half = Browser(service.pages)
    half.submit("/login", name=seller, password=PASSWORD, kind="seller")
    assert half.look("/my").headers["location"] == "/login/code"
    with ftplib.FTP(timeout=60) as session:  # a program has no telephone
        session.connect(*service.address)
        session.login(seller, PASSWORD)
    assert half.submit("/login/code", code=totp.now()).headers["location"] == "/my"
    half.learn()
    assert half.post("/my/login/password", old=PASSWORD, new=NEW).headers["location"] == "/login"
    with ftplib.FTP(timeout=60) as session:
        session.connect(*service.address)
        with pytest.raises(ftplib.error_perm):
            session.login(seller, PASSWORD)
        session.login(seller, NEW)
    assert service.command("seller", "forget-factor", seller).returncode == 0
    page_of(service, seller, password=NEW).close()
    for one in (page, half):
        one.close()


def test_an_operator_ends_a_sellers_session_by_command(service: Running) -> None:
    seller = service.new_seller()
    page = page_of(service, seller)
    listed = json.loads(service.command("sessions", "list", "--seller", seller, "--json").stdout)["sessions"]
    assert [(one["address"], one["agent"]) for one in listed] == [("127.0.0.1", f"Browser of {seller}")]
    assert service.command("sessions", "end", listed[0]["id"]).returncode == 0
    assert page.look("/my").headers["location"].startswith("/login")
    page.close()


def test_guesses_at_an_operators_password_are_few_lines_with_a_count(service: Running, trail: Path) -> None:
    browser = Browser(service.pages)
    for _ in range(5):
        assert browser.submit("/login", name="olga", password="guess", kind="operator").status_code == 401
    wait_for(lambda: len(told(trail, "operator olga")) >= 5, what="the trail")
    assert {one["event"] for one in told(trail, "operator olga")} == {"login-refused"}
    assert "guess" not in trail.read_text()
    browser.close()
