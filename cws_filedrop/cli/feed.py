"""`cws-filedrop feed`: documents on their way to Amazon, its answers, and what an operator can do when one is stuck."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from cws_filedrop.cli.completion import answers
from cws_filedrop.cli.terminal.shared import settings, show_json, show_table, stop, write_bytes
from cws_filedrop.model import FeedState

app = typer.Typer(
    help="Feeds: list them, show one and what is kept of it, let a stopped one go on, name the one that Amazon has.",
    no_args_is_help=True,
)
Number = Annotated[int, typer.Argument(help="the feed's number in `feed list`", autocompletion=answers.stopped_feeds)]


@app.command("list")
def list_(
    state: Annotated[FeedState | None, typer.Option(help="only in this state")] = None,
    limit: Annotated[int, typer.Option(help="the newest so many", min=1)] = 50,
    json: Annotated[bool, typer.Option("--json", help="for machines")] = False,
) -> None:
    """Show feeds, newest first."""
    from cws_filedrop.cli.terminal.opened import database
    from cws_filedrop.store.feeds import feeds

    found = feeds.listing(database(settings()), states=[state] if state else [], limit=limit)
    if json:
        show_json({"version": 1, "feeds": [asdict(feed) for feed in found]})
        return
    rows = [(one.no, one.state, one.line_count, one.amazon_feed_id or "", one.opened_at, one.note) for one in found]
    show_table("Feeds", ("no", "state", "lines", "Amazon's id", "opened", "note"), rows)


@app.command()
def show(
    number: Number,
    document: Annotated[bool, typer.Option("--document", help="the document, as it was sent")] = False,
    report: Annotated[bool, typer.Option("--report", help="Amazon's report, as it was read")] = False,
    out: Annotated[Path | None, typer.Option(help="a file for it [default: standard output]")] = None,
    json: Annotated[bool, typer.Option("--json", help="for machines")] = False,
) -> None:
    """Show a feed and what is kept of it; or the very bytes that were sent or read."""
    from cws_filedrop.cli.terminal.opened import context
    from cws_filedrop.drop.archive import FeedFileKind
    from cws_filedrop.store.feeds import feeds
    from cws_filedrop.views import feed_documents

    if document + report + json > 1 or (out and not document and not report):
        raise stop("give one of --document, --report and --json; --out FILE goes with the first two", 2)
    here = context(settings())
    feed = feeds.find(here.db, number)
    if feed is None:
        raise stop(f"there is no feed {number}; `feed list` shows them")
    if document or report:
        write_bytes(feed_documents.read(here, feed, FeedFileKind.DOCUMENT if document else FeedFileKind.REPORT), out)
        return
    kept = feed_documents.of_feed(here, feed)
    if json:
        show_json({"version": 1, "feed": asdict(feed), "kept": [asdict(one) for one in kept]})
        return
    rows = [(name, value) for name, value in asdict(feed).items() if value not in ("", None)]
    show_table(f"Feed {number}", ("what", "value"), rows)
    told = [(one.kind, "" if one.size is None else f"{one.size:,}", one.sha256, one.why) for one in kept]
    show_table("Kept", ("what", "bytes", "SHA-256", "why not"), told)


@app.command()
def retry(number: Number) -> None:
    """Let a stopped feed go on from where it stands (and its account send again)."""
    from cws_filedrop.cli.terminal.decisions import decided
    from cws_filedrop.decisions import orders_and_feeds

    decided(orders_and_feeds.retry_feed, number)
    typer.echo(f"feed {number} goes on")


@app.command()
def adopt(number: Number, amazon_feed_id: Annotated[str, typer.Argument(help="the feed's id at Amazon")]) -> None:
    """Say which of Amazon's feeds a stopped feed became."""
    from cws_filedrop.cli.terminal.decisions import decided
    from cws_filedrop.decisions import orders_and_feeds

    decided(orders_and_feeds.adopt_feed, number, amazon_feed_id)
    typer.echo(f"feed {number} is {amazon_feed_id}")
