"""Operators' tokens of the API."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from store.conftest import NOW

from cws_filedrop.model import Role
from cws_filedrop.store.database import Database
from cws_filedrop.store.sellers import tokens
from cws_filedrop.store.users import user_tokens, users
from cws_filedrop.store.users.user_tokens import UserBearer


@pytest.fixture
def db(db: Database) -> Database:
    """With the users olga and otto."""
    for name in ("olga", "otto"):
        users.add(db, name, password_hash="h", role=Role.OPERATOR, now=NOW)
    users.add(db, "root", password_hash="h", role=Role.ADMIN, now=NOW)
    return db


def made(db: Database, user_id: int = 1) -> tuple[int, str]:
    with db.write() as connection:
        found = user_tokens.add_in(connection, user_id, "board", now=NOW)
    assert found is not None
    return found[0].id, found[1]


def holds(db: Database, token: str) -> bool:
    return user_tokens.authenticate(db, token, now=NOW) is not None


def test_a_token_is_its_users_and_no_other_holds(db: Database) -> None:
    token_id, token = made(db)
    assert token.startswith("cwsop_")
    found = user_tokens.authenticate(db, token, now=NOW)
    assert found == UserBearer(token_id, token[:10], 1, "olga", Role.OPERATOR, False)
    for other in (token[:-1], token + "x", token.upper(), "", "cwsop_", token.removeprefix("cwsop_"), "\udcff"):
        assert not holds(db, other)
    assert tokens.authenticate(db, token, now=NOW) is None


def test_the_token_itself_is_kept_nowhere(db: Database, tmp_path: Path) -> None:
    _, token = made(db)
    (shown,) = user_tokens.listing(db, 1)
    assert (token[:10], shown.label, shown.enabled, shown.used_at) == (shown.hint, "board", True, None)
    db.close()
    assert all(token[12:].encode() not in path.read_bytes() for path in tmp_path.iterdir() if path.is_file())


def test_it_is_switched_off_and_on_and_removed_by_its_user_alone(db: Database) -> None:
    token_id, token = made(db)
    with db.write() as connection:
        assert user_tokens.enable_in(connection, 2, token_id, enabled=False) is None
        assert user_tokens.remove_in(connection, 2, token_id) is None
    assert holds(db, token)
    for enabled in (False, True):
        with db.write() as connection:
            changed = user_tokens.enable_in(connection, 1, token_id, enabled=enabled)
        assert changed is not None
        assert (changed.enabled, holds(db, token)) == (enabled, enabled)
    with db.write() as connection:
        assert user_tokens.remove_in(connection, 1, token_id) is not None
        assert user_tokens.remove_in(connection, 1, token_id) is None
    assert not holds(db, token)


def test_it_holds_only_while_its_user_is_enabled_and_is_of_the_role_that_the_user_has_then(db: Database) -> None:
    _, token = made(db)
    users.change(db, "olga", {"enabled": False})
    assert not holds(db, token)
    users.change(db, "olga", {"enabled": True, "role": str(Role.VIEWER), "totp_secret": "x"})
    found = user_tokens.authenticate(db, token, now=NOW)
    assert found is not None
    assert (found.role, found.has_factor) == (Role.VIEWER, True)


def test_its_use_is_kept_to_the_minute(db: Database) -> None:
    _, token = made(db)
    seen = []
    for seconds in (0, 59, 60, 61):
        user_tokens.authenticate(db, token, now=NOW + timedelta(seconds=seconds))
        seen.append(user_tokens.listing(db, 1)[0].used_at)
    first, later = "2026-11-22T12:00:00.000Z", "2026-11-22T12:01:00.000Z"
    assert seen == [first, first, later, later]


def test_a_user_has_not_any_number_of_them(db: Database) -> None:
    for _ in range(user_tokens.MOST_TOKENS):
        made(db)
    with db.write() as connection:
        assert user_tokens.add_in(connection, 1, "one more", now=NOW) is None
        assert user_tokens.add_in(connection, 2, "another's", now=NOW) is not None
