"""The OpenAPI document is true: whatever schemathesis makes of it, no call fails and no answer is undocumented.

Each operation is called as the document allows and as it does not; with ids that are made up, and with real ones.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import schemathesis
from pipeline.shop import ITEM, Shop
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi import checks
from web.api_kit import GOOD, Site, site_on
from web.scenes import busy

from cws_filedrop.model import SELLERS_EVENTS, FeedState, OrderState, Role, UploadState
from cws_filedrop.orders import order_files
from cws_filedrop.store.database import stamp
from cws_filedrop.store.doors import connections
from cws_filedrop.store.feeds import feeds
from cws_filedrop.store.orders import order_book
from cws_filedrop.store.outgoing import hooks
from cws_filedrop.store.sellers import sellers, tokens
from cws_filedrop.store.uploads import uploads
from cws_filedrop.store.users import users
from cws_filedrop.web.api.ops.parts import PREFIX

FILES = ("/uploads", "/orders/confirm")
KNOWN = "026-1520163-6000001"
CHECKS: list[Any] = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
EVERY = [hypothesis.HealthCheck.too_slow, hypothesis.HealthCheck.filter_too_much, hypothesis.HealthCheck.data_too_large]


@dataclass
class Called:
    """What came of the calls: statuses by operation."""

    statuses: dict[str, set[int]]

    def all(self) -> set[int]:
        return set().union(*self.statuses.values())


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with site_on(tmp_path) as made:
        yield made


def sellers_ids(site: Site) -> dict[str, Any]:
    """One of everything that has an id, anna's."""
    anna = sellers.find(site.context.db, "anna")
    assert anna is not None
    Shop(site.context).imports(f"{KNOWN}\t{ITEM}\t2026-11-20\tStandard\tsku\t1")
    order_files.write(site.context)
    hook = hooks.add(
        site.context.db, anna.id, "https://a.example/", secret="whsec_", events=SELLERS_EVENTS, now=site.clock()
    )
    token = tokens.add(site.context.db, anna.id, "spare", now=site.clock())
    assert token is not None
    name = site.get("/orders/created").json()["files"][0]["name"]
    return {"upload_id": site.drop(), "order_id": KNOWN, "hook_id": hook, "token_id": token[0].id, "name": name}


def sellers_token(site: Site, _: dict[str, Any]) -> str:
    """A token, since the calls may have removed the one before, or made as many as there may be."""
    for one in tokens.listing(site.context.db, 1):
        if one.label != "spare":
            tokens.remove(site.context.db, 1, one.id)
    return site.add_token("anna")


def operators_ids(site: Site) -> dict[str, Any]:
    """One of everything that operators can decide on; users have the names of sellers."""
    named = busy(site)
    site.add_user(Role.ADMIN, "root")
    site.add_user(Role.VIEWER, "anna")
    row = {"seller": "anna", "door": "sftp", "address": "", "client": "", "since": stamp(site.clock()), "busy": False}
    connections.keep(site.context.db, "doors", [{"id": "0f3a5c7d9b1e", **row}], [])
    ids = {"upload_id": named["upload"], "order_id": named["order"], "account_id": 1, "number": 2, "name": "anna"}
    return ids | {"connection_id": "0f3a5c7d9b1e"}


def operators_token(site: Site, ids: dict[str, Any]) -> str:
    """A token of an admin, since the calls may have changed what its user may; and all is undecided as before."""
    db = site.context.db
    users.change(db, "root", {"enabled": True, "role": str(Role.ADMIN)})
    uploads.set_state(db, ids["upload_id"], UploadState.HELD)
    feeds.change(db, ids["number"], state=FeedState.STOPPED)
    with db.write() as connection:
        order = order_book.get_in(connection, ids["account_id"], ids["order_id"])
        assert order is not None
        order_book.move(connection, order, OrderState.UNCONFIRMED, who="test", what="again", now=site.clock())
    return site.tokens["root"]


PARTS: dict[str, tuple[Callable[[Site], dict[str, Any]], Callable[[Site, dict[str, Any]], str]]] = {
    "sellers": (sellers_ids, sellers_token),
    "operators": (operators_ids, operators_token),
}


def call_all(site: Site, part: str, *, examples: int, seed: int) -> Called:
    """Every operation of one part, in both modes; statuses that came, by operation."""
    schema = schemathesis.openapi.from_asgi("/openapi.json", site.api)
    real_ids, fresh_token = PARTS[part]
    real = real_ids(site)
    called = Called({})
    for found in schema.get_all_operations():
        operation = found.ok()
        if operation.path.startswith(PREFIX) != (part == "operators"):
            continue
        seen = called.statuses.setdefault(operation.label, set())
        for mode in GenerationMode:
            for ids in (real, {}) if "{" in operation.path or operation.path in FILES else ({},):
                headers = {"Authorization": f"Bearer {fresh_token(site, real)}"}
                call_one(operation.as_strategy(generation_mode=mode), ids, headers, seen, examples=examples, seed=seed)
    return called


def call_one(
    cases: Any, ids: dict[str, Any], headers: dict[str, str], seen: set[int], *, examples: int, seed: int
) -> None:
    """One operation in one mode, many times; with these ids, if there are any."""

    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=examples, deadline=None, database=None, suppress_health_check=EVERY, phases=PHASES
    )
    @hypothesis.given(case=cases)
    def call(case: Any) -> None:
        if ids:
            case.path_parameters = {name: ids[name] for name in case.path_parameters or {}}
            if case.operation.path in FILES and case.media_type == "text/tab-separated-values":
                case.body = GOOD
        seen.add(case.call_and_validate(headers=headers, checks=CHECKS).status_code)

    call()


PHASES = (hypothesis.Phase.explicit, hypothesis.Phase.generate)


@pytest.mark.parametrize(("part", "operations", "unanswered"), [("sellers", 25, 5), ("operators", 38, 2)])
def test_a_short_look(site: Site, part: str, operations: int, unanswered: int) -> None:
    called = call_all(site, part, examples=4, seed=5)
    assert len(called.statuses) >= operations
    assert called.all() >= {200, 202, 204, 404, 422}
    answered = {name for name, statuses in called.statuses.items() if statuses & {200, 201, 202, 204}}
    # There is no result of what waits, no changed order, nobody to let in by a made-up name, no feed that is offered.
    assert len(answered) >= len(called.statuses) - unanswered, sorted(set(called.statuses) - answered)


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("part", PARTS)
def test_a_long_look(site: Site, part: str) -> None:
    called = call_all(site, part, examples=150, seed=7)
    assert called.all() >= {200, 201, 202, 204, 404, 409, 422}
