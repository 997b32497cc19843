"""`mail …`, and what `seller set` keeps of mails."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cli.commands import Command
from notify.post_office import PostOffice

from cws_filedrop.model import MailKind
from cws_filedrop.store.database import Database, default_url
from cws_filedrop.store.outgoing import mails
from cws_filedrop.store.outgoing.mails import Draft

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture
def server() -> Iterator[PostOffice]:
    with PostOffice() as opened:
        yield opened


@pytest.fixture
def db(command: Command) -> Iterator[Database]:
    """The database of the commands, with the seller `anna`."""
    assert command("seller", "add", "anna", "--merchant-id", "M1").code == 0
    found = Database(default_url(Path("data").absolute()))
    yield found
    found.close()


def settings(server: PostOffice, *more: str) -> None:
    lines = [
        "[mail]",
        'host = "localhost"',
        f"port = {server.port}",
        'security = "none"',
        'sender = "ship@x.com"',
        *more,
    ]
    Path("cws_filedrop.toml").write_text("\n".join(lines))


def queue(db: Database, *drafts: tuple[str, MailKind]) -> None:
    rows = [Draft(key, kind, f"{key}@x.com", f"subject {key}", "t", "h") for key, kind in drafts]
    mails.tell(db, [], rows, now=NOW)


def test_mails_are_listed_newest_first_and_buyers_are_not_named(command: Command, db: Database) -> None:
    queue(db, ("anna", MailKind.UPLOAD), ("bob", MailKind.BUYER))
    found = command("mail", "list", "--json").json()
    assert found["version"] == 1
    assert [(one["no"], one["kind"], one["to"], one["state"]) for one in found["mails"]] == [
        (2, "buyer", "(a buyer)", "queued"),
        (1, "upload", "anna@x.com", "queued"),
    ]
    told = command("mail", "list")
    assert told.code == 0
    assert "anna@x.com" in told.out
    assert "bob@x.com" not in told.out
    assert [one["no"] for one in command("mail", "list", "--kind", "upload", "--json").json()["mails"]] == [1]
    assert command("mail", "list", "--state", "failed", "--json").json()["mails"] == []
    assert "none" in command("mail", "list", "--state", "sent").out
    assert command("mail", "list", "--state", "lost").code == 2


def test_the_status_counts_them(command: Command, db: Database) -> None:
    assert "Mails" not in command("status").out
    queue(db, ("anna", MailKind.UPLOAD), ("bob", MailKind.BUYER))
    mails.unsure(db, 1, error="lost")
    assert command("status", "--json").json()["mails"] == {"queued": 1, "unsure": 1}
    told = command("status")
    assert (told.code, "Mails" in told.out) == (0, True)


def test_one_that_failed_is_sent_again_at_an_operators_word(command: Command, db: Database) -> None:
    queue(db, ("anna", MailKind.UPLOAD))
    waits = command("mail", "retry", "1")
    assert (waits.code, waits.err) == (1, "cws-filedrop: mail 1 cannot be sent again: it is queued\n")
    mails.unsure(db, 1, error="lost")
    assert command("mail", "retry", "1").out == "mail 1 is queued again\n"
    assert [mail.no for mail in mails.due(db, now=datetime.now(UTC))] == [1]
    none = command("mail", "retry", "9")
    assert (none.code, none.err) == (1, "cws-filedrop: there is no mail 9; `mail list` shows them\n")


def test_one_whose_buyer_was_forgotten_is_not(command: Command, db: Database) -> None:
    queue(db, ("bob", MailKind.BUYER))
    mails.forget_buyers(db)
    assert "its buyer has been forgotten" in command("mail", "retry", "1").err


def test_a_trial_mail_tries_the_settings(command: Command, server: PostOffice) -> None:
    settings(server)
    said = command("mail", "test", "ops@example.com")
    assert (said.code, said.out) == (0, f"localhost:{server.port} took a mail to ops@example.com\n")
    (message,) = server.messages()
    assert message["To"] == "ops@example.com"
    assert message["Subject"] == "[sandbox] A trial mail of cws_filedrop"


def test_a_trial_says_why_it_did_not_work(command: Command, server: PostOffice) -> None:
    settings(server)
    server.on_recipient = lambda _: "550 5.1.1 no such user"
    said = command("mail", "test", "ops@example.com")
    assert said.code == 1
    assert said.err == f"cws-filedrop: localhost:{server.port} did not take it: 550 5.1.1 no such user\n"
    assert command("mail", "test", "nobody").code == 2
    settings(server, 'password = "s3cret"')
    wrong = command("mail", "test", "ops@example.com")
    assert wrong.code == 2
    assert "[mail] password: write env:NAME" in wrong.err
    assert "s3cret" not in wrong.err


def test_without_a_server_there_is_nothing_to_try(command: Command) -> None:
    said = command("mail", "test", "ops@example.com")
    assert (said.code, said.err) == (
        2,
        "cws-filedrop: [mail] host: it is empty, so there is no mail; name the SMTP server\n",
    )


def wishes(command: Command) -> object:
    return command("seller", "list", "--json").json()["sellers"][0]["mail"]


def test_a_seller_says_where_and_of_what(command: Command, db: Database) -> None:
    assert wishes(command) == {"to": [], "on": [], "buyers": False}
    assert command("seller", "set", "ANNA", "--mail", "a@x.com, b@bücher.example").code == 0
    assert wishes(command) == {"to": ["a@x.com", "b@bücher.example"], "on": ["errors"], "buyers": False}
    assert command("seller", "set", "anna", "--mail-on", "success, errors,warnings").code == 0
    assert command("seller", "set", "anna", "--buyer-mails", "on").code == 0
    assert wishes(command) == {
        "to": ["a@x.com", "b@bücher.example"],
        "on": ["errors", "warnings", "success"],
        "buyers": True,
    }
    assert command("seller", "set", "anna", "--mail", "c@x.com", "--mail-on", "digest").code == 0
    assert command("seller", "set", "anna", "--buyer-mails", "off").code == 0
    assert wishes(command) == {"to": ["c@x.com"], "on": ["digest"], "buyers": False}
    assert command("seller", "set", "anna", "--mail", "").code == 0
    assert wishes(command) == {"to": [], "on": [], "buyers": False}


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (("--mail", "nobody"), 2, "--mail: 'nobody' is no mail address: there is no @ in it"),
        (("--mail", "a@x.com\nBcc: b@x.com"), 2, "a blank or a control character"),
        (("--mail-on", "errors"), 2, "--mail-on: say where mails go, too: --mail ADDRESS"),
        (
            ("--mail", "a@x.com", "--mail-on", "error"),
            2,
            "--mail-on error: use errors or warnings or success or digest",
        ),
        (("--buyer-mails", "maybe"), 2, "maybe"),
        ((), 2, "nothing to change"),
    ],
)
def test_what_cannot_be_kept_is_said(
    command: Command, db: Database, options: tuple[str, ...], code: int, words: str
) -> None:
    said = command("seller", "set", "anna", *options)
    assert said.code == code
    assert words in said.err
    assert wishes(command) == {"to": [], "on": [], "buyers": False}


def test_there_must_be_such_a_seller(command: Command, db: Database) -> None:
    said = command("seller", "set", "berta", "--mail", "a@x.com")
    assert (said.code, said.err) == (1, "cws-filedrop: there is no seller named berta\n")
