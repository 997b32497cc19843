"""`cws-filedrop mail`: which mails were written, what became of them, and a trial of the [mail] settings."""

from __future__ import annotations

import os
import secrets
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from cws_filedrop.cli.terminal.shared import settings, show_json, show_table, stop
from cws_filedrop.model import MailKind, MailState

app = typer.Typer(help="Mail: list mails, send one again, try the settings.", no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="for machines")]


@app.command("list")
def list_(
    state: Annotated[MailState | None, typer.Option(help="only in this state")] = None,
    kind: Annotated[MailKind | None, typer.Option(help="only of this kind")] = None,
    limit: Annotated[int, typer.Option(help="at most this many, newest first", min=1)] = 50,
    json: Json = False,
) -> None:
    """Show mails, newest first. Buyers are not named."""
    from cws_filedrop.cli.terminal.opened import database
    from cws_filedrop.store.outgoing import mails

    listed = mails.listing(database(settings()), states=[state] if state else [], kind=kind, limit=limit)
    plain = [_plain(mail) for mail in listed]
    if json:
        show_json({"version": 1, "mails": plain})
        return
    names = ("no", "kind", "to", "subject", "state", "created_at", "error")
    show_table("Mails", names, [[one[name] for name in names] for one in plain])


@app.command()
def retry(number: Annotated[int, typer.Argument(help="the mail's number in `mail list`")]) -> None:
    """Send a mail again that failed, or that may or may not have been sent (then it may arrive twice)."""
    from cws_filedrop.cli.terminal.opened import database
    from cws_filedrop.store.outgoing import mails

    db = database(settings())
    mail = mails.find(db, number)
    if mail is None:
        raise stop(f"there is no mail {number}; `mail list` shows them")
    if not mails.retry(db, number, now=datetime.now(UTC)):
        why = "its buyer has been forgotten" if not mail.recipient else f"it is {mail.state}"
        raise stop(f"mail {number} cannot be sent again: {why}")
    typer.echo(f"mail {number} is queued again")


@app.command()
def test(address: Annotated[str, typer.Argument(help="where a trial mail goes")]) -> None:
    """Send a trial mail at once, without the service. Exit code 1 when the SMTP server does not accept it."""
    from cws_filedrop.notify.addresses import BadAddress
    from cws_filedrop.notify.envelope import seal
    from cws_filedrop.notify.letters import write
    from cws_filedrop.notify.mail_relay import mail_relay
    from cws_filedrop.notify.smtp import SmtpSession, SubmissionOutcome
    from cws_filedrop.reports.marketplace import MarketplaceKind

    chosen = settings()
    relay, answering = mail_relay(chosen.mail, os.environ), MarketplaceKind(chosen.marketplace.kind)
    letter, key = write("trial", {"host": relay.host}, answering), f"trial:{secrets.token_hex(8)}"
    try:
        envelope = seal(letter, key=key, sender=relay.sender, recipient=address, written_at=datetime.now(UTC))
    except BadAddress as error:
        raise stop(str(error), 2) from None
    session = SmtpSession(relay)
    try:
        outcome = session.hand_in(envelope, begin=lambda: True)
    finally:
        session.close()
    if outcome.ending is not SubmissionOutcome.SENT:
        raise stop(f"{relay.host}:{relay.port} did not take it: {outcome.words}")
    typer.echo(f"{relay.host}:{relay.port} took a mail to {address}")


def _plain(mail: Any) -> dict[str, Any]:
    to = mail.recipient if mail.kind is not MailKind.BUYER else "(a buyer)"
    names = ("no", "key", "kind", "state", "subject", "attempts", "next_at", "error", "created_at", "sent_at")
    return {name: getattr(mail, name) for name in names} | {"to": to}
