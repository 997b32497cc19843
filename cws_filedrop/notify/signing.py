"""Signatures of web hooks, as the Standard Webhooks specification has them (symmetric, version 1)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from typing import Final

PREFIX: Final = "whsec_"
SECRET_BYTES: Final = 32
FEWEST_BYTES, MOST_BYTES = 24, 64  # that the specification allows


def new_secret() -> str:
    """A secret for one hook: `whsec_` and base64."""
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def key_of(secret: str) -> bytes:
    """The bytes that a secret stands for. Raises: ValueError, without the secret in its words."""
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("a secret of a web hook is whsec_ and base64") from None
    if not FEWEST_BYTES <= len(key) <= MOST_BYTES:
        raise ValueError(f"a secret of a web hook has {FEWEST_BYTES} to {MOST_BYTES} bytes, in base64")
    return key


def signature(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """`v1,…` over id, seconds since 1970 and body. Raises: ValueError when the secret is none."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key_of(secret), signed, hashlib.sha256).digest()).decode()
