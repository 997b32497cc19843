"""Passwords and their hashes."""

from __future__ import annotations

import pytest
from argon2 import extract_parameters

from cws_filedrop.credentials import passwords


def test_a_user_that_does_not_exist_costs_as_much_as_one_that_does() -> None:
    assert extract_parameters(passwords._DECOY) == extract_parameters(passwords.hashed("correct-horse-9"))
    assert not passwords.matches(None, "nobody")
    assert passwords.matches(passwords._DECOY, "nobody"), "it is the hash of something, and not found out as none"


@pytest.mark.parametrize(
    "password",
    [
        *("", "short", "elevenchars", "password1234", "Password!2026", "123456789012", "aaaaaaaaaaaa", "abababababab"),
        *("qwertyuiop12", "PasswordPassword", "abcdefghijkl", "123administrator!", "987654321098"),
    ],
)
def test_what_is_guessed_first_is_refused_in_words(password: str) -> None:
    assert passwords.fault(password)


@pytest.mark.parametrize("password", ["correct-horse-9", "twelve chars", "Pfützen springen"])
def test_what_is_long_and_not_everybodys_will_do(password: str) -> None:
    assert passwords.fault(password) == ""


def test_what_we_generate_will_do() -> None:
    assert not passwords.fault(passwords.generated())
