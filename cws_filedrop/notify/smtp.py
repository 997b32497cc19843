"""Hands messages in at an SMTP server, and says for certain, or that it is not certain, whether the server has them.

The library's own `sendmail` does not tell a connection that broke before a message was out from one that broke after.
"""

from __future__ import annotations

import re
import smtplib
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from cws_filedrop.notify.envelope import Envelope
from cws_filedrop.notify.letters import one_line
from cws_filedrop.notify.mail_relay import MailRelay

DOT: Final = re.compile(rb"(?m)^\.")
LONGEST_WORDS: Final = 300
MAILS_A_SESSION: Final = 50


class SubmissionOutcome(StrEnum):
    """How handing in a message ended."""

    SENT = "sent"
    LATER = "later"  # the server does not take this message now
    REFUSED = "refused"  # the server never takes this message
    UNSURE = "unsure"  # it was handed over, and no answer came
    AWAY = "away"  # there is no server to hand anything in at: it is no message's fault
    TAKEN = "taken"  # somebody else has it in hand


@dataclass(frozen=True, slots=True)
class SubmissionResult:
    """How it ended, and the server's words (or the network's)."""

    ending: SubmissionOutcome
    words: str = ""


class _Refusal(Exception):
    """A command was answered with a code that says no."""

    def __init__(self, code: int, reply: bytes) -> None:
        super().__init__(_said(code, reply))
        self.code = code


class SmtpSession:
    """The counter where messages are handed in: one session at a time, kept for a while, opened when it is needed."""

    def __init__(self, office: MailRelay) -> None:
        self._office = office
        self._session: smtplib.SMTP | None = None
        self._handed = 0

    def hand_in(self, envelope: Envelope, *, begin: Callable[[], bool]) -> SubmissionResult:
        """Hand in a message. `begin` is called when the server is ready for its text, and before any of it leaves; when
        it says no, nothing leaves. Raises what `begin` raises.
        """
        try:
            session = self._open()
        except (OSError, smtplib.SMTPException, ValueError) as error:  # ValueError: a password that is not ASCII
            self.close()
            return SubmissionResult(SubmissionOutcome.AWAY, _words(error))
        ended = self._hand_in(session, envelope, begin)
        self._handed += 1
        if ended.ending is SubmissionOutcome.UNSURE:  # whoever gives no answer to a message gives none to a goodbye
            session.close()
            self._session = None
        if ended.ending is not SubmissionOutcome.SENT or self._handed >= MAILS_A_SESSION:
            self.close()
        return ended

    def close(self) -> None:
        """End the session."""
        session, self._session, self._handed = self._session, None, 0
        if session is None:
            return
        try:
            session.quit()
        except (OSError, smtplib.SMTPException):
            session.close()

    def _open(self) -> smtplib.SMTP:
        """The session, with the server found to be still there."""
        if self._session is not None:
            try:
                if self._session.rset()[0] == 250:
                    return self._session
            except (OSError, smtplib.SMTPException):
                pass
            self.close()
        self._session = self._connect()
        return self._session

    def _connect(self) -> smtplib.SMTP:
        office, name = self._office, self._office.sender.address.rpartition("@")[2]
        local = name if name.isascii() else "localhost"
        seconds = office.timeout_seconds
        session = (
            smtplib.SMTP_SSL(office.host, office.port, local_hostname=local, timeout=seconds, context=office.trust)
            if office.security == "tls"
            else smtplib.SMTP(office.host, office.port, local_hostname=local, timeout=seconds)
        )
        try:
            if office.security == "starttls":
                session.starttls(context=office.trust)
            if office.user:
                session.login(office.user, office.password)
            session.ehlo_or_helo_if_needed()
        except BaseException:
            session.close()
            raise
        return session

    def _hand_in(self, session: smtplib.SMTP, envelope: Envelope, begin: Callable[[], bool]) -> SubmissionResult:
        try:
            _ask(session, f"MAIL FROM:<{envelope.sender}>")
            _ask(session, f"RCPT TO:<{envelope.recipient}>")
        except (OSError, smtplib.SMTPException, _Refusal) as error:
            return _not_taken(error)
        if not begin():
            return SubmissionResult(SubmissionOutcome.TAKEN)
        try:
            _ask(session, "DATA", wanted=354)
            session.send(_on_the_wire(envelope.body))
        except (OSError, smtplib.SMTPException, _Refusal) as error:
            return _not_taken(error)
        # All of it is with the network: from here on the server may have it, whatever becomes of the answer.
        try:
            code, reply = session.getreply()
        except (OSError, smtplib.SMTPException) as error:
            return SubmissionResult(SubmissionOutcome.UNSURE, f"no answer to the message: {_words(error)}")
        return SubmissionResult(SubmissionOutcome.SENT) if code // 100 == 2 else _not_taken(_Refusal(code, reply))


def _ask(session: smtplib.SMTP, command: str, *, wanted: int = 250) -> None:
    code, reply = session.docmd(command)
    if code != wanted and not (wanted == 250 and code == 251):
        raise _Refusal(code, reply)


def _not_taken(error: Exception) -> SubmissionResult:
    """The server does not have the message: a lost connection and a code 4xx are no last word."""
    refused = isinstance(error, _Refusal) and error.code // 100 == 5
    return SubmissionResult(SubmissionOutcome.REFUSED if refused else SubmissionOutcome.LATER, _words(error))


def _on_the_wire(body: bytes) -> bytes:
    """A message with dots doubled at the start of lines, and the dot that ends it (RFC 5321, 4.5.2)."""
    return DOT.sub(b"..", body.removesuffix(b"\r\n")) + b"\r\n.\r\n"


def _said(code: int, reply: bytes) -> str:
    return f"{code} {reply.decode('utf-8', 'replace')}"


def _words(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        reply = error.smtp_error
        words = _said(error.smtp_code, reply if isinstance(reply, bytes) else reply.encode())
    else:
        words = str(error) or type(error).__name__
    return one_line(words)[:LONGEST_WORDS]
