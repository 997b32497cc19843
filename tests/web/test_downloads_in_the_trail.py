"""Whoever fetches a file over HTTP is in the audit trail: pages and API, sellers and operators, whatever the file."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from pipeline.shop import OTHER
from running import wait_for
from web.scenes import busy
from web.site import HASH, PASSWORD, Browser, Site, site_on

from cws_filedrop.drop.audit_events import AuditEvent, AuditEventKind
from cws_filedrop.model import Role
from cws_filedrop.store.sellers import sellers, tokens
from cws_filedrop.store.users import user_tokens, users


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Site, dict[str, str]]]:
    """A site with something of everything, a seller and an operator who have tokens."""
    with site_on(tmp_path_factory.mktemp("downloads")) as site:
        users.add(site.context.db, "root", password_hash=HASH, role=Role.ADMIN, now=site.clock())
        sellers.change(site.context.db, "anna", {"password_hash": HASH})
        names = busy(site)
        home = site.context.home("anna").path
        (home / "orders" / "created").mkdir(parents=True, exist_ok=True)
        (home / "orders" / "created" / "new.txt").write_bytes(b"order-id\n")
        mine = tokens.add(site.context.db, 1, "t", now=site.clock())
        with site.context.db.write() as connection:
            theirs = user_tokens.add_in(connection, 1, "t", now=site.clock())
        assert mine is not None
        assert theirs is not None
        yield site, names | {"seller": mine[1], "user": theirs[1], "other": OTHER}


def fetched(site: Site) -> list[AuditEvent]:
    """The downloads that the trail tells of, since the last time it was asked."""
    found = [one for one in site.deeds if one.event is AuditEventKind.DOWNLOAD]
    site.deeds.clear()
    return found


def browser_of(site: Site, name: str, kind: str) -> Browser:
    browser = site.browser(**{"User-Agent": "Firefox"}).login(name, kind, PASSWORD)
    site.deeds.clear()
    return browser


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/my/uploads/{upload}/files/receipt", "1.{upload}.receipt.txt"),
        ("/my/uploads/{upload}/files/rejected", "1.{upload}.rejected.txt"),
        ("/my/orders/files/created/new.txt", "new.txt"),
        ("/my/status.json", "STATUS.json"),
    ],
)
def test_by_a_seller_on_its_pages(scene: tuple[Site, dict[str, str]], path: str, name: str) -> None:
    site, names = scene
    answer = browser_of(site, "anna", "seller").get(path.format_map(names))
    assert answer.status_code == 200, answer.text
    (one,) = fetched(site)
    assert (one.seller, one.name, one.address) == ("anna", name.format_map(names), "127.0.0.1")
    assert (one.door, one.client, one.size) == ("http", "Firefox", len(answer.content))
    assert one.upload_id == (names["upload"] if "{upload}" in path else "")


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/uploads/{upload}/files/original", "1.txt"),
        ("/uploads/{upload}/files/receipt", "1.{upload}.receipt.txt"),
        ("/feeds/1/document", "feed-1.document.xml"),
        ("/feeds/1/report", "feed-1.report.xml"),
    ],
)
def test_by_an_operator_on_the_pages(scene: tuple[Site, dict[str, str]], path: str, name: str) -> None:
    site, names = scene
    assert browser_of(site, "root", "operator").get(path.format_map(names)).status_code == 200
    (one,) = fetched(site)
    assert (one.seller, one.name) == ("operator root", name.format_map(names))
    assert one.detail == path.format_map(names)


def test_evidence_on_the_page(scene: tuple[Site, dict[str, str]]) -> None:
    site, names = scene
    answer = browser_of(site, "root", "operator").post("/orders/1/{other}/evidence".format_map(names))
    assert answer.headers["content-type"] == "application/zip", answer.text
    (one,) = fetched(site)
    assert (one.seller, one.name.endswith(".zip"), one.size) == ("operator root", True, len(answer.content))


@pytest.mark.parametrize(
    ("who", "path"),
    [
        ("seller", "/uploads/{upload}/receipt"),
        ("seller", "/orders/created/new.txt"),
        ("user", "/ops/uploads/{upload}/original"),
        ("user", "/ops/feeds/1/document"),
        ("user", "/ops/feeds/1/report"),
    ],
)
def test_by_a_program(scene: tuple[Site, dict[str, str]], who: str, path: str) -> None:
    site, names = scene
    headers = {"Authorization": f"Bearer {names[who]}", "User-Agent": "board/1"}
    url = f"{site.url}/api/v1{path.format_map(names)}"
    site.deeds.clear()
    answer = httpx.get(url, headers=headers, timeout=60)
    assert answer.status_code == 200, answer.text
    again = httpx.get(url, headers=headers | {"If-None-Match": answer.headers["etag"]}, timeout=60)
    assert (again.status_code, httpx.head(url, headers=headers, timeout=60).status_code in (200, 405)) == (304, True)
    (one,) = fetched(site)
    assert (one.seller, one.client) == ("anna" if who == "seller" else "operator root", "board/1")
    assert one.detail == f"/api/v1{path.format_map(names)}; token {names[who][:10]}…"
    assert one.size == len(answer.content)


def test_evidence_by_a_program(scene: tuple[Site, dict[str, str]]) -> None:
    site, names = scene
    site.deeds.clear()
    headers = {"Authorization": f"Bearer {names['user']}"}
    url = f"{site.url}/api/v1/ops/orders/1/{names['other']}/evidence"
    answer = httpx.post(url, headers=headers, timeout=60, json={})
    assert answer.status_code == 200, answer.text
    (one,) = fetched(site)
    assert (one.seller, one.size) == ("operator root", len(answer.content))


def test_what_was_not_given_was_not_fetched_and_pages_are_no_files(scene: tuple[Site, dict[str, str]]) -> None:
    site, names = scene
    browser = browser_of(site, "anna", "seller")
    for path in ("/my", "/my/uploads", "/my/uploads/{upload}/files/nothing", "/feeds/1/document", "/my/tokens"):
        browser.get(path.format_map(names))
    httpx.get(f"{site.url}/feeds/1/document", timeout=60)
    assert fetched(site) == []


def test_a_download_that_is_broken_off_is_told_so(scene: tuple[Site, dict[str, str]]) -> None:
    site, names = scene
    large = site.context.home("anna").path / "orders" / "created" / "large.txt"
    large.write_bytes(b"x" * 50_000_000)
    headers = {"Authorization": f"Bearer {names['seller']}"}
    site.deeds.clear()
    with httpx.stream("GET", f"{site.url}/api/v1/orders/created/large.txt", headers=headers, timeout=60) as answer:
        next(answer.iter_bytes(1000))
    (one,) = wait_for(lambda: [deed for deed in site.deeds if deed.name == "large.txt"], what="the trail")
    assert one.size is not None
    assert one.size < 50_000_000
    assert one.detail.endswith("the client left before the end")
