"""Sender and ledger against an Amazon whose every call can fail before or after its effect: what its own order book has
at the end is what sellers were told, and nothing twice.

Real disk, database and steps; Amazon is a model with units. A step is done again from what the tables say, as the
worker's rounds do, after any crash.
"""

from __future__ import annotations

import io
from collections import Counter, defaultdict
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import hypothesis.strategies as st
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from pipeline.amazon_double import ITEMS, Clock
from pipeline.contexts import NOW, context_on, put, read
from pipeline.fragile import Crash, Fragile
from pipeline.order_book_double import BOOK, NOT_THERE, OPERATIONS, BookedAmazon, Fate, Trouble

from cws_filedrop.amazon_context import AmazonContext
from cws_filedrop.decisions import orders_and_feeds
from cws_filedrop.decisions.settled_orders import SettledOrdersWatch
from cws_filedrop.errors import NotPossible
from cws_filedrop.model import (
    FeedKind,
    FeedState,
    JudgementContext,
    OrderState,
    Policy,
    ReadBackState,
    UploadState,
    Verdict,
)
from cws_filedrop.orders import importing
from cws_filedrop.orders.reading_back import OrderReader
from cws_filedrop.pipeline import answers, outbox, returned, sending
from cws_filedrop.service_context import ServiceContext, open_context
from cws_filedrop.store.database import stamp
from cws_filedrop.store.feeds import feeds, offers, releasing
from cws_filedrop.store.feeds.feeds import FeedRow
from cws_filedrop.store.schema import FEEDS, LINES, ORDERS, SIGHTINGS, UPLOADS
from cws_filedrop.store.sellers import sellers
from cws_filedrop.store.uploads import claims, uploads, verdict_counts
from cws_filedrop.store.uploads.packed_lines import unpack
from cws_filedrop.store.users.decisions import Who

OLGA = Who("olga")
ORDERED = [*BOOK, NOT_THERE]
OTHERS_NUMBER = "X0000009K"
NUMBERS = ["Y0000001K", "Y0000002K", "Y0000003K", "", "BAD001", "ODD001"]
COLUMNS = "order-id\tstatus\torder-item-id\tquantity\ttracking\tcarrier\tcancel-reason\n"
REPORT = "order-id\torder-item-id\tpurchase-date\tship-service-level\tsku\tquantity-purchased\n"
GOOD = (Verdict.CONFIRMED, Verdict.CONFIRMED_WARNING)
UNDONE = (Verdict.QUEUED, Verdict.SENT, Verdict.HELD, Verdict.UNKNOWN)
OPEN = (*feeds.LIVE, FeedState.STOPPED, FeedState.WAITING)
MISSING = sa.exists().where(
    SIGHTINGS.c.account_id == LINES.c.account_id,
    SIGHTINGS.c.amazon_order_id == LINES.c.amazon_order_id,
    SIGHTINGS.c.state == ReadBackState.MISSING,
)
MINUTE = timedelta(minutes=1)
TIMES = [timedelta(seconds=5), timedelta(seconds=35), 3 * MINUTE, 8 * MINUTE, 30 * MINUTE, timedelta(hours=7)]
ROWS = st.lists(
    st.tuples(
        st.sampled_from([*ORDERED[:5] * 3, *ORDERED[5:]]),
        st.sampled_from(["shipped"] * 9 + ["cancelled"]),
        st.sampled_from([*ITEMS * 3, ""]),
        st.sampled_from(["1", "2", "1", "3", ""]),
        st.sampled_from([*NUMBERS[:4] * 3, *NUMBERS[4:]]),
    ),
    min_size=1,
    max_size=6,
    unique_by=lambda row: (row[0], row[2]) if row[4] == "" else (row[0], row[2], row[4]),
)
TROUBLES = st.lists(
    st.sampled_from([*Trouble, Trouble.THROTTLED, Trouble.ANSWER_LOST, Trouble.LATE, Trouble.NO_ANSWER]),
    min_size=1,
    max_size=3,
)


class Told(NamedTuple):
    """A line that tells of a package, and what became of it."""

    place: tuple[str, int]
    verdict: str
    code: str
    sent: bool  # it is, or was, in a feed
    order: str
    item: str
    tracking: str
    quantity: int | None

    @property
    def package(self) -> tuple[str, str]:
        return self.order, self.tracking


class Model(RuleBasedStateMachine):
    """A service, its sellers' files, an operator who looks at Amazon before deciding, and an unreliable Amazon."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory()
        self.clock = Clock()
        self.amazon = BookedAmazon(self.clock)
        self.files: dict[str, bytes] = {}
        self.attempts = Counter[int]()
        self.turns = self.seen_parcels = 0
        self.crash: tuple[int | None, bool] = (None, False)
        self.context = self.made(context_on(Path(self.folder.name)))

    def made(self, context: ServiceContext) -> ServiceContext:
        """The context of a process that has just begun."""
        context = replace(context, db=Fragile(context.db.url), clock=self.clock)
        self.sender = AmazonContext(context, lambda account: self.amazon, lambda account: self.amazon, 1_000_000.0)
        self.reader = OrderReader(self.sender)
        self.watch = SettledOrdersWatch(context)
        self.attempts.clear()
        return context

    @initialize(
        known=st.booleans(), cancels=st.booleans(), resends=st.booleans(), ahead=st.sampled_from([-600, -7, 0, 7, 600])
    )
    def begin(self, known: bool, cancels: bool, resends: bool, ahead: int) -> None:
        self.amazon.ours_ahead = ahead * MINUTE
        policy = replace(Policy(), cancel_at_amazon=cancels, resend_unknown=resends)
        assert sellers.change(self.context.db, "anna", {"policy": sellers.policy_text(policy)})
        if known:
            rows = [(order, item, n) for order, items in BOOK.items() for item, n in items.items()]
            text = REPORT + "".join(f"{o}\t{i}\t2026-11-20T10:00:00Z\tStandard\tS\t{n}\n" for o, i, n in rows)
            judging = JudgementContext(NOW)
            source = io.BytesIO(text.encode())
            importing.import_file(self.context.db, 1, source, file_name="o.txt", judging=judging, now=NOW)

    # The seller.

    @rule(rows=ROWS, read=st.booleans())
    def drop(self, rows: list[tuple[str, ...]], read: bool) -> None:
        cells = ("\t".join((*row, "Yodel" if row[4] else "", "NoInventory")) + "\n" for row in rows)
        self.land((COLUMNS + "".join(cells)).encode())
        if read:
            self.process(self._read)

    @rule(which=st.integers(0, 20))
    def drop_again(self, which: int) -> None:
        if self.files:
            self.land(list(self.files.values())[which % len(self.files)])

    def land(self, content: bytes) -> None:
        self.amazon.passes(MINUTE)
        self.files[put(self.context, content, name=f"{len(self.files)}.txt")] = content

    # Amazon, and the way to it.

    @rule(operation=st.sampled_from(OPERATIONS), troubles=TROUBLES)
    def goes_wrong(self, operation: str, troubles: list[Trouble]) -> None:
        self.amazon.troubles[operation] = list(troubles)

    @rule(fate=st.sampled_from(Fate), garbled=st.integers(0, 2), dated=st.booleans(), minutes=st.integers(0, 3))
    def amazon_is(self, fate: Fate, garbled: int, dated: bool, minutes: int) -> None:
        self.amazon.fate_of_next, self.amazon.garbled = fate, garbled
        self.amazon.dated, self.amazon.pace = dated, minutes * MINUTE

    @rule(kind=st.sampled_from(FeedKind), messages=st.integers(1, 3))
    def another_program_sends(self, kind: FeedKind, messages: int) -> None:
        self.amazon.a_stranger_sends(kind, messages)

    @rule(
        order=st.sampled_from(list(BOOK)),
        item=st.sampled_from(ITEMS),
        units=st.integers(1, 5),
        tracking=st.sampled_from(["", OTHERS_NUMBER, OTHERS_NUMBER]),
    )
    def another_program_ships(self, order: str, item: str, units: int, tracking: str) -> None:
        """Part of one of our orders, with another number or none."""
        self.amazon.another_ships(order, item, units, tracking)

    @rule(order=st.sampled_from(list(BOOK)))
    def the_buyer_cancels(self, order: str) -> None:
        """Amazon cancels an order of which nothing is shipped."""
        self.amazon.cancels(order)

    @rule()
    def two_processes(self) -> None:
        """While the next call is under way, another process does the same steps."""
        self.amazon.during = self._work

    # The service, each part of which may be the last thing that it does.

    @rule()
    def reads(self) -> None:
        self.process(self._read)

    @rule(trouble=st.sampled_from([None, *Trouble]))
    def sends(self, trouble: Trouble | None) -> None:
        if trouble is not None:
            self.amazon.troubles["createFeed"] = [trouble]
        self.process(self._read, self._feed, self._work)

    @rule(time=st.sampled_from(TIMES), times=st.integers(1, 3), unlisted=st.lists(st.sampled_from(Trouble), max_size=1))
    def works(self, time: timedelta, times: int, unlisted: list[Trouble]) -> None:
        self.amazon.passes(time)
        self.amazon.troubles["getFeeds"] = unlisted
        self.process(*[self._work] * times)

    @rule()
    def makes_its_round(self) -> None:
        self.process(self._round)

    @rule(which=st.integers(0, 20))
    def repeats_a_step(self, which: int) -> None:
        """A step that was done long ago runs again."""
        if found := feeds.listing(self.context.db):
            self.process(lambda: self._step(found[which % len(found)]))

    @rule(after=st.integers(0, 6), before_commit=st.booleans())
    def will_crash(self, after: int, before_commit: bool) -> None:
        """The next work ends at one of its transactions."""
        self.crash = (after, before_commit)

    def process(self, *works: Any) -> None:
        db = self.context.db
        assert isinstance(db, Fragile)
        (db.transactions_left, db.before_commit), self.crash = self.crash, (None, False)
        try:
            for work in works:
                work()
        except Crash:
            self.amazon.during = None
            db.close()
            self.context = self.made(open_context(self.context.settings))
        else:
            db.transactions_left = None

    def _read(self) -> None:
        if arrived := uploads.in_state(self.context.db, UploadState.ARRIVED):
            read(self.context, *arrived)
            assert outbox.answer(self.context, uploads.some(self.context.db, arrived)) == []

    def _feed(self) -> None:
        """What the worker's feeder does (worker._feed)."""
        returned.turns(self.sender, passed_over=True)
        self.turns += 1
        sending.take_turn(self.sender, 1, cause=f"t{self.turns}")
        returned.turns(self.sender, passed_over=False)

    def _work(self) -> None:
        for feed in reversed(feeds.listing(self.context.db, states=feeds.LIVE, limit=1000)):
            self._step(feed)

    def _step(self, feed: FeedRow) -> None:
        """What the workflows do with a feed, by its state."""
        self.attempts[feed.no] += 1
        attempt = self.attempts[feed.no]
        if feed.state in (FeedState.SUBMITTED, FeedState.SETTLED):
            if answers.look(self.sender, feed.no, attempt).done:
                _, finished = answers.settle(self.sender, feed.no, attempt)
                assert outbox.publish(self.context, uploads.some(self.context.db, finished)) == []
        elif sending.fill(self.sender, feed.no):
            sending.submit(self.sender, feed.no, attempt)

    def _round(self) -> None:
        """What the worker's rounds do (worker.Worker.round, workflows.deliver_left, its reader of orders)."""
        db = self.context.db
        done = releasing.release_due(db, now=stamp(self.clock.now))
        outbox.publish(self.context, uploads.some(db, done))
        for upload_id, what in verdict_counts.undelivered(db, before=self.clock.now):
            (outbox.answer if what == "answer" else outbox.publish)(self.context, uploads.some(db, [upload_id]))
        for _ in range(50):
            if not self.reader.look():
                break
        self.watch.look()

    # The operator, who looks at Amazon before deciding.

    @rule()
    def operator_decides(self) -> None:
        for feed in feeds.stopped_feeds(self.context.db):
            self._decide(feed)
        for account in feeds.stopped_accounts(self.context.db):
            feeds.stop_account(self.context.db, account, "")
        for account, order in offers.unshipped(self.context.db):
            if not self.amazon.at_work and not self.amazon.late:
                offers.send_again(self.context.db, account, order, now=self.clock.now)

    def _decide(self, feed: FeedRow) -> None:
        ours = [name for name, about in self.amazon.made_of.items() if about == feed.document_id]
        if feed.intent_at and ours and (feed.offered or "more than one" in feed.note):
            orders_and_feeds.adopt_feed(self.context, feed.no, ours[0], who=OLGA)
        elif feed.offered and not ours and not self.amazon.late:
            orders_and_feeds.send_feed_again(self.context, feed.no, who=OLGA)
        else:
            orders_and_feeds.retry_feed(self.context, feed.no, who=OLGA)

    @rule()
    def operator_takes_a_feed_out(self) -> None:
        for feed in feeds.stopped_feeds(self.context.db):
            with suppress(NotPossible):
                orders_and_feeds.drop_feed(self.context, feed.no, note="", who=OLGA)

    @rule(order=st.sampled_from(list(BOOK)))
    def operator_settles(self, order: str) -> None:
        """An order that Amazon refused something of, by what Amazon shows."""
        with self.context.db.read() as connection:
            mine = (ORDERS.c.amazon_order_id == order, ORDERS.c.state == OrderState.UNCONFIRMED)
            known = connection.execute(sa.select(ORDERS.c.no).where(*mine)).first()
            waits = (LINES.c.amazon_order_id == order, LINES.c.verdict.in_(UNDONE))
            busy = connection.execute(sa.select(LINES.c.line).where(*waits).limit(1)).first()
        there = self.amazon.order(order)
        if known and not busy and there is not None and there.status in ("SHIPPED", "UNSHIPPED"):
            state = OrderState.SHIPPED if there.status == "SHIPPED" else OrderState.NEW
            orders_and_feeds.settle(self.context, 1, order, state, note="seen", who=OLGA)

    def operator_settles_what_is_missing(self) -> None:
        """Orders whose read-backs came to an end with a line of unknown outcome, by what Amazon has of its package."""
        query = sa.select(LINES.c.amazon_order_id, LINES.c.tracking)
        with self.context.db.read() as connection:
            rows = connection.execute(query.where(MISSING, LINES.c.verdict == Verdict.UNKNOWN)).all()
        taken = {(parcel.order, parcel.tracking) for parcel in self.amazon.parcels}
        orders = {row[0]: [tuple(one) for one in rows if one[0] == row[0]] for row in rows}
        for order, packages in orders.items():
            state = OrderState.SHIPPED if taken & set(packages) else OrderState.NEW
            orders_and_feeds.settle(self.context, 1, order, state, note="seen", who=OLGA)

    # What must be so.

    @invariant()
    def nothing_is_taken_twice(self) -> None:
        if len(self.amazon.parcels) == self.seen_parcels:
            return
        self.seen_parcels = len(self.amazon.parcels)
        self.no_more_than([one for one in self.told() if one.sent])

    def no_more_than(self, told: list[Told]) -> None:
        """Amazon has no more packages, and no more units, than these lines tell."""
        ours = [one for one in self.amazon.parcels if one.feed]
        times = Counter(
            (order, tracking) for order, tracking, *_ in {(p.order, p.tracking, p.feed, p.message) for p in ours}
        )
        lines = Counter(one.package for one in told)
        assert not times - lines, (times - lines, told, ours)
        units, limits = Counter[tuple[str, str, str]](), Counter[tuple[str, str, str]]()
        for parcel in ours:
            units[parcel.order, parcel.item, parcel.tracking] += parcel.units
        for line in told:
            for item in [line.item] if line.item else ITEMS:
                all_ = line.quantity is None or not line.item
                limits[line.order, item, line.tracking] += 99 if all_ else line.quantity or 0
        assert not units - limits, (units - limits, told, ours)

    def told(self) -> list[Told]:
        columns = ("upload_id", "line", "verdict", "code", "feed_no", "shipment")
        some = sa.select(*(LINES.c[name] for name in columns)).where(
            LINES.c.kind == FeedKind.FULFILLMENT, LINES.c.shipment.is_not(None)
        )
        with self.context.db.read() as connection:
            rows = connection.execute(some).all()
        keys = claims.keys(unpack(rows)) if rows else []
        return [
            Told((row.upload_id, row.line), row.verdict, row.code, row.feed_no is not None, *key)
            for row, key in zip(rows, keys, strict=True)
        ]

    def teardown(self) -> None:
        try:
            self.let_all_be_done()
            self.judge()
        finally:
            self.context.db.close()
            self.folder.cleanup()

    def let_all_be_done(self) -> None:
        """No more trouble, an operator who decides, and time."""
        self.amazon.calm_down()
        self.crash = (None, False)
        for turn in range(150):
            self.operator_decides()
            self.operator_settles_what_is_missing()
            self.amazon.passes(15 * MINUTE if turn % 3 else timedelta(hours=2))
            self.process(self._read, self._feed, self._work, self._work, self._round)
            self.nothing_is_taken_twice()
            if not (left := self.left()):
                return
        raise AssertionError(left)

    def left(self) -> list[Any]:
        """What is not done yet."""
        undone = (LINES.c.verdict.in_(UNDONE), LINES.c.shipment.is_not(None))
        due = (SIGHTINGS.c.look_at <= stamp(self.clock.now), SIGHTINGS.c.rank <= 2)
        queries = (
            sa.select(FEEDS.c.no, FEEDS.c.state, FEEDS.c.note).where(FEEDS.c.state.in_(OPEN)),
            sa.select(UPLOADS.c.id, UPLOADS.c.state).where(
                UPLOADS.c.state.in_((UploadState.ARRIVED, UploadState.WAITING))
            ),
            sa.select(LINES.c.upload_id, LINES.c.line, LINES.c.verdict, LINES.c.code, LINES.c.message).where(*undone),
            sa.select(SIGHTINGS.c.amazon_order_id, SIGHTINGS.c.state).where(*due),
        )
        undelivered = verdict_counts.undelivered(self.context.db, before=self.clock.now + MINUTE)
        with self.context.db.read() as connection:
            return [tuple(row) for query in queries for row in connection.execute(query)] + list(undelivered)

    def judge(self) -> None:
        """What sellers were told agrees with Amazon's own order book."""
        told = self.told()
        self.no_more_than([one for one in told if one.verdict in GOOD])
        held = defaultdict[tuple[str, str, str], int](int)
        for parcel in self.amazon.parcels:
            held[parcel.order, parcel.item, parcel.tracking] += parcel.units
        for line in told:
            if line.verdict == Verdict.CONFIRMED:
                items = [line.item] if line.item else ITEMS
                numbers = [line.tracking] if line.tracking else [*NUMBERS, OTHERS_NUMBER]
                shown = sum(held[line.order, item, number] for item in items for number in numbers)
                assert shown >= (line.quantity or 1 if line.item else 1), (line, self.amazon.parcels)
        self.cancellations_agree()
        self.every_line_has_its_result()

    def cancellations_agree(self) -> None:
        """What is called cancelled is cancelled at Amazon, and nothing is that nobody asked for."""
        query = sa.select(LINES.c.amazon_order_id, LINES.c.verdict).where(LINES.c.kind == FeedKind.ACKNOWLEDGEMENT)
        with self.context.db.read() as connection:
            found = [tuple(row) for row in connection.execute(query.where(LINES.c.shipment.is_not(None)))]
        good = {order for order, verdict in found if verdict in GOOD}
        assert good <= set(self.amazon.cancelled), (found, self.amazon.cancelled)
        assert set(self.amazon.cancelled) - self.amazon.by_buyers <= {order for order, _ in found}

    def every_line_has_its_result(self) -> None:
        query = sa.select(LINES.c.line, LINES.c.verdict).order_by(LINES.c.line)
        outbox_folder = self.context.home("anna").path / "outbox"
        for upload_id, content in self.files.items():
            with self.context.db.read() as connection:
                found = [tuple(row) for row in connection.execute(query.where(LINES.c.upload_id == upload_id))]
            assert [line for line, _ in found] == list(range(2, content.count(b"\n") + 1))
            (result,) = outbox_folder.glob(f"*.{upload_id}.result.txt")
            cells = [line.split("\t") for line in result.read_text().splitlines()[1:]]
            assert [(int(row[0]), row[4]) for row in cells] == found


class TestModel(Model.TestCase):
    """A short run; `make model` has a long one."""

    settings = settings(
        max_examples=14,
        stateful_step_count=40,
        deadline=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )


@pytest.mark.long
@pytest.mark.timeout(3600)
class TestLongModel(Model.TestCase):
    """20,000 steps."""

    settings = settings(
        max_examples=400, stateful_step_count=50, deadline=None, suppress_health_check=list(HealthCheck)
    )
