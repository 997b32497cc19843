"""`cws-filedrop seller profile`: layouts of sellers' own, and what to make them of."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from cws_filedrop.cli.completion import answers
from cws_filedrop.cli.offline.options import readable
from cws_filedrop.cli.offline.profile_source import load
from cws_filedrop.cli.terminal.shared import settings, show_json, show_table, stop

app = typer.Typer(help="Sellers' own file layouts: suggest, set, list, show, remove, known.", no_args_is_help=True)
Name = Annotated[str, typer.Argument(help="user name", autocompletion=answers.sellers)]
Called = Annotated[
    str,
    typer.Argument(help="the profile's name, as `seller profile list` shows it", autocompletion=answers.profiles),
]
Json = Annotated[bool, typer.Option("--json", help="for machines")]


@app.command()
def suggest(
    file: Annotated[Path, typer.Argument(help="a sample: a few rows below their headings are enough")],
    output: Annotated[Path | None, typer.Option(help="file to write [default: standard output]")] = None,
) -> None:
    """Write a first profile from a sample of a seller's files. Guesses are marked as unsure."""
    from cws_filedrop.errors import FileRejected
    from cws_filedrop.formats import suggestion
    from cws_filedrop.formats.sample import sample
    from cws_filedrop.model import Limits

    with readable(file).open("rb") as source:
        try:
            text = suggestion.suggest(sample(source, Limits()), of=ascii(file.name)[1:-1])
        except FileRejected as error:
            raise stop(f"{file.name}: {error}") from None
    if output is None:
        typer.echo(text, nl=False)
        return
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise stop(f"{output}: {error.strerror}", 2) from None
    typer.echo(f"wrote {output}; look it over, and try it: cws-filedrop check {file} --profile {output}")


@app.command("set")
def set_(
    name: Name,
    source: Annotated[str, typer.Argument(help="a TOML file, or the name of a known profile")],
    called: Annotated[
        str, typer.Option("--as", help="the profile's name [default: as the file or the known one]")
    ] = "",
) -> None:
    """Read a seller's files by a profile; one of the same name is replaced."""
    from cws_filedrop.cli.terminal.decisions import recorded
    from cws_filedrop.cli.terminal.opened import database, seller_id
    from cws_filedrop.store.sellers import profiles

    given = load(source, called)
    db = database(settings())
    new = profiles.put(db, seller_id(db, name), given.name, given.text, now=datetime.now(UTC))
    recorded(db, "seller.profile-set", name.lower(), given.name)
    typer.echo(f"{'added' if new else 'replaced'}  {given.name}")


@app.command("list")
def list_(name: Name, json: Json = False) -> None:
    """Show a seller's profiles."""
    from cws_filedrop.cli.terminal.opened import database, seller_id
    from cws_filedrop.store.sellers import profiles

    db = database(settings())
    listed = profiles.listing(db, seller_id(db, name))
    if json:
        rows = [{"name": one.name, "changed_at": one.changed_at} for one in listed]
        show_json({"version": 1, "seller": name.lower(), "profiles": rows})
        return
    show_table(f"Profiles of {name.lower()}", ("name", "changed"), [(one.name, one.changed_at) for one in listed])


@app.command()
def show(name: Name, called: Called) -> None:
    """Print a seller's profile, as TOML."""
    from cws_filedrop.cli.terminal.opened import database, seller_id
    from cws_filedrop.store.sellers import profiles

    db = database(settings())
    kept = {one.name: one.text for one in profiles.listing(db, seller_id(db, name))}
    if called not in kept:
        raise stop(f"{name.lower()} has no profile {called}")
    typer.echo(kept[called], nl=False)


@app.command()
def remove(name: Name, called: Called) -> None:
    """Remove a seller's profile; files that were read by it keep their answers."""
    from cws_filedrop.cli.terminal.decisions import recorded
    from cws_filedrop.cli.terminal.opened import database, seller_id
    from cws_filedrop.store.sellers import profiles

    db = database(settings())
    if not profiles.remove(db, seller_id(db, name), called):
        raise stop(f"{name.lower()} has no profile {called}")
    recorded(db, "seller.profile-remove", name.lower(), called)
    typer.echo(f"{called} is removed")


@app.command()
def known(
    called: Annotated[str, typer.Argument(help="print this one, as TOML [default: list them]")] = "", json: Json = False
) -> None:
    """Show the profiles that come with the package, for exports of well-known programs."""
    from cws_filedrop.formats import known_profiles

    if called:
        if called not in known_profiles.names():
            raise stop(f"{called} is not known; there are {', '.join(known_profiles.names())}")
        typer.echo(known_profiles.text(called), nl=False)
        return
    shipped = [known_profiles.known(one) for one in known_profiles.names()]
    if json:
        rows = [{"name": one.name, "title": one.title, "source": one.source} for one in shipped]
        show_json({"version": 1, "profiles": rows})
        return
    show_table(
        "Known profiles", ("name", "export", "headings from"), [(one.name, one.title, one.source) for one in shipped]
    )
