"""`cws-filedrop db`: the database's tables, its faults, its move to another, and the keys of its encrypted values."""

from __future__ import annotations

from contextlib import ExitStack, closing
from typing import TYPE_CHECKING, Annotated

import typer

from cws_filedrop.cli.terminal.shared import must_exist, settings, show_table, stop

if TYPE_CHECKING:
    from cws_filedrop.settings import Settings
    from cws_filedrop.store.database import Database

HELP = "The database: its tables, faults, a move to PostgreSQL, a new key for its encrypted values."
app = typer.Typer(help=HELP, no_args_is_help=True)


@app.callback(help=HELP)
def noun() -> None:
    """What all commands here share."""


@app.command("migrate")
def migrate() -> None:
    """Bring the tables up to date, as every start does; services of the version before may run meanwhile."""
    from cws_filedrop.store import checking, migrations
    from cws_filedrop.store.opening import open_database

    with closing(open_database(settings())) as db:
        before = _version(db)
        db.create()
        after = checking.version(db)
    typer.echo(
        f"up to date ({migrations.HEAD})" if before == after else f"brought from {before or 'nothing'} to {after}"
    )


@app.command("check")
def check() -> None:
    """Say what is wrong with the database, and what to do; exit code 1 if anything is."""
    from cws_filedrop.store import checking, migrations
    from cws_filedrop.store.opening import open_database

    chosen = settings()
    must_exist(chosen)
    with closing(open_database(chosen)) as db:
        _version(db)
        faults = checking.faults(db)
        typer.echo(f"{'SQLite' if db.is_sqlite else 'PostgreSQL'}, {db.engine.url!r}")
    for fault in faults:
        typer.echo(f"WRONG  {fault}")
    if faults:
        raise typer.Exit(1)
    typer.echo(f"in order, tables of {migrations.HEAD}")


@app.command("move")
def move(
    to: Annotated[str, typer.Option(help="where to: postgresql+psycopg://USER@HOST/DATABASE, an empty one")],
) -> None:
    """Move everything from SQLite to PostgreSQL, and compare. No service may run; what broke off goes on."""
    from cws_filedrop.processes import data_lock
    from cws_filedrop.store import moving

    chosen = settings()
    if not chosen.database.is_embedded or not to.startswith("postgresql"):
        raise stop("move: from SQLite to PostgreSQL (--to postgresql+psycopg://USER@HOST/DATABASE)", 2)
    must_exist(chosen)
    with ExitStack() as stack:
        stack.enter_context(data_lock.take(chosen.data))
        source, target = _opened(stack, chosen, to)
        done = list(moving.move(source, target))
        rows = [(one.name, one.rows, one.there, "same" if one.same else "DIFFERENT") for one in done]
        show_table("Moved", ["table", "rows", "arrived", "hash"], rows)
        if not all(one.same for one in done):
            raise stop("what arrived is not what was there; nothing was removed, the old database is as it was")
        moving.finish(target)
    typer.echo(f'done; now set url = "{target.engine.url.render_as_string()}" in [database], with its password')


def _opened(stack: ExitStack, chosen: Settings, to: str) -> tuple[Database, Database]:
    """Both, without keys: what is sealed stays so. Raises: ConfigError when a service works with the second."""
    from cws_filedrop.errors import ConfigError
    from cws_filedrop.service_context import database_url
    from cws_filedrop.store.cluster import membership
    from cws_filedrop.store.cluster.sessions import LockSession
    from cws_filedrop.store.database import Database, DatabaseError

    source, target = (stack.enter_context(closing(Database(url))) for url in (database_url(chosen), to))
    try:
        session = stack.enter_context(closing(LockSession(to, "move")))
        is_free = session.take(membership.SERVICE)
    except DatabaseError as error:
        raise ConfigError(f"--to: cannot open {target.engine.url!r}: {error}") from error
    if not is_free:
        raise ConfigError("--to: a service works with that database")
    for db in (source, target):
        db.create()
    return source, target


def _version(db: Database) -> str:
    from cws_filedrop.errors import ConfigError
    from cws_filedrop.store import checking
    from cws_filedrop.store.database import DatabaseError

    try:
        return checking.version(db)
    except DatabaseError as error:
        raise ConfigError(f"[database] url: cannot open {db.engine.url!r}: {error}") from error


@app.command("rotate-key")
def rotate_key() -> None:
    """Encrypt second factors, secrets of web hooks and buyers' data with a new key; the service may run meanwhile."""
    from cws_filedrop.cli.terminal.opened import database
    from cws_filedrop.store import sealed_rows

    chosen = settings()
    number = sealed_rows.rotate(database(chosen))
    typer.echo(f"{number} values are encrypted with a new key in {chosen.key_file}; replace your copy of that file")
