"""A seller's session reaches nothing of another seller's, and no page of operators: every route, with every id."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from fastapi.routing import APIRoute
from pipeline.contexts import NOW
from web.scenes import busy
from web.site import HASH, Browser, Site, site_on

from cws_filedrop.model import Account, Seller
from cws_filedrop.store.sellers import sellers, tokens
from cws_filedrop.store.uploads import uploads
from cws_filedrop.store.users import decisions, web_sessions
from cws_filedrop.web.pages import PAGES

EVERYBODYS = {"/login", "/login/code", "/logout", "/theme", "/metrics", "/healthz", "/readyz"}
OWN = re.compile(r"/my(/|$)")
KINDS = {
    "kind": ("receipt", "result", "rejected", "unconfirmed", "original", "txt", "json", "document", "report"),
    "what": ("disable", "remove"),
}
SECRET = "annas-own-file.txt"


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Site, dict[str, str], Browser]]:
    """A site where anna has something of everything, ids of hers, and a browser in which ben is logged in."""
    with site_on(tmp_path_factory.mktemp("site")) as site:
        names = busy(site)
        sellers.add(site.context.db, Seller(0, "ben", Account(0, "M2")), password_hash=HASH, now=NOW)
        (site.context.home("anna").path / "orders/created" / SECRET).write_bytes(b"x")
        made = tokens.add(site.context.db, 1, "annas-token", now=site.clock())
        assert made is not None
        theirs = {"order_id": names["order"], "number": str(made[0].id), "folder": "created", "account_id": "1"}
        theirs |= {"name": SECRET, "address": "192.0.2.7", "connection_id": "x", "about": names["order"]}
        site.seller("anna")
        theirs["which"] = next(one.id for one in sessions(site) if one.name == "anna")
        yield site, theirs | {"upload_id": names["held"]}, site.browser().login("ben", kind="seller")


def sessions(site: Site) -> list[web_sessions.ListedSession]:
    """Of everybody."""
    ever = datetime(2000, 1, 1, tzinfo=UTC)
    return web_sessions.listing(site.context.db, idle_since=ever, begun_since=ever, now=site.clock())


def routes() -> list[tuple[str, str]]:
    found = [route for router in PAGES for route in router.routes if isinstance(route, APIRoute)]
    return [(method, route.path) for route in found for method in sorted(route.methods - {"HEAD"})]


def filled(path: str, values: dict[str, str]) -> list[str]:
    """The path with these values, once for each kind of thing that it names."""
    paths = [path]
    for name, kinds in KINDS.items():
        paths = [
            one.replace(f"{{{name}}}", kind) for one in paths for kind in (kinds if f"{{{name}}}" in one else ("",))
        ]
    return [re.sub(r"\{(\w+)\}", lambda found: values[found[1]], one) for one in dict.fromkeys(paths)]


def asked(browser: Browser, method: str, path: str) -> tuple[int, str]:
    answer = browser.look(path) if method == "GET" else browser.post(path)
    return answer.status_code, answer.text


def test_nothing_of_another_seller_is_behind_any_of_its_pages(scene: tuple[Site, dict[str, str], Browser]) -> None:
    site, theirs, ben = scene
    tried = [(method, path) for method, path in routes() if OWN.match(path)]
    assert len(tried) >= 15
    for method, path in tried:
        for one in filled(path, theirs):
            status, text = asked(ben, method, one)
            if "{" in path and not path.startswith(("/my/templates", "/my/status")):
                assert status == 404, (method, one, status)
            assert [mark for mark in (*_ids(theirs), SECRET, "annas-token") if mark in text] == [], (method, one)
    assert [one.label for one in tokens.listing(site.context.db, 1) if one.enabled] == ["annas-token"]
    assert theirs["which"] in [one.id for one in sessions(site)]
    held = uploads.get(site.context.db, theirs["upload_id"])
    assert held is not None
    assert held.state == "held"


def test_no_page_of_operators_opens_and_none_of_their_forms_works(scene: tuple[Site, dict[str, str], Browser]) -> None:
    site, theirs, ben = scene
    tried = [(method, path) for method, path in routes() if not OWN.match(path) and path not in EVERYBODYS]
    assert len(tried) >= 30
    before = len(decisions.listing(site.context.db))
    for method, path in tried:
        for one in filled(path, theirs):
            status, text = asked(ben, method, one)
            assert status in (404, 422, 400) or (status == 303 and path == "/"), (method, one, status)
            assert [mark for mark in _ids(theirs) if mark in text] == [], (method, one)
    assert len(decisions.listing(site.context.db)) == before


def test_the_same_ids_are_there_for_their_owner(scene: tuple[Site, dict[str, str], Browser]) -> None:
    """Else the tests above would prove nothing."""
    site, theirs, _ = scene
    anna = site.seller("anna")
    for path in ("/my/uploads/{upload_id}", "/my/orders/{order_id}", "/my/orders/files/{folder}/{name}"):
        (one,) = filled(path, theirs)
        assert anna.get(one).status_code == 200, one
    assert theirs["upload_id"] in anna.get("/my").text
    assert "annas-token" in anna.get("/my/tokens").text


def _ids(theirs: dict[str, str]) -> tuple[str, str]:
    return theirs["upload_id"], theirs["order_id"]
