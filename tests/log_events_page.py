"""`docs/log-events.md`: every event of the log, made of the calls in the source and a sentence on each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import log_events
from log_event_meanings import MEANINGS
from log_events import Call

INTRODUCTION: Final = """# Events of the log

Every line of the log is one event: its name says what happened, in the past, and the fields say to what. The service
keeps it in `logs/` of the data folder, one JSON object a line, a file for each process; `cws-filedrop logs` reads them,
and shows the same line to people:

```
$ cws-filedrop logs --upload 20261122-013042-k7f3
2026-11-22 01:30:42.106  info     doors    upload.arrived  upload=20261122-013042-k7f3 seller=anna grade=whole bytes=501
```

Besides its own fields each line has `timestamp` (UTC), `level`, `event` and `logger` (the module). While an upload, a
feed, a pull or an order is worked on, its `upload`, `seller`, `feed`, `pull`, `account` or `order` stands in every line
that this brings about. Where it says `exception`, the line tells where in the source it came to that; where it says …,
there are further fields, which differ. Lines with other names than these are those of the libraries that we use.

This page is made of the source by the tests."""
GROUPS: Final = {
    "upload": "Uploads",
    "feed": "Feeds",
    "outbox": "Answers to sellers",
    "order": "Orders",
    "orders": "Orders from and for others",
    "order_drops": "Order reports in a folder",
    "sighting": "Looking at Amazon's own orders",
    "amazon": "Calls of Amazon",
    "mail": "Mails",
    "hook": "Web hooks",
    "hooks": "Web hooks, all of them",
    "alarm": "Alarms",
    "login": "Logins at the doors",
    "user": "Logins at the pages",
    "guard": "Who guesses at passwords",
    "audit": "The audit trail",
    "connection": "Connections",
    "concierge": "Keeping of connections",
    "ftp": "The FTP door",
    "tls": "Its certificate",
    "sftp": "The SFTP door",
    "folder": "Inboxes on disk",
    "home": "Homes of sellers",
    "data": "The data folder",
    "intake": "After a start",
    "doors": "The process of the doors",
    "web": "The pages",
    "api": "The API",
    "profile": "Layouts of sellers' own",
    "retention": "What is removed in time",
    "restore": "After a backup was restored",
    "worker": "The worker",
    "process": "Processes that read files",
    "service": "The service",
    "task": "What is done again and again",
    "pulse": "Signs of life",
    "log": "The log itself",
    "sandbox": "The built-in Amazon",
}


def page() -> str:
    """The whole page."""
    found = _by_event()
    parts = [INTRODUCTION]
    for group, title in GROUPS.items():
        rows = [_row(event, calls) for event, calls in found.items() if event.partition(".")[0] == group]
        parts.append(
            f"## {title}\n\n" + "\n".join(["| event | level | fields | meaning | where |", "| --- " * 5 + "|", *rows])
        )
    return "\n\n".join(parts) + "\n"


def _by_event() -> dict[str, list[Call]]:
    found: dict[str, list[Call]] = {}
    for call in log_events.calls():
        found.setdefault(call.event, []).append(call)
    return dict(sorted(found.items()))


def _row(event: str, calls: list[Call]) -> str:
    levels = ", ".join(dict.fromkeys(call.level for call in calls))
    cells = [f"`{event}`", levels, " ".join(_fields(calls)), MEANINGS.get(event, ""), " ".join(_modules(calls))]
    return "| " + " | ".join(cells) + " |"


def _fields(calls: list[Call]) -> Iterator[str]:
    yield from (f"`{name}`" for name in dict.fromkeys(name for call in calls for name in call.fields))
    if any(call.more for call in calls):
        yield "…"


def _modules(calls: list[Call]) -> Iterator[str]:
    return (f"`{module.removeprefix('cws_filedrop/')}`" for module in dict.fromkeys(call.module for call in calls))
