"""How far our clock is from Amazon's, by the Date of its answers (RFC 9110, 6.6.1; whole seconds)."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

_LOCK: Final = threading.Lock()
_HEARD: Final[list[float]] = []
_KEPT: Final = 5  # answers; their median counts, since a single one may have been delayed on its way


def heard(date: str, *, now: datetime | None = None) -> None:
    """Note the Date of an answer; one without a valid Date is ignored."""
    try:
        sent_at = parsedate_to_datetime(date)
    except (TypeError, ValueError):
        return
    with _LOCK:
        _HEARD.append(((now or datetime.now(UTC)) - sent_at).total_seconds())
        del _HEARD[:-_KEPT]


def skew_seconds() -> float | None:
    """How many seconds our clock is ahead (behind: negative); None with too few answers."""
    with _LOCK:
        return sorted(_HEARD)[_KEPT // 2] if len(_HEARD) == _KEPT else None


def forget() -> None:
    """Start over, after the clock was set."""
    with _LOCK:
        _HEARD.clear()
