"""The postman: looks round for what is to be told, has it written, and brings it away. A thread of the worker's."""

from __future__ import annotations

import os
import threading
from typing import Final

from cws_filedrop import engine, log
from cws_filedrop.notify.office import office
from cws_filedrop.pipeline.chore import Chore
from cws_filedrop.pipeline.desk import Desk
from cws_filedrop.pipeline.mail import buyer_mails, notes, operator_mails, upload_mails
from cws_filedrop.pipeline.mail.delivery import AT_ONCE, Delivery
from cws_filedrop.pipeline.mail.digest_mails import Digests
from cws_filedrop.store import mails

LOG: Final = log.get(__name__)
ROUND_SECONDS: Final = 1.0
RARELY_SECONDS: Final = 60.0


class Postman:
    """Tells whoever is to be told. `start()` returns at once; `stop()` waits for the mail in hand."""

    def __init__(self, desk: Desk) -> None:
        """Raises: ConfigError when the [mail] settings cannot be used."""
        self._desk = desk
        self._office = office(desk.settings.mail, os.environ)
        self._delivery = Delivery(desk, self._office)
        self._digests = Digests(desk)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._rounds, name="mail", daemon=True)

    def start(self) -> None:
        """Begin; what an earlier process was sending when it ended is nobody's any more."""
        if lost := mails.left_behind(self._desk.db):
            LOG.error("mail.left_behind", mails=lost)
        self._thread.start()

    def stop(self, *, patience_seconds: float) -> None:
        """Finish the mail in hand."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(timeout=patience_seconds)

    def _rounds(self) -> None:
        desk = self._desk
        rarely = Chore(RARELY_SECONDS, self._look_round)
        more = False
        while not self._stopping.wait(0 if more else ROUND_SECONDS):
            more = False
            for work in (
                lambda: upload_mails.write(desk),
                lambda: buyer_mails.write(desk),
                lambda: operator_mails.write(desk, self._office.operators),
                rarely.when_due,
            ):
                try:
                    work()
                except Exception:
                    LOG.exception("mail.round_failed")
            more = self._bring_away()
        self._delivery.close()

    def _bring_away(self) -> bool:
        """Are there probably more?"""
        try:
            return self._delivery.send_due(self._stopping) == AT_ONCE
        except Exception:
            LOG.exception("mail.delivery_failed")
            return False

    def _look_round(self) -> None:
        self._digests.write()
        if self._office.operators:
            for workflow_id in engine.failed():
                what = f"the workflow {workflow_id} failed; the log says why"
                notes.trouble(self._desk, f"workflow:{workflow_id}", about=workflow_id, what=what)
