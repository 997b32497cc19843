"""Who may call what of the operators' API: every route, by every kind of token and every role."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.routing import APIRoute
from pipeline.shop import OTHER
from web.api_kit import Site, site_on
from web.scenes import busy

from cws_filedrop.model import Role
from cws_filedrop.settings import WebSettings
from cws_filedrop.store.users import decisions, user_tokens, users
from cws_filedrop.web.api import ops
from cws_filedrop.web.api.ops.parts import PREFIX

ADMINS = re.compile(r"/ops/(people|deeds)(/|$)")  # the rest is for operators, and for viewers where it only shows
PAGE = Path(__file__).parents[2] / "docs" / "api.md"
PROBLEM = "application/problem+json"
BODIES: dict[str, Any] = {
    "reject": {"why": "it is last week's"},
    "settle": {"state": "shipped", "note": "seen there"},
    "settle-many": {"state": "shipped", "note": "seen", "orders": [{"account_id": 1, "order_id": OTHER}]},
    "retry-many": {"orders": [{"account_id": 1, "order_id": OTHER}]},
    "adopt": {"amazon_feed_id": "50001"},
    "lift": {"who": "192.0.2.7"},
    "case": {"note": "asked"},
    "drop": {"note": "left out"},
    "people": {"name": "eve", "role": "viewer"},
    "{name}": {"role": "viewer"},
}


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Site, dict[str, str]]]:
    """A site with something of everything, a user of each role, and ids that are there."""
    with site_on(tmp_path_factory.mktemp("roles")) as site:
        names = busy(site)
        for role in Role:
            site.add_user(role)
        site.add_user(Role.VIEWER, "otto")
        ids = {"upload_id": names["held"], "order_id": OTHER, "account_id": "1", "number": "2"}
        yield site, ids | {"name": "anna", "connection_id": "0f3a5c7d9b1e"}


def routes() -> list[tuple[str, str]]:
    """Every route of the operators' part, as the application has it."""
    found = [one for router in ops.ROUTERS for one in router.routes if isinstance(one, APIRoute)]
    return sorted((method, one.path) for one in found for method in one.methods)


def asked(scene: tuple[Site, dict[str, str]], method: str, path: str, who: str) -> tuple[int, str]:
    """The answer's status and what it says of a problem. Bodies are such as would be obeyed."""
    site, ids = scene
    values = ids | ({"name": "otto"} if ADMINS.match(path) else {})
    where = re.sub(r"\{(\w+)\}", lambda found: values[found[1]], path)
    body = BODIES.get(path.rpartition("/")[2])
    answer = site.call(method, where, who=who, **({"json": body} if body and method != "GET" else {}))
    if answer.status_code >= 400:
        assert answer.headers["content-type"] == PROBLEM
        return answer.status_code, answer.json()["detail"]
    return answer.status_code, ""


def done(site: Site) -> int:
    return decisions.newest(site.context.db)


def test_the_application_has_no_other_route_there(scene: tuple[Site, dict[str, str]]) -> None:
    document = scene[0].api.openapi()["paths"]
    told = {(method.upper(), path) for path, one in document.items() if path.startswith(PREFIX) for method in one}
    assert told == set(routes())
    assert len(told) >= 36


@pytest.mark.parametrize("path", sorted({path for _, path in routes()}))
def test_every_call_is_in_the_pages_table(path: str) -> None:
    told = re.search(r"\| call, under `/api/v1/ops` \|.*?\n(\n|$)", PAGE.read_text(), re.DOTALL)
    assert told is not None
    names = {"{upload_id}": "ID", "{account_id}/{order_id}": "ACCOUNT/ORDER-ID", "{number}": "NO", "{name}": "NAME"}
    spelled = path.removeprefix(PREFIX).replace("{connection_id}", "ID")
    for name, word in names.items():
        spelled = spelled.replace(name, word)
    last = spelled.rpartition("/")[2]
    assert any(f"{one}`" in told[0] for one in (spelled, f"`/{last}", f"`{last}")), spelled


@pytest.mark.parametrize(("method", "path"), routes())
def test_nobody_without_a_token_or_with_a_sellers(scene: tuple[Site, dict[str, str]], method: str, path: str) -> None:
    before = done(scene[0])
    assert asked(scene, method, path, "")[0] == 401
    status, words = asked(scene, method, path, "anna")
    assert (status, words.startswith("This is a seller's token")) == (403, True)
    assert done(scene[0]) == before


@pytest.mark.parametrize(("method", "path"), routes())
def test_viewers_look_and_decide_nothing(scene: tuple[Site, dict[str, str]], method: str, path: str) -> None:
    before = done(scene[0])
    status, words = asked(scene, method, path, "viewer")
    if method == "GET" and not ADMINS.match(path):
        assert status in (200, 404), words
    else:
        needed = "admin" if ADMINS.match(path) else "operator"
        assert (status, words) == (403, f"That takes the role {needed}; yours is viewer. Ask an admin")
    assert done(scene[0]) == before


@pytest.mark.parametrize(("method", "path"), [(method, path) for method, path in routes() if ADMINS.match(path)])
def test_people_are_for_admins(scene: tuple[Site, dict[str, str]], method: str, path: str) -> None:
    before = done(scene[0])
    assert asked(scene, method, path, "operator") == (403, "That takes the role admin; yours is operator. Ask an admin")
    assert done(scene[0]) == before


def test_the_same_calls_are_obeyed_when_they_come_from_whoever_may(tmp_path: Path) -> None:
    """Else the tests above would prove nothing."""
    for method, path in routes():
        if method == "GET":
            continue
        folder = tmp_path / re.sub(r"\W+", "-", f"{method}{path}")
        folder.mkdir()
        with site_on(folder) as site:
            names = busy(site)
            site.add_user(Role.VIEWER, "otto")
            who = str(Role.ADMIN if ADMINS.match(path) else Role.OPERATOR)
            site.add_user(Role(who))
            ids = {"upload_id": names["held"], "order_id": OTHER, "account_id": "1", "number": "2", "name": "otto"}
            before = done(site)
            status, words = asked((site, ids | {"connection_id": "0f3a5c7d9b1e"}), method, path, who)
            if path.endswith(
                ("/lift", "/close", "/send-again")
            ):  # there is nobody to let in or to close, and nothing offered
                assert (status, words[:17]) == (409, "Nothing was done:"), path
                continue
            assert 200 <= status < 300, (path, status, words)
            (deed,) = decisions.listing(site.context.db, limit=done(site) - before)
            assert (deed.who, deed.address, deed.token) == (who, "127.0.0.1", site.tokens[who][:10]), path


def test_an_operators_token_opens_nothing_of_sellers(scene: tuple[Site, dict[str, str]]) -> None:
    site, ids = scene
    document = site.api.openapi()["paths"]
    theirs = [(method, path) for path, one in document.items() if not path.startswith(PREFIX) for method in one]
    assert len(theirs) >= 24
    values, before = ids | {"hook_id": "1", "token_id": "1"}, site.spooled()
    for method, path in theirs:
        where = re.sub(r"\{(\w+)\}", lambda found: values[found[1]], path)
        answer = site.call(method.upper(), where, who="admin")
        assert (answer.status_code, answer.headers["content-type"]) == (403, PROBLEM), (method, path)
        assert answer.json()["detail"].startswith("This is an operator's token"), (method, path)
    assert site.spooled() == before


@pytest.mark.parametrize("said", ["Bearer", "Bearer cwsop_wrong", "Bearer cwsfd_wrong", "Basic YTpi", "cwsop_x"])
def test_a_token_that_is_none(scene: tuple[Site, dict[str, str]], said: str) -> None:
    for path in ("/ops/uploads", "/uploads"):
        answer = scene[0].get(path, who="", headers={"authorization": said})
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Bearer")


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with site_on(tmp_path) as made:
        made.add_user(Role.ADMIN)
        made.add_user(Role.OPERATOR, "olga")
        yield made


def statuses(site: Site, who: str = "olga") -> tuple[int, int, int]:
    """Of looking, of deciding something that is not there, and of what is for admins."""
    look, decide = site.get("/ops/feeds", who=who), site.call("POST", "/ops/feeds/4711/retry", who=who)
    return look.status_code, decide.status_code, site.get("/ops/people", who=who).status_code


def test_a_token_may_what_its_user_may_at_that_moment(site: Site) -> None:
    assert statuses(site) == (200, 404, 403)
    users.change(site.context.db, "olga", {"role": "viewer"})
    assert statuses(site) == (200, 403, 403)
    users.change(site.context.db, "olga", {"role": "admin"})
    assert statuses(site) == (200, 404, 200)
    users.change(site.context.db, "olga", {"enabled": False})
    assert statuses(site) == (401, 401, 401)
    users.change(site.context.db, "olga", {"enabled": True})
    assert statuses(site) == (200, 404, 200)


def test_its_last_use_is_kept(site: Site) -> None:
    site.get("/ops/feeds", who="olga")
    (kept,) = user_tokens.listing(site.context.db, 2)
    assert kept.used_at == "2026-11-22T12:00:00.000Z"


def test_where_a_second_factor_is_required_no_token_holds_without(tmp_path: Path) -> None:
    assert WebSettings().second_factor == "optional"
    with site_on(tmp_path, web={"second_factor": "required"}) as site:
        site.add_user(Role.ADMIN)
        answer = site.get("/ops/feeds", who="admin")
        assert (answer.status_code, "admin has none: set it up" in answer.json()["detail"]) == (403, True)
        users.change(site.context.db, "admin", {"totp_secret": "JBSWY3DPEHPK3PXP"})
        assert site.get("/ops/feeds", who="admin").status_code == 200


def test_each_token_has_the_published_rate_to_itself(tmp_path: Path) -> None:
    with site_on(tmp_path, api={"per_second": 1000, "per_minute": 3, "per_hour": 5400}) as site:
        site.add_user(Role.VIEWER, "olga")
        site.add_user(Role.VIEWER, "otto")
        assert [one.id for one in user_tokens.listing(site.context.db, 1)] == [1], (
            "as anna's token, which is another one"
        )
        answers = [site.get("/ops/feeds", who="olga") for _ in range(4)]
        assert [one.status_code for one in answers] == [200, 200, 200, 429]
        assert answers[0].headers["ratelimit-policy"] == "1000;w=1, 3;w=60, 5400;w=3600"
        assert 1 <= int(answers[3].headers["retry-after"]) <= 60
        assert site.get("/ops/feeds", who="otto").status_code == 200
        assert site.get("/states").status_code == 200
