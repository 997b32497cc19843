"""`cws-filedrop seller key`: the public keys a seller logs in with."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from cws_filedrop.cli.completion import answers
from cws_filedrop.cli.terminal.shared import settings, show_json, show_table, stop

app = typer.Typer(help="Public keys: add, list, remove.", no_args_is_help=True)
Name = Annotated[str, typer.Argument(help="user name", autocompletion=answers.sellers)]


@app.command()
def add(
    name: Name,
    key: Annotated[str, typer.Argument(help="the line of a .pub file, in quotes")] = "",
    file: Annotated[Path | None, typer.Option(help="a .pub or authorized_keys file instead")] = None,
) -> None:
    """Let a seller log in with a key as well as with its password."""
    from cws_filedrop.cli.terminal.decisions import recorded
    from cws_filedrop.cli.terminal.opened import database, seller_id
    from cws_filedrop.credentials import public_keys
    from cws_filedrop.store.sellers import keys
    from cws_filedrop.store.sellers.keys import PublicKey

    try:
        given = public_keys.parse_file(file.read_text() if file else key)
    except OSError as error:
        raise stop(f"{file}: {error.strerror}", 2) from None
    except ValueError as error:
        raise stop(f"{file or 'the key'}: {error}", 2) from None
    if not given:
        raise stop("give the line of a .pub file, or --file", 2)
    db = database(settings())
    owner = seller_id(db, name)
    for line in given:
        new = keys.add(db, owner, PublicKey(line.fingerprint, line.text, line.comment, ""), now=datetime.now(UTC))
        if new:
            recorded(db, "seller.key-add", name.lower(), line.fingerprint)
        typer.echo(f"{'added' if new else 'there already'}  {line.fingerprint}  {line.comment}")


@app.command("list")
def list_(name: Name, json: Annotated[bool, typer.Option("--json", help="for machines")] = False) -> None:
    """Show a seller's keys."""
    from cws_filedrop.cli.terminal.opened import database, seller_id
    from cws_filedrop.store.sellers import keys

    db = database(settings())
    listed = keys.listing(db, seller_id(db, name))
    if json:
        show_json({"version": 1, "seller": name.lower(), "keys": [asdict(one) for one in listed]})
        return
    rows = [(one.key.split()[0], one.fingerprint, one.comment, one.added_at) for one in listed]
    show_table(f"Keys of {name.lower()}", ("kind", "fingerprint", "comment", "added"), rows)


@app.command()
def remove(name: Name, fingerprint: Annotated[str, typer.Argument(help="as `seller key list` shows it")]) -> None:
    """Remove a key; sessions that logged in with it end at their next step."""
    from cws_filedrop.cli.terminal.decisions import recorded
    from cws_filedrop.cli.terminal.opened import database, seller_id
    from cws_filedrop.store.sellers import keys

    db = database(settings())
    if not keys.remove(db, seller_id(db, name), fingerprint):
        raise stop(f"{name.lower()} has no key {fingerprint}")
    recorded(db, "seller.key-remove", name.lower(), fingerprint)
    typer.echo(f"{fingerprint} is removed")
