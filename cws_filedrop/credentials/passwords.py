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


def hashed(password: str) -> str:
    """The hash to keep; a different one each time."""
    return _HASHER.hash(password)


def matches(password_hash: str | None, password: str) -> bool:
    """Is it the password? Takes as long for a user that does not exist (None) as for one that does."""
    try:
        return _HASHER.verify(password_hash or _DECOY, password) and password_hash is not None
    except (VerificationError, InvalidHashError):
        return False


def generated(length: int = 20) -> str:
    """A new random password of about 115 bits."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))
