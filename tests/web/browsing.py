"""A real Chromium, driven by Playwright; every request of a page to another host is refused and counted."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
ARTEFACTS = os.environ.get("CWS_FILEDROP_ARTEFACTS", "")  # a folder for screenshots of every page


def chromium() -> str:
    """Where it is; skips the test where there is none."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        pytest.skip("chromium is not installed")
    return found


@contextmanager
def running() -> Iterator[Any]:
    """A browser."""
    from playwright.sync_api import sync_playwright

    path = chromium()
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=ARGUMENTS, timeout=120_000)
        try:
            yield browser
        finally:
            browser.close()


class Visit:
    """A page of a context of its own, and what went wrong on it."""

    def __init__(self, browser: Any, url: str, **context: Any) -> None:
        self.url = url
        self.troubles: list[str] = []
        self.elsewhere: list[str] = []
        self.context = browser.new_context(viewport={"width": 1280, "height": 900}, **context)
        self.context.route(re.compile(f"^(?!{re.escape(url)})(http|ws)"), self._refuse)
        self.page = self.context.new_page()
        self.page.set_default_timeout(60_000)
        self.page.on("console", lambda said: self.troubles.append(said.text) if said.type == "error" else None)
        self.page.on("pageerror", lambda error: self.troubles.append(str(error)))

    def _refuse(self, route: Any) -> None:
        self.elsewhere.append(route.request.url)
        route.abort()

    def go(self, path: str) -> Any:
        """Open a page of ours."""
        self.page.goto(self.url + path)
        return self.page

    def login(self, name: str, password: str, kind: str = "Operator") -> None:
        """Fill in the login."""
        page = self.go("/login")
        page.get_by_text(kind, exact=True).click()
        page.get_by_label("User name").fill(name)
        page.get_by_label("Password").fill(password)
        page.get_by_role("button", name="Log in").click()

    def picture(self, name: str) -> None:
        """Keep how the page looks, where artefacts are wanted."""
        if ARTEFACTS:
            folder = Path(ARTEFACTS)
            folder.mkdir(parents=True, exist_ok=True)
            self.page.screenshot(path=folder / f"{name}.png", full_page=True)

    def close(self) -> None:
        """Nothing may have gone wrong on the way."""
        self.context.close()
        assert self.troubles == []
        assert self.elsewhere == []
