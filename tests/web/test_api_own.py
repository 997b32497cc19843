"""What a seller sees and changes of its own by the API, and how failures are told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hook_receiver import receiver
from pipeline.shop import ITEM, ORDER, OTHER, Shop, shipped
from web.api_kit import Site, site_on

from cws_filedrop.orders import order_files
from cws_filedrop.outgoing.hooks.caller import Caller
from cws_filedrop.settings import ApiSettings
from cws_filedrop.store.sellers import sellers, tokens
from cws_filedrop.store.users import decisions
from cws_filedrop.web.api.rates import Rates

PROBLEM = "application/problem+json"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with site_on(tmp_path) as made:
        yield made


# Who calls.


@pytest.mark.parametrize("said", ["", "Bearer", "Bearer cwsfd_wrong", "Basic YTpi", "Bearer \u00ff", "cwsfd_x"])
def test_without_a_token_nobody_comes_in(site: Site, said: str) -> None:
    answer = site.get("/uploads", who="", headers={"authorization": said.encode("latin-1")} if said else {})
    assert (answer.status_code, answer.headers["content-type"]) == (401, PROBLEM)
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert answer.json()["status"] == 401


def test_nor_from_a_network_that_is_not_the_sellers(site: Site) -> None:
    sellers.change(site.context.db, "anna", {"networks": "192.0.2.0/24"})
    assert site.get("/uploads").status_code == 403
    sellers.change(site.context.db, "anna", {"networks": "127.0.0.0/8"})
    assert site.get("/uploads").status_code == 200


def test_a_body_is_not_read_of_who_may_not_send_one(site: Site) -> None:
    assert site.hand_in(who="", headers={"authorization": "Bearer cwsfd_wrong"}).status_code == 401
    assert site.spooled() == []


# Failures are problems.


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nothing", 404),
        ("GET", "/uploads/", 404),
        ("DELETE", "/uploads", 405),
        ("HEAD", "/uploads", 405),
        ("GET", "/uploads/20261122-013042-k7f3", 404),
        ("GET", "/uploads/20261122-013042-k7f3/lines", 404),
        ("GET", "/uploads/not-an-id", 422),
        ("GET", "/uploads?limit=0", 422),
        ("GET", "/uploads?limit=201", 422),
        ("GET", "/uploads?cursor=x", 422),
        ("GET", "/uploads?state=lost", 422),
        ("GET", "/orders?cursor=2026~", 422),
        ("GET", f"/orders/{ORDER}", 404),
        ("GET", "/orders/created/..%2f..%2fSTATUS.txt", 404),
        ("GET", "/hooks", 200),
        ("DELETE", "/hooks/99999999999999999999", 422),
        ("POST", "/hooks", 422),
    ],
)
def test_each_is_told_the_same_way(site: Site, method: str, path: str, status: int) -> None:
    answer = site.call(method, path)
    assert answer.status_code == status
    if status != 200 and method != "HEAD":
        assert answer.headers["content-type"] == PROBLEM
        told = answer.json()
        assert (told["type"], told["status"]) == ("about:blank", status)
        assert set(told) >= {"title", "detail"}
        assert ("errors" in told) == (status == 422)


def test_what_fails_by_our_fault_says_nothing_of_it(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cws_filedrop.store.lists.api_lists.uploads_of", lambda *_, **__: 1 / 0)
    answer = site.get("/uploads")
    assert (answer.status_code, answer.headers["content-type"]) == (500, PROBLEM)
    assert "division" not in answer.text


# How often.


def test_the_rate_is_said_and_kept(tmp_path: Path) -> None:
    with site_on(tmp_path, api={"per_second": 1000, "per_minute": 3, "per_hour": 5400}) as site:
        answers = [site.get("/states") for _ in range(4)]
        assert [one.status_code for one in answers] == [200, 200, 200, 429]
        assert [one.headers["ratelimit-remaining"] for one in answers] == ["2", "1", "0", "0"]
        assert answers[0].headers["ratelimit-policy"] == "1000;w=1, 3;w=60, 5400;w=3600"
        assert 1 <= int(answers[3].headers["retry-after"]) <= 60
        assert answers[3].headers["content-type"] == PROBLEM
        assert site.get("/states", who="bert").status_code == 200


def test_the_published_rates_are_the_ancestors() -> None:
    assert Rates(ApiSettings()).policy == "15;w=1, 240;w=60, 5400;w=3600"


def test_each_window_counts_by_itself() -> None:
    now = [0.0]
    rates = Rates(ApiSettings(per_second=2, per_minute=3, per_hour=4), lambda: now[0])

    def calls(number: int) -> list[int]:
        found = [rates.call(1) for _ in range(number)]
        return [one.retry_seconds for one in found if one is not None]

    assert calls(3) == [0, 0, 1]
    now[0] = 1.0
    assert calls(2) == [0, 59]
    now[0] = 60.0
    assert calls(2) == [0, 3540]
    now[0] = 3599.9
    assert calls(1) == [1]
    now[0] = 3600.0
    assert calls(3) == [0, 0, 1]
    assert Rates(ApiSettings(0, 0, 0)).call(1) is None


# Pages that are known already.


def test_what_is_known_already_is_not_sent_again(site: Site) -> None:
    site.drop()
    for path in ("/uploads", "/states", "/orders", "/status", "/hooks"):
        first = site.get(path)
        site.clock.wait(seconds=61)
        same = site.get(path, headers={"if-none-match": f'"other", W/{first.headers["etag"]}'})
        assert (path, same.status_code, same.content) == (path, 304, b"")
        assert site.get(path, headers={"if-none-match": '"other"'}).status_code == 200
    before = site.get("/uploads").headers["etag"]
    site.drop(name="b.txt")
    assert site.get("/uploads", headers={"if-none-match": before}).status_code == 200


# Orders.


def test_orders_in_pages_and_one_with_its_history(site: Site) -> None:
    shop = Shop(site.context)
    numbers = [f"026-1520163-600000{number}" for number in range(5)]
    shop.imports(*(f"{number}\t{ITEM}\t2026-11-20\tStandard\tsku\t1" for number in numbers))
    seen, where = [], "/orders?state=new&limit=2"
    while where:
        answer = site.get(where)
        seen += [one["order_id"] for one in answer.json()["orders"]]
        where = answer.links["next"]["url"].removeprefix("/api/v1") if "next" in answer.links else ""
    assert seen == list(reversed(numbers))
    upload_id = shop.drop(shipped(order=numbers[0]))
    found = site.get(f"/orders/{numbers[0]}").json()
    assert (found["state"], found["lines"][0]["sku"]) == ("shipped", "sku")
    assert found["history"][-1]["upload_id"] == upload_id
    assert {one["state"]: one["orders"] for one in site.get("/states").json()["states"]} == {
        "new": 4,
        "packed": 0,
        "partly shipped": 0,
        "shipped": 1,
        "unconfirmed": 0,
        "deferred": 0,
        "cancelled": 0,
    }


def test_the_order_files_to_work_from(site: Site) -> None:
    Shop(site.context).imports(f"{OTHER}\t{ITEM}\t2026-11-20\tStandard\tsku\t1")
    order_files.write(site.context)
    file, *_ = site.get("/orders/created").json()["files"]
    content = site.get(f"/orders/created/{file['name']}")
    assert OTHER in content.text
    assert len(content.content) == file["size"]
    assert site.get("/orders/modified").json()["files"] == []
    assert site.get(f"/orders/modified/{file['name']}").status_code == 404


def test_the_status_is_the_one_in_the_file(site: Site) -> None:
    upload_id = site.drop()
    told = site.get("/status").json()
    assert (told["version"], told["seller"], told["uploads"][0]["id"]) == (1, "anna", upload_id)


# Web hooks and tokens.


def test_a_hook_of_its_own_from_its_beginning_to_its_end(tmp_path: Path) -> None:
    allowed = {"allow_http": True, "allow_private": True}
    with receiver() as there, site_on(tmp_path, hooks=allowed) as site:
        made = site.call("POST", "/hooks", json={"url": there.url, "events": ["upload.answered"]})
        assert (made.status_code, made.json()["events"]) == (201, ["upload.answered"])
        hook = made.json()
        upload_id = site.drop()
        (listed,) = site.get("/hooks").json()["hooks"]
        assert listed == {name: value for name, value in hook.items() if name not in ("secret", "marketplace")} | {
            "waiting": 1
        }
        assert Caller(site.context).round() == 1
        assert there.told[0].is_signed_with(hook["secret"])
        where = there.told[0].said["data"]["links"]["upload"].removeprefix("/api/v1")
        assert site.get(where).json()["id"] == upload_id
        off = site.call("PATCH", f"/hooks/{hook['id']}", json={"enabled": False})
        assert (off.status_code, off.json()["enabled"]) == (200, False)
        assert site.call("DELETE", f"/hooks/{hook['id']}").status_code == 204
        assert site.call("DELETE", f"/hooks/{hook['id']}").status_code == 404


@pytest.mark.parametrize(
    "requested",
    [
        {"url": "http://example.com/"},
        {"url": "https://example.com/", "events": ["alarm.raised"]},
        {"url": "https://example.com/", "more": 1},
        {"events": []},
        [],
    ],
)
def test_what_cannot_be_a_hook(site: Site, requested: object) -> None:
    assert site.call("POST", "/hooks", json=requested).status_code == 422
    assert site.get("/hooks").json()["hooks"] == []


def test_a_token_of_its_own_from_its_beginning_to_its_end(site: Site) -> None:
    made = tokens.add(site.context.db, 1, "stock", now=site.clock())
    assert made is not None
    number, site.tokens["stock"] = made[0].id, made[1]
    assert site.get("/uploads", who="stock").status_code == 200
    assert made[1] not in site.get("/tokens").text
    where = f"/tokens/{number}"
    assert site.call("PATCH", where, json={"enabled": False}).json()["enabled"] is False
    assert site.get("/uploads", who="stock").status_code == 401
    assert site.call("DELETE", where).status_code == 204
    assert [one["label"] for one in site.get("/tokens").json()["tokens"]] == ["test"]
    kept = decisions.listing(site.context.db, limit=10)
    assert [(one.what, one.about) for one in kept] == [
        ("seller.token-remove", "anna"),
        ("seller.token-disable", "anna"),
    ]
    assert {one.detail for one in kept} == {f"{number} {made[1][:10]}… stock"}
    assert {(one.who, one.token) for one in kept} == {("seller anna", site.tokens["anna"][:10])}


def test_a_token_makes_no_other_one(site: Site) -> None:
    refused = site.call("POST", "/tokens", json={"label": "stock"})
    assert (refused.status_code, "makes no other" in refused.json()["detail"]) == (403, True)
    assert len(site.get("/tokens").json()["tokens"]) == 1


def test_what_happens_to_hooks_is_kept_with_who_and_by_which_token(site: Site) -> None:
    made = site.call("POST", "/hooks", json={"url": "https://example.com/in"}).json()["id"]
    site.call("PATCH", f"/hooks/{made}", json={"enabled": False})
    site.call("DELETE", f"/hooks/{made}")
    kept = decisions.listing(site.context.db, limit=10)
    assert [one.what for one in kept] == ["seller.hook-remove", "seller.hook-disable", "seller.hook-add"]


def test_the_document_is_there_and_names_its_answers(site: Site) -> None:
    document = site.get("/openapi.json", who="").json()
    schemes = document["components"]["securitySchemes"]
    assert {name: one["scheme"] for name, one in schemes.items()} == {"token": "bearer", "operator_token": "bearer"}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            ours = path.startswith("/ops/")
            (security,) = operation["security"]
            assert list(security) == ["operator_token" if ours else "token"], (method, path)
            assert next(iter(security.values())) in (["read"], ["upload"], ["manage"]), (method, path)
            assert [tag.startswith("operators: ") for tag in operation["tags"]] == [ours], (method, path)
            assert {"401", "403", "422", "429"} <= set(operation["responses"]), (method, path)
            for status, answer in operation["responses"].items():
                if int(status) >= 400:
                    assert list(answer["content"]) == [PROBLEM], (method, path, status)
    assert "HTTPValidationError" not in json.dumps(document)
