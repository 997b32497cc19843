"""How far our clock is from Amazon's, by the Date of its answers (RFC 9110, 6.6.1; whole seconds)."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

_LOCK: Final = threading.Lock()
_HEARD: Final[list[float]] = []
_KEPT: Final = 5  # answers; the middle one counts, since one may have been long on its way


def heard(date: str, *, now: datetime | None = None) -> None:
    """Note what an answer says of the time; nothing when it says none."""
    try:
        told = parsedate_to_datetime(date)
    except (TypeError, ValueError):
        return
    with _LOCK:
        _HEARD.append(((now or datetime.now(UTC)) - told).total_seconds())
        del _HEARD[:-_KEPT]


def skew_seconds() -> float | None:
    """How many seconds we are ahead (behind: negative); None when too little was heard."""
    with _LOCK:
        return sorted(_HEARD)[_KEPT // 2] if len(_HEARD) == _KEPT else None


def forget() -> None:
    """Begin anew: the clock was set."""
    with _LOCK:
        _HEARD.clear()
