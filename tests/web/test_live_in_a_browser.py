"""Pages that keep themselves fresh, in a real browser."""

from __future__ import annotations

from typing import Any

from web.browsing import Visit, running
from web.site import HASH, PASSWORD, Site

from cws_filedrop.model import AlarmKind, Role
from cws_filedrop.store.outgoing import alarms
from cws_filedrop.store.outgoing.alarms import AlarmFinding
from cws_filedrop.store.users import users

WRONG = [AlarmFinding("disk:bytes", AlarmKind.DISK, "bytes run short", "Make room.")]


def arrived(site: Site, browser: Any) -> Visit:
    """A browser with the first page, which is live."""
    users.add(site.context.db, "root", password_hash=HASH, role=Role.ADMIN, now=site.clock())
    visit = Visit(browser, site.url)
    visit.login("root", PASSWORD)
    visit.page.locator("[data-pulse]", has_text="live").wait_for()
    return visit


def test_logging_out_leads_to_the_login_though_the_page_asks_for_itself_meanwhile(site: Site) -> None:
    with running() as browser:
        visit = arrived(site, browser)
        page, held = visit.page, []
        page.route("**/logout", lambda route: held.append((route, route.fetch(max_redirects=0))))
        with page.expect_response(lambda answer: answer.status == 401, timeout=60_000):
            page.get_by_role("button", name="Log out").click(no_wait_after=True)
            while not held:  # then the session has ended, and the page is still there
                page.wait_for_timeout(20)
            alarms.renew(site.context.db, WRONG, now=site.clock())  # which the page hears of
        ((route, answer),) = held
        route.fulfill(response=answer)
        page.wait_for_url(f"{site.url}/login")
        visit.troubles = [one for one in visit.troubles if "401" not in one]
        visit.close()


def test_a_page_whose_session_ended_elsewhere_goes_to_the_login_by_itself(site: Site) -> None:
    with running() as browser:
        visit = arrived(site, browser)
        users.change(site.context.db, "root", {"role": "admin"})
        visit.page.wait_for_url(f"{site.url}/login?next=/")
        visit.troubles = [one for one in visit.troubles if "401" not in one]
        visit.close()
