"""The secret of a second factor while it is being set up. The server makes and keeps it: what a browser sends is never
taken for one, so that nobody can be given a factor that somebody else knows.
"""

from __future__ import annotations

import threading
from typing import Final

import pyotp

from cws_filedrop.store.users.web_sessions import WebSession

_MOST: Final = 1000  # that are being set up; the oldest are forgotten


class PendingFactors:
    """The secrets that are being set up, by session. May be used from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._secrets: dict[str, str] = {}

    def of(self, session: WebSession) -> str:
        """The session's secret, made if there is none."""
        with self._lock:
            if len(self._secrets) >= _MOST:
                del self._secrets[next(iter(self._secrets))]
            return self._secrets.setdefault(session.token_hash, pyotp.random_base32())

    def forget(self, session: WebSession) -> None:
        """It is set up."""
        with self._lock:
            self._secrets.pop(session.token_hash, None)
