"""The API on a desk with real disk and database, called as its clients call it; the worker's part is done at a word."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
from pipeline.contexts import NOW, context_on, read
from starlette.applications import Starlette
from starlette.routing import Mount
from web.site import HASH, Clock

from cws_filedrop.model import Account, Allowance, Role, Seller
from cws_filedrop.pipeline import outbox
from cws_filedrop.pipeline.arrivals import _row
from cws_filedrop.service_context import ServiceContext
from cws_filedrop.store.sellers import sellers, tokens
from cws_filedrop.store.uploads import uploads
from cws_filedrop.store.users import user_tokens, users
from cws_filedrop.web import api_app

GOOD = b"order-id\tstatus\n026-1520163-6049104\tshipped\nwrong\tshipped\n"


@dataclass
class Site:
    """The sellers anna and bert, each with an account and a token. `add_user` makes operators with one."""

    context: ServiceContext
    clock: Clock
    arrived: list[str] = field(default_factory=list)
    tokens: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.api = api_app.build(self.context, arrived=self.arrived.append, clock=self.clock)
        self.app = Starlette(routes=[Mount("/api/v1", self.api)])

    def add_token(self, name: str) -> str:
        seller = sellers.find(self.context.db, name)
        assert seller is not None
        made = tokens.add(self.context.db, seller.id, "test", now=NOW)
        assert made is not None
        self.tokens[name] = made[1]
        return made[1]

    def add_user(self, role: Role, name: str = "") -> str:
        """An operator of that role, named after it unless told otherwise, with a token; the token."""
        name = name or str(role)
        users.add(self.context.db, name, password_hash=HASH, role=role, now=NOW)
        return self.add_user_token(name)

    def add_user_token(self, name: str) -> str:
        found = users.find(self.context.db, name)
        assert found is not None
        with self.context.db.write() as connection:
            made = user_tokens.add_in(connection, found.id, "test", now=NOW)
        assert made is not None
        self.tokens[name] = made[1]
        return made[1]

    def call(self, method: str, path: str, *, who: str = "anna", headers: Any = None, **more: Any) -> httpx.Response:
        """One call, as a seller or a user."""
        given = {"authorization": f"Bearer {self.tokens[who]}"} if who else {}

        async def one() -> httpx.Response:
            transport = httpx.ASGITransport(self.app, raise_app_exceptions=False, client=("127.0.0.1", 5))
            async with httpx.AsyncClient(transport=transport, base_url="http://drop") as client:
                return await client.request(method, f"/api/v1{path}", headers=given | (headers or {}), **more)

        return asyncio.run(one())

    def get(self, path: str, **more: Any) -> httpx.Response:
        return self.call("GET", path, **more)

    def hand_in(self, content: bytes = GOOD, *, name: str = "a.txt", query: str = "", **more: Any) -> httpx.Response:
        headers = {"x-file-name": name} | more.pop("headers", {})
        return self.call("POST", f"/uploads{query}", content=content, headers=headers, **more)

    def work(self, upload_id: str) -> str:
        """Read an upload that lies in the spool, and answer it, as the worker does."""
        arrival = self.context.spool.arrival(upload_id)
        if arrival is not None:
            claim = self.context.spool.claim_of(upload_id)
            owner = sellers.find(self.context.db, claim.seller)
            assert owner is not None
            uploads.arrive(self.context.db, [_row(claim, owner)])
            self.context.spool.accept(arrival)
        assert outbox.answer(self.context, [read(self.context, upload_id)]) == []
        return upload_id

    def drop(self, content: bytes = GOOD, *, who: str = "anna", **more: Any) -> str:
        """Hand a file in and have it answered; its id."""
        return self.work(self.hand_in(content, who=who, **more).json()["id"])

    def spooled(self) -> list[str]:
        """What lies in the spool, files that grow and uploads that are taken."""
        root = self.context.spool.root
        return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


@contextmanager
def site_on(folder: Path, *, allowance: Allowance | None = None, **settings: dict[str, Any]) -> Iterator[Site]:
    """The site; `settings` are those of sections, such as `limits={"upload_bytes": 5}`."""
    clock = Clock()
    context = context_on(folder)
    chosen = context.settings
    any_number = {"per_second": 0, "per_minute": 0, "per_hour": 0}
    for section, values in ({"api": any_number} | settings).items():
        chosen = replace(chosen, **{section: replace(getattr(chosen, section), **values)})
    context = replace(context, settings=chosen, clock=clock)
    sellers.add(context.db, Seller(0, "bert", Account(0, "M2")), password_hash="h", now=NOW)
    if allowance is not None:
        sellers.change(context.db, "anna", {"allowance": sellers.allowance_text(allowance)})
    made = Site(context, clock)
    for name in ("anna", "bert"):
        made.add_token(name)
    try:
        yield made
    finally:
        context.db.close()
