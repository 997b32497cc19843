"""What a token is for, until when and from where, as people give it; the same on pages and in commands."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Sequence
from datetime import UTC, date, datetime, time, timedelta

from cws_filedrop.errors import NotPossible
from cws_filedrop.model import Scope
from cws_filedrop.store.database import stamp
from cws_filedrop.store.token_rows import LONGEST_LABEL, TokenTerms


def terms(
    scopes: Collection[str], expires: str, networks: str, *, all_scopes: Sequence[Scope], now: datetime
) -> TokenTerms:
    """The terms; no scopes are all, `expires` is the last day (UTC), as 2026-12-31, "" = none. Raises: NotPossible."""
    for word in scopes:
        if word not in all_scopes:
            raise NotPossible(f"a token is for {', '.join(all_scopes)}, not for {word}")
    kept = tuple(scope for scope in all_scopes if not scopes or scope in scopes)
    return TokenTerms(kept, _end_of(expires.strip(), now), _networks(networks))


def label(text: str) -> str:
    """What a token is for, in words. Raises: NotPossible."""
    text = text.strip()
    if len(text) > LONGEST_LABEL or not text.isprintable():
        raise NotPossible(f"what a token is for has {LONGEST_LABEL} printable characters at most")
    return text


def _end_of(day: str, now: datetime) -> str | None:
    if not day:
        return None
    try:
        end = datetime.combine(date.fromisoformat(day) + timedelta(days=1), time.min, UTC)
    except (ValueError, OverflowError):
        raise NotPossible(f"{day} is no day; write the last day as 2026-12-31") from None
    if end <= now:
        raise NotPossible(f"{day} is over; a token ends in the future, or never")
    return stamp(end)


def _networks(text: str) -> str:
    try:
        return " ".join(str(ipaddress.ip_network(word, strict=False)) for word in text.replace(",", " ").split())
    except ValueError as error:
        raise NotPossible(f"{error}; write networks as 192.0.2.0/24") from None
