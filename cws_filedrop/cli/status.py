"""`cws-filedrop status`: what is in progress, what waits for whom, what needs an operator."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from cws_filedrop.cli.terminal.shared import settings, show_json, show_table
from cws_filedrop.marketplaces.limits import LOOK_SECONDS
from cws_filedrop.model import FeedState, UploadState

NEEDS_OPERATOR = (UploadState.HELD, UploadState.CUT, UploadState.FAILED)


def status(json: Annotated[bool, typer.Option("--json", help="for machines")] = False) -> None:
    """Show how uploads and feeds stand. Exit code 1 when something waits for an operator."""
    standing = collected()
    if json:
        show_json(standing)
    else:
        _show(standing)
    if standing["stopped_accounts"] or standing["stopped_feeds"] or standing["failed_uploads"]:
        raise typer.Exit(1)


def collected() -> dict[str, Any]:
    """The status as plain values: version 1 of the JSON that `--json` prints, so keys are only ever added."""
    from cws_filedrop.cli.terminal.opened import database
    from cws_filedrop.store.feeds import feeds, read_backs, unseen
    from cws_filedrop.store.outgoing import mails
    from cws_filedrop.store.sellers import sellers
    from cws_filedrop.store.uploads import uploads

    chosen = settings()
    db = database(chosen)
    per_seller = {one.name: uploads.counts(db, one.id) for one in sellers.everyone(db)}
    stopped = feeds.listing(db, states=(FeedState.STOPPED,))
    return {
        "version": 1,
        "marketplace": chosen.marketplace.kind,
        "uploads": uploads.counts(db),
        "sellers": per_seller,
        "feeds_in_flight": [_feed(one) for one in feeds.listing(db, states=feeds.LIVE)],
        "stopped_feeds": [_feed(one) for one in stopped],
        "stopped_accounts": {str(key): why for key, why in feeds.stopped_accounts(db).items()},
        "restored_accounts": {str(one.id): one.unseen_note for one in unseen.accounts(db)},
        "failed_uploads": uploads.in_state(db, UploadState.FAILED),
        "mails": mails.counts(db),
        "order_look_ups": {str(key): number for key, number in read_backs.queue(db, now=datetime.now(UTC)).items()},
        "aside": {str(state): uploads.in_state(db, state) for state in NEEDS_OPERATOR},
    }


def _feed(row: Any) -> dict[str, Any]:
    return {"no": row.no, "state": str(row.state), "lines": row.line_count, "note": row.note, "since": row.opened_at}


def _show(standing: dict[str, Any]) -> None:
    from cws_filedrop.reports.marketplace import MarketplaceKind

    if notice := MarketplaceKind(standing["marketplace"]).notice:
        typer.echo(notice)
    show_table("Uploads", ("state", "number"), sorted(standing["uploads"].items()))
    rows = [(name, state, number) for name, states in standing["sellers"].items() for state, number in states.items()]
    show_table("By seller", ("seller", "state", "number"), rows)
    in_flight = [
        (feed["no"], feed["state"], feed["lines"], feed["since"], feed["note"]) for feed in standing["feeds_in_flight"]
    ]
    show_table("Feeds on their way", ("no", "state", "lines", "since", "note"), in_flight)
    if look_ups := standing["order_look_ups"]:
        rows_ = [(account, number, f"{number * LOOK_SECONDS / 60:.0f} minutes") for account, number in look_ups.items()]
        show_table("Orders to be looked up at Amazon", ("account", "number", "takes about"), rows_)
    if standing["mails"]:
        show_table("Mails", ("state", "number"), sorted(standing["mails"].items()))
    if restored := standing["restored_accounts"]:
        show_table("Restored from a backup", ("account", "what it waits for"), sorted(restored.items()))
    trouble = [("feed", feed["no"], feed["note"]) for feed in standing["stopped_feeds"]]
    trouble += [("account", number, why) for number, why in standing["stopped_accounts"].items()]
    trouble += [("upload", upload_id, "failed; see the log") for upload_id in standing["failed_uploads"]]
    if trouble:
        show_table("Needs an operator", ("what", "which", "why"), trouble)
