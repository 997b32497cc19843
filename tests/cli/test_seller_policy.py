"""`seller policy` shows and changes how files are judged."""

from __future__ import annotations

import pytest
from cli.commands import Command


@pytest.fixture
def anna(command: Command) -> Command:
    assert command("seller", "add", "anna", "--merchant-id", "A1", "--time-zone", "Europe/Berlin").code == 0
    return command


def test_it_is_shown_and_changed(anna: Command) -> None:
    told = anna("seller", "policy", "anna", "--json").json()["policy"]
    assert (told["time_zone"], told["cancel_at_amazon"], told["on_error"]) == ("Europe/Berlin", False, "continue")
    said = anna("seller", "policy", "Anna", "--cancel-at-amazon", "on", "--on-error", "hold-file")
    assert said.code == 0
    assert "cancel at amazon" in said.out
    told = anna("seller", "policy", "anna", "--json").json()["policy"]
    assert (told["time_zone"], told["cancel_at_amazon"], told["on_error"]) == ("Europe/Berlin", True, "hold-file")
    assert anna("seller", "policy", "anna", "--cancel-at-amazon", "off", "--date-order", "day-first").code == 0
    told = anna("seller", "policy", "anna", "--json").json()["policy"]
    assert (told["cancel_at_amazon"], told["date_order"]) == (False, "day-first")


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("bert",), 1, "no seller named bert"),
        (("anna", "--time-zone", "Berlin"), 2, "Europe/Berlin"),
        (("anna", "--on-error", "stop"), 2, "hold-file"),
    ],
)
def test_what_cannot_be_set(anna: Command, arguments: tuple[str, ...], code: int, words: str) -> None:
    said = anna("seller", "policy", *arguments)
    assert said.code == code
    assert words in said.err
