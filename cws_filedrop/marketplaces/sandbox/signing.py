"""Access tokens and presigned links: values that carry their own proof, so that nothing has to be remembered."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

TOKEN_SECONDS: Final = 3600
LINK_SECONDS: Final = 300
TOKEN_PREFIX: Final = "Atza"  # noqa: S105
RESTRICTED_PREFIX: Final = "Atz.sprdt"


@dataclass(frozen=True, slots=True)
class Signer:
    """Signs and verifies with one secret. Moments are seconds since 1970."""

    secret: bytes

    def token(self, account: str, now: float) -> str:
        """An access token for an account, valid for an hour."""
        head = f"{TOKEN_PREFIX}|{account.encode().hex()}|{int(now) + TOKEN_SECONDS}"
        return f"{head}|{self._sign(head)}"

    def account(self, token: str, now: float) -> str | None:
        """Whose token it is; None when it is not one of ours, or has expired."""
        head, _, signature = token.rpartition("|")
        parts = head.split("|")
        if not hmac.compare_digest(self._sign(head).encode(), signature.encode()) or len(parts) != 3:
            return None
        return bytes.fromhex(parts[1]).decode() if now < int(parts[2]) else None

    def restricted_token(self, account: str, documents: list[str], now: float) -> str:
        """A restricted data token for an account's documents, valid for an hour."""
        wanted = ",".join(documents).encode().hex()
        head = f"{RESTRICTED_PREFIX}|{account.encode().hex()}|{int(now) + TOKEN_SECONDS}|{wanted}"
        return f"{head}|{self._sign(head)}"

    def restricted_account(self, token: str, document: str, now: float) -> str | None:
        """Whose restricted data token it is; None when it is not ours, not for that document, or has expired."""
        head, _, signature = token.rpartition("|")
        parts = head.split("|")
        if not hmac.compare_digest(self._sign(head).encode(), signature.encode()) or len(parts) != 4:
            return None
        if now >= int(parts[2]) or document not in bytes.fromhex(parts[3]).decode().split(","):
            return None
        return bytes.fromhex(parts[1]).decode()

    def link(self, base: str, document: str, method: str, now: float) -> str:
        """A link to store (PUT) or fetch (GET) a document, valid for five minutes."""
        moment = str(int(now))
        query = {
            "X-Amz-Date": moment,
            "X-Amz-Expires": str(LINK_SECONDS),
            "X-Amz-Signature": self._sign("|".join((method, document, moment))),
        }
        return f"{base}/bucket/{document}?{urlencode(query)}"

    def opens(self, document: str, method: str, date: str, signature: str) -> bool:
        """Is that the signature of a link of ours?"""
        return hmac.compare_digest(self._sign("|".join((method, document, date))).encode(), signature.encode())

    def _sign(self, text: str) -> str:
        return hmac.new(self.secret, text.encode(), hashlib.sha256).hexdigest()
