"""`cws-filedrop sessions`, and what a new password and a lost telephone mean for tokens and codes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cli.commands import Command
from cli.terminal import Terminal

from cws_filedrop.model import Role
from cws_filedrop.store.database import Database, default_url
from cws_filedrop.store.doors import audit
from cws_filedrop.store.sellers import sellers, tokens
from cws_filedrop.store.users import decisions, identities, user_tokens, users, web_sessions

NOW = datetime.now(UTC)


@pytest.fixture
def db(command: Command, tmp_path: Path) -> Iterator[Database]:
    """The database of a service with the seller anna and the operator olga, a browser of each, and a token of each."""
    assert command("seller", "add", "anna", "--merchant-id", "A1B2C3D4E5F6G7").code == 0
    opened = Database(default_url(tmp_path / "data"))
    users.add(opened, "olga", password_hash="h", role=Role.ADMIN, now=NOW)
    tokens.add(opened, 1, "stock", now=NOW)
    with opened.write() as connection:
        user_tokens.add_in(connection, 1, "board", now=NOW)
    for number, owner in enumerate(({"seller_id": 1}, {"user_id": 1})):
        web_sessions.begin(opened, **owner, version=1, address=f"192.0.2.{number}", agent="Firefox [red]", now=NOW)
    yield opened
    opened.close()


def listed(command: Command, *options: str) -> list[dict[str, str]]:
    found: list[dict[str, str]] = json.loads(command("sessions", "list", *options, "--json").out)["sessions"]
    return found


def test_sessions_are_listed_and_one_is_ended(command: Command, db: Database) -> None:
    everyone = listed(command)
    assert sorted((one["kind"], one["name"], one["address"]) for one in everyone) == [
        ("seller", "anna", "192.0.2.0"),
        ("user", "olga", "192.0.2.1"),
    ]
    assert {one["agent"] for one in everyone} == {"Firefox [red]"}
    (annas,) = listed(command, "--seller", "Anna")
    assert listed(command, "--user", "anna") == []
    ended = command("sessions", "end", annas["id"])
    assert (ended.code, ended.out) == (0, "the session of anna from 192.0.2.0 is ended\n")
    assert [one["name"] for one in listed(command)] == ["olga"]
    again = command("sessions", "end", annas["id"])
    assert (again.code, f"there is no session {annas['id']}" in again.err) == (1, True)
    assert decisions.listing(db)[0].what == "seller.session-end"


def test_all_sessions_of_one_are_ended_and_only_these(command: Command, db: Database) -> None:
    assert command("sessions", "end", "all").code == 2
    assert command("sessions", "end", "all", "--user", "olga").out == "1 sessions are ended\n"
    assert [one["name"] for one in listed(command)] == ["anna"]


@pytest.mark.parametrize(
    ("option", "said", "on"),
    [
        ("--end-tokens", "1 API tokens are switched off", False),
        ("--keep-tokens", "1 API tokens go on opening the API", True),
        ("", "1 API tokens go on opening the API", True),
    ],
)
def test_a_new_password_says_what_becomes_of_tokens(
    command: Command, db: Database, option: str, said: str, on: bool
) -> None:
    more = [option] if option else []
    assert said in command("seller", "passwd", "anna", *more).out
    assert said in command("user", "password", "olga", *more).out
    assert [one.enabled for one in tokens.listing(db, 1)] == [on]
    assert [one.enabled for one in user_tokens.listing(db, 1)] == [on]
    if not on:
        assert [one.detail.split()[0] for one in audit.listing(db, event="token")] == ["token-disable"]


@pytest.mark.parametrize(("answer", "on"), [("y", False), ("n", True)])
def test_whoever_sits_at_a_terminal_is_asked(db: Database, tmp_path: Path, answer: str, on: bool) -> None:
    environment = {"CWS_FILEDROP_SERVICE__DATA_DIR": str(tmp_path / "data")}
    with Terminal("seller", "passwd", "anna", environment=environment) as there:
        there.expect("1 API tokens of anna open the API without the password. Switch them off?")
        there.type(answer)
        assert there.process.wait(120) == 0
    assert [one.enabled for one in tokens.listing(db, 1)] == [on]


def test_a_sellers_second_factor_is_forgotten_by_command(command: Command, db: Database) -> None:
    with db.write() as connection:
        sellers.set_factor_in(connection, 1, "JBSWY3DPEHPK3PXP")
    assert command("seller", "forget-factor", "Anna").out == "anna has no second factor any more.\n"
    found = identities.of_seller(db, "anna")
    assert found is not None
    assert found.totp_secret == ""
    assert command("seller", "forget-factor", "bert").code == 1


def test_terms_of_tokens_by_command(command: Command, db: Database) -> None:
    options = (
        "--scope",
        "read",
        "--scope",
        "upload",
        "--expires",
        "2099-12-31",
        "--networks",
        "192.0.2.7, 2001:db8::/32",
    )
    made = json.loads(command("seller", "token", "add", "anna", *options, "--json").out)
    found = json.loads(command("seller", "token", "list", "anna", "--json").out)["tokens"][-1]
    assert found["id"] == made["id"]
    assert found["scopes"] == ["read", "upload"]
    assert (found["expires_at"], found["networks"]) == ("2100-01-01T00:00:00.000Z", "192.0.2.7/32 2001:db8::/32")
    assert "read upload" in command("seller", "token", "list", "anna").out
    for wrong in (("--scope", "all"), ("--expires", "2020-01-01"), ("--networks", "everywhere")):
        refused = command("seller", "token", "add", "anna", *wrong)
        assert (refused.code, refused.err.startswith("cws-filedrop: ")) == (2, True), wrong
    assert command("user", "token", "add", "olga", "--scope", "upload").code == 2
