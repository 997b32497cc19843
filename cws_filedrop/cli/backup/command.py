"""`cws-filedrop backup` and `restore`: a copy of everything, made while the service runs, and the way back."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from cws_filedrop.cli.terminal.shared import GlobalOptions, must_exist, settings, show_json, stop


class _WithUsual(TyperGroup):
    """Commands of which one need not be named: the first. `backup TO` is `backup make TO`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and args[0] not in (*self.commands, *self.get_help_option_names(ctx)):
            args = [next(iter(self.commands)), *args]
        return super().parse_args(ctx, args)


backup = typer.Typer(
    cls=_WithUsual,
    help="Copy everything while the service runs (`backup FOLDER`), and verify such a copy.",
    no_args_is_help=True,
)
restore = typer.Typer(
    cls=_WithUsual,
    help="Put a backup back (`restore FOLDER`); sending is paused until it is known what was sent since.",
    no_args_is_help=True,
)
Json = Annotated[bool, typer.Option("--json", help="for machines")]


@contextmanager
def _progress(what: str, total: int) -> Iterator[Any]:
    """A bar on the terminal, if there is one; gives a function that is told of bytes."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    columns = (TextColumn(what), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=Console(stderr=True), disable=not sys.stderr.isatty(), transient=True) as bar:
        task = bar.add_task(what, total=total)
        yield lambda number: bar.advance(task, number)


@backup.command("make")
def make(
    to: Annotated[Path, typer.Argument(help="a new or empty folder")],
    with_keys: Annotated[
        bool, typer.Option("--with-keys", help="copy the keys, too: whoever has the backup can then read everything")
    ] = False,
    json: Json = False,
) -> None:
    """Copy database, spool, homes and documents into a folder; the service may run meanwhile."""
    from cws_filedrop.cli.backup import copying

    chosen = settings()
    must_exist(chosen)
    config = GlobalOptions.config
    try:
        with _progress("copied", copying.size(chosen, with_keys=with_keys)) as advance:
            made = copying.make(chosen, to, config=config, with_keys=with_keys, advance=advance)
    except OSError as error:
        raise stop(f"{error.filename or to}: {error.strerror}") from error
    answer = {"version": 1, "folder": str(to), "made_at": made.made_at, "files": len(made.files), "bytes": made.size}
    if json:
        show_json(answer | {"keys": made.keys})
        return
    typer.echo(f"{len(made.files)} files, {made.size:,} bytes, as of {made.made_at}, are in {to}")
    if with_keys:
        typer.echo("WARNING      the keys are in it: keep it where nobody but you can read it", err=True)
    else:
        typer.echo(f"The keys are not in it; keep a copy of {chosen.key_file} elsewhere: encrypted values need it")


@backup.command("verify")
def verify(folder: Annotated[Path, typer.Argument(help="a backup")], json: Json = False) -> None:
    """Read a backup through, and its database; exit code 1 when it could not be restored."""
    from cws_filedrop.cli.backup import manifest, restoring

    made = manifest.read(folder)
    with _progress("read", made.size) as advance:
        found = restoring.faults(folder, made, advance)
    if json:
        show_json({"version": 1, "made_at": made.made_at, "files": len(made.files), "faults": found})
    else:
        typer.echo("\n".join(found or [f"{len(made.files)} files as of {made.made_at}: all of it is as it was made"]))
    if found:
        raise typer.Exit(1)


@restore.command("put-back")
def put_back(folder: Annotated[Path, typer.Argument(help="a backup")], json: Json = False) -> None:
    """Verify a backup, and make data folder and database of it; there must be none yet."""
    from cws_filedrop.cli.backup import manifest, restoring

    chosen = settings()
    made = manifest.read(folder)
    try:
        with _progress("restored", 2 * made.size) as advance:
            restoring.checked(folder, made, advance)
            done = restoring.restore(chosen, folder, made, advance)
    except OSError as error:
        raise stop(f"{error.filename}: {error.strerror}") from error
    answer = {"version": 1, "made_at": made.made_at, "paused_accounts": done.accounts, "read_again": done.again}
    if json:
        show_json(answer)
        return
    typer.echo(f"restored as of {made.made_at} into {chosen.data}; uploads that are read anew: {len(done.again)}")
    if done.without_keys and not chosen.key_file.exists():
        typer.echo(f"Put your copy of the key to {chosen.key_file} before you start: encrypted values need it")
    typer.echo(f"Sending is paused for {done.accounts} accounts until Amazon shows what was sent since; see `status`.")


@restore.command("end-pause")
def end_pause(
    account: Annotated[int | None, typer.Option(help="only this account, by its number in `status`")] = None,
    why: Annotated[str, typer.Option(help="why nothing can have been sent since the backup; kept")] = "",
) -> None:
    """Send as usual again, without knowing what was sent since the backup: that may send it twice."""
    from cws_filedrop.cli.terminal.decisions import recorded
    from cws_filedrop.cli.terminal.opened import database
    from cws_filedrop.store.feeds import unseen

    db = database(settings())
    number = unseen.over(db, account)
    if not number:
        raise stop("no account is paused since a restore")
    recorded(db, "ended the pause after a restore", str(account or "all accounts"), why)
    typer.echo(f"sending goes on for {number} accounts")
