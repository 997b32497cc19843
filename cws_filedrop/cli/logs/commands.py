"""`cws-filedrop logs`: the log files of all processes of the service, merged by time."""

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
    follow: Annotated[bool, typer.Option("--follow", "-f", help="keep showing what is logged from now on")] = False,
    lines: Annotated[
        int | None, typer.Option(help="at most this many, the latest; 0: all [default: 50, or all with --since]", min=0)
    ] = None,
    level: Annotated[Level, typer.Option(help="of this level or worse")] = Level.DEBUG,
    upload: Annotated[str, typer.Option(help="only lines that name this upload", autocompletion=answers.uploads)] = "",
    seller: Annotated[str, typer.Option(help="only lines that name this seller", autocompletion=answers.sellers)] = "",
    feed: Annotated[
        int | None,
        typer.Option(help="only lines that name the feed of this number", min=1, autocompletion=answers.feeds),
    ] = None,
    event: Annotated[str, typer.Option(help="only this event or kind of event, such as upload.read or upload")] = "",
    since: Annotated[str, typer.Option(help="from then onwards: 2h, 30min, or a day or moment (UTC)")] = "",
    json: Annotated[bool, typer.Option("--json", help="the lines as they are, for machines")] = False,
) -> None:
    """Show what the processes of the service logged, in order of time."""
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
    with contextlib.ExitStack() as opened, _unreadable_named():
        files = [opened.enter_context(contextlib.closing(Log(path))) for path in logs_in(folder)]
        if not files and not follow:
            raise stop(f"nothing is logged in {folder} yet; `serve` does so unless log_file_bytes is 0")
        number = lines if lines is not None else 0 if since else USUAL_LINES
        # What is half written now is shown by the follower, whole; else it would be shown twice.
        for log in files if follow else ():
            log.end_with_lines()
        _show(newest(files, wanted, number) if number else everything(files, wanted), json=json)
        if follow:
            _keep_showing(partial(Follower(folder, files).more, wanted), json=json)


@contextlib.contextmanager
def _unreadable_named() -> Iterator[None]:
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


def _keep_showing(look: Callable[[], list[LogLine]], *, json: bool) -> None:
    pause = threading.Event()
    while True:
        more = look()
        _show(more, json=json)
        if not more:
            pause.wait(LOOK_SECONDS)
