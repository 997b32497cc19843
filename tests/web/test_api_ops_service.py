"""How the service stands, by the operators' API: now, feeds, sellers, doors, alarms, charts, people, deeds."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from pipeline.shop import ORDER, Shop
from web.api_kit import Site, site_on
from web.scenes import LATE, busy
from web.test_api_ops_uploads import every, look

from cws_filedrop.credentials import passwords
from cws_filedrop.model import Account, AlarmKind, Allowance, Role, Seller
from cws_filedrop.store.database import stamp
from cws_filedrop.store.doors import connections, guard
from cws_filedrop.store.doors.guard import FailureRecord
from cws_filedrop.store.feeds import feeds
from cws_filedrop.store.outgoing import alarms
from cws_filedrop.store.outgoing.alarms import AlarmFinding
from cws_filedrop.store.sellers import sellers
from cws_filedrop.store.users import decisions, users

CONNECTION = {"seller": "anna", "door": "sftp", "address": "192.0.2.7", "client": "WinSCP", "busy": True}


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with site_on(tmp_path, allowance=Allowance(files_an_hour=100)) as made:
        made.add_user(Role.ADMIN, "root")
        made.add_user(Role.OPERATOR, "olga")
        made.add_user(Role.VIEWER, "otto")
        yield made


def do(site: Site, path: str, *, method: str = "POST", who: str = "olga", **body: object) -> httpx.Response:
    return site.call(method, f"/ops{path}", who=who, **({"json": body} if body else {}))


def last(site: Site) -> tuple[str, str, str, str, str]:
    deed, *_ = decisions.listing(site.context.db, limit=1)
    return deed.who, deed.token, deed.what, deed.about, deed.detail


def connect(site: Site, *ids: str) -> None:
    rows = [{"id": one, "since": stamp(site.clock()), **CONNECTION} for one in ids]
    connections.keep(site.context.db, "doors", rows, [])


# Now.


def test_now_tells_how_everything_stands(site: Site) -> None:
    quiet = look(site, "/now").json()
    assert quiet["stages"]["to_send"] == {"number": 0, "lines": 0, "oldest_at": None, "oldest_seconds": None}
    named = busy(site)
    site.hand_in(who="bert")
    connect(site, "0f3a5c7d9b1e")
    alarms.beat(site.context.db, "worker 1", now=site.clock())
    site.clock.wait(minutes=20)
    now = look(site, "/now").json()
    assert now["at"] == "2026-11-22T13:00:00.000Z"
    stages = {name: (one["number"], one["lines"]) for name, one in now["stages"].items()}
    assert stages == {"being_read": (1, 0), "to_send": (0, 0), "at_amazon": (0, 0), "aside": (1, 0), "stopped": (1, 1)}
    stopped = now["stages"]["stopped"]
    assert (stopped["oldest_at"], stopped["oldest_seconds"]) == ("2026-11-22T12:00:00.000Z", 3600.0)
    assert (now["connections"], now["transfers"], now["unconfirmed"], now["late_orders"]) == (1, 1, 1, 1)
    assert [(one["order_id"], one["seller"], one["state"]) for one in now["late"]] == [(LATE, "anna", "new")]
    assert [one["kind"] for one in now["alarms"]] == ["stuck-feed"]
    health = {one["name"]: one for one in now["health"]}
    assert set(health) == {"Database", "Disk", "Sandbox", "Worker"}
    assert (health["Sandbox"]["tone"], health["Sandbox"]["words"]) == ("bad", "stopped feeds: 1")
    assert (health["Worker"]["tone"], health["Worker"]["words"]) == ("bad", "silent for 20 min")
    assert named["held"] == every(site, "/held", "uploads")[0]["id"]


def test_alarms_that_are_open_and_those_that_are_over(site: Site) -> None:
    found = [AlarmFinding(f"k{number}", AlarmKind.DISK, f"text {number}", "Make room.") for number in range(3)]
    alarms.renew(site.context.db, found, now=site.clock())
    alarms.renew(site.context.db, found[1:], now=site.clock())
    assert [one["text"] for one in every(site, "/alarms?limit=1", "alarms")] == ["text 2", "text 1"]
    everything = every(site, "/alarms?limit=1&over=true", "alarms")
    assert [(one["text"], one["recovered_at"] is None) for one in everything] == [
        ("text 2", True), ("text 1", True), ("text 0", False),
    ]  # fmt: skip


# Feeds.


def stopped(site: Site) -> int:
    shop = Shop(site.context)
    shop.drop(f"{ORDER}\tshipped\t\t\t\t\t")
    _, number = shop.submitted()
    feeds.change(site.context.db, number, state="stopped", note="Amazon answered 403")
    return number


def test_a_stopped_feed_goes_on(site: Site) -> None:
    number = stopped(site)
    (listed,) = every(site, "/feeds?state=stopped", "feeds")
    assert (listed["no"], listed["merchant_id"], listed["note"]) == (number, "M1", "Amazon answered 403")
    assert look(site, f"/feeds/{number}").json() == listed | {"marketplace": "sandbox"}
    done = do(site, f"/feeds/{number}/retry")
    assert (done.status_code, done.json()["state"], done.json()["note"]) == (202, "submitted", "")
    assert feeds.get(site.context.db, number).state in feeds.LIVE
    assert last(site) == ("olga", site.tokens["olga"][:10], "feed.retry", str(number), "")
    again = do(site, f"/feeds/{number}/retry")
    assert (again.status_code, again.json()["detail"]) == (409, f"Nothing was done: feed {number} is not stopped.")
    assert every(site, "/feeds?state=stopped", "feeds") == []


def test_a_stopped_feed_is_one_that_amazon_has(site: Site) -> None:
    number = stopped(site)
    assert do(site, f"/feeds/{number}/adopt", amazon_feed_id="not an id").status_code == 422
    done = do(site, f"/feeds/{number}/adopt", amazon_feed_id="50001234567")
    assert (done.status_code, done.json()["amazon_feed_id"]) == (202, "50001234567")
    assert feeds.get(site.context.db, number).amazon_feed_id == "50001234567"
    assert last(site)[2:] == ("feed.adopt", str(number), "50001234567")
    assert do(site, f"/feeds/{number}/adopt", amazon_feed_id="5").status_code == 409


def test_feeds_come_in_pages_and_none_is_made_up(site: Site) -> None:
    shop = Shop(site.context)
    for number in range(3):
        shop.drop(f"026-0000000-000000{number}\tshipped\t\t\t\t\t")
        shop.answered({})
    assert [one["no"] for one in every(site, "/feeds?limit=1", "feeds")] == [3, 2, 1]
    for method, path in (("GET", ""), ("POST", "/retry")):
        assert do(site, f"/feeds/4711{path}", method=method).status_code == 404


# Sellers.


def test_sellers_at_a_glance_and_one_of_them(site: Site) -> None:
    named = busy(site)
    sellers.add(site.context.db, Seller(0, "cleo", Account(0, "M3")), password_hash="h", now=site.clock())
    guard.save(site.context.db, [FailureRecord("address", "192.0.2.7", 20, 0, site.clock().timestamp() + 600, 1)])
    rows = every(site, "/sellers?limit=1", "sellers")
    assert [one["name"] for one in rows] == ["anna", "bert", "cleo"]
    assert (rows[0]["merchant_id"], rows[0]["aside"], rows[2]["last_drop"]) == ("M1", 1, None)
    (site.context.home("anna").path / "inbox" / "waits.txt").write_bytes(b"12345")
    anna = look(site, "/sellers/Anna").json()
    assert (anna["name"], anna["may_log_in"], anna["merchant_id"], anna["networks"]) == ("anna", True, "M1", "")
    assert (anna["counts"]["held"], len(anna["uploads"]), anna["limits"]) == (
        1,
        4,
        [{"name": "files in an hour", "used": 4, "most": 100}],
    )
    folders = {one["name"]: one for one in anna["folders"]}
    assert [(one["name"], one["size"]) for one in folders["inbox"]["files"]] == [("waits.txt", 5)]
    assert set(folders) == {"inbox", "test", "outbox", "orders/created", "orders/modified"}
    assert folders["outbox"]["number"] == len(folders["outbox"]["files"]) > 0
    assert [one["order_id"] for one in anna["unconfirmed"]] == [named["order"]]
    assert [one["order_id"] for one in anna["late"]] == [LATE]
    assert [one["event"] for one in anna["at_doors"]] == ["login-refused", "upload", "login"]
    assert [one["who"] for one in anna["bans"]] == ["192.0.2.7"]
    assert sum(map(sum, anna["rhythm"])) == 4
    sellers.change(site.context.db, "cleo", {"enabled": False})
    assert look(site, "/sellers/cleo").json()["may_log_in"] is False
    assert site.get("/ops/sellers/nobody", who="otto").status_code == 404


# At the doors.


def test_a_connection_is_closed(site: Site) -> None:
    connect(site, "0f3a5c7d9b1e", "0f3a5c7d9b1f")
    wanted = {"since": "2026-11-22T12:00:00.000Z", "close_asked": False, **CONNECTION}
    assert every(site, "/connections?seller=Anna", "connections") == [
        {"id": one, **wanted} for one in ("0f3a5c7d9b1e", "0f3a5c7d9b1f")
    ]
    assert every(site, "/connections?seller=bert", "connections") == []
    done = do(site, "/connections/0f3a5c7d9b1f/close")
    assert (done.status_code, done.content) == (204, b"")
    assert connections.to_end(site.context.db, "doors") == ["0f3a5c7d9b1f"]
    assert last(site) == ("olga", site.tokens["olga"][:10], "connection.close", "0f3a5c7d9b1f", "")
    connections.keep(site.context.db, "doors", [], ["0f3a5c7d9b1f"])
    gone = do(site, "/connections/0f3a5c7d9b1f/close")
    words = "Nothing was done: there is no connection 0f3a5c7d9b1f (any more)."
    assert (gone.status_code, gone.json()["detail"]) == (409, words)


def test_who_is_kept_out_and_is_let_in_again(site: Site) -> None:
    until = site.clock().timestamp() + 600
    whos = [("address", "192.0.2.7"), ("address", "2001:db8::1"), ("user", "operator root"), ("user", "a/b:c~d")]
    guard.save(site.context.db, [FailureRecord(kind, who, 20, 0, until, 2) for kind, who in whos])
    guard.save(site.context.db, [FailureRecord("address", "192.0.2.8", 3, 0)])
    found = every(site, "/bans?limit=1", "bans")
    assert [(one["kind"], one["who"]) for one in found] == sorted(whos)
    assert (found[0]["until"], found[0]["bans"]) == ("2026-11-22T12:10:00.000Z", 2)
    assert site.call("POST", "/ops/bans/lift", who="olga", json={"who": ""}).status_code == 422
    for _, who in whos:
        assert site.call("POST", "/ops/bans/lift", who="olga", json={"who": who}).status_code == 204
        assert last(site)[2:] == ("guard.unban", who, "")
    assert every(site, "/bans", "bans") == []
    again = site.call("POST", "/ops/bans/lift", who="olga", json={"who": "192.0.2.7"})
    assert (again.status_code, again.json()["detail"]) == (
        409,
        "Nothing was done: nothing is held against 192.0.2.7.",
    )


# Charts.


@pytest.mark.parametrize(("query", "slots"), [("", 25), ("?range=week", 8), ("?range=month&seller=Anna", 31)])
def test_the_figures_of_the_charts(site: Site, query: str, slots: int) -> None:
    busy(site)
    figures = look(site, f"/charts{query}").json()
    assert len(figures["slots"]) == slots
    assert figures["seller"] == ("anna" if "seller" in query else None)
    for values in (*figures["lines"].values(), *figures["receipt_seconds"].values()):
        assert len(values) == slots
    assert set(figures["answer_seconds"]) == {"p50", "p95"}
    assert figures["quota"]["most"] == 720 * {25: 1, 8: 7, 31: 30}[slots]
    assert figures["quota"]["used"] == [{"merchant_id": "M1", "feeds": 2}]
    assert site.get("/ops/charts?seller=nobody", who="otto").status_code == 404
    assert site.get("/ops/charts?range=year", who="otto").status_code == 422


# People.


def test_people_are_added_changed_and_kept_out(site: Site) -> None:
    made = do(site, "/people", who="root", name="Eve", role="viewer")
    assert made.status_code == 201
    person = made.json()
    password = person.pop("password")
    eve = users.find(site.context.db, "eve")
    assert eve is not None
    assert passwords.matches(eve.password_hash, password)
    assert person == {
        "name": "eve",
        "role": "viewer",
        "enabled": True,
        "second_factor": False,
        "created_at": "2026-11-22T12:00:00.000Z",
        "marketplace": "sandbox",
    }
    people = site.get("/ops/people", who="root").json()["people"]
    assert [one["name"] for one in people] == ["eve", "olga", "otto", "root"]
    assert password not in json.dumps(people)
    taken = do(site, "/people", who="root", name="eve", role="viewer")
    assert (taken.status_code, taken.json()["detail"]) == (409, "Nothing was done: there is a user eve already.")
    users.change(site.context.db, "eve", {"totp_secret": "JBSWY3DPEHPK3PXP"})
    for change, wanted in (
        ({"role": "operator"}, ("user.role", "eve", "operator")),
        ({"enabled": False}, ("user.disable", "eve", "")),
        ({"enabled": True}, ("user.enable", "eve", "")),
        ({"second_factor": False}, ("user.forget-factor", "eve", "")),
    ):
        done = do(site, "/people/eve", method="PATCH", who="root", **change)
        assert (done.status_code, done.json() | change) == (200, done.json())
        assert last(site) == ("root", site.tokens["root"][:10], *wanted)
    fresh = do(site, "/people/eve/password", who="root").json()["password"]
    eve = users.find(site.context.db, "eve")
    assert eve is not None
    assert passwords.matches(eve.password_hash, fresh)


@pytest.mark.parametrize("change", [{}, {"role": "viewer", "enabled": True}, {"second_factor": True}, {"name": "x"}])
def test_one_thing_is_changed_at_a_time(site: Site, change: dict[str, object]) -> None:
    answer = site.call("PATCH", "/ops/people/olga", who="root", json=change)
    assert answer.status_code == 422
    assert users.find(site.context.db, "olga") is not None


def test_there_is_always_an_admin(site: Site) -> None:
    answer = do(site, "/people/root", method="PATCH", who="root", enabled=False)
    assert (answer.status_code, "the last admin" in answer.json()["detail"]) == (409, True)
    assert do(site, "/people/nobody", method="PATCH", who="root", enabled=False).status_code == 404
    assert do(site, "/people/nobody/password", who="root").status_code == 404


def test_what_was_done_in_pages_by_whom_and_about_what(site: Site) -> None:
    for name in ("a", "b", "c"):
        do(site, "/people", who="root", name=name, role="viewer")
    do(site, "/feeds/1/retry")

    def found(query: str) -> list[str]:
        about, where = [], f"/ops/deeds?limit=1&{query}"
        while where:
            answer = site.get(where, who="root")
            about += [one["about"] for one in answer.json()["deeds"]]
            where = answer.links["next"]["url"].removeprefix("/api/v1") if "next" in answer.links else ""
        return about

    assert found("") == ["c", "b", "a"]
    assert found("about=b") == ["b"]
    assert found("who=root") == ["c", "b", "a"]
    assert found("who=olga") == []


def test_what_is_known_already_is_not_sent_again(site: Site) -> None:
    busy(site)
    lists = ("uploads", "orders", "unconfirmed", "held", "feeds", "sellers", "connections", "bans", "alarms", "charts")
    for path in lists:
        first = look(site, f"/{path}")
        same = site.get(f"/ops/{path}", who="otto", headers={"if-none-match": first.headers["etag"]})
        assert (path, same.status_code, same.content) == (path, 304, b"")
