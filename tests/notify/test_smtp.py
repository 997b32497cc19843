"""Handing in at a real SMTP server: what it takes, refuses, and leaves open."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from notify.post_office import PostOffice, part, server_trust
from transports.authority import Authority

from cws_filedrop.errors import ConfigError
from cws_filedrop.notify.addresses import NamedAddress
from cws_filedrop.notify.envelope import Envelope, seal
from cws_filedrop.notify.letters import Letter
from cws_filedrop.notify.mail_relay import MailRelay, mail_relay
from cws_filedrop.notify.smtp import MAILS_A_SESSION, SmtpSession, SubmissionOutcome, SubmissionResult
from cws_filedrop.settings import MailSettings

SETTINGS = MailSettings(host="localhost", security="none", sender="ship@example.com", timeout_seconds=20)
LETTER = Letter("Hello", "one\n.\n..two\n.three\n", "<p>one</p>")


def envelope(letter: Letter = LETTER, *, key: str = "k") -> Envelope:
    sender = NamedAddress("", "ship@example.com")
    return seal(letter, key=key, sender=sender, recipient="anna@example.com", written_at=datetime.now(UTC))


def office_at(server: PostOffice, **changes: object) -> MailRelay:
    settings = replace(SETTINGS, port=server.port, **changes)  # type: ignore[arg-type]
    return mail_relay(settings, {"SECRET": "s3cret", "WRONG": "s3crets"})


def handed(where: MailRelay, *, begin: bool = True, sent: Envelope | None = None) -> SubmissionResult:
    counter = SmtpSession(where)
    try:
        return counter.hand_in(sent or envelope(), begin=lambda: begin)
    finally:
        counter.close()


@pytest.fixture
def server() -> Iterator[PostOffice]:
    with PostOffice() as opened:
        yield opened


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Path]:
    """The authority's certificate; a certificate for localhost, and its key."""
    folder = tmp_path_factory.mktemp("authority")
    made = Authority("an authority")
    (folder / "authority.pem").write_bytes(made.certificate.public_bytes(serialization.Encoding.PEM))
    return (folder / "authority.pem", *made.issue(folder, "localhost"))


def test_a_message_arrives_as_it_was_written(server: PostOffice) -> None:
    assert handed(office_at(server)) == SubmissionResult(SubmissionOutcome.SENT)
    (message,) = server.messages()
    assert server.recipients == ["anna@example.com"]
    assert (message["Subject"], message["From"], message["To"]) == ("Hello", "ship@example.com", "anna@example.com")
    assert part(message, "plain") == LETTER.text
    assert part(message, "html").strip() == LETTER.html


def test_starttls_and_login(authority: tuple[Path, Path, Path]) -> None:
    trusted, *own = authority
    with PostOffice(starttls=server_trust(*own), login=("anna", "s3cret")) as server:
        good = {"security": "starttls", "authorities": str(trusted), "user": "anna", "password": "env:SECRET"}
        assert handed(office_at(server, **good)) == SubmissionResult(SubmissionOutcome.SENT)
        wrong = handed(office_at(server, **good | {"password": "env:WRONG"}))
        assert wrong.ending is SubmissionOutcome.AWAY
        assert wrong.words.startswith("535 ")
        nobody = handed(office_at(server, **good | {"user": "", "password": ""}))
        assert nobody.ending is SubmissionOutcome.REFUSED
        assert nobody.words.startswith("530 ")
        assert len(server.taken) == 1


def test_a_password_that_cannot_be_sent_is_no_messages_fault(authority: tuple[Path, Path, Path]) -> None:
    trusted, *own = authority
    with PostOffice(starttls=server_trust(*own), login=("anna", "s3cret")) as server:
        where = office_at(server, security="starttls", authorities=str(trusted), user="anna", password="env:SECRET")
        ended = handed(replace(where, password="geheimnis-ä"))
        assert ended.ending is SubmissionOutcome.AWAY
        assert "geheim" not in ended.words


def test_tls_from_the_first_byte(authority: tuple[Path, Path, Path]) -> None:
    trusted, *own = authority
    with PostOffice(tls=server_trust(*own)) as server:
        assert handed(office_at(server, security="tls", authorities=str(trusted))) == SubmissionResult(
            SubmissionOutcome.SENT
        )


def test_a_certificate_that_nobody_vouches_for_is_not_taken(authority: tuple[Path, Path, Path]) -> None:
    _, *own = authority
    with PostOffice(starttls=server_trust(*own)) as server:
        ended = handed(office_at(server, security="starttls"))
        assert ended.ending is SubmissionOutcome.AWAY
        assert "CERTIFICATE_VERIFY_FAILED" in ended.words
        assert server.taken == []


def test_a_certificate_for_another_host_is_not_taken(authority: tuple[Path, Path, Path]) -> None:
    trusted, *own = authority
    with PostOffice(starttls=server_trust(*own)) as server:
        ended = handed(office_at(server, security="starttls", authorities=str(trusted), host="127.0.0.1"))
        assert ended.ending is SubmissionOutcome.AWAY
        assert "127.0.0.1" in ended.words


def test_without_starttls_nothing_is_sent_in_clear(server: PostOffice) -> None:
    ended = handed(office_at(server, security="starttls"))
    assert ended.ending is SubmissionOutcome.AWAY
    assert "STARTTLS" in ended.words
    assert server.taken == []


def test_no_server_is_no_messages_fault(server: PostOffice) -> None:
    where = office_at(server)
    server.shut()
    ended = handed(where)
    assert ended.ending is SubmissionOutcome.AWAY
    assert "refused" in ended.words
    server.open()
    assert handed(where).ending is SubmissionOutcome.SENT


@pytest.mark.parametrize(
    ("reply", "ending"),
    [
        ("450 later", SubmissionOutcome.LATER),
        ("550 5.1.1 nobody of that name", SubmissionOutcome.REFUSED),
        ("421 busy", SubmissionOutcome.LATER),
    ],
)
def test_a_recipient_may_be_refused_for_now_or_for_good(
    server: PostOffice, reply: str, ending: SubmissionOutcome
) -> None:
    server.on_recipient = lambda _: reply
    begun: list[bool] = []
    counter = SmtpSession(office_at(server))
    ended = counter.hand_in(envelope(), begin=lambda: begun.append(True) or True)
    counter.close()
    assert ended == SubmissionResult(ending, reply)
    assert begun == [], "its text never left, so a crash would leave no doubt"


@pytest.mark.parametrize(
    ("reply", "ending"), [("451 later", SubmissionOutcome.LATER), ("554 spam", SubmissionOutcome.REFUSED)]
)
def test_a_message_may_be_refused_for_now_or_for_good(
    server: PostOffice, reply: str, ending: SubmissionOutcome
) -> None:
    server.on_text = lambda _: reply
    assert handed(office_at(server)) == SubmissionResult(ending, reply)


def test_nobody_knows_when_the_answer_is_lost(server: PostOffice) -> None:
    server.on_text = lambda _: None
    ended = handed(office_at(server))
    assert ended.ending is SubmissionOutcome.UNSURE
    assert len(server.taken) == 1, "it was taken, though nobody was told"


def test_a_server_that_never_answers_leaves_it_open(server: PostOffice) -> None:
    heard = threading.Event()

    def silent(_: bytes) -> str:
        heard.wait(60)
        return "250 at last"

    server.on_text = silent
    ended = handed(office_at(server, timeout_seconds=0.5))
    heard.set()
    assert ended.ending is SubmissionOutcome.UNSURE
    assert "timed out" in ended.words


def test_what_broke_before_all_of_it_was_out_was_not_taken(server: PostOffice) -> None:
    server.breaks_before_text = True
    large = Letter("Hello", "x" * 70 + "\n", "<p>" + "y" * 30_000_000 + "</p>")
    assert handed(office_at(server), sent=envelope(large)).ending is SubmissionOutcome.LATER
    assert server.taken == []


def test_nothing_leaves_when_somebody_else_has_begun(server: PostOffice) -> None:
    assert handed(office_at(server), begin=False) == SubmissionResult(SubmissionOutcome.TAKEN)
    assert server.taken == []


def test_many_go_in_one_session_but_not_for_ever(server: PostOffice) -> None:
    counter = SmtpSession(office_at(server))
    for number in range(MAILS_A_SESSION + 1):
        assert counter.hand_in(envelope(key=str(number)), begin=lambda: True).ending is SubmissionOutcome.SENT
    counter.close()
    assert (len(server.taken), server.sessions) == (MAILS_A_SESSION + 1, 2)


def test_a_session_that_died_meanwhile_is_opened_anew(server: PostOffice) -> None:
    counter = SmtpSession(office_at(server))
    assert counter.hand_in(envelope(), begin=lambda: True).ending is SubmissionOutcome.SENT
    server.shut()
    server.open()
    assert counter.hand_in(envelope(key="l"), begin=lambda: True).ending is SubmissionOutcome.SENT
    counter.close()
    assert server.sessions == 2


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"host": ""}, "[mail] host"),
        ({"sender": ""}, "[mail] sender: say whom"),
        ({"sender": "nobody"}, "[mail] sender: 'nobody' is no mail address"),
        ({"sender": "A\nB <a@x.com>"}, "[mail] sender"),
        ({"operators": "ops@example.com, ops"}, "[mail] operators: 'ops' is no mail address"),
        ({"timeout_seconds": 0}, "[mail] timeout_seconds: 0 is no time"),
        ({"port": 70000}, "[mail] port: there is no port 70000"),
        ({"digest_hour": 24}, "[mail] digest_hour: 24 is no hour"),
        ({"password": "s3cret"}, "[mail] password: write env:NAME or file:PATH"),
        ({"user": "anna"}, "[mail] password: there is none for the user anna"),
        ({"password": "env:NOWHERE"}, "[mail] password: env:NOWHERE does not exist"),
        ({"security": "tls", "authorities": "/nowhere.pem"}, "[mail] authorities: /nowhere.pem cannot be used"),
        ({"host": "post.example.com", "user": "anna"}, "[mail] security: without encryption there is no login"),
    ],
)
def test_settings_that_cannot_be_used_are_named(changes: dict[str, object], words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        mail_relay(replace(SETTINGS, **changes), {})  # type: ignore[arg-type]
    assert words in str(caught.value)
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(("security", "port"), [("starttls", 587), ("tls", 465), ("none", 25)])
def test_the_usual_port_of_each_way(security: str, port: int) -> None:
    assert mail_relay(replace(SETTINGS, security=security), {}).port == port
