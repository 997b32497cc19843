"""`cws-filedrop upload`: what came in and what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from cws_filedrop.cli.completion import answers
from cws_filedrop.cli.terminal.shared import Coloured, settings, show_json, show_table, stop
from cws_filedrop.formatting import clock
from cws_filedrop.model import UploadState

app = typer.Typer(help="Uploads: list them, show one, release or reject one that was set aside.", no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="for machines")]


@app.command("list")
def list_(
    seller: Annotated[str, typer.Option(help="only of this seller", autocompletion=answers.sellers)] = "",
    state: Annotated[UploadState | None, typer.Option(help="only in this state")] = None,
    limit: Annotated[int, typer.Option(help="at most this many, newest first", min=1)] = 50,
    json: Json = False,
) -> None:
    """Show uploads, newest first."""
    from cws_filedrop.cli.terminal.opened import database
    from cws_filedrop.store.uploads import uploads, verdict_counts

    db = database(settings())
    listed = uploads.listing(db, seller=seller, states=[state] if state else [], limit=limit)
    if json:
        show_json({"version": 1, "uploads": [upload.to_json() for upload in listed]})
        return
    counted = verdict_counts.of_uploads(db, [upload.id for upload in listed])
    rows = [(one.id, one.seller, one.name, _outcome(one, counted.get(one.id, {})), one.line_count) for one in listed]
    show_table("Uploads", ("id", "seller", "file", "outcome", "lines"), rows)


def _outcome(upload: Any, verdicts: Mapping[str, int]) -> Coloured:
    from cws_filedrop.reports import outcome

    return Coloured(*outcome.of_upload(upload.state, verdicts, rehearsal=upload.rehearsal))


@app.command()
def show(
    upload_id: Annotated[str, typer.Argument(help="such as 20261122-013042-k7f3", autocompletion=answers.uploads)],
    json: Json = False,
) -> None:
    """Show one upload: how it arrived, how it stands, its lines by verdict, and what happened to it, step by step."""
    from cws_filedrop.cli.terminal.opened import context
    from cws_filedrop.store.uploads import lines
    from cws_filedrop.views import upload_timeline

    opened = context(settings())
    known = upload_timeline.find(opened, upload_id)
    if known is None:
        raise stop(f"there is no upload {upload_id}")
    upload, recorded = known
    verdicts, timeline = lines.verdict_counts(opened.db, upload_id), upload_timeline.of(opened, upload)
    if json:
        answer = {"upload": upload.to_json(), "verdicts": verdicts, "recorded": recorded}
        show_json({"version": 1, **answer, "story": [_step(step) for step in timeline.steps]})
        return
    left_out = () if recorded else ("seller_id", "account_id")
    facts: list[tuple[str, object]] = [("outcome", _outcome(upload, verdicts))]
    facts += [(name, value) for name, value in upload.to_json().items() if name not in ("outcome", *left_out)]
    show_table(f"Upload {upload_id}", ("what", "value"), [fact for fact in facts if fact[1] not in ("", None)])
    show_table("Lines", ("verdict", "lines"), sorted(verdicts.items()))
    _show_timeline(timeline)
    if not recorded:
        typer.echo("It lies safe in the spool; the worker has not recorded it yet.")


def _step(step: Any) -> dict[str, str]:
    return {"at": step.at, "what": step.what, "detail": step.detail, "tone": step.tone}


def _show_timeline(timeline: Any) -> None:
    rows = [(clock(step.at), Coloured(step.what, step.tone), step.detail) for step in timeline.steps]
    show_table("What happened", ("when (UTC)", "what", "more"), rows)


@app.command()
def release(
    upload_id: Annotated[
        str, typer.Argument(help="one that is held, cut or failed", autocompletion=answers.uploads_aside)
    ],
) -> None:
    """Release an upload that was set aside: it is read again, as it is."""
    from cws_filedrop.cli.terminal.decisions import decided
    from cws_filedrop.decisions import set_aside

    decided(set_aside.release, upload_id)
    typer.echo(f"{upload_id} is read again")


@app.command()
def reject(
    upload_id: Annotated[
        str, typer.Argument(help="one that is held, cut or failed", autocompletion=answers.uploads_aside)
    ],
    why: Annotated[str, typer.Option(help="what its seller is told")],
) -> None:
    """Reject an upload that was set aside: nothing of it is sent, and its seller is told why."""
    from cws_filedrop.cli.terminal.decisions import decided
    from cws_filedrop.decisions import set_aside

    decided(set_aside.reject, upload_id, why)
    typer.echo(f"{upload_id} is rejected")
