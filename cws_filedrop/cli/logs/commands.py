"""`cws-filedrop logs`: what the processes of the service say in their log files, merged by time."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from functools import partial
from typing import Annotated

import typer

from cws_filedrop.cli.completion import answers
from cws_filedrop.cli.logs.lines import Level, LogFilter, LogLine, shown, since_of
from cws_filedrop.cli.terminal.shared import settings, stop

USUAL_LINES = 50
LOOK_SECONDS = 0.2


def logs(
    follow: Annotated[bool, typer.Option("--follow", "-f", help="go on with what is written from now on")] = False,
    lines: Annotated[
        int | None, typer.Option(help="the last so many; 0: all [default: 50, or all with --since]", min=0)
    ] = None,
    level: Annotated[Level, typer.Option(help="so bad, or worse")] = Level.DEBUG,
    upload: Annotated[str, typer.Option(help="only what names this upload", autocompletion=answers.uploads)] = "",
    seller: Annotated[str, typer.Option(help="only what names this seller", autocompletion=answers.sellers)] = "",
    feed: Annotated[
        int | None, typer.Option(help="only what names the feed of this number", min=1, autocompletion=answers.feeds)
    ] = None,
    event: Annotated[str, typer.Option(help="only these events, such as upload or upload.read")] = "",
    since: Annotated[str, typer.Option(help="from then on: 2h, 30min, or a day or moment (UTC)")] = "",
    json: Annotated[bool, typer.Option("--json", help="the lines as they are, for machines")] = False,
) -> None:
    """Show what the service logged, of all its processes, in order of time."""
    from cws_filedrop.cli.logs.reading import Follower, Log, everything, logs_in, newest

    wanted = LogFilter(
        "" if level is Level.DEBUG else level,
        upload,
        seller.lower(),
        str(feed or ""),
        event,
        _since(since),
    )
    folder = settings().logs
    with contextlib.ExitStack() as opened, _told_what_may_not_be_read():
        found = [opened.enter_context(contextlib.closing(Log(path))) for path in logs_in(folder)]
        if not found and not follow:
            raise stop(f"nothing is logged in {folder} yet; `serve` does so unless log_file_bytes is 0")
        number = lines if lines is not None else 0 if since else USUAL_LINES
        for log in found if follow else ():
            log.end_with_lines()
        _show(newest(found, wanted, number) if number else everything(found, wanted), json=json)
        if follow:
            _go_on(partial(Follower(folder, found).more, wanted), json=json)


@contextlib.contextmanager
def _told_what_may_not_be_read() -> Iterator[None]:
    try:
        yield
    except PermissionError as error:
        raise stop(f"{error.filename}: you may not read it") from None


def _since(text: str) -> str:
    try:
        return since_of(text, datetime.now(UTC)) if text else ""
    except (ValueError, OverflowError):
        raise stop(f"--since {text!r}: write 2h, 30min, 90s or 1d, or a day or moment such as 2026-11-23", 2) from None


def _show(found: Iterable[LogLine], *, json: bool) -> None:
    colours = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    for line in found:
        sys.stdout.write((line.raw if json else shown(line, colours=colours)) + "\n")
    sys.stdout.flush()


def _go_on(look: Callable[[], list[LogLine]], *, json: bool) -> None:
    pause = threading.Event()
    while True:
        more = look()
        _show(more, json=json)
        if not more:
            pause.wait(LOOK_SECONDS)
