"""Who gets in, how, and for how long."""

from __future__ import annotations

from pathlib import Path

import pyotp
import pytest
from web.site import HASH, PASSWORD, Site, site_on

from cws_filedrop.drop.audit_events import AuditEventKind
from cws_filedrop.model import Role
from cws_filedrop.store.sellers import sellers
from cws_filedrop.store.users import decisions, users

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


def code(site: Site, secret: str = SECRET) -> str:
    return pyotp.TOTP(secret).at(int(site.clock().timestamp()))


def with_factor(site: Site, name: str = "olga") -> None:
    users.add(site.context.db, name, password_hash=HASH, role=Role.OPERATOR, now=site.clock())
    users.change(site.context.db, name, {"totp_secret": SECRET})


@pytest.mark.parametrize("path", ["/", "/uploads", "/orders", "/unconfirmed", "/held", "/sellers", "/people", "/me"])
def test_a_stranger_is_sent_to_the_login_and_comes_back_to_where_it_wanted(site: Site, path: str) -> None:
    answer = site.browser().look(path)
    assert (answer.status_code, answer.headers["location"].partition("?")[0]) == (303, "/login")
    users.add(site.context.db, "olga", password_hash=HASH, role=Role.ADMIN, now=site.clock())
    done = site.browser().submit("/login", name="Olga ", password=PASSWORD, kind="operator", wanted=path)
    assert (done.status_code, done.headers["location"]) == (303, path)


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:1"])
def test_nobody_is_sent_to_another_site(site: Site, elsewhere: str) -> None:
    users.add(site.context.db, "olga", password_hash=HASH, role=Role.ADMIN, now=site.clock())
    done = site.browser().submit("/login", name="olga", password=PASSWORD, kind="operator", wanted=elsewhere)
    assert done.headers["location"] == "/"


def test_a_wrong_password_is_told_as_an_unknown_name_is(site: Site) -> None:
    users.add(site.context.db, "olga", password_hash=HASH, role=Role.ADMIN, now=site.clock())
    said = {
        site.browser().submit("/login", name=name, password="wrong", kind="operator").text.replace(name, "")
        for name in ("olga", "nobody")
    }
    assert len(said) == 1
    assert "Wrong user name or password." in said.pop()


def test_who_guesses_must_wait_and_is_then_kept_out_even_with_the_right_password(site: Site) -> None:
    users.add(site.context.db, "olga", password_hash=HASH, role=Role.ADMIN, now=site.clock())
    browser = site.browser()
    for _ in range(5):
        browser.submit("/login", name="olga", password="wrong", kind="operator")
    answer = browser.submit("/login", name="olga", password=PASSWORD, kind="operator")
    assert answer.status_code == 401
    assert "Too many wrong passwords for this user name; wait 30 s" in answer.text
    for _ in range(20):
        browser.submit("/login", name="olga", password="wrong", kind="operator")
    assert site.guard.banned("127.0.0.1") > 0
    answer = browser.submit("/login", name="olga", password=PASSWORD, kind="operator")
    assert "Too many wrong passwords came from your address" in answer.text
    site.clock.wait(days=2)
    assert browser.login("olga").get("/").status_code == 200


def test_the_second_factor_is_asked_for_and_nothing_is_shown_before(site: Site) -> None:
    with_factor(site)
    browser = site.browser()
    browser.submit("/login", name="olga", password=PASSWORD, kind="operator")
    before = browser.look("/uploads")
    assert (before.status_code, before.headers["location"]) == (303, "/login/code")
    assert browser.submit("/login/code", code="000000").status_code == 401
    assert browser.submit("/login/code", code=code(site)).headers["location"] == "/"
    assert browser.get("/uploads").status_code == 200


def test_a_code_is_good_once_only(site: Site) -> None:
    with_factor(site)
    for right in (True, False):
        browser = site.browser()
        browser.submit("/login", name="olga", password=PASSWORD, kind="operator")
        answer = browser.submit("/login/code", code=code(site))
        assert (answer.status_code == 303) is right
    assert "was used before" in answer.text


def test_codes_cannot_be_tried_out(site: Site) -> None:
    with_factor(site)
    browser = site.browser()
    browser.submit("/login", name="olga", password=PASSWORD, kind="operator")
    for number in range(5):
        browser.submit("/login/code", code=f"{number:06}")
    answer = browser.submit("/login/code", code=code(site))
    assert (answer.status_code, "Too many wrong codes" in answer.text) == (401, True)


def test_a_second_factor_is_set_up_only_with_a_code_of_it(site: Site) -> None:
    browser = site.operator()
    page = browser.get("/me/second-factor").text
    secret = page.split('id="secret">')[1].split("<")[0]
    assert 'src="data:image/svg+xml' in page
    given = {"password": PASSWORD}
    assert browser.post("/me/second-factor", code="123", **given).status_code == 400
    assert browser.post("/me/second-factor", code=code(site, secret), password="wrong").status_code == 400
    own = pyotp.random_base32()
    assert browser.post("/me/second-factor", secret=own, code=code(site, own), **given).status_code == 400
    assert browser.post("/me/second-factor", code=code(site, secret), **given).status_code == 303
    assert browser.look("/").headers["location"].startswith("/login"), "every session ended"
    kept = users.find(site.context.db, "admin")
    assert kept is not None
    assert kept.totp_secret == secret


def test_a_second_factor_is_changed_only_with_a_code_of_the_present_one(site: Site) -> None:
    with_factor(site)
    browser = site.browser()
    browser.submit("/login", name="olga", password=PASSWORD, kind="operator")
    browser.submit("/login/code", code=code(site))
    browser.learn()
    site.clock.wait(minutes=1)
    secret = browser.get("/me/second-factor").text.split('id="secret">')[1].split("<")[0]
    given = {"code": code(site, secret), "password": PASSWORD}
    assert browser.post("/me/second-factor", **given).status_code == 400
    assert browser.post("/me/second-factor", **given, current="000000").status_code == 400
    assert browser.post("/me/second-factor", **given, current=code(site)).status_code == 303
    kept = users.find(site.context.db, "olga")
    assert kept is not None
    assert kept.totp_secret == secret


def test_ones_own_password_cannot_be_tried_out(site: Site) -> None:
    browser = site.operator()
    for _ in range(5):
        assert browser.post("/me/password", old="wrong", new="a-long-password").status_code == 403
    answer = browser.post("/me/password", old=PASSWORD, new="a-long-password")
    assert (answer.status_code, "Too many wrong passwords" in answer.text) == (403, True)


def test_where_a_second_factor_is_required_nothing_else_can_be_done_without(tmp_path: Path) -> None:
    with site_on(tmp_path, second_factor="required") as site:
        browser = site.operator()
        assert browser.look("/uploads").headers["location"] == "/me/second-factor"
        assert browser.look("/me/second-factor").status_code == 200


def test_sessions_end_by_idleness_by_age_and_by_logging_out(site: Site) -> None:
    idle, old, out = (site.operator(name=name) for name in ("ida", "olaf", "otto"))
    assert out.post("/logout").status_code == 303
    assert out.look("/").status_code == 303
    for _ in range(13):
        site.clock.wait(minutes=55)
        old.get("/")
    assert idle.look("/").status_code == 303, "an hour without work"
    site.clock.wait(minutes=6)
    assert old.look("/").headers.get("location", "").startswith("/login"), "twelve hours in all"


def test_a_page_that_keeps_itself_fresh_is_nobody_at_work(site: Site) -> None:
    browser = site.operator()
    for _ in range(4):
        site.clock.wait(minutes=20)
        last = browser.get("/", **{"X-Live": "1"})
    assert last.status_code == 401


def test_disabling_a_user_ends_its_sessions_at_once(site: Site) -> None:
    admin, other = site.operator(), site.operator(Role.OPERATOR)
    assert admin.post("/people/operator/change", what="disable").status_code == 303
    assert other.look("/").headers["location"].startswith("/login")
    answer = site.browser().submit("/login", name="operator", password=PASSWORD, kind="operator")
    assert "Wrong user name or password." in answer.text


def test_a_seller_logs_in_with_the_password_of_its_doors_and_the_trail_tells(site: Site) -> None:
    browser = site.seller()
    assert [(deed.event, deed.seller, deed.door) for deed in site.deeds] == [(AuditEventKind.LOGIN, "anna", "http")]
    assert browser.look("/").headers["location"] == "/my"
    site.browser().submit("/login", name="anna", password="wrong", kind="seller")
    assert site.deeds[-1].event is AuditEventKind.LOGIN_REFUSED
    sellers.change(site.context.db, "anna", {"enabled": False})
    assert browser.look("/my").headers["location"].startswith("/login")


def test_a_seller_finds_none_of_the_operators_pages(site: Site) -> None:
    browser = site.seller()
    for path in ("/uploads", "/orders", "/sellers/anna", "/people", "/deeds", "/charts", "/held", "/me"):
        assert browser.look(path).status_code == 404, path


def test_an_operator_is_no_seller(site: Site) -> None:
    sellers.change(site.context.db, "anna", {"password_hash": HASH})
    answer = site.browser().submit("/login", name="anna", password=PASSWORD, kind="operator")
    assert answer.status_code == 401


def test_logins_of_operators_are_written_down(site: Site) -> None:
    site.operator()
    (did,) = decisions.listing(site.context.db)
    assert (did.who, did.what, did.address) == ("admin", "user.login", "127.0.0.1")


def test_the_cookie_is_for_this_site_and_no_script(site: Site) -> None:
    users.add(site.context.db, "olga", password_hash=HASH, role=Role.ADMIN, now=site.clock())
    cookie = site.browser().submit("/login", name="olga", password=PASSWORD, kind="operator").headers["set-cookie"]
    assert {"HttpOnly", "SameSite=lax", "Path=/"} <= {part.strip() for part in cookie.split(";")}
    token = cookie.split("=", 1)[1].split(";")[0]
    with site.context.db.read() as connection:
        kept = connection.exec_driver_sql("SELECT * FROM web_sessions").one()
    assert token not in kept, "the database does not hold what a cookie holds"
