"""Lines of log files: what one says, which are wanted, and how they look to people. Touches no file."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Final

import typer

from cws_filedrop.formatting import printable

SPAN: Final = re.compile(r"(\d+(?:\.\d+)?)\s*(s|min|m|h|d)")
SECONDS: Final = {"s": 1, "m": 60, "min": 60, "h": 3_600, "d": 86_400}
TOLD: Final = ("timestamp", "level", "event", "logger", "exception")  # elsewhere than among the fields
COLOURS: Final = {"debug": "bright_black", "warning": "yellow", "error": "red", "critical": "red"}


class Level(StrEnum):
    """How bad it is, in order."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"
    CRITICAL = "critical"


RANKS: Final = {str(level): rank for rank, level in enumerate(Level)}


@dataclass(frozen=True, slots=True)
class LogLine:
    """A line of a process's log. `said` is None when it is no JSON object; the stamp `at` is then a neighbour's."""

    at: str
    process: str
    raw: str
    said: Mapping[str, Any] | None


def line_of(raw: bytes, process: str, *, beside: str) -> LogLine:
    """A line as it stands in a file, without its end; `beside` is the stamp of a line next to it."""
    text = raw.decode("utf-8", "replace").rstrip("\r")
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict):
        return LogLine(beside, process, text, None)
    at = said.get("timestamp")
    return LogLine(at if isinstance(at, str) and at else beside, process, text, said)


@dataclass(frozen=True, slots=True)
class LogFilter:
    """What a line must be like; "" = anything. `event` is its name or the beginning of it, up to a dot."""

    level: str = ""
    upload: str = ""
    seller: str = ""
    feed: str = ""
    event: str = ""
    since: str = ""

    def may_be(self, raw: bytes) -> bool:
        """False when a line is certainly not wanted; quicker than to read what it says."""
        given = (self.upload, self.seller, self.feed, self.event.rstrip("."))
        return all(one.encode() in raw for one in given if one and one.isascii())

    def takes(self, line: LogLine) -> bool:
        """Is it wanted? Lines that say nothing are, unless something is asked of what they say."""
        if line.at < self.since:
            return False
        if line.said is None:
            return not any((self.level, self.upload, self.seller, self.feed, self.event))
        said = line.said
        return (
            RANKS.get(str(said.get("level")), 1) >= RANKS.get(self.level, 0)
            and (not self.upload or self.upload in _names(said, "upload", "uploads"))
            and (not self.seller or self.seller in _names(said, "seller", "user"))
            and (not self.feed or self.feed in _names(said, "feed"))
            and _begins(str(said.get("event", "")), self.event.rstrip("."))
        )


def _names(said: Mapping[str, Any], *fields: str) -> Iterator[str]:
    for field in fields:
        value = said.get(field)
        yield from map(str, value if isinstance(value, list) else [value])


def _begins(event: str, prefix: str) -> bool:
    return not prefix or event == prefix or event.startswith(f"{prefix}.")


def since_of(text: str, now: datetime) -> str:
    """The stamp that `2h`, `30min` or a day or moment (UTC unless it says otherwise) stands for.

    Raises: ValueError when it is none of these.
    """
    span = SPAN.fullmatch(text.strip())
    if span is not None:
        then = now - timedelta(seconds=float(span[1]) * SECONDS[span[2]])
    else:
        given = datetime.fromisoformat(text.strip())
        then = given if given.tzinfo is not None else given.replace(tzinfo=UTC)
    return then.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def shown(line: LogLine, *, colours: bool) -> str:
    """The line for people, without its end: when (UTC), how bad, which process, what, the fields, and then where it
    came to that."""
    if line.said is None:
        return printable(line.raw) if colours else line.raw
    level, event = str(line.said.get("level", "")), printable(str(line.said.get("event", "")))
    when = printable(f"{line.at[:10]} {line.at[11:23].rstrip('Z')}").ljust(23)
    fields = " ".join(f"{printable(name)}={_value(value)}" for name, value in line.said.items() if name not in TOLD)
    head = [when, printable(level).ljust(7), line.process.ljust(7)]
    if colours:
        colour = COLOURS.get(level)
        head = [typer.style(when, dim=True), typer.style(head[1], fg=colour), typer.style(head[2], dim=True)]
        event = typer.style(event, fg=colour, bold=True)
    where = str(line.said.get("exception") or "")
    return "\n".join(
        ["  ".join([*head, event, fields]).rstrip(), *(f"    {printable(one)}" for one in where.splitlines())]
    )


def _value(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    plain = not isinstance(value, str) or (text and not re.search(r'[\s"=]', text))
    return printable(text if plain else json.dumps(text, ensure_ascii=False))
