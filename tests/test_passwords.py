"""Passwords and their hashes."""

from __future__ import annotations

from argon2 import extract_parameters

from cws_filedrop.credentials import passwords


def test_a_user_that_does_not_exist_costs_as_much_as_one_that_does() -> None:
    assert extract_parameters(passwords._DECOY) == extract_parameters(passwords.hashed("correct-horse-9"))
    assert not passwords.matches(None, "nobody")
    assert passwords.matches(passwords._DECOY, "nobody"), "it is the hash of something, and not found out as none"
