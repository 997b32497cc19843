"""Values from Amazon's JSON, each checked; one that is missing or of another type makes the answer senseless.

All of them raise RemoteUnavailable (`wire.senseless`), naming the key. Knows no operation.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final, NoReturn

from cws_filedrop.marketplaces.wire import senseless

Payload = Mapping[str, Any]
MOST_UNITS: Final = 10**9


def text(payload: Payload, key: str, doing: str) -> str:
    """A text that must not be missing or empty."""
    value = payload.get(key)
    if not isinstance(value, str) or not value:
        missing(key, value, doing)
    return value


def optional_text(payload: Payload, key: str, doing: str) -> str | None:
    """A text; None when it is missing or empty."""
    return None if payload.get(key) in (None, "") else text(payload, key, doing)


def moment(payload: Payload, key: str, doing: str) -> datetime:
    """A moment in ISO 8601; without a zone it is UTC."""
    found = text(payload, key, doing)
    try:
        when = datetime.fromisoformat(found)
        return when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC)
    except (ValueError, OverflowError):
        missing(key, found, doing)


def units(payload: Payload, key: str, doing: str) -> int:
    """A number of units."""
    value = payload.get(key)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MOST_UNITS:
        missing(key, value, doing)
    return value


def object_(payload: Payload, key: str, doing: str) -> Payload:
    """An object that must be there."""
    value = payload.get(key)
    if not isinstance(value, dict):
        missing(key, value, doing)
    return value


def objects(payload: Payload, key: str, doing: str) -> list[Payload]:
    """A list of objects that must be there."""
    found = payload.get(key)
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise senseless(doing, f"no list of {key} in it")
    return found


def missing(key: str, value: object, doing: str) -> NoReturn:
    """Reject a value that is missing or impossible.

    Raises: RemoteUnavailable.
    """
    raise senseless(doing, f"{key} is {value!r:.60}" if value else f"{key} is missing")
