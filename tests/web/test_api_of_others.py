"""A seller's token reaches nothing of another seller's: every route, with every id of bert's, called as anna."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from pipeline.shop import ITEM, Shop
from web.api_kit import Site, site_on

from cws_filedrop.model import SELLERS_EVENTS, Policy
from cws_filedrop.orders import order_files
from cws_filedrop.pipeline import outbox
from cws_filedrop.store.outgoing import hooks
from cws_filedrop.store.sellers import sellers, tokens

THEIRS = "111-2222222-3333333"
NAME = "bertssecretfile.txt"
NOWHERE = {
    "upload_id": "20010101-000000-2222",
    "order_id": "999-9999999-9999999",
    "hook_id": "4711",
    "token_id": "4711",
    "name": "nowhere.txt",
}


@pytest.fixture(scope="module")
def ids(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Site, dict[str, str]]]:
    """A site, and of everything that has an id one that is bert's."""
    with site_on(tmp_path_factory.mktemp("others")) as site:
        bert = sellers.find(site.context.db, "bert")
        assert bert is not None
        sellers.change(site.context.db, "bert", {"policy": sellers.policy_text(Policy(on_error="hold-file"))})
        rows = f"order-id\tstatus\n{THEIRS}\tshipped\nwrong\tshipped\n"
        held = site.drop(rows.encode(), who="bert", name=NAME)
        assert site.get(f"/uploads/{held}", who="bert").json()["state"] == "held"
        Shop(site.context, account=bert.account.id).imports(f"{THEIRS}\t{ITEM}\t2026-11-20\tStandard\tsku\t1")
        order_files.write(site.context)
        outbox.write_statuses(site.context, ["anna", "bert"])
        file, *_ = site.get("/orders/created", who="bert").json()["files"]
        secret = "whsec_" + "A" * 44
        hook = hooks.add(
            site.context.db, bert.id, "https://bert.example/", secret=secret, events=SELLERS_EVENTS, now=site.clock()
        )
        (token,) = tokens.listing(site.context.db, bert.id)
        found = {"upload_id": held, "order_id": THEIRS, "hook_id": str(hook), "token_id": str(token.id)}
        yield site, found | {"name": file["name"]}


def routes(site: Site) -> list[tuple[str, str]]:
    """Those of sellers; those of operators open to none of their tokens (test_api_ops_access)."""
    paths = {path: operations for path, operations in site.api.openapi()["paths"].items() if path[:5] != "/ops/"}
    return [(method.upper(), path) for path, operations in paths.items() for method in operations]


def asked(site: Site, method: str, path: str, values: dict[str, str], who: str = "anna") -> tuple[int, str, set[str]]:
    json = {"enabled": False} if method == "PATCH" else None
    answer = site.call(method, re.sub(r"\{(\w+)\}", lambda found: values[found[1]], path), who=who, json=json)
    return answer.status_code, answer.text, set(answer.headers) - {"date"}


def test_every_id_of_another_seller_is_like_one_that_does_not_exist(ids: tuple[Site, dict[str, str]]) -> None:
    site, theirs = ids
    tried = [(method, path) for method, path in routes(site) if "{" in path]
    assert len(tried) >= 14
    for method, path in tried:
        there, nowhere = asked(site, method, path, theirs), asked(site, method, path, NOWHERE)
        assert there[0] == 404, (method, path, there)
        assert there == nowhere, (method, path)


def test_no_list_holds_anything_of_theirs(ids: tuple[Site, dict[str, str]]) -> None:
    site, theirs = ids
    marks = (theirs["upload_id"], THEIRS, NAME, theirs["name"], "bert")
    lists = [path for method, path in routes(site) if method == "GET" and "{" not in path]
    assert len(lists) >= 7
    for path in lists:
        _, text, _ = asked(site, "GET", path, {})
        assert [mark for mark in marks if mark in text] == [], path
        status, text, _ = asked(site, "GET", path, {}, who="bert")
        assert status == 200


def test_the_same_ids_are_there_for_their_owner(ids: tuple[Site, dict[str, str]]) -> None:
    """Else the tests above would prove nothing. Nothing that anna tried has changed anything of theirs."""
    site, theirs = ids
    files = ("/result", "/unconfirmed")  # there are none while it is held
    reading = [path for method, path in routes(site) if method == "GET" and "{" in path and not path.endswith(files)]
    for path in reading:
        if not path.startswith("/orders/modified"):
            assert asked(site, "GET", path, theirs, who="bert")[0] == 200, path
    assert site.get(f"/uploads/{theirs['upload_id']}", who="bert").json()["state"] == "held"
    (hook,) = site.get("/hooks", who="bert").json()["hooks"]
    assert hook["enabled"]


def test_an_upload_that_is_not_recorded_yet_is_its_sellers_alone(tmp_path: Path) -> None:
    with site_on(tmp_path) as site:
        upload_id = site.hand_in(who="bert").json()["id"]
        assert site.get(f"/uploads/{upload_id}", who="bert").status_code == 200
        assert site.get(f"/uploads/{upload_id}").status_code == 404


def test_cursors_of_another_seller_lead_nowhere_else(ids: tuple[Site, dict[str, str]]) -> None:
    site, theirs = ids
    assert site.get(f"/uploads?cursor={theirs['upload_id']}").json()["uploads"] == []


def test_sellers_of_one_account_do_not_see_each_others_uploads_in_an_orders_history(tmp_path: Path) -> None:
    with site_on(tmp_path) as site:
        from cws_filedrop.model import Account, Seller

        sellers.add(site.context.db, Seller(0, "cleo", Account(0, "M1")), password_hash="h", now=site.clock())
        site.add_token("cleo")
        Shop(site.context).imports(f"{THEIRS}\t{ITEM}\t2026-11-20\tStandard\tsku\t1")
        upload_id = site.drop(f"order-id\tstatus\n{THEIRS}\tshipped\n".encode())
        assert upload_id in site.get(f"/orders/{THEIRS}").text
        answer = site.get(f"/orders/{THEIRS}", who="cleo")
        assert (answer.status_code, upload_id in answer.text) == (200, False)
