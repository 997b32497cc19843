"""`cws-filedrop feed`: documents on their way to Amazon, its answers, and what to do about one that is stuck."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from cws_filedrop.cli.completion import answers
from cws_filedrop.cli.terminal.shared import settings, show_json, show_table, stop, write_bytes
from cws_filedrop.model import FeedState

app = typer.Typer(
    help="Feeds: list them, show one and its files, decide about a stopped one.",
    no_args_is_help=True,
)
Number = Annotated[int, typer.Argument(help="the feed's number in `feed list`", autocompletion=answers.stopped_feeds)]


@app.command("list")
def list_(
    state: Annotated[FeedState | None, typer.Option(help="only in this state")] = None,
    limit: Annotated[int, typer.Option(help="at most this many, newest first", min=1)] = 50,
    json: Annotated[bool, typer.Option("--json", help="for machines")] = False,
) -> None:
    """Show feeds, newest first."""
    from cws_filedrop.cli.terminal.opened import database
    from cws_filedrop.store.feeds import feeds

    listed = feeds.listing(database(settings()), states=[state] if state else [], limit=limit)
    if json:
        show_json({"version": 1, "feeds": [asdict(feed) for feed in listed]})
        return
    rows = [(row.no, row.state, row.line_count, row.amazon_feed_id or "", row.opened_at, row.note) for row in listed]
    show_table("Feeds", ("no", "state", "lines", "Amazon's id", "opened", "note"), rows)


@app.command()
def show(
    number: Number,
    document: Annotated[bool, typer.Option("--document", help="the document itself, as it was sent")] = False,
    report: Annotated[bool, typer.Option("--report", help="Amazon's report itself, as it was read")] = False,
    out: Annotated[Path | None, typer.Option(help="file to write it to [default: standard output]")] = None,
    json: Annotated[bool, typer.Option("--json", help="for machines")] = False,
) -> None:
    """Show a feed and which files are kept of it; or one of these, byte for byte."""
    from cws_filedrop.cli.terminal.opened import context
    from cws_filedrop.drop.archive import FeedFileKind
    from cws_filedrop.store.feeds import feeds
    from cws_filedrop.views import feed_documents

    if document + report + json > 1 or (out and not document and not report):
        raise stop("give one of --document, --report and --json; --out FILE goes with the first two", 2)
    opened = context(settings())
    feed = feeds.find(opened.db, number)
    if feed is None:
        raise stop(f"there is no feed {number}; `feed list` shows them")
    if document or report:
        write_bytes(feed_documents.read(opened, feed, FeedFileKind.DOCUMENT if document else FeedFileKind.REPORT), out)
        return
    kept = feed_documents.of_feed(opened, feed)
    if json:
        show_json({"version": 1, "feed": asdict(feed), "kept": [asdict(file) for file in kept]})
        return
    rows = [(name, value) for name, value in asdict(feed).items() if value not in ("", None)]
    show_table(f"Feed {number}", ("what", "value"), rows)
    files = [(file.kind, "" if file.size is None else f"{file.size:,}", file.sha256, file.why) for file in kept]
    show_table("Kept", ("what", "bytes", "SHA-256", "why not"), files)


@app.command()
def retry(number: Number) -> None:
    """Resume a stopped feed from where it stands (and let its account send again)."""
    from cws_filedrop.cli.terminal.decisions import decided
    from cws_filedrop.decisions import orders_and_feeds

    decided(orders_and_feeds.retry_feed, number)
    typer.echo(f"feed {number} goes on")


@app.command()
def adopt(number: Number, amazon_feed_id: Annotated[str, typer.Argument(help="the feed's id at Amazon")]) -> None:
    """Tell which of Amazon's feeds a stopped feed became, after its createFeed answer was lost."""
    from cws_filedrop.cli.terminal.decisions import decided
    from cws_filedrop.decisions import orders_and_feeds

    decided(orders_and_feeds.adopt_feed, number, amazon_feed_id)
    typer.echo(f"feed {number} is {amazon_feed_id}")


@app.command("send-again")
def send_again(
    number: Number,
    sure: Annotated[bool, typer.Option("--yes", help="you have looked: Amazon does not have it")] = False,
) -> None:
    """Send a stopped feed once more that may be at Amazon, where its note offers that. Look at Amazon first: what it
    has already is told twice, so units that are left are shipped twice."""
    from cws_filedrop.cli.terminal.decisions import decided
    from cws_filedrop.decisions import orders_and_feeds

    if not sure:
        raise stop("if Amazon has this feed, it is told twice; look there first, then say --yes", 2)
    decided(orders_and_feeds.send_feed_again, number)
    typer.echo(f"feed {number} is sent again")


@app.command()
def drop(
    number: Number, note: Annotated[str, typer.Option(help="why, for its sellers; the default is the feed's note")] = ""
) -> None:
    """Take the lines out of a stopped feed that Amazon cannot have: they become unconfirmed, and their sellers may drop
    them again."""
    from cws_filedrop.cli.terminal.decisions import decided
    from cws_filedrop.decisions import orders_and_feeds

    decided(orders_and_feeds.drop_feed, number, note=note)
    typer.echo(f"the lines of feed {number} are unconfirmed")
