"""`cws-filedrop user`: who may use the operators' pages and API."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Annotated, TypeVar

import typer

from cws_filedrop.cli.completion import answers
from cws_filedrop.cli.terminal.shared import END_OR_KEEP, given_password, settings, show_json, show_table
from cws_filedrop.model import Role

app = typer.Typer(help="Operators: add, list, change who may use their pages.", no_args_is_help=True)
Done = TypeVar("Done")
Name = Annotated[str, typer.Argument(help="user name", autocompletion=answers.users)]


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="user name")],
    role: Annotated[Role, typer.Option(help="what the user may do")] = Role.OPERATOR,
    password_stdin: Annotated[bool, typer.Option("--password-stdin", help="read it from standard input")] = False,
) -> None:
    """Add a user; a password is made and shown once, unless one is given."""
    from cws_filedrop.decisions import people

    given = given_password() if password_stdin else ""
    password = _done(people.add, name, role, password=given)
    typer.echo(f"user         {name.lower()} ({role})")
    if not given:
        typer.echo(f"password     {password}  (shown only now)")


@app.command("list")
def list_(json: Annotated[bool, typer.Option("--json", help="for machines")] = False) -> None:
    """Show who may use the pages."""
    from cws_filedrop.cli.terminal.opened import database
    from cws_filedrop.store.users import users

    listed = users.everyone(database(settings()))
    plain = [
        {
            "name": user.name,
            "role": str(user.role),
            "enabled": user.enabled,
            "second_factor": bool(user.totp_secret),
            "created_at": user.created_at,
        }
        for user in listed
    ]
    if json:
        show_json({"version": 1, "users": plain})
        return
    rows = [
        tuple("yes" if cell is True else "no" if cell is False else cell for cell in user.values()) for user in plain
    ]
    show_table("Users", ("name", "role", "enabled", "second factor", "since"), rows)


@app.command()
def password(
    name: Name,
    password_stdin: Annotated[bool, typer.Option("--password-stdin", help="read it from standard input")] = False,
    end_tokens: Annotated[bool | None, END_OR_KEEP] = None,
) -> None:
    """Give a user a new password, made and shown once unless one is given; the user's sessions end."""
    from cws_filedrop.decisions import people

    if password_stdin:
        _done(people.set_password, name, given_password())
        typer.echo(f"{name} has another password")
    else:
        typer.echo(f"password     {_done(people.new_password, name)}  (shown only now)")
    _ask_about_tokens(name, end=end_tokens, typed=not password_stdin)


def _ask_about_tokens(name: str, *, end: bool | None, typed: bool) -> None:
    from cws_filedrop.cli.terminal import tokens_left
    from cws_filedrop.cli.terminal.opened import database
    from cws_filedrop.decisions import user_tokens
    from cws_filedrop.store.users import user_tokens as rows
    from cws_filedrop.store.users import users

    db = database(settings())
    user = users.find(db, name)
    if user is not None:
        ending = partial(_done, user_tokens.disable_all, name)
        mine = rows.listing(db, user.id)
        tokens_left.ask(user.name, mine, end=end, kind="user", disable_all=ending, typed=typed)


@app.command()
def role(name: Name, role: Annotated[Role, typer.Argument(help="what the user may do")]) -> None:
    """Give a user another role."""
    from cws_filedrop.decisions import people

    typer.echo(_done(people.set_role, name, role))


@app.command()
def disable(name: Name) -> None:
    """Keep a user from logging in; the user's sessions end at once."""
    from cws_filedrop.decisions import people

    typer.echo(_done(people.enable, name, False))


@app.command()
def enable(name: Name) -> None:
    """Let a user in again."""
    from cws_filedrop.decisions import people

    typer.echo(_done(people.enable, name, True))


@app.command("forget-factor")
def forget_factor(name: Name) -> None:
    """Stop asking a user for codes, when the phone is lost."""
    from cws_filedrop.decisions import people

    typer.echo(_done(people.forget_factor, name))


def _done(action: Callable[..., Done], *given: object, **more: object) -> Done:
    from cws_filedrop.cli.terminal.decisions import decided

    return decided(action, *given, **more, create=True)
