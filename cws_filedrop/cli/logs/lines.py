"""Lines of log files: parsed, filtered, and made readable for people. Touches no file."""

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
NOT_FIELDS: Final = ("timestamp", "level", "event", "logger", "exception")  # shown elsewhere in the line
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
    """A line of a process's log. `entry` is None when it is no JSON object; the stamp `at` is then a neighbour's."""

    at: str
    process: str
    raw: str
    entry: Mapping[str, Any] | None


def line_of(raw: bytes, process: str, *, beside: str) -> LogLine:
    """A line as it stands in a file, without its end; `beside` is the stamp of a line next to it."""
    text = raw.decode("utf-8", "replace").rstrip("\r")
    try:
        entry = json.loads(text)
    except (ValueError, RecursionError):
        entry = None
    if not isinstance(entry, dict):
        return LogLine(beside, process, text, None)
    at = entry.get("timestamp")
    return LogLine(at if isinstance(at, str) and at else beside, process, text, entry)


@dataclass(frozen=True, slots=True)
class LogFilter:
    """What a line must be like; "" = anything. `event` is a name, or the beginning of one up to a dot."""

    level: str = ""
    upload: str = ""
    seller: str = ""
    feed: str = ""
    event: str = ""
    since: str = ""

    def may_be(self, raw: bytes) -> bool:
        """False when a line is certainly not wanted; quicker than parsing it."""
        given = (self.upload, self.seller, self.feed, self.event.rstrip("."))
        return all(one.encode() in raw for one in given if one and one.isascii())

    def takes(self, line: LogLine) -> bool:
        """Is it wanted? Lines that are not JSON are, unless the filter asks for something inside."""
        if line.at < self.since:
            return False
        if line.entry is None:
            return not any((self.level, self.upload, self.seller, self.feed, self.event))
        entry = line.entry
        return (
            RANKS.get(str(entry.get("level")), 1) >= RANKS.get(self.level, 0)
            and (not self.upload or self.upload in _names(entry, "upload", "uploads"))
            and (not self.seller or self.seller in _names(entry, "seller", "user"))
            and (not self.feed or self.feed in _names(entry, "feed"))
            and _begins(str(entry.get("event", "")), self.event.rstrip("."))
        )


def _names(entry: Mapping[str, Any], *fields: str) -> Iterator[str]:
    for field in fields:
        value = entry.get(field)
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
    """The line for people, without its end: time (UTC), level, process, event, fields, and the traceback if any."""
    if line.entry is None:
        return printable(line.raw) if colours else line.raw
    level, event = str(line.entry.get("level", "")), printable(str(line.entry.get("event", "")))
    when = printable(f"{line.at[:10]} {line.at[11:23].rstrip('Z')}").ljust(23)
    fields = " ".join(
        f"{printable(name)}={_value(value)}" for name, value in line.entry.items() if name not in NOT_FIELDS
    )
    head = [when, printable(level).ljust(7), line.process.ljust(7)]
    if colours:
        colour = COLOURS.get(level)
        head = [typer.style(when, dim=True), typer.style(head[1], fg=colour), typer.style(head[2], dim=True)]
        event = typer.style(event, fg=colour, bold=True)
    where = str(line.entry.get("exception") or "")
    return "\n".join(
        ["  ".join([*head, event, fields]).rstrip(), *(f"    {printable(one)}" for one in where.splitlines())]
    )


def _value(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    plain = not isinstance(value, str) or (text and not re.search(r'[\s"=]', text))
    return printable(text if plain else json.dumps(text, ensure_ascii=False))
