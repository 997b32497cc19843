"""One's own password, second factor and sessions, of operators and sellers alike."""

from __future__ import annotations

import httpx
import pyotp
import pytest
from web.site import PASSWORD, Browser, Site

from cws_filedrop.decisions import seller_logins, sessions
from cws_filedrop.drop.audit_events import AuditEventKind
from cws_filedrop.gate.records import SellerRows
from cws_filedrop.model import Role
from cws_filedrop.store.doors import audit
from cws_filedrop.store.sellers import sellers, tokens
from cws_filedrop.store.users import decisions, identities, user_tokens
from cws_filedrop.store.users.decisions import COMMAND_LINE

NEW = "another-long-password"
KINDS = ("operator", "seller")
NAMES = {"operator": "admin", "seller": "anna"}
BASES = {"operator": "/me", "seller": "/my/login"}
TOKENS = {"operator": "/me/tokens", "seller": "/my/tokens"}


def logged_in(site: Site, kind: str, **headers: str) -> Browser:
    """A browser of the admin or of anna."""
    first = site.operator() if kind == "operator" else site.seller()
    return site.browser(**headers).login(NAMES[kind], kind) if headers else first


def code(site: Site, secret: str) -> str:
    return pyotp.TOTP(secret).at(int(site.clock().timestamp()))


def offered(browser: Browser, base: str) -> str:
    """The secret that a page offers."""
    return browser.get(f"{base}/second-factor").text.split('id="secret">')[1].split("<")[0]


def with_factor(site: Site, browser: Browser, base: str) -> str:
    """Set a second factor up; its secret."""
    secret = offered(browser, base)
    done = browser.post(f"{base}/second-factor", code=code(site, secret), password=PASSWORD)
    assert done.headers["location"] == "/login", done.text
    site.clock.wait(minutes=1)
    return secret


def makes_token(browser: Browser, kind: str) -> str:
    return browser.post(TOKENS[kind], label="stock").text.split('id="fresh">')[1].split("<")[0]


@pytest.mark.parametrize("kind", KINDS)
def test_a_second_factor_is_set_up_used_and_changed_with_password_and_code(site: Site, kind: str) -> None:
    browser, base = logged_in(site, kind), BASES[kind]
    secret = offered(browser, base)
    own, right = pyotp.random_base32(), {"password": PASSWORD}
    for wrong in (
        {"code": code(site, secret), "password": "wrong"},
        {"code": code(site, secret)},
        {"code": "000000", **right},
        {"code": code(site, own), "secret": own, **right},
    ):
        assert browser.post(f"{base}/second-factor", **wrong).status_code == 400, wrong
    with_factor(site, browser, base)
    assert browser.look(base).headers["location"].startswith("/login"), "every session ended"

    again = site.browser()
    assert again.submit("/login", name=NAMES[kind], password=PASSWORD, kind=kind).status_code == 303
    assert again.look(base).headers["location"] == "/login/code"
    assert again.submit("/login/code", code="000000").status_code == 401
    assert again.submit("/login/code", code=code(site, secret)).headers["location"] == (
        "/my" if kind == "seller" else "/"
    )
    again.learn()
    site.clock.wait(minutes=1)
    other = offered(again, base)
    given = {"code": code(site, other), "password": PASSWORD}
    assert again.post(f"{base}/second-factor", **given).status_code == 400, "without a code of the present one"
    assert again.post(f"{base}/second-factor", **given, current=code(site, secret)).status_code == 303


def test_a_sellers_code_is_good_once_and_cannot_be_guessed(site: Site) -> None:
    secret = with_factor(site, site.seller(), "/my/login")
    for right in (True, False):
        browser = site.browser()
        browser.submit("/login", name="anna", password=PASSWORD, kind="seller")
        assert (browser.submit("/login/code", code=code(site, secret)).status_code == 303) is right
    site.clock.wait(minutes=30)
    browser = site.browser()
    browser.submit("/login", name="anna", password=PASSWORD, kind="seller")
    for number in range(5):
        browser.submit("/login/code", code=f"{number:06}")
    answer = browser.submit("/login/code", code=code(site, secret))
    assert (answer.status_code, "Too many wrong codes" in answer.text) == (401, True)


def test_a_sellers_factor_leaves_doors_and_tokens_alone(site: Site) -> None:
    browser = site.seller()
    token = makes_token(browser, "seller")
    rows = SellerRows(site.context.db)
    before = rows.authenticate("anna", PASSWORD)
    with_factor(site, browser, "/my/login")
    assert rows.authenticate("anna", PASSWORD) == before, "who is logged in at a door stays there, too"
    url = f"{site.url}/api/v1/uploads"
    assert httpx.get(url, headers={"Authorization": f"Bearer {token}"}, timeout=60).status_code == 200
    kept = identities.of_seller(site.context.db, "anna")
    assert kept is not None
    with site.context.db.read() as connection:
        raw = connection.exec_driver_sql("SELECT totp_secret FROM sellers WHERE name = 'anna'").scalar()
    assert kept.totp_secret
    assert kept.totp_secret not in str(raw), "a copy of the database has no second factor in it"


def test_a_lost_telephone_is_forgotten_by_an_operator_and_the_trail_tells_all_of_it(site: Site) -> None:
    with_factor(site, site.seller(), "/my/login")
    words = seller_logins.forget_factor(site.context, "Anna", who=COMMAND_LINE)
    assert words == "anna has no second factor any more."
    assert site.browser().login("anna", "seller").get("/my").status_code == 200
    trail = audit.listing(site.context.db, event="access")[::-1]
    assert [one.detail for one in trail] == ["second-factor, by seller anna", "forget-factor, by command line"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("choice", ["end", "keep"])
def test_a_new_password_asks_what_becomes_of_tokens(site: Site, kind: str, choice: str) -> None:
    browser, base = logged_in(site, kind), BASES[kind]
    token = makes_token(browser, kind)
    assert "open the API without the password" in browser.text(base)
    silent = browser.post(f"{base}/password", old=PASSWORD, new=NEW)
    assert (silent.status_code, "say whether your 1 API tokens stay on" in silent.text) == (400, True)
    assert browser.post(f"{base}/password", old=PASSWORD, new="short", tokens=choice).status_code == 400
    assert browser.post(f"{base}/password", old="wrong", new=NEW, tokens=choice).status_code == 403
    assert browser.post(f"{base}/password", old=PASSWORD, new=NEW, tokens=choice).headers["location"] == "/login"
    assert browser.look(base).headers["location"].startswith("/login"), "every session ended"
    assert site.browser().login(NAMES[kind], kind, NEW).get(base).status_code == 200
    path = "/uploads" if kind == "seller" else "/ops/feeds"
    answer = httpx.get(f"{site.url}/api/v1{path}", headers={"Authorization": f"Bearer {token}"}, timeout=60)
    assert answer.status_code == (401 if choice == "end" else 200)


def test_a_sellers_new_password_is_that_of_the_doors(site: Site) -> None:
    site.seller().post("/my/login/password", old=PASSWORD, new=NEW)
    rows = SellerRows(site.context.db)
    assert rows.authenticate("anna", NEW) is not None
    assert rows.authenticate("anna", PASSWORD) is None
    assert decisions.listing(site.context.db, about="anna")[0].what == "seller.password"


def test_ones_own_password_cannot_be_tried_out_by_a_seller(site: Site) -> None:
    browser = site.seller()
    for _ in range(5):
        assert browser.post("/my/login/password", old="wrong", new=NEW).status_code == 403
    assert "Too many wrong passwords" in browser.post("/my/login/password", old=PASSWORD, new=NEW).text
    refused = [one for one in site.deeds if one.event is AuditEventKind.REFUSED]
    assert [(one.seller, one.detail) for one in refused] == [("anna", "wrong password, to change how to log in")] * 5


@pytest.mark.parametrize("kind", KINDS)
def test_sessions_are_listed_with_address_browser_and_times_and_ended(site: Site, kind: str) -> None:
    first = logged_in(site, kind, **{"User-Agent": "Browser of the office"})
    other = site.browser(**{"User-Agent": "Browser of a stranger"}).login(NAMES[kind], kind)
    site.clock.wait(minutes=10)
    shown = first.text(BASES[kind])
    for words in ("127.0.0.1", "Browser of the office", "Browser of a stranger", "10 min ago", "this one"):
        assert words in shown, words
    (strange,) = [one for one in sessions.listing(site.context) if "stranger" in one.agent]
    assert first.post(f"{BASES[kind]}/sessions/{strange.id}/end").headers["location"] == BASES[kind]
    assert other.look(BASES[kind]).headers["location"].startswith("/login")
    assert first.get(BASES[kind]).status_code == 200
    assert "Browser of a stranger" not in first.text(BASES[kind])
    assert first.post(f"{BASES[kind]}/sessions/{strange.id}/end").status_code == 404
    assert decisions.listing(site.context.db, about=NAMES[kind])[0].what.endswith("session-end")


def test_all_other_sessions_are_ended_at_once(site: Site) -> None:
    first = site.seller()
    others = [site.browser().login("anna", "seller") for _ in range(3)]
    bert = site.operator()
    first.post("/my/login/sessions/others/end")
    assert [one.look("/my").status_code for one in (*others, first)] == [303, 303, 303, 200]
    assert bert.look("/").status_code == 200


def test_nobody_ends_or_sees_another_ones_sessions(site: Site) -> None:
    site.operator(Role.VIEWER, "anna")  # an operator of the same name as a seller
    browser = site.seller()
    (theirs,) = [one for one in sessions.listing(site.context) if not one.is_seller]
    assert theirs.id not in browser.get("/my/login").text
    assert browser.post(f"/my/login/sessions/{theirs.id}/end").status_code == 404
    assert len(sessions.listing(site.context)) == 2


def test_a_session_that_lacks_its_code_or_has_ended_is_not_listed(site: Site) -> None:
    with_factor(site, site.seller(), "/my/login")
    site.browser().submit("/login", name="anna", password=PASSWORD, kind="seller")
    assert sessions.listing(site.context) == []
    seller_logins.forget_factor(site.context, "anna", who=COMMAND_LINE)
    site.seller()
    assert len(sessions.listing(site.context, seller="anna")) == 1
    site.clock.wait(hours=2)
    assert sessions.listing(site.context) == []


def test_an_admin_who_gives_a_new_password_may_end_the_tokens_with_it(site: Site) -> None:
    admin, olga = site.operator(), site.operator(Role.VIEWER, "olga")
    makes_token(olga, "operator")
    admin.post("/people/olga/password")
    assert [one.enabled for one in user_tokens.listing(site.context.db, 2)] == [True]
    admin.post("/people/olga/password", end_tokens="1")
    assert [one.enabled for one in user_tokens.listing(site.context.db, 2)] == [False]


def test_failed_logins_of_operators_are_in_the_trail(site: Site) -> None:
    browser = site.operator(Role.VIEWER, "olga")
    site.browser().submit("/login", name="Olga", password="wrong", kind="operator")
    site.browser().submit("/login", name="nobody", password="wrong", kind="operator")
    secret = with_factor(site, browser, "/me")
    half = site.browser()
    half.submit("/login", name="olga", password=PASSWORD, kind="operator")
    half.submit("/login/code", code="000000")
    half.submit("/login/code", code=code(site, secret))
    found = [(one.event, one.seller, one.detail) for one in site.deeds]
    assert found == [
        (AuditEventKind.LOGIN, "operator olga", ""),
        (AuditEventKind.LOGIN_REFUSED, "operator olga", "Wrong user name or password."),
        (AuditEventKind.LOGIN_REFUSED, "operator nobody", "Wrong user name or password."),
        (AuditEventKind.LOGIN_REFUSED, "operator olga", found[3][2]),
        (AuditEventKind.LOGIN, "operator olga", ""),
    ]
    assert "That code is wrong" in found[3][2]
    assert {(one.address, one.door) for one in site.deeds} == {("127.0.0.1", "http")}


def test_a_removed_sellers_tokens_and_factor_are_of_no_use(site: Site) -> None:
    browser = site.seller()
    token = makes_token(browser, "seller")
    sellers.remove(site.context.db, "anna", now=site.clock())
    assert tokens.authenticate(site.context.db, token, now=site.clock()) is None
    assert browser.look("/my/login").headers["location"].startswith("/login")
