"""One frame of `watch`: an overview -> what to show on the terminal. Knows neither the database nor the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from rich import box
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from cws_filedrop.formatting import age, clock, lasting, printable, tone, until
from cws_filedrop.reports.marketplace import MarketplaceKind
from cws_filedrop.store.lists.stages import StageCount
from cws_filedrop.views.overview import Overview

WIDE: Final = 120  # characters from which there is room for two panels side by side
COLOURS: Final = {"good": "green", "odd": "yellow", "bad": "red", "plain": ""}
FINAL: Final = ("confirmed", "confirmed-warning", "updated", "duplicate", "rejected", "unconfirmed", "unknown", "held")
ASIDE: Final = ("held", "cut", "failed")


@dataclass(frozen=True, slots=True)
class FrameContent:
    """What a frame is made of: the latest overview, the moment, the data folder, why there is no newer one ("": there
    is), how often a new one is taken (None: once), and who answers for Amazon."""

    seen: Overview | None
    now: datetime
    data: Path
    trouble: str
    every_seconds: float | None
    marketplace: MarketplaceKind = MarketplaceKind.AMAZON


def frame(shown: FrameContent, *, width: int, limit: int, compact: bool) -> RenderableType:
    """The frame, for a terminal of that width; lists have at most `limit` rows. A compact one leaves out what is 0, and
    counts who is connected and what is late instead of listing it."""
    parts: list[RenderableType] = [_head(shown)]
    if shown.marketplace.notice:
        parts.append(Text(f" {shown.marketplace.notice} ", style="bold black on yellow"))
    if shown.trouble:
        parts.append(_blind(shown))
    if shown.seen is not None:
        left = [_stages(shown.seen, shown.now, compact=compact), *_trouble(shown.seen, shown.now, limit)]
        uploads = _uploads(shown.seen, shown.now, limit, wide=width >= WIDE + 30)
        late = list(_late(shown.seen, shown.now, max(1, limit // 2))) if not compact else []
        doors = _doors(shown.seen, shown.now, max(1, limit // 2)) if not compact else _numbers(shown.seen)
        parts += _side_by_side([*left, *late], [uploads, doors]) if width >= WIDE else [*left, uploads, doors, *late]
    if shown.every_seconds is not None:
        parts.append(Text(f" every {shown.every_seconds:g} s; Ctrl-C ends it", style="dim"))
    return Group(*parts)


def _side_by_side(left: Sequence[RenderableType], right: Sequence[RenderableType]) -> list[RenderableType]:
    grid = Table.grid(expand=True)
    grid.add_column(ratio=4)
    grid.add_column(ratio=5)
    grid.add_row(Group(*left), Group(*right))
    return [grid]


def _head(shown: FrameContent) -> RenderableType:
    line = Table.grid(expand=True, padding=(0, 1))
    line.add_column(no_wrap=True)
    line.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
    line.add_column(justify="right", no_wrap=True)
    processes = Text(" ")
    alive = shown.seen.alive if shown.seen else {}
    for name, lives in sorted(alive.items(), key=lambda one: (one[0] != "worker", one[0])):
        processes.append("● ", "green" if lives else "red").append(f"{name} ", "" if lives else "bold red")
    if shown.seen and not alive:
        processes.append("the service does not run", "yellow")
    moment = Text(f"{clock(shown.now.isoformat())} UTC ")
    line.add_row(Text(" cws_filedrop", style="bold"), processes, moment)
    return line


def _blind(shown: FrameContent) -> RenderableType:
    seen = shown.seen
    old = f"what is shown is {lasting((shown.now - seen.at).total_seconds())} old" if seen else "nothing was seen yet"
    again = "it is tried again" if shown.every_seconds is not None else "try again"
    return Text(f" {printable(shown.trouble)}; {again}; {old}. ", style="bold white on red")


def _panel(title: str, content: RenderableType, *, style: str = "dim") -> RenderableType:
    return Panel(content, title=Text(title, style="bold"), title_align="left", box=box.ROUNDED, border_style=style)


def _table(*columns: tuple[str, str]) -> Table:
    """Columns by heading and kind: `number`, `short` (as wide as it needs to be) or `long` (cut where there is no
    room)."""
    table = Table(box=None, expand=True, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    for heading, kind in columns:
        table.add_column(
            heading,
            justify="right" if kind == "number" else "left",
            no_wrap=True,
            overflow="ellipsis",
            ratio=1 if kind == "long" else None,
        )
    return table


# Where it stands


def _stages(seen: Overview, now: datetime, *, compact: bool) -> RenderableType:
    stages = seen.stages
    table = _table(("", "short"), ("uploads", "number"), ("feeds", "number"), ("lines", "number"), ("oldest", "long"))
    rows = (
        ("being read", seen.unread, "uploads", ""),
        ("to be sent", stages.to_send, "lines", ""),
        ("at Amazon", stages.feed("submitted", "intended"), "feeds", ""),
        ("waiting in all", stages.upload("waiting"), "uploads", ""),
        ("set aside", stages.upload(*ASIDE), "uploads", "yellow"),
        ("stopped", stages.feed("stopped"), "feeds", "red"),
    )
    for name, stage, unit, colour in (row for row in rows if row[1].oldest or not compact):
        table.add_row(name, *_figures(stage, unit), Text(age(stage.oldest, now)), style=colour if stage.oldest else "")
    return _panel("Where it stands", Group(*([table] if table.row_count else []), _day(seen)))


def _figures(stage: StageCount, unit: str) -> list[Text]:
    uploads = stage.number if unit == "uploads" else None
    feeds = stage.number if unit == "feeds" else None
    lines = stage.lines if stage.lines or unit == "lines" else None
    return [Text("" if one is None else f"{one:,}", style="" if one else "dim") for one in (uploads, feeds, lines)]


def _day(seen: Overview) -> RenderableType:
    line = Text("done in 24 h  ")
    counts = {verdict: seen.stages.day[verdict] for verdict in FINAL if seen.stages.day.get(verdict)}
    for verdict, number in counts.items():
        line.append(f"{number:,}\N{NO-BREAK SPACE}{verdict}", COLOURS[tone(verdict)]).append("  ")
    return line if counts else line.append("nothing", "dim")


# What needs somebody


def _trouble(seen: Overview, now: datetime, limit: int) -> Iterator[RenderableType]:
    troubles = list(_troubles(seen, now))
    if not troubles:
        yield Text("  ✓ nothing needs an operator", style="green")
        return
    more = (
        [Text(f"and {len(troubles) - limit:,} more; see `cws-filedrop alarms`", style="dim")]
        if len(troubles) > limit
        else []
    )
    yield _panel("Needs somebody", Group(*troubles[:limit], *more), style="red")


def _troubles(seen: Overview, now: datetime) -> Iterator[Text]:
    for alarm in seen.alarms:
        line = Text("● ", "red").append(printable(alarm.text) + ". ", "bold").append(printable(alarm.remedy))
        yield line.append(f"  since {age(alarm.since, now)}", "dim")
    for account, why in seen.stages.stopped.items():
        yield Text("● ", "red").append(f"Account {account} is stopped: ", "bold").append(printable(why))
    for states, words in ((("failed",), "failed here; see `logs`"), (("held", "cut"), "wait for a word")):
        if number := seen.stages.upload(*states).number:
            yield Text("● ", "yellow").append(f"{_uploads_of(number)} ", "bold").append(words)
    if number := seen.stages.feed("stopped").number:
        yield Text("● ", "red").append(f"Stopped feeds: {number:,}. ", "bold").append("See `feed list`")
    if seen.unconfirmed:
        yield (
            Text("● ", "yellow")
            .append(f"{seen.unconfirmed:,} lines ", "bold")
            .append("are not confirmed: refused, or unknown")
        )


def _uploads_of(number: int) -> str:
    return "1 upload" if number == 1 else f"{number:,} uploads"


# Lists


def _uploads(seen: Overview, now: datetime, limit: int, *, wide: bool) -> RenderableType:
    columns = [("came", "short"), ("seller", "short"), ("file", "long"), ("outcome", "long"), ("lines", "number")]
    table = _table(*columns, *([("verdicts", "long")] if wide else []))
    for upload in seen.uploads[:limit]:
        cells = [Text(age(upload.arrived_at, now), style="dim"), Text(upload.seller), Text(printable(upload.name))]
        cells += [
            Text(upload.outcome.words, style=COLOURS[upload.outcome.tone]),
            Text(f"{upload.line_count:,}" if upload.line_count else ""),
        ]
        table.add_row(*cells, *([_verdicts(upload.verdicts.items())] if wide else []))
    return _panel("Newest uploads", table if table.row_count else Text("none yet", style="dim"))


def _verdicts(counts: Iterable[tuple[str, int]]) -> Text:
    parts = [Text(f"{number:,} {verdict}", style=COLOURS[tone(verdict)]) for verdict, number in counts]
    return Text(", ").join(parts)


def _doors(seen: Overview, now: datetime, limit: int) -> RenderableType:
    if not seen.connected:
        return _panel("At the doors", Text("nobody is connected", style="dim"))
    table = _table(("seller", "short"), ("door", "short"), ("from", "short"), ("program", "long"), ("for", "short"))
    table.add_column("", no_wrap=True)
    for row in seen.connected[:limit]:
        does = "closing" if row.close_asked else "transfer" if row.busy else ""
        cells = (row.seller, row.door, row.address, printable(row.client), age(row.since, now))
        table.add_row(*map(Text, cells), Text(does, style="green"))
    more = len(seen.connected) - limit
    rest = [Text(f"and {more:,} more", style="dim")] if more > 0 else []
    return _panel(f"At the doors: {len(seen.connected):,}", Group(table, *rest))


def _numbers(seen: Overview) -> RenderableType:
    return Text(f"  connected: {len(seen.connected):,}   late soon: {len(seen.late):,}", style="dim")


def _late(seen: Overview, now: datetime, limit: int) -> Iterator[RenderableType]:
    if not seen.late:
        return
    table = _table(("order", "short"), ("seller", "long"), ("state", "short"), ("ship by", "short"))
    for order in seen.late[:limit]:
        passed = order.ship_by < seen.at.isoformat()
        due = Text(until(order.ship_by, now), style="red" if passed else "yellow")
        table.add_row(Text(printable(order.amazon_order_id)), Text(order.seller or ""), Text(order.state), due)
    yield _panel("Late soon, not confirmed", table)
