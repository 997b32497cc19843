"""Every page of operators in a real browser: no fault of accessibility, room on a telephone, no other host."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from web.browsing import Visit, running
from web.scenes import busy, the_day_before
from web.site import HASH, PASSWORD, Site, site_on

from cws_filedrop.model import Role
from cws_filedrop.store.sellers import sellers
from cws_filedrop.store.users import users

SERIOUS = ("serious", "critical")
PAGES = (
    "/login",
    "/",
    "/uploads",
    "/uploads/{upload}",
    "/orders",
    "/orders/1/{order}",
    "/unconfirmed",
    "/held",
    "/sellers",
    "/sellers/anna",
    "/feeds",
    "/charts",
    "/alarms",
    "/people",
    "/deeds",
    "/me",
    "/me/second-factor",
    "/nothing-here",
)
SELLERS_PAGES = (
    "/my",
    "/my/uploads",
    "/my/uploads/{upload}",
    "/my/orders",
    "/my/orders/{order}",
    "/my/templates",
    "/my/connect",
    "/my/tokens",
    "/my/login",
    "/my/login/second-factor",
    "/my/settings",
)
SCHEMES = ("light", "dark")


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Site, dict[str, str]]]:
    """A service with something on every page."""
    with site_on(tmp_path_factory.mktemp("site")) as site:
        users.add(site.context.db, "root", password_hash=HASH, role=Role.ADMIN, now=site.clock())
        sellers.change(site.context.db, "anna", {"password_hash": HASH})
        names = busy(site)
        the_day_before(site)
        yield site, names


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium."""
    with running() as started:
        yield started


def faults(page: Any) -> list[str]:
    """What axe-core calls serious."""
    from axe_playwright_python.sync_playwright import Axe

    answer = Axe().run(page).response
    assert len(answer["passes"]) > 5, "it did look"
    found = answer["violations"]
    return [f"{one['id']}: {one['nodes'][0]['html']}" for one in found if one["impact"] in SERIOUS]


@dataclass(frozen=True)
class Visitor:
    """Who looks, and at which pages."""

    kind: str
    name: str
    home: str
    pages: tuple[str, ...]

    def picture(self, path: str) -> str:
        """What a picture of the page is called."""
        return re.sub(r"[^a-z]+", "-", path).strip("-") or "now"


OPERATOR = Visitor("Operator", "root", "/", PAGES[1:])
SELLER = Visitor("Seller", "anna", "/my", SELLERS_PAGES)
EVERYONE = pytest.mark.parametrize("visitor", [OPERATOR, SELLER], ids=["operators", "sellers"])


@pytest.mark.parametrize("scheme", SCHEMES)
@EVERYONE
def test_no_page_has_a_serious_fault_of_accessibility(
    scene: tuple[Site, dict[str, str]], browser: Any, scheme: str, visitor: Visitor
) -> None:
    site, names = scene
    visit = Visit(browser, site.url, color_scheme=scheme, bypass_csp=True)  # axe-core is put into the page
    visit.go("/login")
    found = {"/login": faults(visit.page)}
    visit.picture(f"login-{scheme}")
    visit.login(visitor.name, PASSWORD, kind=visitor.kind)
    visit.page.wait_for_url(site.url + visitor.home)
    for path in visitor.pages:
        page = visit.go(path.format_map(names))
        for details in page.locator("details.act, details:has(table)").all()[:3]:
            details.evaluate("one => one.open = true")
        found[path] = faults(page)
        visit.picture(f"{visitor.picture(path)}-{scheme}")
    visit.troubles = [one for one in visit.troubles if "404" not in one]
    visit.close()
    assert {path: told for path, told in found.items() if told} == {}


@EVERYONE
def test_every_page_fits_a_narrow_telephone(scene: tuple[Site, dict[str, str]], browser: Any, visitor: Visitor) -> None:
    site, names = scene
    visit = Visit(browser, site.url)
    visit.page.set_viewport_size({"width": 360, "height": 740})
    visit.login(visitor.name, PASSWORD, kind=visitor.kind)
    visit.page.wait_for_url(site.url + visitor.home)
    wide = {}
    for path in visitor.pages:
        page = visit.go(path.format_map(names))
        if (width := page.evaluate("document.documentElement.scrollWidth")) > 360:
            wide[path] = width
        visit.picture(f"{visitor.picture(path)}-360")
    assert wide == {}
    menu = visit.go(visitor.home).get_by_role("link", name="Orders", exact=True)
    assert not menu.is_visible(), "folded away"
    visit.page.get_by_text("Menu").click()
    menu.click()
    visit.page.wait_for_url("**/orders")
    visit.troubles = [one for one in visit.troubles if "404" not in one]
    visit.close()


def test_pages_can_be_worked_with_the_keyboard_alone(scene: tuple[Site, dict[str, str]], browser: Any) -> None:
    site, _ = scene
    visit = Visit(browser, site.url)
    page = visit.go("/login")
    page.get_by_label("User name").focus()
    page.keyboard.type("root")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{site.url}/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the page"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    visit.close()


def test_pages_work_without_script(scene: tuple[Site, dict[str, str]], browser: Any) -> None:
    site, names = scene
    visit = Visit(browser, site.url, java_script_enabled=False)
    visit.login("root", PASSWORD)
    page = visit.go("/held")
    page.locator("details.act summary", has_text="Assign, note").first.click()
    page.get_by_label("Note").first.fill("asked by telephone")
    page.get_by_role("button", name="Keep").first.click()
    page.locator("article em", has_text="asked by telephone").wait_for()
    assert names["held"] in page.content()
    visit.close()
