"""The worker: takes what the doors left in the spool, runs the workflows, and sweeps for what a lost word left behind.

Everything it does on a word (an arrival, a settled feed) it also does on its rounds: words make it fast, rounds make it
sure.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

from cws_filedrop import engine, log
from cws_filedrop.drop.claims import Claim
from cws_filedrop.engine import Engine
from cws_filedrop.model import FeedState, Seller, UploadState
from cws_filedrop.periodic import RETRY_SECONDS, Again, Job, PeriodicTask
from cws_filedrop.pipeline import order_files, outbox, pulling, retention, sending, workflows
from cws_filedrop.pipeline.alarms.watch import Watch
from cws_filedrop.pipeline.deciding import Heed
from cws_filedrop.pipeline.desk import Desk, database_url
from cws_filedrop.pipeline.hand import Hand
from cws_filedrop.pipeline.hooks import events
from cws_filedrop.pipeline.hooks.caller import Caller
from cws_filedrop.pipeline.mail.postman import Postman
from cws_filedrop.pipeline.nudges import Nudges
from cws_filedrop.pipeline.order_drops import OrderDrops
from cws_filedrop.pipeline.processes import Processes
from cws_filedrop.pipeline.pulling import Puller
from cws_filedrop.pipeline.sending import Sender
from cws_filedrop.pipeline.sighting import Reader
from cws_filedrop.pipeline.turns import Turns
from cws_filedrop.pipeline.workflows import Bench
from cws_filedrop.settings import Settings
from cws_filedrop.store import feeds, sellers, uploads
from cws_filedrop.store.pulse import Pulse

LOG: Final = log.get(__name__)
ROUND_SECONDS: Final = 2.0
SWEEP_SECONDS: Final = 3600.0
ENGINE_DAYS: Final = 7  # that the engine remembers what ended
STATUS_SECONDS: Final = 1.0
STATUS_ANEW_SECONDS: Final = 1800.0
STATUS_REST: Final = 15  # times as long as writing status files took, they are left alone: receipts go before them
TOGETHER_SECONDS: Final = 0.2  # what is queued within this goes into one feed
GROUP: Final = 25  # uploads answered together at most: the first of them waits for the last
MOST_GROUPS: Final = 3  # one being read, one being recorded, one being delivered


class Worker:
    """The durable half of the service. `start()` returns ready or raises; `stop()` finishes what is in hand."""

    def __init__(self, settings: Settings, sender: Sender, puller: Puller, watch: Watch | None = None) -> None:
        self._settings = settings
        self._sender = sender
        self._puller = puller
        self._desk: Desk = sender.desk
        self._processes = Processes(settings)
        self._engine = Engine(database_url(settings), data_dir=settings.data, turn=self._desk.db.turn)
        self._arrived: Nudges[str] = Nudges()
        self._hand = Hand(MOST_GROUPS, on_room=self._arrived.wake)
        self._postman: Postman | None = None
        self._caller: Caller | None = None
        self._turns, self._idle_seconds = Turns(settings.service.heavy_bytes), 0.0
        self._not_before: dict[int, float] = {}  # accounts that wait for Amazon's rate limit
        self._feeder = PeriodicTask(
            "feeder", Job(self._feed, 0.0), failed=lambda _: LOG.exception("worker.feed_failed")
        )
        self._watch = watch
        self._tasks: list[PeriodicTask] = []
        self._pulse = Pulse(self._desk.db, "worker")

    def start(self) -> None:
        """Open the database and the engine, and take up what an earlier process left.

        Raises: ConfigError when the database, the data folder, the [mail] or the [hooks] settings cannot be used.
        """
        self._settings.data.mkdir(parents=True, exist_ok=True)
        postman = Postman(self._desk) if self._settings.mail.host else None
        caller = Caller(self._desk)
        Bench.sender, Bench.processes, Bench.queued, Bench.hand = self._sender, self._processes, Nudges(), self._hand
        self._desk.db.create()
        self._processes.warm_up()
        self._engine.start()
        self.round()
        self._tasks = [*self._main_tasks(), *self._side_tasks(), *self._alarms()]
        for task in self._tasks:
            task.start()
        self._pulse.start()
        if postman is not None:
            postman.start()
            self._postman = postman
        caller.start()
        self._caller = caller

    def stop(self, *, patience_seconds: int = 20) -> None:
        """Finish the steps in hand, then let go; what is not finished goes on after the next start."""
        for task in self._tasks:
            task.end()
        self._arrived.close()
        self._hand.close()
        Bench.queued.close()
        outbox.CHANGED.close()
        for task in self._tasks:
            task.stop(patience_seconds=patience_seconds)
        if self._postman is not None:
            self._postman.stop(patience_seconds=patience_seconds)
        if self._caller is not None:
            self._caller.stop(patience_seconds=patience_seconds)
        self._pulse.stop()
        self._processes.close()
        self._engine.stop(patience_seconds=patience_seconds)
        outbox.write_statuses(self._desk, {seller.name for seller in sellers.everyone(self._desk.db)})
        self._desk.db.close()

    def arrived(self, upload_id: str) -> None:
        """The doors say that an upload lies in the spool."""
        self._arrived.add(upload_id)

    def _main_tasks(self) -> list[PeriodicTask]:
        """What brings an upload on its way; the first two wait for words themselves."""
        return [
            PeriodicTask("arrivals", Job(self._take_in, 0.0)),
            self._feeder,
            PeriodicTask("rounds", self._rounds(), failed=lambda _: LOG.exception("worker.round_failed")),
            PeriodicTask(
                "statuses",
                Job(self._statuses, STATUS_SECONDS, STATUS_SECONDS),
                failed=lambda _: LOG.exception("worker.status_failed"),
            ),
        ]

    def _side_tasks(self) -> list[PeriodicTask]:
        """What the rounds do not wait for: it takes its time, or Amazon does."""
        drops, reader = OrderDrops(self._desk), Reader(self._sender)
        return [
            PeriodicTask(
                "order-files",
                Job(drops.look, ROUND_SECONDS, retry_seconds=RETRY_SECONDS),
                failed=lambda _: LOG.exception("worker.order_files_failed"),
            ),
            PeriodicTask(
                "sightings",  # what Amazon accepted, in its own orders
                Job(lambda: Again(0) if reader.look() else None, ROUND_SECONDS),
                failed=lambda _: LOG.exception("worker.sighting_failed"),
            ),
            PeriodicTask(
                "pulls",
                Job(lambda: pulling.go_on(self._puller), ROUND_SECONDS, ROUND_SECONDS),
                failed=lambda _: LOG.exception("worker.pulls_failed"),
            ),
        ]

    def _alarms(self) -> list[PeriodicTask]:
        every_seconds = self._settings.alarms.every_seconds
        if self._watch is None or not every_seconds:
            return []
        looks = Job(self._watch.look, every_seconds, ROUND_SECONDS)
        jobs = [looks, Job(self._watch.tidy, SWEEP_SECONDS, ROUND_SECONDS)]
        return [PeriodicTask("alarms", jobs, failed=lambda _: LOG.exception("worker.alarms_failed"))]

    def _take_in(self) -> None:
        """Accept what arrives and begin to answer it: alone while there is time, in groups when much comes at once."""
        self._line_up(self._idle_seconds)
        group: dict[str, str] = {}
        if self._turns and self._hand.wait_for_room():
            self._line_up(0)
            group = self._turns.take(GROUP, busy=self._hand.with_large(), begun=self._hand.sellers())
            self._begin_with(group)
        # Those of busy sellers wait until these have done with what is in hand.
        self._idle_seconds = 0.0 if group else ROUND_SECONDS

    def _line_up(self, wait_seconds: float) -> None:
        for upload_id in self._arrived.take(wait_seconds):
            if upload_id not in self._turns:
                claim = self._claim(upload_id)
                self._turns.add(claim.seller if claim else "", upload_id, claim.size if claim else 0)

    def _begin_with(self, group: Mapping[str, str]) -> None:
        try:
            self._begin(group, self._accept(list(group)))
        except Exception:
            LOG.exception("worker.arrivals_failed", uploads=len(group))  # the next round says them again
            for upload_id, seller in group.items() if len(group) > 1 else ():  # unless it is the trouble of one alone
                self._begin_with({upload_id: seller})

    def _accept(self, upload_ids: list[str]) -> dict[str, int]:
        """Record, then move out of the doors' way: in this order, so that a crash after any of them is harmless.

        The sizes of those that are to be read now, by id.
        """
        arrivals = {one: found for one in upload_ids if (found := self._desk.spool.arrival(one)) is not None}
        claims = [claim for claim in map(self._claim, arrivals) if claim is not None]
        owners = sellers.by_name(self._desk.db, {claim.seller for claim in claims})
        for claim in claims:
            if claim.seller not in owners:
                LOG.error("upload.seller_not_found", upload=claim.upload_id, seller=claim.seller)
        known = [claim for claim in claims if claim.seller in owners]
        if known:
            rows = [_row(claim, owners[claim.seller]) for claim in known]
            uploads.arrive(self._desk.db, rows, beside=partial(events.received, now=self._desk.clock()))
        for claim in known:
            self._desk.spool.accept(arrivals[claim.upload_id])
            LOG.info("upload.accepted", upload=claim.upload_id, seller=claim.seller, bytes=claim.size)
        return {claim.upload_id: claim.size for claim in known} | self._left(set(upload_ids) - set(arrivals))

    def _claim(self, upload_id: str) -> Claim | None:
        try:
            return self._desk.spool.claim_of(upload_id)
        except OSError:
            LOG.exception("upload.claim_not_read", upload=upload_id)
            return None

    def _left(self, upload_ids: set[str]) -> dict[str, int]:
        """Those that were accepted before, and that nobody has read or has in hand."""
        others = [one for one in upload_ids if one not in self._hand]
        found = uploads.some(self._desk.db, others) if others else []
        return {upload.id: upload.size for upload in found if upload.state is UploadState.ARRIVED}

    def _begin(self, group: Mapping[str, str], sizes: Mapping[str, int]) -> None:
        """Begin to answer those of a group that are to be read."""
        large = [upload_id for upload_id, size in sizes.items() if self._processes.is_large(size)]
        for upload_id in large:
            self._hand.take_large(upload_id, group[upload_id])
            workflows.start_large(upload_id)
        small = {upload_id: group[upload_id] for upload_id in sorted(sizes) if upload_id not in large}
        if small:
            self._hand.take(small)
            try:
                workflows.start_uploads(list(small))
            except BaseException:
                self._hand.give_back(small)
                raise

    def round(self) -> None:
        """Everything that should have been begun and was not."""
        for arrival in self._desk.spool.arrivals():
            self._arrived.add(arrival.upload_id)
        for upload_id in uploads.in_state(self._desk.db, UploadState.ARRIVED):
            if upload_id not in self._hand:
                self._arrived.add(upload_id)
        for feed_no in feeds.woken(self._desk.db):
            workflows.resume_feed(feed_no, feeds.get(self._desk.db, feed_no).state)
        for feed in feeds.listing(self._desk.db, states=(FeedState.OPEN,), limit=1000):
            workflows.start_feed(feed.no)

    def _rounds(self) -> list[Job]:
        heed, orders = Heed(self._desk), self._settings.orders
        works: list[tuple[Callable[[], object], float]] = [
            (self.round, ROUND_SECONDS),
            (heed.look, ROUND_SECONDS),
            (self._sweep, SWEEP_SECONDS),
            (self._all_statuses, STATUS_ANEW_SECONDS),
        ]
        if orders.files_minutes:
            works.append((lambda: order_files.write(self._desk), orders.files_minutes * 60))
        return [Job(work, every_seconds, ROUND_SECONDS) for work, every_seconds in works]

    def _sweep(self) -> None:
        retention.sweep(self._desk)
        engine.forget_finished(before_ms=int((time.time() - ENGINE_DAYS * 86_400) * 1000))

    def _all_statuses(self) -> None:
        """What will be late soon changes by time alone."""
        for seller in sellers.everyone(self._desk.db):
            outbox.CHANGED.add(seller.name)

    def _feed(self) -> None:
        """Open the next feed of every account that has something to send, as soon as it may go."""
        Bench.queued.take(ROUND_SECONDS)
        self._feeder.ending.wait(TOGETHER_SECONDS)
        for account_id in sending.ready(self._sender):
            if self._not_before.get(account_id, 0.0) <= time.monotonic():
                self._not_before[account_id] = time.monotonic() + self._open_feed(account_id)

    def _open_feed(self, account_id: int) -> float:
        """Open the account's feed if it may go; the seconds it has to wait otherwise."""
        turn = sending.take_turn(self._sender, account_id, engine.token())
        if turn.feed_no is not None:
            workflows.start_feed(turn.feed_no)
        return turn.wait_seconds or 0.0

    def _statuses(self) -> Again:
        begun = time.monotonic()
        outbox.write_statuses(self._desk, outbox.CHANGED.take(0))
        return Again(max(STATUS_SECONDS, STATUS_REST * (time.monotonic() - begun)))


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
