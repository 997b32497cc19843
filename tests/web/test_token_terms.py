"""What a token is for, until when and from where: as pages make it, and as the API holds to it."""

from __future__ import annotations

import re

import httpx
import pytest
from web.site import HASH, Browser, Site

from cws_filedrop.model import Role
from cws_filedrop.store.doors import audit
from cws_filedrop.store.sellers import sellers, tokens
from cws_filedrop.store.users import decisions

FILE = b"order-id\tstatus\n026-1520163-6049104\tshipped\n"


def make(browser: Browser, page: str, **fields: str | list[str]) -> str:
    """A new token, as the page shows it."""
    answer = browser.post(page, label="stock", **fields)  # type: ignore[arg-type]
    assert answer.status_code == 200, answer.text
    return answer.text.split('id="fresh">')[1].split("<")[0]


def call(site: Site, token: str, method: str, path: str, **more: object) -> httpx.Response:
    """What a call of the API is answered."""
    headers = {"Authorization": f"Bearer {token}", "X-File-Name": "a.txt"}
    return httpx.request(method, f"{site.url}/api/v1{path}", headers=headers, timeout=60, **more)  # type: ignore[arg-type]


CALLS: tuple[tuple[str, str, str, dict[str, object]], ...] = (
    ("read", "GET", "/uploads", {}),
    ("read", "GET", "/status", {}),
    ("upload", "POST", "/uploads", {"content": FILE}),
    ("upload", "POST", "/orders/confirm", {"content": FILE}),
    ("upload", "POST", "/uploads/20261122-013042-k7f3/release", {}),
    ("manage", "POST", "/hooks", {"json": {"url": "https://example.com/in"}}),
    ("manage", "PATCH", "/tokens/77", {"json": {"enabled": True}}),
    ("manage", "DELETE", "/hooks/77", {}),
)


@pytest.mark.parametrize("scope", ["read", "upload", "manage"])
def test_a_token_does_what_it_is_for_and_nothing_else(site: Site, scope: str) -> None:
    token = make(site.seller(), "/my/tokens", chosen="1", scopes=[scope])
    for needed, method, path, more in CALLS:
        answer = call(site, token, method, path, **more)
        if needed == scope:
            assert answer.status_code in (200, 201, 202, 404), (method, path, answer.text)
        else:
            assert answer.status_code == 403, (method, path)
            assert answer.json()["detail"] == f"That takes the scope {needed}; this token has {scope}"
            assert 'error="insufficient_scope"' in answer.headers["www-authenticate"]


def test_what_a_token_is_not_for_leaves_no_trace(site: Site) -> None:
    token = make(site.seller(), "/my/tokens", chosen="1", scopes=["read"])
    assert call(site, token, "POST", "/uploads", content=FILE).status_code == 403
    assert call(site, token, "GET", "/uploads").json()["uploads"] == []
    assert call(site, token, "GET", "/hooks").json()["hooks"] == []


def test_one_that_is_for_everything_does_everything(site: Site) -> None:
    token = make(site.seller(), "/my/tokens")
    assert all(call(site, token, method, path, **more).status_code != 403 for _, method, path, more in CALLS)


def test_an_operators_token_that_reads_changes_nothing(site: Site) -> None:
    token = make(site.operator(Role.ADMIN), "/me/tokens", chosen="1", scopes=["read"])
    assert call(site, token, "GET", "/ops/feeds").status_code == 200
    for path in ("/ops/people", "/ops/bans/lift", "/ops/uploads/20261122-013042-k7f3/release"):
        assert call(site, token, "POST", path, json={}).status_code == 403, path
    nothing = site.browser()
    nothing.login("admin")
    assert nothing.post("/me/tokens", label="x", chosen="1", scopes="upload").status_code == 400, (
        "operators hand in none"
    )


@pytest.mark.parametrize(("page", "path"), [("/my/tokens", "/uploads"), ("/me/tokens", "/ops/feeds")])
def test_a_token_ends_with_its_last_day(site: Site, page: str, path: str) -> None:
    name, kind = ("anna", "seller") if page == "/my/tokens" else ("admin", "operator")
    token = make(site.seller() if kind == "seller" else site.operator(), page, expires="2026-11-23")
    assert call(site, token, "GET", path).status_code == 200
    site.clock.wait(hours=35, minutes=59)
    assert call(site, token, "GET", path).status_code == 200
    site.clock.wait(minutes=1)
    assert call(site, token, "GET", path).status_code == 401
    again = site.browser().login(name, kind)
    assert "expired" in again.text("/my/tokens" if kind == "seller" else "/me")


@pytest.mark.parametrize(("page", "path"), [("/my/tokens", "/uploads"), ("/me/tokens", "/ops/feeds")])
def test_a_token_is_used_from_its_networks_only(site: Site, page: str, path: str) -> None:
    browser = site.seller() if page.startswith("/my") else site.operator()
    far, near = make(browser, page, networks="192.0.2.0/24 2001:db8::/32"), make(browser, page, networks="127.0.0.0/8")
    assert call(site, near, "GET", path).status_code == 200
    refused = call(site, far, "GET", path)
    assert (refused.status_code, "from your address" in refused.json()["detail"]) == (403, True)


def test_a_network_of_its_own_does_not_widen_the_sellers(site: Site) -> None:
    token = make(site.seller(), "/my/tokens", networks="127.0.0.0/8")
    sellers.change(site.context.db, "anna", {"networks": "192.0.2.0/24"})
    assert call(site, token, "GET", "/uploads").status_code == 403


@pytest.mark.parametrize(
    "fields",
    [
        {"chosen": "1"},
        {"scopes": "everything"},
        {"expires": "tomorrow"},
        {"expires": "2026-11-21"},
        {"networks": "300.1.2.3"},
        {"networks": "192.0.2.0/99"},
    ],
)
def test_terms_that_cannot_be_are_refused_and_nothing_is_made(site: Site, fields: dict[str, str]) -> None:
    for browser, page in ((site.seller(), "/my/tokens"), (site.operator(), "/me/tokens")):
        refused = browser.post(page, label="x", **fields)
        assert (refused.status_code, "Nothing was done" in refused.text) == (400, True), page
    assert tokens.listing(site.context.db, 1) == []


def test_pages_tell_what_a_token_is_for(site: Site) -> None:
    browser = site.seller()
    make(browser, "/my/tokens", chosen="1", scopes=["read", "upload"], expires="2026-12-31", networks="192.0.2.7")
    shown = browser.text("/my/tokens")
    assert "read, upload" in shown
    assert "from 192.0.2.7/32" in shown
    assert "until 2027-01-01" in shown


def test_a_change_by_the_page_is_kept_as_a_decision_and_in_the_audit_trail(site: Site) -> None:
    browser = site.seller()
    token = make(browser, "/my/tokens")
    (kept,) = tokens.listing(site.context.db, 1)
    for what in ("disable", "enable", "remove"):
        assert browser.post(f"/my/tokens/{kept.id}/{what}").headers["location"] == "/my/tokens"
    whats = [f"token-{what}" for what in ("add", "disable", "enable", "remove")]
    did = decisions.listing(site.context.db, about="anna")[::-1]
    assert [(one.who, one.what, one.address) for one in did] == [
        ("seller anna", f"seller.{w}", "127.0.0.1") for w in whats
    ]
    trail = audit.listing(site.context.db, event="token")[::-1]
    assert [one.detail for one in trail] == [f"{w} {kept.id} {token[:10]}… stock, by seller anna" for w in whats]
    assert {(one.seller, one.address, one.door) for one in trail} == {("anna", "127.0.0.1", "http")}


def test_a_change_by_the_api_is_kept_with_the_token_that_made_it(site: Site) -> None:
    token = make(site.seller(), "/my/tokens")
    hook = call(site, token, "POST", "/hooks", json={"url": "https://example.com/in"}).json()["id"]
    call(site, token, "PATCH", f"/hooks/{hook}", json={"enabled": False})
    call(site, token, "DELETE", f"/hooks/{hook}")
    trail = audit.listing(site.context.db, event="hook")[::-1]
    by = f"{hook} https://example.com/in, by seller anna with token {token[:10]}…"
    assert [one.detail for one in trail] == [f"hook-{what} {by}" for what in ("add", "disable", "remove")]
    assert call(site, token, "DELETE", f"/tokens/{tokens.listing(site.context.db, 1)[0].id}").status_code == 204
    (gone,) = [one for one in audit.listing(site.context.db, event="token") if "remove" in one.detail]
    assert f"with token {token[:10]}…" in gone.detail
    assert token not in str(trail) + str(gone)


def test_the_document_says_which_scope_each_call_takes(site: Site) -> None:
    document = httpx.get(f"{site.url}/api/v1/openapi.json", timeout=60).json()
    found = {
        (method, path): operation["security"]
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    }
    assert found[("post", "/uploads")] == [{"token": ["upload"]}]
    assert found[("post", "/hooks")] == [{"token": ["manage"]}]
    assert found[("get", "/ops/feeds")] == [{"operator_token": ["read"]}]
    assert found[("post", "/ops/orders/{account_id}/{order_id}/evidence")] == [{"operator_token": ["read"]}]
    writing = {key for key, value in found.items() if key[0] != "get" and next(iter(value[0].values())) == ["read"]}
    assert writing == {("post", "/ops/orders/{account_id}/{order_id}/evidence")}
    assert re.search(r"`read`.*`upload`.*`manage`", document["info"]["description"], re.DOTALL)


def test_sellers_passwords_are_none_of_it(site: Site) -> None:
    sellers.change(site.context.db, "anna", {"password_hash": HASH})
    assert site.browser().submit("/my/tokens", label="x").headers["location"] == "/login"
