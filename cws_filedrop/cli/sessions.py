"""`cws-filedrop sessions`: which browsers are logged in to the pages; end one."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from cws_filedrop.cli.completion import answers
from cws_filedrop.cli.terminal.shared import settings, show_json, show_table

app = typer.Typer(help="Browsers that are logged in to the pages: list them, end sessions.", no_args_is_help=True)
OfSeller = Annotated[str, typer.Option(help="only of this seller", autocompletion=answers.sellers)]
OfUser = Annotated[str, typer.Option(help="only of this user of the operators' pages", autocompletion=answers.users)]


@app.command("list")
def list_(
    seller: OfSeller = "",
    user: OfUser = "",
    json: Annotated[bool, typer.Option("--json", help="for machines")] = False,
) -> None:
    """Show who is logged in to the pages, the latest first."""
    from cws_filedrop.cli.terminal.opened import context
    from cws_filedrop.decisions import sessions

    listed = [_plain(one) for one in sessions.listing(context(settings()), seller=seller, user=user)]
    if json:
        show_json({"version": 1, "sessions": listed})
        return
    show_table(
        "Sessions", ("id", "kind", "name", "from", "browser", "since", "last seen"), [[*one.values()] for one in listed]
    )


@app.command()
def end(
    session: Annotated[str, typer.Argument(help="its id in `sessions list`; all: every one of --seller or --user")],
    seller: OfSeller = "",
    user: OfUser = "",
) -> None:
    """End a session: its browser has to log in again."""
    from cws_filedrop.cli.terminal.decisions import decided
    from cws_filedrop.cli.terminal.opened import context
    from cws_filedrop.cli.terminal.shared import stop
    from cws_filedrop.decisions import sessions

    among = sessions.listing(context(settings()), seller=seller, user=user)
    if session == "all":
        if not seller and not user:
            raise stop("all: say of whom, by --seller or --user", 2)
        decided(sessions.end_all, among)
        typer.echo(f"{len(among)} sessions are ended")
        return
    ended = decided(sessions.end, session, among=among)
    typer.echo(f"the session of {ended.name} from {ended.address} is ended")


def _plain(session: Any) -> dict[str, str]:
    kind = "seller" if session.is_seller else "user"
    return {
        "id": session.id,
        "kind": kind,
        "name": session.name,
        "address": session.address,
        "agent": session.agent,
        "created_at": session.created_at,
        "seen_at": session.seen_at,
    }
