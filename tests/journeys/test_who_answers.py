"""While the sandbox answers in Amazon's place, everything that people and programs are shown says so; and where Amazon
answers, nothing does."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import httpx
from hook_receiver import Receiver, receiver
from notify.post_office import PostOffice, part
from running import PASSWORD, Running, Sandbox, amazon_file, order_ids, wait_for

GOOD, REFUSED = order_ids(1)[0], "026-0000404-0000003"  # nobody knows such an order
OPERATOR = "correct-horse-9!"
PAGES = ("/", "/uploads", "/orders", "/unconfirmed", "/held", "/sellers", "/feeds", "/charts", "/alarms", "/people")
PAGES += ("/me", "/uploads/{upload}", "/no-such-page", "/login")
SELLERS_PAGES = ("/my", "/my/uploads", "/my/orders", "/my/templates", "/my/connect", "/my/tokens", "/my/settings")
CALLS = ("/uploads", "/uploads/{upload}", "/uploads/{upload}/lines", "/orders", "/states", "/status", "/hooks")
OPERATORS_CALLS = ("/now", "/uploads", "/uploads/{upload}", "/unconfirmed", "/feeds", "/sellers", "/alarms", "/charts")

Places = dict[str, str]  # where people and programs look, and what they find there


def serving(folder: Path, post: PostOffice, **settings: object) -> Running:
    """A service with every way to tell somebody something."""
    mail = {"HOST": "localhost", "PORT": post.port, "SECURITY": "none", "SENDER": "ship@example.com", "PER_MINUTE": 0}
    others = {"WEB__ENABLED": True, "HOOKS__ALLOW_HTTP": True, "HOOKS__ALLOW_PRIVATE": True}
    service = Running(folder, **others, **{f"MAIL__{name}": value for name, value in mail.items()}, **settings)
    service.add_user("olga", OPERATOR)
    return service


def told(service: Running, post: PostOffice, there: Receiver) -> Places:
    """Drop a file of a good line and one that is refused, and look everywhere."""
    assert service.command("seller", "set", "anna", "--mail", "anna@example.com").returncode == 0
    assert service.command("seller", "hook", "add", "anna", there.url).returncode == 0
    upload = service.drop("anna", "shipped.txt", amazon_file([GOOD, REFUSED]))
    assert [row["verdict"] for row in service.result("anna", upload)] == ["confirmed", "unconfirmed"]
    wait_for(lambda: {"upload.received", "upload.answered", "order.unconfirmed"} <= set(there.events()), what="hooks")
    wait_for(lambda: post.taken, what="mail")
    wait_for(lambda: REFUSED in (service.home("anna") / "STATUS.txt").read_text(), what="the status")
    places = dict(_files(service, upload)) | dict(_commands(service)) | dict(_pages(service, upload))
    places |= dict(_answers(service, upload)) | {f"hook {n}": one.body.decode() for n, one in enumerate(there.told)}
    for number, mail in enumerate(post.messages()):
        places |= {f"mail {number} {kind}": part(mail, kind) for kind in ("plain", "html")}
        places[f"mail {number} subject"] = mail["subject"]
    return places


def _files(service: Running, upload: str) -> Iterator[tuple[str, str]]:
    for kind in ("receipt", "unconfirmed"):
        path = service.find("anna", upload, kind)
        assert path is not None
        yield kind, path.read_text()
    for row in service.result("anna", upload):
        yield f"result, line {row['line']}", row["message"]
        yield f"result, feed of line {row['line']}", row["amazon-feed-id"]
    for name in ("STATUS.txt", "STATUS.json"):
        yield name, (service.home("anna") / name).read_text()


def _commands(service: Running) -> Iterator[tuple[str, str]]:
    for words in (("status",), ("status", "--json"), ("watch", "--once"), ("feed", "list", "--json")):
        yield " ".join(words), service.program(*words).stdout
    path = service.folder / "evidence.zip"
    assert service.command("order", "evidence", GOOD, "--seller", "anna", "--out", str(path)).returncode == 0
    with zipfile.ZipFile(path) as packed:
        for name in ("README.txt", "evidence.json"):
            yield name, packed.read(name).decode()
    assert service.process is not None
    yield "serve", "".join(service.process.lines)


def _pages(service: Running, upload: str) -> Iterator[tuple[str, str]]:
    people = (("operator", "olga", OPERATOR, PAGES), ("seller", "anna", PASSWORD, SELLERS_PAGES))
    for kind, name, password, paths in people:
        with httpx.Client(base_url=service.pages, follow_redirects=True, timeout=60) as visitor:
            given = {"kind": kind, "name": name, "password": password, "wanted": ""}
            assert visitor.post("/login", data=given, headers={"origin": service.pages}).status_code == 200
            for path in paths:
                yield path, visitor.get(path.format(upload=upload)).text
    for path in ("/readyz", "/metrics"):
        yield path, httpx.get(service.pages + path, timeout=60).text


def _answers(service: Running, upload: str) -> Iterator[tuple[str, str]]:
    sellers = json.loads(service.command("seller", "token", "add", "anna", "--json").stdout)["token"]
    operators = json.loads(service.command("user", "token", "add", "olga", "--json").stdout)["token"]
    for token, base, paths in ((sellers, "/api/v1", CALLS), (operators, "/api/v1/ops", OPERATORS_CALLS)):
        for path in paths:
            address, bearer = service.pages + base + path.format(upload=upload), {"authorization": f"Bearer {token}"}
            answer = httpx.get(address, headers=bearer, timeout=60)
            assert answer.status_code == 200, answer.text
            assert answer.json()["marketplace"] in ("amazon", "sandbox")
            yield f"{base}{path}", answer.text


def _naming(places: Places) -> set[str]:
    return {place for place, found in places.items() if "sandbox" in found.lower()}


def test_the_sandbox_names_itself_wherever_somebody_looks(tmp_path: Path) -> None:
    with PostOffice() as post, receiver() as there:
        service = serving(tmp_path, post)
        service.add_seller("anna")
        with service.started():
            places = told(service, post, there)
    assert set(places) - _naming(places) == set()
    good = places["result, line 2"]
    assert good.startswith("the sandbox accepted it; Amazon was told nothing")
    assert not places["result, feed of line 2"].isdecimal(), "Amazon's feed ids are numbers"
    assert "anna" in next(line for line in places["serve"].splitlines() if line.startswith("WARNING"))


def test_where_amazon_answers_nothing_speaks_of_a_sandbox(tmp_path: Path) -> None:
    amazon, secret = Sandbox(tmp_path, more=("--feed-prefix", "")), tmp_path / "secret"
    secret.write_text("Atzr|a-secret")
    real = {"KIND": "amazon", "ENDPOINT": amazon.endpoint, "TOKEN_URL": f"{amazon.endpoint}/auth/o2/token"}
    real |= {"CLIENT_ID": "us", "CLIENT_SECRET": f"file:{secret}"}
    with PostOffice() as post, receiver() as there:
        service = serving(tmp_path, post, **{f"MARKETPLACE__{name}": value for name, value in real.items()})
        service.add_seller("anna", "--refresh-token", f"file:{secret}")
        with service.started():
            places = told(service, post, there)
    amazon.stop()
    assert _naming(places) == set()
    assert places["result, line 2"].startswith("Amazon accepted it")


def test_what_only_the_sandbox_accepted_is_told_once_amazon_is_the_marketplace(tmp_path: Path) -> None:
    service = Running(tmp_path)
    service.add_seller("anna")
    with service.started():
        service.result("anna", service.drop("anna", "shipped.txt", amazon_file([GOOD])))
    service.environment["CWS_FILEDROP_MARKETPLACE__KIND"] = "amazon"
    with service.started():
        assert service.process is not None
        service.process.expect(r"^WARNING +1 lines? .*sandbox")
