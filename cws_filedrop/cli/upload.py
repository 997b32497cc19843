"""`cws-filedrop upload`: what came in and what became of it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from cws_filedrop.cli.shared import database, settings, show_json, show_table, stop
from cws_filedrop.model import UploadState

app = typer.Typer(help="Uploads: list them, show one.", no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="for machines")]


@app.command("list")
def list_(
    seller: Annotated[str, typer.Option(help="only this seller's")] = "",
    state: Annotated[UploadState | None, typer.Option(help="only in this state")] = None,
    limit: Annotated[int, typer.Option(help="the newest so many", min=1)] = 50,
    json: Json = False,
) -> None:
    """Show uploads, newest first."""
    from cws_filedrop.store import uploads

    found = uploads.listing(database(settings()), seller=seller, states=[state] if state else [], limit=limit)
    if json:
        show_json({"version": 1, "uploads": [asdict(upload) for upload in found]})
        return
    rows = [(one.id, one.seller, one.name, one.state, one.line_count, one.waiting, one.door) for one in found]
    show_table("Uploads", ("id", "seller", "file", "state", "lines", "waiting", "door"), rows)


@app.command()
def show(upload_id: Annotated[str, typer.Argument(help="such as 20261122-013042-k7f3")], json: Json = False) -> None:
    """Show one upload: how it came, how it stands, its lines by verdict."""
    from cws_filedrop.store import lines, uploads

    db = database(settings())
    upload = uploads.get(db, upload_id)
    if upload is None:
        raise stop(f"there is no upload {upload_id}")
    verdicts = lines.verdict_counts(db, upload_id)
    if json:
        show_json({"version": 1, "upload": asdict(upload), "verdicts": verdicts})
        return
    rows = [(name, value) for name, value in asdict(upload).items() if name != "outcome" and value not in ("", None)]
    show_table(f"Upload {upload_id}", ("what", "value"), rows)
    show_table("Lines", ("verdict", "lines"), sorted(verdicts.items()))


@app.command()
def release(upload_id: Annotated[str, typer.Argument(help="one that is held, cut or failed")]) -> None:
    """Take an upload that was set aside after all: it is read again, as it is."""
    from cws_filedrop.cli.deciding import decided
    from cws_filedrop.pipeline import actions

    decided(actions.release, upload_id)
    typer.echo(f"{upload_id} is read again")


@app.command()
def reject(
    upload_id: Annotated[str, typer.Argument(help="one that is held, cut or failed")],
    why: Annotated[str, typer.Option(help="what its seller is told")],
) -> None:
    """Refuse an upload that was set aside: nothing of it is sent, and its seller is told why."""
    from cws_filedrop.cli.deciding import decided
    from cws_filedrop.pipeline import actions

    decided(actions.reject, upload_id, why)
    typer.echo(f"{upload_id} is rejected")
