"""The worker: takes what the doors left in the spool, runs the workflows, and sweeps for what a lost word left behind.

Everything it does on a word (an arrival, a settled feed) it also does on its rounds: words make it fast, rounds make it
sure.
"""

from __future__ import annotations

import threading
from typing import Final

from cws_filedrop import engine, log
from cws_filedrop.config import Settings
from cws_filedrop.drop.claims import Claim
from cws_filedrop.drop.spool import Arrival
from cws_filedrop.engine import Engine
from cws_filedrop.model import Seller
from cws_filedrop.pipeline import outbox, sending, workflows
from cws_filedrop.pipeline.desk import Desk, database_url
from cws_filedrop.pipeline.nudges import Nudges
from cws_filedrop.pipeline.processes import Processes
from cws_filedrop.pipeline.sending import Sender
from cws_filedrop.pipeline.workflows import Bench
from cws_filedrop.store import feeds, sellers, uploads
from cws_filedrop.store.feeds import FeedState
from cws_filedrop.store.uploads import UploadState

LOG: Final = log.get(__name__)
ROUND_SECONDS: Final = 2.0
STATUS_SECONDS: Final = 1.0


class Worker:
    """The durable half of the service. `start()` returns ready or raises; `stop()` finishes what is in hand."""

    def __init__(self, settings: Settings, sender: Sender) -> None:
        self._settings = settings
        self._sender = sender
        self._desk: Desk = sender.desk
        self._processes = Processes(settings)
        self._engine = Engine(database_url(settings), data_dir=settings.data, turn=self._desk.db.turn)
        self._started: set[str] = set()
        self._arriving = threading.Lock()
        self._stopping = threading.Event()
        self._threads = [
            threading.Thread(target=self._rounds, name="rounds", daemon=True),
            threading.Thread(target=self._feed, name="feeder", daemon=True),
            threading.Thread(target=self._statuses, name="statuses", daemon=True),
        ]

    def start(self) -> None:
        """Open the database and the engine, and take up what an earlier process left.

        Raises: ConfigError when the database or the data folder cannot be used.
        """
        self._settings.data.mkdir(parents=True, exist_ok=True)
        Bench.sender, Bench.processes, Bench.queued = self._sender, self._processes, Nudges()
        self._desk.db.create()
        self._processes.warm_up()
        self._engine.start()
        self.round()
        for thread in self._threads:
            thread.start()

    def stop(self, *, patience_seconds: int = 20) -> None:
        """Finish the steps in hand, then let go; what is not finished goes on after the next start."""
        self._stopping.set()
        Bench.queued.close()
        outbox.CHANGED.close()
        for thread in self._threads:
            thread.join(timeout=patience_seconds)
        self._processes.close()
        self._engine.stop(patience_seconds=patience_seconds)
        outbox.write_statuses(self._desk, {seller.name for seller in sellers.everyone(self._desk.db)})
        self._desk.db.close()

    def arrived(self, upload_id: str) -> None:
        """The doors say that an upload lies in the spool."""
        arrival = self._desk.spool.arrival(upload_id)
        if arrival is not None:
            self._accept(arrival)

    def _accept(self, arrival: Arrival) -> None:
        """Record, move out of the doors' way, begin: in this order, so that a crash after any of them is harmless."""
        with self._arriving:
            if self._desk.spool.arrival(arrival.upload_id) is None:
                return  # the other thread took it
            claim = self._desk.spool.claim_of(arrival.upload_id)
            seller = sellers.find(self._desk.db, claim.seller)
            if seller is None:
                LOG.error("upload.without_seller", upload=claim.upload_id, seller=claim.seller)
                return
            uploads.arrive(self._desk.db, _row(claim, seller))
            self._desk.spool.accept(arrival)
        self._begin(claim.upload_id, claim.size)

    def _begin(self, upload_id: str, size: int) -> None:
        if upload_id not in self._started:
            self._started.add(upload_id)
            workflows.start_upload(upload_id, size)
            LOG.info("upload.accepted", upload=upload_id, bytes=size)

    def round(self) -> None:
        """Everything that should have been begun and was not."""
        for arrival in self._desk.spool.arrivals():
            self._accept(arrival)
        for upload_id in uploads.in_state(self._desk.db, UploadState.ARRIVED):
            if upload_id not in self._started:
                upload = uploads.get(self._desk.db, upload_id)
                assert upload is not None
                self._begin(upload_id, upload.size)
        for feed_no in feeds.woken(self._desk.db):
            workflows.resume_feed(feed_no, feeds.get(self._desk.db, feed_no).state)
        for feed in feeds.listing(self._desk.db, states=(FeedState.OPEN,), limit=1000):
            workflows.start_feed(feed.no)
        for account_id in feeds.accounts_with_queued(self._desk.db):
            Bench.queued.add(account_id)

    def _rounds(self) -> None:
        while not self._stopping.wait(ROUND_SECONDS):
            try:
                self.round()
            except Exception:
                LOG.exception("worker.round_failed")

    def _feed(self) -> None:
        """Open the next feed of every account that has something to send, as soon as it may go."""
        while not self._stopping.is_set():
            for account_id in Bench.queued.take(ROUND_SECONDS):
                try:
                    self._open_feed(account_id)
                except Exception:
                    LOG.exception("worker.feed_failed", account=account_id)

    def _open_feed(self, account_id: int) -> None:
        turn = sending.take_turn(self._sender, account_id, engine.token())
        if turn.feed_no is not None:
            workflows.start_feed(turn.feed_no)

    def _statuses(self) -> None:
        while not self._stopping.wait(STATUS_SECONDS):
            try:
                outbox.write_statuses(self._desk, outbox.CHANGED.take(STATUS_SECONDS))
            except Exception:
                LOG.exception("worker.status_failed")


def _row(claim: Claim, seller: Seller) -> dict[str, object]:
    """The columns of an upload that are known before anyone has read it."""
    return {
        "id": claim.upload_id,
        "seller_id": seller.id,
        "account_id": seller.account.id,
        "folder": str(claim.folder),
        "name": claim.name,
        "door": str(claim.door),
        "client": claim.client,
        "grade": str(claim.grade),
        "evidence": claim.evidence,
        "arrived_at": claim.arrived_at,
        "size": claim.size,
    }
