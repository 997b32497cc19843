"""How sizes, numbers, moments and states look to people, on pages and on the terminal: values to texts."""

from __future__ import annotations

from datetime import datetime
from typing import Final

UNITS: Final = ("B", "KB", "MB", "GB", "TB")
STEPS: Final = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))
GOOD: Final = frozenset({"done", "confirmed", "settled", "seen", "updated", "enabled", "ok"})
BAD: Final = frozenset(
    {"rejected", "unconfirmed", "failed", "stopped", "missing", "refused", "disabled", "unknown", "banned", "unsure"}
)
ODD: Final = frozenset(
    {"held", "cut", "confirmed-warning", "doubtful", "duplicate", "late", "deferred", "sending", "partly shipped"}
)


def size(number: int | None) -> str:
    """Bytes for people: 1.5 MB."""
    if number is None:
        return ""
    value, unit = float(number), 0
    while value >= 1000 and unit < len(UNITS) - 1:
        value, unit = value / 1000, unit + 1
    return f"{value:.0f} {UNITS[unit]}" if unit == 0 or value >= 100 else f"{value:.1f} {UNITS[unit]}"


def number(value: int | float | None) -> str:
    """A number with thin spaces: 1 234 567."""
    return "" if value is None else f"{value:,.0f}".replace(",", "\u202f")


def lasting(seconds: float | None) -> str:
    """A time that passes, in its two largest units: 3 h 12 min."""
    if seconds is None:
        return ""
    if 0 < seconds < 10:
        return f"{seconds:.1f} s"
    rest = int(seconds)
    told: list[str] = []
    for length, unit in STEPS:
        whole, rest = divmod(rest, length)
        if whole or (unit == "s" and not told):
            told.append(f"{whole} {unit}")
        elif told:
            break
    return " ".join(told[:2])


def printable(text: str) -> str:
    """A text that moves no cursor and hides nothing: what cannot be printed is spelled out (\\x1b, \\u202e)."""
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)


def tone(state: object) -> str:
    """good, bad, odd or plain: how a state is coloured."""
    text = str(state)
    return "good" if text in GOOD else "bad" if text in BAD else "odd" if text in ODD else "plain"


def age(at: str | None, now: datetime) -> str:
    """How long ago a stamp is."""
    return lasting(max(0.0, (now - datetime.fromisoformat(at)).total_seconds())) if at else ""


def until(at: str | None, now: datetime) -> str:
    """How far away a stamp is: in 3 h 12 min, or 5 min ago."""
    if not at:
        return ""
    left = (datetime.fromisoformat(at) - now).total_seconds()
    return f"in {lasting(left)}" if left > 0 else f"{lasting(-left)} ago"


def clock(at: str | None) -> str:
    """A stamp as people read it: 2026-11-23 17:05:09 (UTC)."""
    return "" if not at else at[:19].replace("T", " ")
