"""`cws-filedrop watch`: how everything stands, kept fresh on the terminal until Ctrl-C."""

from __future__ import annotations

import signal
import sys
from typing import Annotated

import typer

from cws_filedrop.cli.terminal.shared import must_exist, settings

PATIENCE_SECONDS = 10.0  # of --once with a database that does not answer


def watch(
    every: Annotated[float, typer.Option(help="seconds between two looks", min=0.1)] = 2.0,
    once: Annotated[bool, typer.Option("--once", help="print how it stands now, and exit")] = False,
) -> None:
    """Watch what arrives, waits and is done, what needs a person, and who is connected."""
    from rich.console import Console

    from cws_filedrop.cli.watch.polling import ServicePoller, watched
    from cws_filedrop.service_context import open_context

    chosen = settings()
    must_exist(chosen)
    console = Console()
    poller = ServicePoller(open_context(chosen), every)
    poller.start()
    if once or not sys.stdout.isatty() or console.is_dumb_terminal:
        poller.wait(PATIENCE_SECONDS)
        console.print(poller.frame(console, height=None))
        raise typer.Exit(0 if poller.seen else 1)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # by way of what restores the terminal
    watched(console, poller)
