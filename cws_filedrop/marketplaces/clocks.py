"""How far our clock is from Amazon's, by the Date of its answers (RFC 9110, 6.6.1; whole seconds)."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

_LOCK: Final = threading.Lock()
_HEARD: Final[list[float]] = []
_KEPT: Final = 5  # answers; their median counts, since a single one may have been delayed on its way


def heard(date: str, *, now: datetime | None = None) -> None:
    """Note the Date of an answer; one without a valid Date is ignored."""
    sent_at = _moment(date)
    if sent_at is None:
        return
    with _LOCK:
        _HEARD.append(((now or datetime.now(UTC)) - sent_at).total_seconds())
        del _HEARD[:-_KEPT]


def date_of(headers: Mapping[str, str] | None) -> datetime | None:
    """The Date of an answer, by the clock of who answered; None when it has none that can be read."""
    return _moment(headers.get("date", "")) if headers else None


def _moment(date: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(date)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        return None


def skew_seconds() -> float | None:
    """How many seconds our clock is ahead (behind: negative); None with too few answers."""
    with _LOCK:
        return sorted(_HEARD)[_KEPT // 2] if len(_HEARD) == _KEPT else None


def forget() -> None:
    """Start over, after the clock was set."""
    with _LOCK:
        _HEARD.clear()
