"""`cws-filedrop init` and `serve`: the settings file, and the running service."""

from __future__ import annotations

import signal
import threading
from pathlib import Path
from typing import Annotated

import typer

from cws_filedrop import config
from cws_filedrop.cli.terminal.shared import DEFAULT_CONFIG, settings, stop


def init(
    path: Annotated[Path, typer.Argument(help="where to write it")] = DEFAULT_CONFIG,
    force: Annotated[bool, typer.Option("--force", help="replace a file that is there")] = False,
) -> None:
    """Write a commented settings file."""
    if path.exists() and not force:
        raise stop(f"{path} is there already; --force replaces it")
    try:
        path.write_text(config.example() + "\n")
    except OSError as error:
        raise stop(f"{path}: {error.strerror}", 2) from None
    typer.echo(f"wrote {path}")


def serve() -> None:
    """Run the service until SIGTERM or Ctrl-C: doors, worker, and the sandbox unless Amazon is the marketplace."""
    from cws_filedrop import log_settings, private
    from cws_filedrop.service import Service

    private.set_umask()
    chosen = settings()
    log_settings.configure(chosen, "worker")
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    service = Service(chosen)
    addresses = service.start()
    typer.echo(f"data         {chosen.data}")
    if addresses.ftp:
        typer.echo("FTP          ftp://{}:{}".format(*addresses.ftp))
    if addresses.ftps:
        typer.echo("FTPS         ftps://{}:{} (implicit TLS)".format(*addresses.ftps))
    if addresses.sftp:
        typer.echo("SFTP         sftp://{}:{}".format(*addresses.sftp))
    if addresses.folder:
        typer.echo(f"folders      {chosen.data / 'homes'}/SELLER/inbox (by {addresses.folder})")
    if addresses.web:
        typer.echo(f"pages        {addresses.web}")
    typer.echo(f"marketplace  {chosen.marketplace.kind} at {addresses.marketplace}")
    typer.echo("ready")
    ended.wait()
    typer.echo("stopping: what is in hand is finished first")
    service.stop()
    typer.echo("stopped")
