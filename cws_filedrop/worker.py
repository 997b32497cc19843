"""The worker: takes what the doors left in the spool, runs the workflows, and sweeps for what a lost word left behind.

Everything it does on a word (an arrival, a settled feed) it also does on its rounds: words make it fast, rounds make it
sure.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import Final

from cws_filedrop import engine, log, retention
from cws_filedrop.amazon_context import AmazonContext
from cws_filedrop.decisions.settled_orders import SettledOrdersWatch
from cws_filedrop.drop.leftovers import LeftoverWatch
from cws_filedrop.engine import Engine
from cws_filedrop.model import UploadState
from cws_filedrop.orders import order_files, pulling
from cws_filedrop.orders.catching_up import CatchUp
from cws_filedrop.orders.drop_folder import OrderDropFolder
from cws_filedrop.orders.pulling import OrderReportPuller
from cws_filedrop.orders.reading_back import OrderReader
from cws_filedrop.outgoing.alarms.watch import AlarmWatch
from cws_filedrop.outgoing.audit.export import AuditExport
from cws_filedrop.outgoing.hooks.caller import Caller
from cws_filedrop.outgoing.mail.worker import MailWorker
from cws_filedrop.pacing.due_rows import Batch, DueRows
from cws_filedrop.pacing.in_progress import UploadsInProgress
from cws_filedrop.pacing.seller_queue import SellerQueue
from cws_filedrop.pacing.status_due import STATUS_DUE
from cws_filedrop.pacing.wake_set import WakeSet
from cws_filedrop.periodic import RETRY_SECONDS, Again, Job, PeriodicTask
from cws_filedrop.pipeline import arrivals, outbox, returned, sending, workflows
from cws_filedrop.pipeline.processes import Lane, Processes
from cws_filedrop.pipeline.workflows import WorkflowContext
from cws_filedrop.service_context import ServiceContext, database_url
from cws_filedrop.settings import Settings
from cws_filedrop.store.cluster.membership import Duty, Membership
from cws_filedrop.store.database import stamp
from cws_filedrop.store.feeds import releasing
from cws_filedrop.store.outgoing.heartbeats import Heartbeat
from cws_filedrop.store.sellers import sellers
from cws_filedrop.store.uploads import reading_claims, uploads

LOG: Final = log.get(__name__)
ROUND_SECONDS: Final = 2.0
DELIVERED_SECONDS: Final = 60.0
LEFTOVER_SECONDS: Final = 30.0
SWEEP_SECONDS: Final = 3600.0
ENGINE_DAYS: Final = 7  # that the engine remembers what ended
TAKEOVER_SECONDS: Final = 0.5  # between looks for workers that died
STATUS_SECONDS: Final = 1.0
STATUS_ANEW_SECONDS: Final = 1800.0
STATUS_BUDGET_SECONDS: Final = 0.5  # for status files at a time: receipts go before them
TOGETHER_SECONDS: Final = 0.2  # what is queued within this goes into one feed
LANES: Final = {Lane.LARGE: "heavy", Lane.PACKED: "packed"}  # queues of the engine
GROUP: Final = 25  # uploads answered together at most: the first of them waits for the last
MOST_GROUPS: Final = 3  # one being read, one being recorded, one being delivered


class Worker:
    """The durable half of the service. `start()` returns ready or raises; `stop()` finishes what is in hand."""

    def __init__(
        self,
        settings: Settings,
        amazon: AmazonContext,
        puller: OrderReportPuller,
        watch: AlarmWatch | None,
        processes: Processes,
        *,
        lost: Callable[[], object] = lambda: None,
    ) -> None:
        """`lost` is called when another worker has taken over this one's work: the process has to end."""
        self._settings = settings
        self._amazon = amazon
        self._puller = puller
        self._context: ServiceContext = amazon.context
        self._processes = processes
        self._member = Membership(self._context.db, clock=self._context.clock, lost=lost)
        self._engine = Engine(
            database_url(settings),
            turn=self._context.db.turn,
            executor=self._member.name,
            connections=None if self._context.db.is_sqlite else self._context.db.new_engine(),
        )
        self._arrived: WakeSet[str] = WakeSet()
        self._in_progress = UploadsInProgress(MOST_GROUPS, on_room=self._arrived.wake)
        self._mail_worker: MailWorker | None = None
        self._caller: Caller | None = None
        self._queue, self._idle_seconds = SellerQueue(settings.service.heavy_bytes), 0.0
        self._not_before: dict[int, float] = {}  # accounts that wait for Amazon's rate limit
        self._feeder = PeriodicTask(
            "feeder", Job(self._feed, 0.0), failed=lambda _: LOG.exception("worker.feed_failed")
        )
        self._watch = watch
        self._tasks: list[PeriodicTask] = []
        self._leftovers = LeftoverWatch(settings.folder.told_minutes, settings.folder.working_patterns)
        self._heartbeat = Heartbeat(self._context.db, "worker")
        self._outdated: dict[str, None] = {}  # sellers whose status files are to be rewritten, in order

    def start(self) -> None:
        """Start the engine, and take up what an earlier process left. The database is up to date, the data folder ours.

        Raises: ConfigError when the [mail] or the [hooks] settings cannot be used.
        """
        has_mail, has_hooks = partial(self._member.has, Duty.MAIL), partial(self._member.has, Duty.HOOKS)
        mail_worker = MailWorker(self._context, is_ours=has_mail) if self._settings.mail.host else None
        caller = Caller(self._context, is_ours=has_hooks)
        self._member.join()
        WorkflowContext.amazon, WorkflowContext.processes, WorkflowContext.queued, WorkflowContext.in_progress = (
            self._amazon,
            self._processes,
            WakeSet(),
            self._in_progress,
        )
        self._engine.start()
        self._processes.warm_up()
        self._member.take_over_earlier(engine.adopt)
        self._take_over()
        self.round()
        self._tasks = [*self._main_tasks(), *self._side_tasks(), *self._alarms()]
        for task in self._tasks:
            task.start()
        self._heartbeat.start()
        if mail_worker is not None:
            mail_worker.start()
            self._mail_worker = mail_worker
        caller.start()
        self._caller = caller

    def stop(self, *, patience_seconds: int = 20) -> None:
        """Finish the steps in hand, then let go; what is not finished goes on after the next start."""
        for task in self._tasks:
            task.end()
        self._arrived.close()
        self._in_progress.close()
        WorkflowContext.queued.close()
        STATUS_DUE.close()
        for task in self._tasks:
            task.stop(patience_seconds=patience_seconds)
        if self._mail_worker is not None:
            self._mail_worker.stop(patience_seconds=patience_seconds)
        if self._caller is not None:
            self._caller.stop(patience_seconds=patience_seconds)
        self._heartbeat.stop()
        self._engine.stop(patience_seconds=patience_seconds)  # the last steps may still need the readers
        self._processes.close()
        outbox.write_statuses(self._context, {seller.name for seller in sellers.everyone(self._context.db)})
        self._member.leave()
        self._context.db.close()

    def arrived(self, upload_id: str) -> None:
        """The doors say that an upload lies in the spool."""
        self._arrived.add(upload_id)

    def _main_tasks(self) -> list[PeriodicTask]:
        """What brings an upload on its way; the first two wait for words themselves."""
        return [
            PeriodicTask("arrivals", Job(self._take_in, 0.0)),
            self._feeder,
            PeriodicTask("takeover", Job(self._take_over, TAKEOVER_SECONDS, TAKEOVER_SECONDS)),
            PeriodicTask("rounds", self._rounds(), failed=lambda _: LOG.exception("worker.round_failed")),
            PeriodicTask(
                "statuses",
                Job(self._statuses, STATUS_SECONDS, STATUS_SECONDS),
                failed=lambda _: LOG.exception("worker.status_failed"),
            ),
        ]

    def _side_tasks(self) -> list[PeriodicTask]:
        """What the rounds do not wait for: it takes its time, or Amazon does."""
        drops, reader, restored = OrderDropFolder(self._context), OrderReader(self._amazon), CatchUp(self._amazon)
        return [
            PeriodicTask(
                "catching-up",
                Job(self._if_ours(Duty.READ_BACKS, restored.look), ROUND_SECONDS),
                failed=lambda _: LOG.exception("worker.catching_up_failed"),
            ),
            PeriodicTask(
                "order-files",
                Job(self._if_ours(Duty.ORDER_FILES, drops.look), ROUND_SECONDS, retry_seconds=RETRY_SECONDS),
                failed=lambda _: LOG.exception("worker.order_files_failed"),
            ),
            DueRows(
                "read-backs",  # what Amazon accepted, in its own orders
                Batch(lambda: bool(reader.look()), ROUND_SECONDS),
                is_ours=partial(self._member.has, Duty.READ_BACKS),
                broke=lambda: LOG.exception("worker.sighting_failed"),
            ),
            DueRows(
                "pulls",
                Batch(lambda: pulling.go_on(self._puller), ROUND_SECONDS),
                is_ours=partial(self._member.has, Duty.PULLS),
                broke=lambda: LOG.exception("worker.pulls_failed"),
            ),
            DueRows(
                "deliveries",
                Batch(workflows.deliver_left, DELIVERED_SECONDS),
                is_ours=partial(self._member.has, Duty.DELIVERIES),
                broke=lambda: LOG.exception("worker.deliveries_failed"),
            ),
            *self._audit_export(),
        ]

    def _audit_export(self) -> list[PeriodicTask]:
        if not self._settings.audit.export:
            return []
        return [AuditExport(self._context).task(partial(self._if_ours, Duty.AUDIT_EXPORT))]

    def _alarms(self) -> list[PeriodicTask]:
        every_seconds = self._settings.alarms.every_seconds
        if self._watch is None or not every_seconds:
            return []
        looks = Job(self._if_ours(Duty.ALARMS, self._watch.look), every_seconds, ROUND_SECONDS)
        jobs = [looks, Job(self._if_ours(Duty.ALARMS, self._watch.tidy), SWEEP_SECONDS, ROUND_SECONDS)]
        return [PeriodicTask("alarms", jobs, failed=lambda _: LOG.exception("worker.alarms_failed"))]

    def _if_ours(self, duty: Duty, work: Callable[[], object]) -> Callable[[], object]:
        """The work, done as long as it is this worker's duty."""
        return lambda: work() if self._member.has(duty) else None

    def _take_over(self) -> None:
        if self._member.take_over(engine.adopt):
            self._arrived.wake()

    def _take_in(self) -> None:
        """Accept what arrives and begin to answer it: alone while there is time, in groups when much comes at once."""
        self._line_up(self._idle_seconds)
        group: dict[str, str] = {}
        if self._queue and self._in_progress.wait_for_room():
            self._line_up(0)
            group = self._queue.take(GROUP, busy=self._in_progress.with_large(), begun=self._in_progress.sellers())
            self._begin_with(group)
        # Those of busy sellers wait until these have done with what is in hand.
        self._idle_seconds = 0.0 if group else ROUND_SECONDS

    def _line_up(self, wait_seconds: float) -> None:
        for upload_id in self._arrived.take(wait_seconds):
            if upload_id not in self._queue:
                claim = arrivals.claim_of(self._context, upload_id)
                size = self._weighed({upload_id: claim.size})[upload_id] if claim else 0
                self._queue.add(claim.seller if claim else "", upload_id, size)

    def _weighed(self, sizes: Mapping[str, int]) -> dict[str, int]:
        """The sizes, of packed files as they are unpacked: who takes turns does so by the work, not by the bytes."""
        weights = dict(sizes)
        for upload_id, size in sizes.items():
            with suppress(FileNotFoundError):  # a cut one without bytes is no work
                weights[upload_id] = self._processes.weight(self._context.spool.data_path(upload_id), size)
        return weights

    def _begin_with(self, group: Mapping[str, str]) -> None:
        try:
            self._begin(group, self._accept(list(group)))
        except Exception:
            LOG.exception("worker.arrivals_failed", uploads=len(group))  # the next round says them again
            for upload_id, seller in group.items() if len(group) > 1 else ():  # unless it is the trouble of one alone
                self._begin_with({upload_id: seller})

    def _accept(self, upload_ids: list[str]) -> dict[str, int]:
        """The sizes of those that are to be read now, by id; where there are several workers, by this one."""
        recorded = arrivals.record(self._context, upload_ids)
        sizes = recorded | self._left(set(upload_ids) - recorded.keys())
        if self._member.no is None:
            return sizes
        mine = reading_claims.claim(self._context.db, sizes, self._member.no)
        return {upload_id: size for upload_id, size in sizes.items() if upload_id in mine}

    def _left(self, upload_ids: set[str]) -> dict[str, int]:
        """Those that were accepted before, and that nobody has read or has in hand."""
        others = [one for one in upload_ids if one not in self._in_progress]
        found = uploads.some(self._context.db, others) if others else []
        return {upload.id: upload.size for upload in found if upload.state is UploadState.ARRIVED}

    def _begin(self, group: Mapping[str, str], sizes: Mapping[str, int]) -> None:
        """Begin to answer those of a group that are to be read."""
        large = self._large(sizes)
        for upload_id, lane in large.items():
            self._in_progress.take_large(upload_id, group[upload_id])
            workflows.start_large(upload_id, LANES[lane])
        small = {upload_id: group[upload_id] for upload_id in sorted(sizes) if upload_id not in large}
        if small:
            self._in_progress.take(small)
            try:
                workflows.start_uploads(list(small))
            except BaseException:
                self._in_progress.give_back(small)
                raise

    def _large(self, sizes: Mapping[str, int]) -> dict[str, Lane]:
        lanes: dict[str, Lane] = {}
        for upload_id, size in sizes.items():
            with suppress(FileNotFoundError):
                lanes[upload_id] = self._processes.lane(self._context.spool.data_path(upload_id), size)
        return {upload_id: lane for upload_id, lane in lanes.items() if lane is not Lane.SMALL}

    def round(self) -> None:
        """Everything that should have been begun and was not."""
        is_ours = self._member.has(Duty.ROUNDS)
        if is_ours:
            self._look_into_spool()
        for upload_id in self._unread():
            if upload_id not in self._in_progress:
                self._arrived.add(upload_id)
        if is_ours:
            workflows.take_up()
            if done := releasing.release_due(self._context.db, now=stamp(self._context.clock())):
                workflows.start_results(done)

    def _look_into_spool(self) -> None:
        found = [arrival.upload_id for arrival in self._context.spool.arrivals()]
        if self._member.no is not None:  # recorded at once, so that every worker finds them
            for start in range(0, len(found), GROUP):
                arrivals.record(self._context, found[start : start + GROUP])
        for upload_id in found:
            self._arrived.add(upload_id)

    def _unread(self) -> list[str]:
        db = self._context.db
        if self._member.no is None:
            return uploads.in_state(db, UploadState.ARRIVED)
        waiting = reading_claims.open_to(db, self._member.no)
        self._in_progress.give_back(self._in_progress.large() - set(waiting))  # another may have read them
        return waiting

    def _rounds(self) -> list[Job]:
        heed, orders = SettledOrdersWatch(self._context), self._settings.orders
        works: list[tuple[Callable[[], object], float]] = [
            (heed.look, ROUND_SECONDS),
            (self._look_for_leftovers, LEFTOVER_SECONDS),
            (self._sweep, SWEEP_SECONDS),
            (self._all_statuses, STATUS_ANEW_SECONDS),
        ]
        if orders.files_minutes:
            works.append((lambda: order_files.write(self._context), orders.files_minutes * 60))
        for_all = [Job(self._if_ours(Duty.ROUNDS, work), seconds, ROUND_SECONDS) for work, seconds in works]
        return [Job(self.round, ROUND_SECONDS, ROUND_SECONDS), *for_all]

    def _look_for_leftovers(self) -> None:
        for seller in self._leftovers.look(self._context.homes.known()):
            STATUS_DUE.add(seller)

    def _sweep(self) -> None:
        retention.sweep(self._context)
        self._member.forget()
        engine.forget_finished(before_ms=int((time.time() - ENGINE_DAYS * 86_400) * 1000))

    def _all_statuses(self) -> None:
        """What will be late soon changes by time alone."""
        for seller in sellers.everyone(self._context.db):
            STATUS_DUE.add(seller.name)

    def _feed(self) -> None:
        """Open the next feed of every account that has something to send, as soon as it may go."""
        WorkflowContext.queued.take(ROUND_SECONDS)
        self._feeder.ending.wait(TOGETHER_SECONDS)
        self._let_returned_go(passed_over=True)
        for account_id in sending.ready(self._amazon):
            if self._not_before.get(account_id, 0.0) <= time.monotonic():
                self._not_before[account_id] = time.monotonic() + self._open_feed(account_id)
        self._let_returned_go(passed_over=False)

    def _let_returned_go(self, *, passed_over: bool) -> None:
        """Start the feeds whose lines came back, where nothing else is to be sent first."""
        for feed_no in returned.turns(self._amazon, passed_over=passed_over):
            workflows.start_feed(feed_no)

    def _open_feed(self, account_id: int) -> float:
        """Open the account's feed if it may go; the seconds it has to wait otherwise."""
        turn = sending.take_turn(self._amazon, account_id, engine.token())
        if turn.feed_no is not None:
            workflows.start_feed(turn.feed_no)
        return turn.wait_seconds or 0.0

    def _statuses(self) -> Again:
        """Rewrite status files that are out of date, the longest first; each once, however often it changed."""
        self._outdated.update(dict.fromkeys(sorted(STATUS_DUE.take(0) - self._outdated.keys())))
        begun = time.monotonic()
        while self._outdated and time.monotonic() - begun < STATUS_BUDGET_SECONDS:
            name = next(iter(self._outdated))
            del self._outdated[name]  # before it is written: what changes meanwhile is written once more
            outbox.write_statuses(self._context, [name])
        return Again(STATUS_SECONDS)
