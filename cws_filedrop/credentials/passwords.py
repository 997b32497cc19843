"""Passwords as argon2id hashes (RFC 9106, second recommended option scaled to 19 MiB as OWASP advises)."""

from __future__ import annotations

import secrets
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

_HASHER: Final = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
# Of "nobody", at the same cost. Written down: to make one takes 30 ms of every start.
_DECOY: Final = "$argon2id$v=19$m=19456,t=2,p=1$dB2aeIzffZ8aoRtZLjI7ow$jidoCNpaQmC2vEFn6fKUPeAITMsJMlDh+kUBbrXE8F4"
_ALPHABET: Final = "abcdefghjkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # nothing that is mistaken when read aloud

SHORTEST: Final = 12  # characters; NIST SP 800-63B asks for 8, and for 15 where it is the only factor
_FEWEST_DIFFERENT: Final = 5
_AROUND: Final = "0123456789!?.,;:-_#*+$ "  # what people put around a word to make it longer
_COMMON: Final = frozenset(
    (
        *("", "password", "passwort", "motdepasse", "kennwort", "administrator", "admin", "welcome", "willkommen"),
        *("letmein", "changeme", "iloveyou", "sunshine", "princess", "football", "baseball", "superman", "trustno"),
        *("qwerty", "qwertz", "azerty", "qwertyuiop", "qwertzuiop", "asdfghjkl", "abcdef", "secret", "geheim"),
        *("passwordpassword", "adminadmin", "qwertyqwerty", "amazon", "seller", "filedrop", "cwsfiledrop"),
    )
)
_ROWS: Final = ("0123456789" * 3, "9876543210" * 3, "abcdefghijklmnopqrstuvwxyz", "1qaz2wsx3edc4rfv5tgb6yhn")


def hashed(password: str) -> str:
    """The hash to keep; a different one each time."""
    return _HASHER.hash(password)


def matches(password_hash: str | None, password: str) -> bool:
    """Is it the password? Takes as long for a user that does not exist (None) as for one that does."""
    try:
        return _HASHER.verify(password_hash or _DECOY, password) and password_hash is not None
    except (VerificationError, InvalidHashError):
        return False


def fault(password: str) -> str:
    """What is wrong with a password that somebody chose, in words; "" = nothing (NIST SP 800-63B, 3.1.1.2: length and a
    list of what everybody chooses, and no rules of what must be in it)."""
    if len(password) < SHORTEST:
        return f"a password has {SHORTEST} characters at least"
    plain = password.lower()
    if len(set(plain)) < _FEWEST_DIFFERENT or plain.strip(_AROUND) in _COMMON or any(plain in row for row in _ROWS):
        return "that is one of the passwords that are guessed first"
    return ""


def generated(length: int = 20) -> str:
    """A new random password of about 115 bits."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))
