"""Queued mails -> the SMTP server, each once.

A mail is marked as being sent before its text leaves. What the server refused for now is tried again, ever more slowly,
for three days; where nobody can say whether the server has it, an operator decides (`mail retry`).
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Final, assert_never

from cws_filedrop import log
from cws_filedrop.backoff import MAIL_POSTPONED, MAIL_SERVER_AWAY
from cws_filedrop.model import MailKind
from cws_filedrop.notify.addresses import BadAddress
from cws_filedrop.notify.envelope import Envelope, seal
from cws_filedrop.notify.letters import Letter
from cws_filedrop.notify.mail_relay import MailRelay
from cws_filedrop.notify.smtp import SmtpSession, SubmissionOutcome, SubmissionResult
from cws_filedrop.service_context import ServiceContext
from cws_filedrop.store.database import moment
from cws_filedrop.store.outgoing import mails
from cws_filedrop.store.outgoing.mails import Mail

LOG: Final = log.get(__name__)
AT_ONCE: Final = 25
GIVE_UP: Final = timedelta(days=3)
CODES: Final = re.compile(r"[245]\d\d( [245]\.\d+\.\d+)?")


class Delivery:
    """Sends mails, at a limited pace; pauses while no server can be reached."""

    def __init__(
        self, context: ServiceContext, relay: MailRelay, *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._context = context
        self._relay = relay
        self._session = SmtpSession(relay)
        self._monotonic = monotonic
        self._rests_until = 0.0
        self._times_away = 0

    def send_due(self, stopping: threading.Event) -> int:
        """Hand in some of the mails that are due; how many were looked at."""
        if self._monotonic() < self._rests_until:
            return 0
        per_minute = self._context.settings.mail.per_minute
        done = 0
        for mail in mails.due(self._context.db, now=self._context.clock(), limit=AT_ONCE):
            if stopping.is_set():
                break
            with log.bound(**_upload_of(mail)):
                handed_in = self._send(mail)
            if not handed_in:
                break
            done += 1
            if per_minute > 0 and stopping.wait(60 / per_minute):
                break
        if done < AT_ONCE:  # nothing more is due: servers do not like idle sessions
            self._session.close()
        return done

    def close(self) -> None:
        """End the session with the server."""
        self._session.close()

    def _send(self, mail: Mail) -> bool:
        """Hand in one; false when there is no server."""
        try:
            envelope = self._sealed(mail)
        except BadAddress as error:
            words = "the buyer's address is no mail address" if mail.kind is MailKind.BUYER else str(error)
            self._ended(mail, SubmissionResult(SubmissionOutcome.REFUSED, words))
            return True
        result = self._session.hand_in(envelope, begin=lambda: mails.begin(self._context.db, mail.no))
        if mail.kind is MailKind.BUYER and result.ending is not SubmissionOutcome.AWAY:
            result = SubmissionResult(result.ending, _without_people(result.words))
        self._ended(mail, result)
        return result.ending is not SubmissionOutcome.AWAY

    def _sealed(self, mail: Mail) -> Envelope:
        letter = Letter(mail.subject, mail.text, mail.html)
        written_at = moment(mail.created_at)
        return seal(letter, key=mail.key, sender=self._relay.sender, recipient=mail.recipient, written_at=written_at)

    def _ended(self, mail: Mail, result: SubmissionResult) -> None:
        db, now = self._context.db, self._context.clock()
        if result.ending is not SubmissionOutcome.AWAY:
            self._times_away = 0
        match result.ending:
            case SubmissionOutcome.SENT:
                mails.sent(db, mail.no, now=now)
                LOG.info("mail.sent", mail=mail.no, kind=str(mail.kind))
            case SubmissionOutcome.LATER if moment(mail.created_at) + GIVE_UP > now:
                wait = MAIL_POSTPONED.seconds(mail.attempts + 1)
                mails.postponed(db, mail, error=result.words, next_at=now + timedelta(seconds=wait))
                LOG.warning("mail.delayed", mail=mail.no, kind=str(mail.kind), seconds=wait, why=result.words)
            case SubmissionOutcome.LATER | SubmissionOutcome.REFUSED:
                mails.failed(db, mail, error=result.words)
                LOG.error("mail.failed", mail=mail.no, kind=str(mail.kind), why=result.words)
            case SubmissionOutcome.UNSURE:
                mails.unsure(db, mail.no, error=result.words)
                LOG.error("mail.left_unsure", mail=mail.no, kind=str(mail.kind), why=result.words)
            case SubmissionOutcome.AWAY:
                mails.troubled(db, mail.no, error=result.words)
                self._rest(result.words)
            case SubmissionOutcome.TAKEN:
                pass
            case _:
                assert_never(result.ending)

    def _rest(self, why: str) -> None:
        self._times_away += 1
        seconds = MAIL_SERVER_AWAY.seconds(self._times_away)
        self._rests_until = self._monotonic() + seconds
        LOG.warning("mail.server_not_reached", host=self._relay.host, port=self._relay.port, seconds=seconds, why=why)


def _upload_of(mail: Mail) -> dict[str, str]:
    """The upload that a mail to its seller is about, for the log."""
    kind, _, rest = mail.key.partition(":")
    return {"upload": rest.partition(":")[0]} if kind == "upload" and mail.kind is MailKind.UPLOAD else {}


def _without_people(words: str) -> str:
    """Only the server's code: its words often name the recipient, and buyers are not logged."""
    code = CODES.match(words)
    return code[0] if code else "the connection broke"
