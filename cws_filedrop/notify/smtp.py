"""Hands messages to an SMTP server, and tells apart: the server has it, has it not, or that is not certain.

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
    UNSURE = "unsure"  # it was handed over, and no answer came: the server may have it
    AWAY = "away"  # no server can be reached: it is no message's fault
    TAKEN = "taken"  # another process is sending it


@dataclass(frozen=True, slots=True)
class SubmissionResult:
    """How it ended, and the server's words (or the network's)."""

    ending: SubmissionOutcome
    words: str = ""


class _Refusal(Exception):
    """A command was answered with a code that says no."""

    def __init__(self, code: int, reply: bytes) -> None:
        super().__init__(_reply_words(code, reply))
        self.code = code


class SmtpSession:
    """Hands messages in over one SMTP session, opened when it is needed and kept for a while."""

    def __init__(self, relay: MailRelay) -> None:
        self._relay = relay
        self._session: smtplib.SMTP | None = None
        self._handed_in = 0

    def hand_in(self, envelope: Envelope, *, begin: Callable[[], bool]) -> SubmissionResult:
        """Hand in a message. `begin` is called when the server is ready for its text, before any of it leaves; when it
        returns false, nothing leaves. Raises: what `begin` raises.
        """
        try:
            session = self._open()
        except (OSError, smtplib.SMTPException, ValueError) as error:  # ValueError: a password that is not ASCII
            self.close()
            return SubmissionResult(SubmissionOutcome.AWAY, _words(error))
        result = self._hand_in(session, envelope, begin)
        self._handed_in += 1
        if result.ending is SubmissionOutcome.UNSURE:  # it would not answer QUIT either: closed without
            session.close()
            self._session = None
        if result.ending is not SubmissionOutcome.SENT or self._handed_in >= MAILS_A_SESSION:
            self.close()
        return result

    def close(self) -> None:
        """End the session."""
        session, self._session, self._handed_in = self._session, None, 0
        if session is None:
            return
        try:
            session.quit()
        except (OSError, smtplib.SMTPException):
            session.close()

    def _open(self) -> smtplib.SMTP:
        """The session, once the server has shown that it is still there."""
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
        relay, name = self._relay, self._relay.sender.address.rpartition("@")[2]
        local = name if name.isascii() else "localhost"
        seconds = relay.timeout_seconds
        session = (
            smtplib.SMTP_SSL(relay.host, relay.port, local_hostname=local, timeout=seconds, context=relay.trust)
            if relay.security == "tls"
            else smtplib.SMTP(relay.host, relay.port, local_hostname=local, timeout=seconds)
        )
        try:
            if relay.security == "starttls":
                session.starttls(context=relay.trust)
            if relay.user:
                session.login(relay.user, relay.password)
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
    """The server does not have the message; after a lost connection or a code 4xx it is tried again later."""
    refused = isinstance(error, _Refusal) and error.code // 100 == 5
    return SubmissionResult(SubmissionOutcome.REFUSED if refused else SubmissionOutcome.LATER, _words(error))


def _on_the_wire(body: bytes) -> bytes:
    """A message with dots doubled at the start of lines, and the dot that ends it (RFC 5321, 4.5.2)."""
    return DOT.sub(b"..", body.removesuffix(b"\r\n")) + b"\r\n.\r\n"


def _reply_words(code: int, reply: bytes) -> str:
    return f"{code} {reply.decode('utf-8', 'replace')}"


def _words(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        reply = error.smtp_error
        words = _reply_words(error.smtp_code, reply if isinstance(reply, bytes) else reply.encode())
    else:
        words = str(error) or type(error).__name__
    return one_line(words)[:LONGEST_WORDS]
