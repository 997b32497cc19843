"""What operators see and may do."""

from __future__ import annotations

import io

import pytest
from pipeline.contexts import put, read
from pipeline.shop import ORDER, OTHER, Shop
from web.site import Site

from cws_filedrop.model import OrderState, Role, Verdict
from cws_filedrop.pipeline import outbox
from cws_filedrop.store.feeds import feeds, settling
from cws_filedrop.store.feeds.settling import Settlement
from cws_filedrop.store.lists import work_lists
from cws_filedrop.store.orders import order_book
from cws_filedrop.store.uploads import uploads
from cws_filedrop.store.users import decisions, users
from cws_filedrop.web.site.security import HEADERS

SHIPPED = "order-id\tstatus\n"
PAGES = (
    "/",
    "/uploads",
    "/orders",
    "/unconfirmed",
    "/held",
    "/sellers",
    "/sellers/anna",
    "/feeds",
    "/charts",
    "/alarms",
    "/me",
)


def refused(site: Site) -> Shop:
    """Two orders that were shipped; Amazon refuses the second."""
    shop = Shop(site.context)
    upload_id = shop.drop(f"{ORDER}\tshipped\t\t\t\t\t", f"{OTHER}\tshipped\t\t\t\t\t")
    shop.answered({2: ("A-18028", "Your order cannot be found")})
    found = uploads.some(site.context.db, [upload_id])
    assert outbox.answer(site.context, found) == []
    return shop


def held(site: Site) -> str:
    """An upload that waits for a word: one tracking number for many orders."""
    body = SHIPPED.replace("\n", "\ttracking\tcarrier\n") + "".join(
        f"026-1520163-{number:07}\tshipped\tY0000001K\tYodel\n" for number in range(30)
    )
    upload_id = put(site.context, body.encode(), name="mass.txt")
    read(site.context, upload_id)
    return upload_id


@pytest.mark.parametrize("path", [*PAGES, "/people", "/deeds"])
def test_every_page_answers_on_an_empty_service_and_with_everything_in_it(site: Site, path: str) -> None:
    browser = site.operator()
    assert browser.get(path).status_code == 200
    refused(site)
    held(site)
    answer = browser.get(path)
    assert answer.status_code == 200
    assert {name: answer.headers[name] for name in HEADERS} == HEADERS
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", PAGES)
def test_no_page_holds_script_or_style_of_its_own_or_asks_another_host(site: Site, path: str) -> None:
    refused(site)
    text = site.operator().get(path).text
    assert " style=" not in text
    assert "<style" not in text
    assert text.count("<script") == text.count('<script src="/static/')
    assert not [part for part in text.split('src="')[1:] if not part.startswith(("/static/", "data:"))]


def test_uploads_are_found_by_whatever_one_has_of_them(site: Site) -> None:
    shop = refused(site)
    upload = uploads.listing(site.context.db)[0]
    other = shop.drop("026-7777777-0000001\tshipped\t\t\tY0000009K\tYodel\t")
    browser = site.operator()
    for text in (upload.id, OTHER, upload.sha256[:12]):
        found = browser.text(f"/uploads?q={text}")
        assert upload.name in found, text
        assert "2.txt" not in found, text
    assert "2.txt" in browser.text("/uploads?q=Y0000009K")
    assert "1.txt" not in browser.text("/uploads?q=Y0000009K")
    assert "2.txt" not in browser.text("/uploads?verdict=unconfirmed")
    assert upload.name in browser.text("/uploads?verdict=unconfirmed&code=A-18028&seller=anna&door=ftp")
    assert "No uploads here." in browser.text("/uploads?verdict=unconfirmed&code=A-1")
    assert other != upload.id


def test_a_lists_next_page_goes_on_where_it_ended(site: Site) -> None:
    shop = Shop(site.context)
    ids = [shop.drop(f"026-0000000-{number:07}\tshipped\t\t\t\t\t") for number in range(53)]
    browser = site.operator()
    first = browser.get("/uploads").text
    assert [one for one in ids if one not in first] == ids[:3]
    more = f"/uploads?before={ids[3]}"
    assert more in first
    second = browser.get(more).text
    assert [one for one in ids if f"/uploads/{one}" in second] == ids[:3]


def test_an_unconfirmed_order_is_shown_with_amazons_words_and_ours_and_settled(site: Site) -> None:
    refused(site)
    site.clock.wait(hours=2)
    browser = site.operator(Role.OPERATOR)
    text = browser.text("/unconfirmed")
    for words in (OTHER, "A-18028", "Your order cannot be found", "Amazon does not know this order"):
        assert words in text
    assert browser.post(f"/orders/1/{OTHER}/settle", state="shipped", note=" ").status_code == 400
    done = browser.post(f"/orders/1/{OTHER}/settle", state="shipped", note="confirmed there by hand")
    assert done.headers["location"] == f"/orders/1/{OTHER}"
    assert f"{OTHER} is shipped now." in browser.text(f"/orders/1/{OTHER}")
    assert "now." not in browser.text(f"/orders/1/{OTHER}"), "told once"
    assert "Nothing is unconfirmed" in browser.text("/unconfirmed")
    (order,) = order_book.find(site.context.db, 1, OTHER)
    assert order.state is OrderState.SHIPPED
    told = decisions.listing(site.context.db, about=work_lists.about_order(1, OTHER))
    assert [(one.who, one.what, one.detail) for one in told] == [
        ("operator", "order.settle", "unconfirmed -> shipped: confirmed there by hand")
    ]


def test_what_amazon_refused_is_sent_again(site: Site) -> None:
    refused(site)
    browser = site.operator(Role.OPERATOR)
    assert "Send it again" in browser.get("/unconfirmed").text
    assert "Send it again" not in browser.get(f"/orders/1/{ORDER}").text, "nothing of it was refused"
    done = browser.post(f"/orders/1/{OTHER}/retry")
    assert (done.status_code, done.headers["location"]) == (303, f"/orders/1/{OTHER}")
    (upload_id,) = site.arrived
    text = browser.text(f"/orders/1/{OTHER}")
    assert f"Its refused lines are sent again, as upload {upload_id}." in text
    assert f"order.retry lines 3 of {uploads.listing(site.context.db)[0].id} as {upload_id}" in text
    assert site.context.spool.claim_of(upload_id).seller == "anna"
    answer = browser.post(f"/orders/1/{ORDER}/retry")
    assert (answer.status_code, "only what Amazon refused is sent again" in answer.text) == (409, True)


def test_what_nobody_knows_of_stands_among_the_unconfirmed(site: Site) -> None:
    shop = Shop(site.context)
    shop.drop(f"{ORDER}\tshipped\t\t\t\t\t")
    _, feed_no = shop.submitted()
    lost = Settlement(Verdict.UNKNOWN, "", "Amazon ended the feed as FATAL", {})
    settling.settle(site.context.db, feed_no, lost, now=site.clock())
    site.clock.wait(hours=1)
    browser = site.operator(Role.OPERATOR)
    text = browser.text("/unconfirmed")
    for words in (ORDER, "unknown", "Amazon ended the feed as FATAL", "It is never sent again blindly"):
        assert words in text
    assert "Send it again" not in browser.get("/unconfirmed").text
    browser.post(f"/orders/1/{ORDER}/settle", state="new", note="not there")
    assert "Nothing is unconfirmed" in browser.text("/unconfirmed")
    assert "Send it again" in browser.get(f"/orders/1/{ORDER}").text
    assert browser.post(f"/orders/1/{ORDER}/retry").status_code == 303


@pytest.mark.parametrize("state", ["packed", "nonsense"])
def test_an_order_is_settled_only_as_what_can_be_said_by_hand(site: Site, state: str) -> None:
    refused(site)
    answer = site.operator().post(f"/orders/1/{OTHER}/settle", state=state, note="x")
    assert answer.status_code in (400, 409)
    (order,) = order_book.find(site.context.db, 1, OTHER)
    assert order.state is OrderState.UNCONFIRMED


def test_work_is_assigned_and_noted(site: Site) -> None:
    upload_id = held(site)
    browser = site.operator(Role.OPERATOR)
    users.add(site.context.db, "olga", password_hash="h", role=Role.VIEWER, now=site.clock())
    assert browser.post("/cases", about=upload_id, assignee="nobody", note="").status_code == 400
    done = browser.post("/cases", about=upload_id, assignee="olga", note="asked the seller", wanted="/held")
    assert done.headers["location"] == "/held"
    text = browser.text("/held")
    assert "asked the seller" in text
    assert "olga" in text
    browser.post("/cases", about=upload_id, assignee="", note="")
    assert work_lists.cases(site.context.db, [upload_id])[upload_id] == work_lists.Case(
        "", "", "2026-11-22T12:00:00.000Z"
    )


def test_a_stopped_feed_goes_on(site: Site) -> None:
    shop = Shop(site.context)
    shop.drop(f"{ORDER}\tshipped\t\t\t\t\t")
    _, number = shop.submitted()
    feeds.change(site.context.db, number, state="stopped", note="Amazon answered 403")
    browser = site.operator(Role.OPERATOR)
    assert "Amazon answered 403" in browser.text("/feeds")
    assert browser.post(f"/feeds/{number}/retry").status_code == 303
    assert feeds.get(site.context.db, number).state in feeds.LIVE
    assert browser.post("/feeds/99/retry").status_code == 409


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        (f"/orders/1/{OTHER}/settle", {"state": "shipped", "note": "x"}),
        (f"/orders/1/{OTHER}/retry", {}),
        ("/cases", {"about": "x", "note": "y"}),
        ("/feeds/1/retry", {}),
        ("/guard/unban", {"address": "127.0.0.1"}),
        ("/people", {"name": "eve", "role": "admin"}),
        ("/people/viewer/change", {"what": "role", "role": "admin"}),
        ("/people/viewer/password", {}),
    ],
)
def test_a_viewer_only_looks_and_no_form_works_from_elsewhere(site: Site, path: str, fields: dict[str, str]) -> None:
    refused(site)
    viewer, admin = site.operator(Role.VIEWER), site.operator(Role.ADMIN)
    before = len(decisions.listing(site.context.db))
    assert viewer.post(path, **fields).status_code == 403
    assert admin.submit(path, **fields).status_code == 403, "without the session's token"
    assert admin.send(path, Origin="https://evil.example").status_code == 403
    assert admin.send(path, **{"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert len(decisions.listing(site.context.db)) == before


def test_people_are_added_changed_and_kept_out_by_admins(site: Site) -> None:
    admin = site.operator()
    page = admin.post("/people", name="Olga", role="operator")
    shown = page.text.split('id="shown">')[1].split("<")[0]
    assert shown not in admin.get("/people").text, "shown once"
    olga = site.browser().login("olga", password=shown)
    assert olga.look("/people").status_code == 403
    assert admin.post("/people", name="olga", role="viewer").status_code == 409
    assert admin.post("/people/olga/change", what="role", role="admin").status_code == 303
    assert site.browser().login("olga", password=shown).look("/people").status_code == 200
    assert admin.post("/people/nobody/change", what="enable").status_code == 409
    assert [one.what for one in decisions.listing(site.context.db, about="olga")][-2:] == ["user.login", "user.add"]


def test_there_is_always_an_admin(site: Site) -> None:
    admin = site.operator()
    answer = admin.post("/people/admin/change", what="disable")
    assert (answer.status_code, "the last admin" in answer.text) == (409, True)
    assert admin.get("/people").status_code == 200


def test_a_password_is_changed_with_the_old_one_and_ends_every_session(site: Site) -> None:
    one, other = site.operator(), site.operator()
    assert one.post("/me/password", old="wrong", new="a-long-password").status_code == 403
    assert one.post("/me/password", old="correct-horse-9", new="short").status_code == 400
    assert one.post("/me/password", old="correct-horse-9", new="a-long-password").status_code == 303
    assert other.look("/").headers["location"].startswith("/login")
    site.browser().login("admin", password="a-long-password")


@pytest.mark.parametrize(
    "path",
    ["/orders/1/026-0000000-0000000", "/orders/9/x", "/sellers/nobody", "/uploads/x", "/static/../app.py", "/nothing"],
)
def test_what_is_not_there_is_said_so(site: Site, path: str) -> None:
    answer = site.operator().get(path)
    assert (answer.status_code, "There is no such page" in answer.text) == (404, True)


@pytest.mark.parametrize("query", ["since=2026-13-77", "q=%25_%27%22%3Cscript%3E", "state=none", "q=" + "x" * 5000])
def test_odd_questions_are_answered(site: Site, query: str) -> None:
    refused(site)
    browser = site.operator()
    for path in ("/uploads", "/orders", "/charts", "/unconfirmed", "/deeds"):
        answer = browser.get(f"{path}?{query}")
        assert answer.status_code == 200, path
        assert "<script>" not in answer.text


@pytest.mark.parametrize(
    "path",
    [
        "/uploads?q=%00",
        "/uploads/%00",
        "/orders/99999999999999999999/x",
        "/orders?before=2026_99999999999999999999",
        f"/uploads?after={10**40}",
        "/deeds?before=-1",
        "/orders/-1/x",
    ],
)
def test_what_no_database_could_keep_is_no_failure(site: Site, path: str) -> None:
    assert site.operator().get(path).status_code in (200, 400, 404)


def test_a_zero_byte_in_a_form_is_refused(site: Site) -> None:
    assert site.operator().post("/cases", about="x\0", note="y").status_code == 400


def test_names_that_hold_markup_are_shown_as_they_are(site: Site) -> None:
    put(site.context, io.BytesIO(b"order-id\tstatus\n").getvalue(), name="<img src=x onerror=alert(1)>.txt")
    text = site.operator().get("/uploads").text
    assert "<img src=x" not in text
    assert "&lt;img src=x" in text


def test_light_or_dark_is_kept(site: Site) -> None:
    browser = site.operator()
    assert 'data-theme="auto"' in browser.get("/").text
    browser.submit("/theme", choice="dark", wanted="/orders")
    assert 'data-theme="dark"' in browser.get("/").text
