"""`cws-filedrop init` and `serve`: the settings file, and the running service."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from cws_filedrop import config
from cws_filedrop.cli.terminal.shared import DEFAULT_CONFIG, settings, stop
from cws_filedrop.processes.addresses import Addresses
from cws_filedrop.processes.roles import ServiceRole
from cws_filedrop.settings import Settings


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


def serve(
    roles: Annotated[
        str, typer.Option(help="what this host does for a service on PostgreSQL: any of doors, worker and web")
    ] = ",".join(ServiceRole),
) -> None:
    """Run the service until SIGTERM or Ctrl-C: doors, worker, and the sandbox unless Amazon is the marketplace."""
    from cws_filedrop import private
    from cws_filedrop.cli.run_service import running
    from cws_filedrop.processes import notifying
    from cws_filedrop.processes import roles as service_roles
    from cws_filedrop.processes.stopping import Stopped

    private.set_umask()
    chosen = settings()
    wanted = service_roles.parse(roles, embedded=chosen.database.is_embedded)
    with suppress(Stopped), running(chosen, wanted) as (addresses, stop_request):
        _show_addresses(chosen, addresses)
        _warn(chosen)
        typer.echo("ready")
        notifying.say("READY=1")
        while not stop_request.wait(notifying.alive_seconds()):
            notifying.say("WATCHDOG=1")
        notifying.say("STOPPING=1")
        typer.echo("stopping: what is in hand is finished first")
    typer.echo("stopped")


def _warn(chosen: Settings) -> None:
    """Say what operators must know of the marketplace, and what is to be done first of all."""
    from cws_filedrop.service_context import open_context
    from cws_filedrop.store.sellers import sellers
    from cws_filedrop.store.users import users
    from cws_filedrop.views.marketplace_warnings import warned

    context = open_context(chosen)
    for words in warned(context):
        typer.echo(f"WARNING      {words}")
    if chosen.web.enabled and not users.everyone(context.db):
        typer.echo("next         cws-filedrop user add NAME --role admin (nobody can log in to the pages yet)")
    if not sellers.everyone(context.db):
        typer.echo("next         cws-filedrop seller add NAME --merchant-id ID (nobody can drop files yet)")
    context.db.close()


def _show_addresses(chosen: Settings, addresses: Addresses) -> None:
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
    if addresses.marketplace:
        typer.echo(f"marketplace  {chosen.marketplace.kind} at {addresses.marketplace}")
