"""An operator's own tokens on the page of oneself."""

from __future__ import annotations

from pathlib import Path

import httpx
from web.site import Browser, Site, site_on

from cws_filedrop.model import Role
from cws_filedrop.store.users import decisions, user_tokens, users


def make(browser: Browser, label: str = "board") -> str:
    """A new token, as the page shows it."""
    return browser.post("/me/tokens", label=label).text.split('id="fresh">')[1].split("<")[0]


def calls(site: Site, token: str) -> int:
    """What a call of the API is answered."""
    url = f"{site.url}/api/v1/ops/feeds"
    return httpx.get(url, headers={"Authorization": f"Bearer {token}"}, timeout=60).status_code


def test_a_token_is_shown_once_switched_and_removed_and_all_of_it_written_down(site: Site) -> None:
    olga = site.operator(Role.VIEWER, "olga")
    token = make(olga)
    assert token not in olga.get("/me").text
    assert f"board{token[:10]}…" in olga.text("/me")
    (kept,) = user_tokens.listing(site.context.db, 1)
    assert calls(site, token) == 200
    for what, holds in (("disable", 401), ("enable", 200), ("remove", 401)):
        assert olga.post(f"/me/tokens/{kept.id}/{what}").headers["location"] == "/me"
        assert calls(site, token) == holds
    assert user_tokens.listing(site.context.db, 1) == []
    told = [(one.who, one.what, one.detail) for one in reversed(decisions.listing(site.context.db, about="olga"))][1:]
    whats = ("add", "disable", "enable", "remove")
    assert told == [("olga", f"user.token-{what}", f"{kept.id} {token[:10]}… board") for what in whats]


def test_nobody_else_can_do_anything_with_it(site: Site) -> None:
    make(site.operator(Role.VIEWER, "olga"))
    (kept,) = user_tokens.listing(site.context.db, 1)
    otto = site.operator(Role.ADMIN, "otto")
    assert "board" not in otto.text("/me")
    assert [otto.post(f"/me/tokens/{kept.id}/{what}").status_code for what in ("disable", "remove", "x")] == [404] * 3
    assert site.seller().post(f"/me/tokens/{kept.id}/remove").status_code == 404
    assert site.seller().post("/me/tokens", label="mine").status_code == 404
    assert user_tokens.listing(site.context.db, 1) == [kept]
    assert user_tokens.listing(site.context.db, 2) == []


def test_there_cannot_be_any_number_of_them_nor_labels_that_cannot_be_shown(site: Site) -> None:
    olga = site.operator(Role.VIEWER, "olga")
    assert olga.post("/me/tokens", label="a\nb").status_code == 409
    for _ in range(user_tokens.MOST_TOKENS):
        make(olga)
    refused = olga.post("/me/tokens", label="one more")
    assert (refused.status_code, "remove one of them first" in refused.text) == (409, True)


def test_where_a_second_factor_is_required_none_is_made_without(tmp_path: Path) -> None:
    with site_on(tmp_path, second_factor="required") as site:
        olga = site.operator(Role.VIEWER, "olga")
        assert "Set it up first" in olga.text("/me")
        assert "/me/tokens" not in olga.get("/me").text
        refused = olga.post("/me/tokens", label="board")
        assert (refused.status_code, "has no second factor" in refused.text) == (409, True)
        found = users.find(site.context.db, "olga")
        assert found is not None
        assert user_tokens.listing(site.context.db, found.id) == []
