"""The pages as a real server in a thread, on a desk; asked by a client that keeps cookies and fills in forms."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

import httpx
import uvicorn
from afterwards import afterwards
from argon2 import PasswordHasher
from lxml import html
from pipeline.contexts import NOW, context_on

from cws_filedrop.drop.audit_events import AuditEvent
from cws_filedrop.gate.guard import Guard
from cws_filedrop.model import Role
from cws_filedrop.service_context import ServiceContext
from cws_filedrop.settings import WebSettings
from cws_filedrop.store.sellers import sellers
from cws_filedrop.store.users import users
from cws_filedrop.web import app, serving
from cws_filedrop.web.site import web_context

PASSWORD = "correct-horse-9"
# A real hash, as cheap as argon2 goes: each says itself what it costs, and is checked by that.
HASH = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)


@dataclass
class Clock:
    """A clock that is set by hand."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now

    def wait(self, **time: float) -> None:
        """Let some time pass."""
        self.now += timedelta(**time)


class Browser:
    """Keeps cookies; `post` sends the token of the session as the page's forms do."""

    def __init__(self, url: str, **headers: str) -> None:
        self._client = httpx.Client(base_url=url, headers=headers, timeout=60)
        self.csrf = ""

    def login(self, name: str, kind: str = "operator", password: str = PASSWORD) -> Browser:
        """Log in, and learn the session's token from the first page."""
        answer = self.submit("/login", name=name, password=password, kind=kind)
        assert answer.status_code == 303, answer.text
        self.learn()
        return self

    def learn(self) -> None:
        """Read the token from the first page."""
        found = re.search(r'name="csrf" value="([^"]+)"', self.get("/").text)
        self.csrf = found[1] if found else ""

    def get(self, path: str, **headers: str) -> httpx.Response:
        """A page, redirects followed."""
        return self._client.get(path, headers=headers, follow_redirects=True)

    def look(self, path: str) -> httpx.Response:
        """A page or a redirect, as it is."""
        return self._client.get(path)

    def text(self, path: str) -> str:
        """What is to be read on a page, blanks as people see them."""
        answer = self.get(path)
        assert answer.status_code == 200, (path, answer.status_code, answer.text[:500])
        (body,) = html.fromstring(answer.text).xpath("//main")
        return " ".join(body.text_content().split())

    def submit(self, path: str, **fields: str) -> httpx.Response:
        """A form without the session's token."""
        return self._client.post(path, data=fields)

    def post(self, path: str, **fields: str) -> httpx.Response:
        """A form of ours."""
        return self._client.post(path, data={"csrf": self.csrf, **fields})

    def send(self, path: str, **headers: str) -> httpx.Response:
        """A form of ours that comes with other headers."""
        return self._client.post(path, data={"csrf": self.csrf}, headers=headers)

    def close(self) -> None:
        """Let go of its connections."""
        self._client.close()


@dataclass
class Site:
    """The running server, its desk and its clock; `deeds` are what its doors' witness saw."""

    context: ServiceContext
    clock: Clock
    guard: Guard
    url: str = ""
    deeds: list[AuditEvent] = field(default_factory=list)
    arrived: list[str] = field(default_factory=list)
    browsers: list[Browser] = field(default_factory=list)

    def browser(self, **headers: str) -> Browser:
        """A new one, that nobody has logged in with."""
        self.browsers.append(Browser(self.url, **headers))
        return self.browsers[-1]

    def operator(self, role: Role = Role.ADMIN, name: str = "") -> Browser:
        """A browser logged in as a user of that role, who is made if need be."""
        name = name or str(role)
        users.add(self.context.db, name, password_hash=HASH, role=role, now=self.clock())
        return self.browser().login(name)

    def seller(self, name: str = "anna") -> Browser:
        """A browser logged in as a seller, whose password is set."""
        sellers.change(self.context.db, name, {"password_hash": HASH})
        return self.browser().login(name, kind="seller")


@contextmanager
def site_on(folder: Path, **web: object) -> Iterator[Site]:
    """A site on a folder, with settings of `[web]`."""
    clock = Clock()
    context = replace(context_on(folder), clock=clock)
    settings = replace(context.settings, web=replace(WebSettings(), **web))  # type: ignore[arg-type]
    context = replace(context, settings=settings)
    site = Site(context, clock, Guard(settings.guard, clock=lambda: clock().timestamp()))
    office = web_context.open_web_context(context, site.guard, arrived=site.arrived.append, witness=site.deeds.append)
    listener = socket.create_server(("127.0.0.1", 0))
    site.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    server = uvicorn.Server(serving.server_settings(settings.web, serving.behind(settings.web, app.build(office))))
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()

    def end() -> None:
        thread.join(60)
        listener.close()
        context.db.close()

    try:
        yield site
    finally:
        for browser in site.browsers:
            browser.close()
        office.beacon.end_streams()
        server.should_exit = True
        afterwards(end)
