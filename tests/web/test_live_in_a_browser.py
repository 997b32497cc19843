"""Pages that keep themselves fresh, in a real browser."""

from __future__ import annotations

from typing import Any

from web.browsing import Visit, running
from web.site import HASH, PASSWORD, Site

from cws_filedrop.model import Role
from cws_filedrop.store import users


def arrived(site: Site, browser: Any) -> Visit:
    """A browser with the first page, which is live."""
    users.add(site.desk.db, "root", password_hash=HASH, role=Role.ADMIN, now=site.clock())
    visit = Visit(browser, site.url)
    visit.login("root", PASSWORD)
    visit.page.locator("[data-pulse]", has_text="live").wait_for()
    return visit


def test_logging_out_leads_to_the_login_though_the_page_asks_for_itself_meanwhile(site: Site) -> None:
    with running() as browser:
        visit = arrived(site, browser)
        page, held = visit.page, []
        page.route("**/logout", lambda route: held.append((route, route.fetch(max_redirects=0))))
        page.get_by_role("button", name="Log out").click(no_wait_after=True)
        with page.expect_response(lambda answer: answer.status == 401):  # the session ended, the page is there
            page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        ((route, answer),) = held
        route.fulfill(response=answer)
        page.wait_for_url(f"{site.url}/login")
        visit.troubles = [one for one in visit.troubles if "401" not in one]
        visit.close()


def test_a_page_whose_session_ended_elsewhere_goes_to_the_login_by_itself(site: Site) -> None:
    with running() as browser:
        visit = arrived(site, browser)
        users.change(site.desk.db, "root", {"role": "admin"})
        visit.page.wait_for_url(f"{site.url}/login?next=/")
        visit.troubles = [one for one in visit.troubles if "401" not in one]
        visit.close()
