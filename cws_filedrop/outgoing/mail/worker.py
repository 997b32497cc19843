"""Has the mails written that are due, and sends them. A thread of the worker's."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Final

from cws_filedrop import engine, log
from cws_filedrop.notify.mail_relay import mail_relay
from cws_filedrop.outgoing.mail import access_mails, buyer_mails, notes, operator_mails, upload_mails
from cws_filedrop.outgoing.mail.delivery import AT_ONCE, Delivery
from cws_filedrop.outgoing.mail.digest_mails import Digests
from cws_filedrop.pacing.due_rows import Batch, DueRows
from cws_filedrop.service_context import ServiceContext
from cws_filedrop.store.outgoing import mails

LOG: Final = log.get(__name__)
ROUND_SECONDS: Final = 1.0
RARELY_SECONDS: Final = 60.0


class MailWorker:
    """Writes and sends mails. `start()` returns at once; `stop()` waits for the mail being sent."""

    def __init__(self, context: ServiceContext, *, is_ours: Callable[[], bool] = lambda: True) -> None:
        """`is_ours` says whether this process is to do it now.

        Raises: ConfigError when the [mail] settings cannot be used.
        """
        self._context = context
        self._is_ours = is_ours
        self._was_ours = False
        self._relay = mail_relay(context.settings.mail, os.environ)
        self._delivery = Delivery(context, self._relay)
        self._digests = Digests(context)
        self._task = DueRows(
            "mail",
            *self._batches(),
            is_ours=self._take_up,
            broke=lambda: LOG.exception("mail.round_failed"),
            last=self._delivery.close,
        )

    def start(self) -> None:
        """Begin."""
        self._take_up()
        self._task.start()

    def _take_up(self) -> bool:
        """Is it ours to do? When it has become so, mails that another process was sending when it died are left to an
        operator: they may be out."""
        before, self._was_ours = self._was_ours, self._is_ours()
        if self._was_ours and not before and (lost := mails.left_behind(self._context.db)):
            LOG.error("mail.left_behind", mails=lost)
        return self._was_ours

    def stop(self, *, patience_seconds: float) -> None:
        """Finish the mail being sent."""
        self._task.stop(patience_seconds=patience_seconds)

    def _batches(self) -> list[Batch]:
        context = self._context
        works: list[Callable[[], object]] = [
            lambda: upload_mails.write(context),
            lambda: access_mails.write(context),
            lambda: buyer_mails.write(context),
            lambda: operator_mails.write(context, self._relay.operators),
            self._send,
        ]
        batches = [Batch(work, ROUND_SECONDS) for work in works]
        # Before the sending, so that what it writes leaves in the same round.
        batches.insert(-1, Batch(self._write_rare_ones, RARELY_SECONDS))
        return batches

    def _send(self) -> bool:
        """Are there probably more?"""
        return self._delivery.send_due(self._task.ending) == AT_ONCE

    def _write_rare_ones(self) -> None:
        self._digests.write()
        if self._relay.operators:
            for workflow_id in engine.failed():
                what = f"the workflow {workflow_id} failed; the log says why"
                notes.trouble(self._context, f"workflow:{workflow_id}", about=workflow_id, what=what)
