"""The OpenAPI document is true: whatever schemathesis makes of it, no call fails and no answer is undocumented.

Each operation is called as the document allows and as it does not; with ids that are made up, and with real ones.
"""

from __future__ import annotations

from collections.abc import Iterator
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

from cws_filedrop.model import SELLERS_EVENTS
from cws_filedrop.pipeline import order_files
from cws_filedrop.store import hooks, sellers, tokens

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


def real_ids(site: Site) -> dict[str, Any]:
    """One of everything that has an id, anna's."""
    anna = sellers.find(site.desk.db, "anna")
    assert anna is not None
    Shop(site.desk).imports(f"{KNOWN}\t{ITEM}\t2026-11-20\tStandard\tsku\t1")
    order_files.write(site.desk)
    hook = hooks.add(
        site.desk.db, anna.id, "https://a.example/", secret="whsec_", events=SELLERS_EVENTS, now=site.clock()
    )
    token = tokens.add(site.desk.db, anna.id, "spare", now=site.clock())
    assert token is not None
    name = site.get("/orders/created").json()["files"][0]["name"]
    return {"upload_id": site.drop(), "order_id": KNOWN, "hook_id": hook, "token_id": token[0], "name": name}


def fresh_token(site: Site) -> str:
    """A token, since the calls may have removed the one before, or made as many as there may be."""
    for one in tokens.listing(site.desk.db, 1):
        if one.label != "spare":
            tokens.remove(site.desk.db, 1, one.id)
    return site.add_token("anna")


def call_all(site: Site, *, examples: int, seed: int) -> Called:
    """Every operation, in both modes; statuses that came, by operation."""
    schema = schemathesis.openapi.from_asgi("/openapi.json", site.api)
    real = real_ids(site)
    called = Called({})
    for found in schema.get_all_operations():
        operation = found.ok()
        seen = called.statuses.setdefault(operation.label, set())
        for mode in GenerationMode:
            for ids in (real, {}) if "{" in operation.path or operation.path in FILES else ({},):
                headers = {"Authorization": f"Bearer {fresh_token(site)}"}
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


def test_a_short_look(site: Site) -> None:
    called = call_all(site, examples=4, seed=5)
    assert len(called.statuses) >= 22
    assert called.all() >= {200, 202, 204, 404, 422}
    answered = {name for name, statuses in called.statuses.items() if statuses & {200, 201, 202, 204}}
    assert len(answered) >= len(called.statuses) - 5  # there is no result of what waits, and no changed order


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_a_long_look(site: Site) -> None:
    called = call_all(site, examples=150, seed=7)
    assert called.all() >= {200, 201, 202, 204, 404, 409, 422}
