"""Uploads and orders by the operators' API: found, told, decided on, with what that changes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from pipeline.shop import ITEM, ORDER, OTHER, Shop, shipped
from web.api_kit import Site, site_on
from web.scenes import busy
from web.test_pages_for_operators import held, refused

from cws_filedrop.feeds.processing_report import explain
from cws_filedrop.model import OrderState, Role, UploadState
from cws_filedrop.store.feeds import refusals
from cws_filedrop.store.lists import work_lists
from cws_filedrop.store.orders import order_book
from cws_filedrop.store.uploads import uploads
from cws_filedrop.store.users import decisions
from cws_filedrop.views.upload_timeline import find

UPLOAD = "20261122-013042-k7f3"
SANDBOX = {"marketplace": "sandbox"}  # stands in every answer


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with site_on(tmp_path) as made:
        made.add_user(Role.OPERATOR, "olga")
        made.add_user(Role.VIEWER, "otto")
        yield made


def look(site: Site, path: str) -> httpx.Response:
    answer = site.get(f"/ops{path}", who="otto")
    assert answer.status_code == 200, (path, answer.text)
    return answer


def do(site: Site, path: str, *, method: str = "POST", **body: object) -> httpx.Response:
    return site.call(method, f"/ops{path}", who="olga", **({"json": body} if body else {}))


def every(site: Site, path: str, name: str) -> list[dict[str, object]]:
    """All that a list has, page by page."""
    found: list[dict[str, object]] = []
    while path:
        answer = look(site, path)
        found += answer.json()[name]
        path = answer.links["next"]["url"].removeprefix("/api/v1/ops") if "next" in answer.links else ""
    return found


def state(site: Site, upload_id: str) -> UploadState:
    found = uploads.get(site.context.db, upload_id)
    assert found is not None
    return found.state


def told(site: Site, about: str) -> list[tuple[str, str, str, str, str]]:
    return [
        (one.who, one.address, one.token, one.what, one.detail)
        for one in decisions.listing(site.context.db, about=about)
    ]


# Uploads.


def test_uploads_are_found_by_whatever_one_has_of_them(site: Site) -> None:
    named = busy(site)
    theirs = site.drop(who="bert", name="berts.txt")
    upload = uploads.get(site.context.db, named["upload"])
    assert upload is not None

    def ids(query: str) -> list[object]:
        return [one["id"] for one in every(site, f"/uploads?limit=1&{query}", "uploads")]

    for query in (f"q={upload.id}", f"q={OTHER}", f"q={upload.sha256[:12]}", "q=Y0000001K", "verdict=confirmed"):
        assert upload.id in ids(query), query
        assert theirs not in ids(query), query
    assert ids("seller=Bert") == ids("door=http") == ids("q=berts") == [theirs]
    assert ids("state=held") == [named["held"]]
    day = f"{upload.id[:4]}-{upload.id[4:6]}-{upload.id[6:8]}"  # that of its arrival
    assert ids(f"code=A-18028&verdict=unconfirmed&seller=anna&since={day}&until={day}") == [upload.id]
    assert ids("until=2025-11-21") == ids("since=2099-01-01") == []
    newest_first = ids("")
    assert newest_first == sorted(map(str, newest_first), reverse=True)
    assert len(newest_first) == 5


def test_an_upload_tells_its_story(site: Site) -> None:
    named = busy(site)
    one = look(site, f"/uploads/{named['upload']}").json()
    assert (one["seller"], one["state"], one["verdicts"]) == (
        "anna",
        "done",
        {"confirmed": 1, "rejected": 1, "unconfirmed": 1},
    )
    assert {"verdict": "unconfirmed", "code": "A-18028 | O03 | C01", "lines": 1} in one["said"]
    assert [issue["line"] for issue in one["issues"]] == [3, 3, 4]
    steps = [step["what"] for step in one["story"]]
    assert [steps.index(what) for what in ("upload at sftp", "feed 1 opened", "Amazon answered")] == sorted(
        steps.index(what) for what in ("upload at sftp", "feed 1 opened", "Amazon answered")
    )
    assert "every line has its answer" in steps
    assert [file["kind"] for file in one["files"]] == ["original", "receipt", "result", "rejected", "unconfirmed"]
    for file in one["files"]:
        content = look(site, f"/uploads/{named['upload']}/{file['kind']}")
        assert len(content.content) == file["size"]
        assert file["name"] in content.headers["content-disposition"]
    original = look(site, f"/uploads/{named['upload']}/original")
    path = site.context.spool.data_path(named["upload"])
    assert (original.content, original.headers["content-type"]) == (path.read_bytes(), "application/octet-stream")
    again = site.get(
        f"/ops/uploads/{named['upload']}/original", who="otto", headers={"if-none-match": original.headers["etag"]}
    )
    assert (again.status_code, again.content) == (304, b"")


def test_an_upload_that_nobody_has_recorded_yet_is_told_of_too(site: Site) -> None:
    upload_id = site.hand_in().json()["id"]
    found = find(site.context, upload_id)
    assert found is not None
    assert not found[1]
    one = look(site, f"/uploads/{upload_id}").json()
    assert (one["state"], one["seller"], one["account_id"], one["grade"]) == ("arrived", "anna", 0, "whole")


def test_the_lines_of_an_upload_by_page_verdict_and_code(site: Site) -> None:
    named = busy(site)
    where = f"/uploads/{named['upload']}/lines"
    assert [one["line"] for one in every(site, f"{where}?limit=1", "lines")] == [2, 3, 4]
    (line,) = every(site, f"{where}?verdict=unconfirmed&code=A-18028%20|%20O03%20|%20C01", "lines")
    assert (line["line"], line["amazon_order_id"], line["feed_no"]) == (3, OTHER, 1)
    assert every(site, f"{where}?code=O01", "lines") == []


def test_an_outbox_that_leads_elsewhere_is_not_followed(site: Site, tmp_path: Path) -> None:
    upload_id = site.drop()
    outbox = site.context.home("anna").path / "outbox"
    outbox.rename(tmp_path / "elsewhere")
    outbox.symlink_to(tmp_path / "elsewhere")
    assert site.get(f"/ops/uploads/{upload_id}/receipt", who="otto").status_code == 404
    assert [one["kind"] for one in look(site, f"/uploads/{upload_id}").json()["files"]] == ["original"]


def test_a_held_upload_is_released_once(site: Site) -> None:
    upload_id = held(site)
    done = do(site, f"/uploads/{upload_id}/release")
    assert (done.status_code, done.json()) == (202, {"id": upload_id, "state": "arrived"} | SANDBOX)
    assert site.arrived == [upload_id]
    assert state(site, upload_id) is UploadState.ARRIVED
    again = do(site, f"/uploads/{upload_id}/release")
    words = f"Nothing was done: upload {upload_id} is arrived; only what is held, cut or failed can be released."
    assert (again.status_code, again.json()["detail"]) == (409, words)
    token = site.tokens["olga"][:10]
    assert told(site, upload_id) == [("olga", "127.0.0.1", token, "upload.release", "held")]
    assert site.work(upload_id)
    assert state(site, upload_id) is UploadState.WAITING


def test_a_held_upload_is_rejected_with_the_reason(site: Site) -> None:
    upload_id = held(site)
    empty = do(site, f"/uploads/{upload_id}/reject", why=" ")
    assert (empty.status_code, empty.json()["detail"]) == (409, "Nothing was done: the seller has to be told why.")
    assert do(site, f"/uploads/{upload_id}/reject", why="it is last week's").status_code == 202
    site.work(upload_id)
    assert state(site, upload_id) is UploadState.REJECTED
    assert "it is last week's" in look(site, f"/uploads/{upload_id}/receipt").text
    assert [one[3:] for one in told(site, upload_id)] == [("upload.reject", "it is last week's")]


@pytest.mark.parametrize("what", ["release", "reject", "case"])
def test_what_is_not_there_cannot_be_decided_on(site: Site, what: str) -> None:
    body = {"why": "x"} if what == "reject" else {}
    if what == "case":
        answer = do(site, f"/uploads/{UPLOAD}/case", method="PUT", note="x")
    else:
        answer = do(site, f"/uploads/{UPLOAD}/{what}", **body)
    assert answer.status_code == 404


# The work lists.


def test_the_work_lists_and_whose_work_it_is(site: Site) -> None:
    upload_id = held(site)
    refused(site)
    (unconfirmed,) = every(site, "/unconfirmed", "lines")
    assert (unconfirmed["order_id"], unconfirmed["code"], unconfirmed["seller"]) == (OTHER, "A-18028 | C01", "anna")
    assert "cannot be found" in str(unconfirmed["message"])
    assert unconfirmed["remedy"] == explain("A-18028")
    assert str(unconfirmed["amazon_url"]).endswith(OTHER)
    assert every(site, "/unconfirmed?code=A-1", "lines") == []
    (waiting,) = every(site, "/held", "uploads")
    assert (waiting["id"], waiting["state"], waiting["seller"]) == (upload_id, "held", "anna")
    assert [one["code"] for one in waiting["issues"]] == ["F09"]  # type: ignore[index]
    nobody = do(site, f"/uploads/{upload_id}/case", method="PUT", assignee="nobody")
    assert (nobody.status_code, nobody.json()["detail"]) == (409, "Nothing was done: there is no user nobody.")
    requested = {"assignee": "otto", "note": "asked\nthe seller"}
    case = requested | {"changed_at": "2026-11-22T12:00:00.000Z"}
    for where in (f"/uploads/{upload_id}/case", f"/orders/1/{OTHER}/case"):
        done = do(site, where, method="PUT", **requested)
        assert (done.status_code, done.json()) == (200, case | SANDBOX)
    assert every(site, "/held", "uploads")[0]["case"] == case
    assert every(site, "/unconfirmed", "lines")[0]["case"] == case
    assert look(site, f"/uploads/{upload_id}").json()["case"] == case
    assert look(site, f"/orders/1/{OTHER}").json()["case"] == case
    assert told(site, upload_id)[0][3:] == ("case.keep", "for otto: asked\nthe seller")


def test_the_work_lists_come_in_pages(site: Site) -> None:
    shop = Shop(site.context)
    orders = [f"026-1520163-600000{number}" for number in range(5)]
    for some in (orders[:3], orders[3:]):
        shop.drop(*(shipped("", order=one) for one in some))
        shop.answered(dict.fromkeys((1, 2, 3), ("A-18028", "no")))
    pages = every(site, "/unconfirmed?limit=2", "lines")
    assert [(one["order_id"], one["line"]) for one in pages] == [
        (orders[4], 3), (orders[3], 2), (orders[2], 4), (orders[1], 3), (orders[0], 2),
    ]  # fmt: skip
    ids = [held(site) for _ in range(3)]
    assert [one["id"] for one in every(site, "/held?limit=1", "uploads")] == ids[::-1]


# Orders.


def test_orders_are_found_and_told(site: Site) -> None:
    named = busy(site)
    found = every(site, "/orders?limit=1", "orders")
    assert {one["order_id"] for one in found} >= {ORDER, OTHER}
    assert len({one["order_id"] for one in found}) == len(found)
    assert [one["order_id"] for one in every(site, "/orders?state=unconfirmed", "orders")] == [OTHER]
    assert [one["order_id"] for one in every(site, "/orders?q=Y0000001K", "orders")] == [ORDER]
    one = look(site, f"/orders/1/{ORDER}").json()
    assert (one["merchant_id"], one["state"], one["speed"]) == ("M1", "shipped", "slow")
    assert one["lines"] == [{"order_item_id": ITEM, "sku": "BLUE-MUG", "item_name": "", "quantity": 2}]
    assert one["history"][-1]["upload_id"] == named["upload"]
    assert [upload["id"] for upload in one["uploads"]] == [named["upload"]]
    assert one["refused"] == []
    other = look(site, f"/orders/1/{OTHER}").json()
    assert [(line["line"], line["code"]) for line in other["refused"]] == [(3, "A-18028 | O03 | C01")]
    for nowhere in (f"/ops/orders/2/{ORDER}", "/ops/orders/1/026-0000000-0000000"):
        assert site.get(nowhere, who="otto").status_code == 404


def test_an_order_is_settled_by_hand(site: Site) -> None:
    refused(site)
    site.clock.wait(hours=2)
    where = f"/orders/1/{OTHER}/settle"
    assert do(site, where, state="shipped", note=" ").status_code == 422
    no = do(site, where, state="packed", note="x")
    words = "Nothing was done: an order is settled as shipped, cancelled, new, not as packed."
    assert (no.status_code, no.json()["detail"]) == (409, words)
    done = do(site, where, state="shipped", note="seen there")
    assert (done.status_code, done.json()) == (200, {"account_id": 1, "order_id": OTHER, "state": "shipped"} | SANDBOX)
    (order,) = order_book.find(site.context.db, 1, OTHER)
    assert order.state is OrderState.SHIPPED
    assert every(site, "/unconfirmed", "lines") == []
    about = work_lists.about_order(1, OTHER)
    detail = "unconfirmed -> shipped: seen there"
    assert told(site, about) == [("olga", "127.0.0.1", site.tokens["olga"][:10], "order.settle", detail)]
    (deed,) = look(site, f"/orders/1/{OTHER}").json()["deeds"]
    assert (deed["who"], deed["token"], deed["detail"]) == ("olga", site.tokens["olga"][:10], detail)


def test_what_amazon_refused_is_sent_again(site: Site) -> None:
    refused(site)
    done = do(site, f"/orders/1/{OTHER}/retry")
    assert done.status_code == 202
    upload_id = done.json()["upload_id"]
    assert site.arrived == [upload_id]
    assert site.context.spool.claim_of(upload_id).seller == "anna"
    assert look(site, f"/uploads/{upload_id}").json()["name"] == f"retry-{OTHER}.txt"
    no = do(site, f"/orders/1/{ORDER}/retry")
    assert (no.status_code, no.json()["detail"][:17]) == (409, "Nothing was done:")
    assert refusals.last_of_order(site.context.db, 1, ORDER) == []
    (deed,) = told(site, work_lists.about_order(1, OTHER))
    assert deed[:4] == ("olga", "127.0.0.1", site.tokens["olga"][:10], "order.retry")


@pytest.mark.parametrize(
    "path",
    [
        "/uploads?q=%00",
        "/uploads?since=2026-1-1",
        "/uploads?cursor=x",
        "/orders?cursor=2026~",
        "/orders?state=lost",
        "/unconfirmed?cursor=x~1",
        "/held?limit=0",
        "/uploads/not-an-id",
        "/orders/0/026-1520163-6049104",
        f"/orders/{10**20}/026-1520163-6049104",
    ],
)
def test_what_cannot_be_asked_is_told_so(site: Site, path: str) -> None:
    answer = site.get(f"/ops{path}", who="otto")
    assert answer.status_code == 422
    assert answer.json()["errors"]


@pytest.mark.parametrize("note", ["a\0b", "x" * 1001, "\ud800"])
def test_what_no_database_could_keep_is_refused(site: Site, note: str) -> None:
    upload_id = held(site)
    body = {"content": json.dumps({"note": note}), "headers": {"content-type": "application/json"}}
    answer = site.call("PUT", f"/ops/uploads/{upload_id}/case", who="olga", **body)
    assert (answer.status_code, answer.json()["errors"][0]["where"]) == (422, "body.note")
    assert work_lists.cases(site.context.db, [upload_id]) == {}
