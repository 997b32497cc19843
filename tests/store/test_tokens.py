"""Tokens of the API."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cws_filedrop.model import Account, Seller
from cws_filedrop.store.database import Database
from cws_filedrop.store.sellers import sellers, tokens

pytestmark = pytest.mark.postgres

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def made(db: Database, seller_id: int = 1) -> tuple[int, str]:
    found = tokens.add(db, seller_id, "shop", now=NOW)
    assert found is not None
    return found[0].id, found[1]


def test_a_token_is_its_sellers_and_no_other_holds(db: Database) -> None:
    token_id, token = made(db)
    assert token.startswith("cwsfd_")
    assert tokens.authenticate(db, token, now=NOW) == tokens.Bearer(token_id, 1, "")
    for other in (token[:-1], token + "x", token.upper(), "", "cwsfd_", token.removeprefix("cwsfd_"), "\udcff"):
        assert tokens.authenticate(db, other, now=NOW) is None


def test_the_token_itself_is_kept_nowhere(db: Database, tmp_path: Path) -> None:
    _, token = made(db)
    (shown,) = tokens.listing(db, 1)
    assert token.startswith(shown.hint)
    assert len(shown.hint) == 10
    db.close()
    assert all(token[12:].encode() not in path.read_bytes() for path in tmp_path.iterdir() if path.is_file())


def test_it_is_switched_off_and_on_and_removed(db: Database) -> None:
    token_id, token = made(db)
    assert tokens.enable(db, 1, token_id, enabled=False)
    assert tokens.authenticate(db, token, now=NOW) is None
    assert tokens.enable(db, 1, token_id, enabled=True)
    assert tokens.authenticate(db, token, now=NOW) is not None
    assert tokens.remove(db, 1, token_id)
    assert tokens.authenticate(db, token, now=NOW) is None
    assert not tokens.remove(db, 1, token_id)


def test_another_seller_can_do_nothing_with_it(db: Database) -> None:
    sellers.add(db, Seller(0, "bert", Account(0, "M2")), password_hash="h", now=NOW)
    token_id, _ = made(db)
    assert not tokens.enable(db, 2, token_id, enabled=False)
    assert not tokens.remove(db, 2, token_id)
    assert tokens.listing(db, 2) == []


@pytest.mark.parametrize("values", [{"enabled": False}, {"expires_at": "2026-11-22T12:00:00.000Z"}])
def test_a_seller_who_may_not_log_in_may_not_use_it(db: Database, values: Mapping[str, object]) -> None:
    _, token = made(db)
    sellers.change(db, "anna", values)
    assert tokens.authenticate(db, token, now=NOW) is None


def test_nor_one_that_is_removed(db: Database) -> None:
    _, token = made(db)
    sellers.remove(db, "anna", now=NOW)
    assert tokens.authenticate(db, token, now=NOW) is None


def test_its_use_is_kept_to_the_minute(db: Database) -> None:
    _, token = made(db)
    seen = []
    for seconds in (0, 59, 60, 61):
        tokens.authenticate(db, token, now=NOW + timedelta(seconds=seconds))
        seen.append(tokens.listing(db, 1)[0].used_at)
    first, later = "2026-11-22T12:00:00.000Z", "2026-11-22T12:01:00.000Z"
    assert seen == [first, first, later, later]


def test_a_seller_has_not_any_number_of_them(db: Database) -> None:
    for _ in range(tokens.MOST_TOKENS):
        made(db)
    assert tokens.add(db, 1, "one more", now=NOW) is None
