"""`cws-filedrop feed`: documents on their way to Amazon, and what an operator can do when one is stuck."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from cws_filedrop.cli import completing
from cws_filedrop.cli.shared import database, settings, show_json, show_table
from cws_filedrop.model import FeedState

app = typer.Typer(help="Feeds: list them, let a stopped one go on, name the one that Amazon has.", no_args_is_help=True)
Number = Annotated[
    int, typer.Argument(help="the feed's number in `feed list`", autocompletion=completing.stopped_feeds)
]


@app.command("list")
def list_(
    state: Annotated[FeedState | None, typer.Option(help="only in this state")] = None,
    limit: Annotated[int, typer.Option(help="the newest so many", min=1)] = 50,
    json: Annotated[bool, typer.Option("--json", help="for machines")] = False,
) -> None:
    """Show feeds, newest first."""
    from cws_filedrop.store import feeds

    found = feeds.listing(database(settings()), states=[state] if state else [], limit=limit)
    if json:
        show_json({"version": 1, "feeds": [asdict(feed) for feed in found]})
        return
    rows = [(one.no, one.state, one.line_count, one.amazon_feed_id or "", one.opened_at, one.note) for one in found]
    show_table("Feeds", ("no", "state", "lines", "Amazon's id", "opened", "note"), rows)


@app.command()
def retry(number: Number) -> None:
    """Let a stopped feed go on from where it stands (and its account send again)."""
    from cws_filedrop.cli.deciding import decided
    from cws_filedrop.pipeline import deciding

    decided(deciding.retry_feed, number)
    typer.echo(f"feed {number} goes on")


@app.command()
def adopt(number: Number, amazon_feed_id: Annotated[str, typer.Argument(help="the feed's id at Amazon")]) -> None:
    """Say which of Amazon's feeds a stopped feed became."""
    from cws_filedrop.cli.deciding import decided
    from cws_filedrop.pipeline import deciding

    decided(deciding.adopt_feed, number, amazon_feed_id)
    typer.echo(f"feed {number} is {amazon_feed_id}")
