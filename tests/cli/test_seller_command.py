"""`seller …`: who may drop files."""

from __future__ import annotations

import gc
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cli.commands import Command, Said

from cws_filedrop.credentials import passwords
from cws_filedrop.model import DateOrder, Policy, Seller
from cws_filedrop.store.database import Database, default_url
from cws_filedrop.store.sellers import sellers


@contextmanager
def database() -> Iterator[Database]:
    """The database that the commands of this test made."""
    found = Database(default_url(Path("data").absolute()))
    try:
        yield found
    finally:
        found.close()


def kept(name: str) -> Seller | None:
    """What is kept of a seller."""
    with database() as db:
        return sellers.find(db, name)


def lets_in(name: str, password: str) -> bool:
    """Is it this seller's password, and is the seller let in?"""
    with database() as db:
        found = sellers.access(db, name, datetime.now(UTC))
    return found is not None and passwords.matches(found.password_hash, password)


def password_in(said: Said) -> str:
    """The password that a command showed."""
    found = re.findall(r"^password (\S{20})$", said.out, re.MULTILINE)
    assert len(found) == 1, said
    return str(found[0])


def add(command: Command, name: str = "anna", *options: str) -> Said:
    """A new seller."""
    said = command("seller", "add", name, "--merchant-id", "M1", *options)
    assert said.code == 0, said.err
    return said


def listed(command: Command) -> dict[str, dict[str, object]]:
    """The sellers as machines see them, by name."""
    found = command("seller", "list", "--json").json()
    assert found["version"] == 1
    return {one["name"]: one for one in found["sellers"]}


def test_a_new_seller_gets_a_password_that_opens(command: Command) -> None:
    said = add(command)
    assert said.out.startswith("seller   anna\n")
    assert "shown once" in said.out
    assert lets_in("anna", password_in(said))


def test_the_password_is_shown_once(command: Command) -> None:
    shown = password_in(add(command))
    for more in (("seller", "list"), ("seller", "list", "--json"), ("status", "--json"), ("seller", "disable", "anna")):
        said = command(*more)
        assert shown not in said.out + said.err
    assert shown.encode() not in b"".join(path.read_bytes() for path in Path("data").rglob("*") if path.is_file())


def test_a_chosen_password_is_not_shown_at_all(command: Command) -> None:
    said = add(command, "anna", "--password", "correct-horse-9")
    assert said.out == "seller   anna\n"
    assert lets_in("anna", "correct-horse-9")


def test_a_password_may_come_from_the_environment(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CWS_SELLER_PASSWORD", "correct-horse-9")
    assert "correct-horse-9" not in add(command).out
    assert lets_in("anna", "correct-horse-9")


def test_options_are_kept(command: Command) -> None:
    add(
        command,
        "Anna",
        *("--marketplace", "A1PA6795UKMFR9", "--time-zone", "Europe/Berlin", "--date-order", "day-first"),
        *("--on-error", "hold-file", "--doubtful", "hold", "--unknown-orders", "reject"),
        *("--refresh-token", "env:ANNAS_TOKEN"),
    )
    found = kept("anna")
    assert found is not None
    assert (found.name, found.account.merchant_id, found.account.marketplace_id) == ("anna", "M1", "A1PA6795UKMFR9")
    assert found.policy == Policy("Europe/Berlin", DateOrder.DAY_FIRST, "reject", "hold-file", "hold")
    with database() as db:
        assert sellers.refresh_token(db, found.account.id) == "env:ANNAS_TOKEN"


@pytest.mark.parametrize("name", ["a", "a_b", "a b", "../x", "ä1", "x" * 33, "", "a\n"])
def test_a_bad_name_is_refused_with_the_remedy(command: Command, name: str) -> None:
    said = command("seller", "add", "--merchant-id", "M1", "--", name)
    assert said.code == 2
    assert said.err == f"cws-filedrop: {name!r}: a user name is 2 to 32 letters and digits, nothing else\n"
    assert not Path("data").exists()


@pytest.mark.parametrize(
    ("option", "value", "remedy"),
    [
        ("--time-zone", "Mars", "use a name such as Europe/Berlin"),
        ("--on-error", "stop", "use continue or hold-file"),
        ("--doubtful", "maybe", "use take or hold"),
        ("--unknown-orders", "maybe", "use accept or reject"),
        ("--date-order", "year-first", "'day-first', 'month-first'"),
    ],
)
def test_a_bad_value_is_refused_with_the_remedy(command: Command, option: str, value: str, remedy: str) -> None:
    said = command("seller", "add", "anna", "--merchant-id", "M1", option, value)
    assert said.code == 2
    assert value in said.err
    assert remedy in said.err
    assert not Path("data").exists()


def test_a_seller_needs_a_merchant_id(command: Command) -> None:
    said = command("seller", "add", "anna")
    assert said.code == 2
    assert "--merchant-id" in said.err


@pytest.mark.parametrize(
    ("option", "value"),
    [("--merchant-id", ""), ("--merchant-id", "x" * 51), ("--refresh-token", "Atzr|the-secret-itself")],
)
def test_a_value_that_cannot_work_is_refused_at_once(command: Command, option: str, value: str) -> None:
    said = command("seller", "add", "anna", "--merchant-id", "M1", option, value)
    assert said.code == 2
    assert option in said.err


def test_a_name_is_taken_whatever_its_case(command: Command) -> None:
    first = password_in(add(command, "anna"))
    said = command("seller", "add", "ANNA", "--merchant-id", "M2")
    assert said.code == 1
    assert said.err == "cws-filedrop: there is a seller named anna already\n"
    assert lets_in("anna", first)


def test_sellers_are_listed_by_name(command: Command) -> None:
    add(command, "zoe", "--time-zone", "Europe/Berlin")
    add(command, "anna")
    command("seller", "disable", "anna")
    assert listed(command) == {
        "anna": {
            "name": "anna",
            "merchant_id": "M1",
            "marketplace_id": "ATVPDKIKX0DER",
            "time_zone": "UTC",
            "enabled": False,
            "mail": {"to": [], "on": [], "buyers": False},
            "profiles": [],
            "limits": {},
        },
        "zoe": {
            "name": "zoe",
            "merchant_id": "M1",
            "marketplace_id": "ATVPDKIKX0DER",
            "time_zone": "Europe/Berlin",
            "enabled": True,
            "mail": {"to": [], "on": [], "buyers": False},
            "profiles": [],
            "limits": {},
        },
    }
    said = command("seller", "list")
    assert said.code == 0
    cells = [line.split() for line in said.out.splitlines()]
    assert ["anna", "M1", "ATVPDKIKX0DER", "UTC", "off"] in cells
    assert ["zoe", "M1", "ATVPDKIKX0DER", "Europe/Berlin", "on"] in cells


def test_a_new_password_replaces_the_old_one(command: Command) -> None:
    old = password_in(add(command))
    new = password_in(command("seller", "passwd", "ANNA"))
    assert lets_in("anna", new)
    assert not lets_in("anna", old)


def test_a_chosen_new_password_is_not_shown(command: Command) -> None:
    add(command)
    said = command("seller", "passwd", "anna", "--password", "correct-horse-9")
    assert said.out == "changed\n"
    assert lets_in("anna", "correct-horse-9")


@pytest.mark.parametrize("wrong", ["short", "password1234"])
def test_a_password_that_is_guessed_first_is_refused(command: Command, wrong: str) -> None:
    assert command("seller", "add", "anna", "--merchant-id", "M1", "--password", wrong).code == 2
    old = password_in(add(command))
    assert command("seller", "passwd", "anna", "--password", wrong).code == 2
    assert lets_in("anna", old)


def test_a_new_password_tells_of_tokens_that_go_on(command: Command) -> None:
    add(command)
    command("seller", "token", "add", "anna")
    assert "1 API tokens go on" in command("seller", "passwd", "anna").out
    assert "1 API tokens are switched off" in command("seller", "passwd", "anna", "--end-tokens").out
    assert "API tokens" not in command("seller", "passwd", "anna").out


def test_a_seller_is_switched_off_and_on_again(command: Command) -> None:
    password = password_in(add(command))
    assert command("seller", "disable", "Anna").out == "anna is switched off\n"
    assert not lets_in("anna", password)
    assert command("seller", "enable", "Anna").out == "anna is switched on\n"
    assert lets_in("anna", password)


def test_a_seller_who_was_removed_is_gone_and_the_name_is_free(command: Command) -> None:
    password = password_in(add(command))
    assert command("seller", "remove", "Anna").out == "anna is removed\n"
    assert listed(command) == {}
    assert not lets_in("anna", password)
    add(command)
    assert set(listed(command)) == {"anna"}
    assert not lets_in("anna", password)


@pytest.mark.parametrize("word", ["passwd", "disable", "enable", "remove"])
def test_a_seller_who_is_not_there_is_an_expected_failure(command: Command, word: str) -> None:
    add(command)
    said = command("seller", word, "Nobody")
    assert said.code == 1
    assert said.err == "cws-filedrop: there is no seller named nobody\n"
    assert said.out == ""


def test_before_there_is_any_data_the_way_is_shown(command: Command, tmp_path: Path) -> None:
    said = command("seller", "list")
    assert said.code == 2
    assert said.err == (
        f"cws-filedrop: {tmp_path / 'data'} holds no data yet; `cws-filedrop serve` or `seller add` makes it\n"
    )
    assert not Path("data").exists()


def test_a_command_closes_its_database(command: Command, tmp_path: Path) -> None:
    gc.collect()
    gc.disable()
    try:
        add(command)
        command("seller", "list")
        held = [os.path.realpath(path) for path in Path("/proc/self/fd").iterdir()]
    finally:
        gc.enable()
    assert not [name for name in held if name.startswith(str(tmp_path))]
