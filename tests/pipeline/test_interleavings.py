"""Any interleaving of drops, answers, crashes and re-drops: never two confirmations of one package of an order line,
never a line without exactly one final verdict, orders moved only as the table allows.

Real disk, database, steps, feed documents and reports; Amazon is a small model that keeps a ledger, and a crash is the
end of the process before or after any transaction.
"""

from __future__ import annotations

import io
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import hypothesis.strategies as st
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from pipeline.amazon_double import ITEMS, Amazon, Clock
from pipeline.contexts import NOW, context_on, put
from pipeline.fragile import Crash, Fragile

from cws_filedrop.amazon_context import AmazonContext
from cws_filedrop.decisions import orders_and_feeds
from cws_filedrop.drop.archive import ArchivedName, FeedFileKind
from cws_filedrop.model import FeedKind, FeedState, JudgementContext, OrderState, Policy, UploadState, Verdict
from cws_filedrop.orders import importing
from cws_filedrop.pipeline import answers, outbox, reading, recording, sending
from cws_filedrop.pipeline.recording import ReadUpload
from cws_filedrop.rules.feed_states import FeedEvent
from cws_filedrop.rules.order_states import TRANSITIONS
from cws_filedrop.service_context import ServiceContext, open_context
from cws_filedrop.store.feeds import feeds
from cws_filedrop.store.schema import LINES, ORDER_HISTORY, ORDERS
from cws_filedrop.store.sellers import sellers
from cws_filedrop.store.uploads import lines, uploads
from cws_filedrop.store.users.decisions import Who

ORDERS_OF_ALL = [f"026-0000000-000000{n}" for n in range(4)]
NUMBERS = ["Y0000001K", "Y0000002K", ""]
STATUSES = ["shipped", "shipped", "shipped", "packed", "cancelled", "deferred"]
COLUMNS = "order-id\tstatus\torder-item-id\tquantity\ttracking\tcarrier\tcancel-reason\n"
REPORT = "order-id\torder-item-id\tpurchase-date\tship-service-level\tsku\tquantity-purchased\n"
FINAL = set(Verdict) - {Verdict.QUEUED, Verdict.SENT}
STEPS = [timedelta(seconds=5), timedelta(seconds=40), timedelta(minutes=3), timedelta(minutes=30)]

ROWS = st.lists(
    st.tuples(
        st.sampled_from(ORDERS_OF_ALL),
        st.sampled_from(STATUSES),
        st.sampled_from(["", *ITEMS]),
        st.sampled_from(["", "1", "2"]),
        st.sampled_from(NUMBERS),
    ),
    min_size=1,
    max_size=5,
)


class Interleavings(RuleBasedStateMachine):
    """A service that is begun anew after every crash, and a seller who drops what it likes."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory()
        self.clock = Clock()
        self.amazon = Amazon(self.clock)
        self.dropped: dict[str, bytes] = {}
        self.turns = 0
        self.in_hand: set[str] = set()
        self.to_settle: set[int] = set()
        self.crash: tuple[int | None, bool] = (None, False)
        self.context = self.made(context_on(Path(self.folder.name)))

    def made(self, context: ServiceContext) -> ServiceContext:
        """A desk of a process that has just begun."""
        orders = replace(context.settings.orders, read_back_minutes=0)
        context = replace(
            context, db=Fragile(context.db.url), clock=self.clock, settings=replace(context.settings, orders=orders)
        )
        self.sender = AmazonContext(context, lambda account: self.amazon, lambda account: self.amazon, 1_000_000.0)
        return context

    def teardown(self) -> None:
        self.context.db.close()
        self.folder.cleanup()

    @initialize(known=st.booleans(), held=st.booleans(), strict=st.booleans(), cancels=st.booleans())
    def begin(self, known: bool, held: bool, strict: bool, cancels: bool) -> None:
        policy = Policy(on_error="hold-file" if held else "continue", unknown_orders="reject" if strict else "accept")
        policy = replace(policy, cancel_at_amazon=cancels)
        assert sellers.change(self.context.db, "anna", {"policy": sellers.policy_text(policy)})
        if known or strict:
            rows = "".join(f"{o}\t{i}\t2026-11-20T10:00:00Z\tStandard\tS\t2\n" for o in ORDERS_OF_ALL for i in ITEMS)
            source = io.BytesIO((REPORT + rows).encode())
            importing.import_file(
                self.context.db, 1, source, file_name="o.txt", judging=JudgementContext(NOW), now=self.clock.now
            )

    # What the seller and the operator do.

    @rule(rows=ROWS)
    def drop(self, rows: list[tuple[str, ...]]) -> None:
        cells = ("\t".join((*row, "Yodel" if row[4] else "", "NoInventory")) + "\n" for row in rows)
        self.land((COLUMNS + "".join(cells)).encode())

    @rule(which=st.integers(0, 100))
    def drop_again(self, which: int) -> None:
        if self.dropped:
            self.land(list(self.dropped.values())[which % len(self.dropped)])

    def land(self, content: bytes) -> None:
        self.clock.now += timedelta(minutes=1)
        upload_id = put(self.context, content, name=f"{len(self.dropped) % 3}.txt")
        self.dropped[upload_id] = content

    @rule()
    def release(self) -> None:
        for upload in uploads.listing(self.context.db, states=[UploadState.HELD]):
            uploads.read_again(self.context.db, upload.id, evidence="released")

    # What the service does, each part of which may be the last thing that it does.

    @rule(most=st.integers(1, 3))
    def read(self, most: int) -> None:
        self.process(lambda: self._read(most))

    def _read(self, most: int) -> None:
        # What a crash left in hand is begun again: the engine sees to that.
        self.in_hand |= set(uploads.in_state(self.context.db, UploadState.ARRIVED)[:most])
        found = uploads.some(self.context.db, sorted(self.in_hand))
        unread = [upload for upload in found if upload.state is UploadState.ARRIVED]
        owners = sellers.by_ids(self.context.db, {upload.seller_id for upload in unread})
        tasks = [recording.task(self.context, upload, owners[upload.seller_id]) for upload in unread]
        made = zip(unread, reading.prepare(self.context.db, tasks), strict=True)
        done = recording.keep(self.context, [ReadUpload(upload, owners[upload.seller_id], one) for upload, one in made])
        again = {one.id for one in unread} - {one.id for one in done}  # their orders have changed meanwhile
        done += [upload for upload in found if upload not in unread]
        assert outbox.answer(self.context, done) == []
        self.in_hand = again

    @rule(
        fate=st.integers(0, 100),
        answer=st.sampled_from(["good", "good", "lost", "late", "never arrived"]),
        step=st.sampled_from(STEPS),
    )
    def send(self, fate: int, answer: str, step: timedelta) -> None:
        self.amazon.fate, self.amazon.answer = fate, answer
        self.process(self._send, step)

    @rule(kind=st.sampled_from(FeedKind), messages=st.integers(1, 3))
    def a_stranger_sends(self, kind: FeedKind, messages: int) -> None:
        self.amazon.a_stranger_sends(kind, messages)

    @rule(which=st.integers(0, 100))
    def stop(self, which: int) -> None:
        """A fault of ours stops a feed."""
        if found := feeds.listing(self.context.db, states=feeds.LIVE):
            feeds.move(self.context.db, found[which % len(found)].no, FeedEvent.STOPPED, note="KeyError: 'x'")

    @rule()
    def let_go_on(self) -> None:
        """An operator retries what is stopped, and looks at Amazon before anything else."""
        for feed in feeds.stopped_feeds(self.context.db):
            ours = [name for name, about in self.amazon.made_of.items() if about == feed.document_id]
            if feed.intent_at and ours and "more than one" in feed.note:
                orders_and_feeds.adopt_feed(self.context, feed.no, ours[0], who=Who("olga"))
            elif feed.offered and not ours and not self.amazon.late:
                orders_and_feeds.send_feed_again(self.context, feed.no, who=Who("olga"))
            elif feed.offered and ours:
                orders_and_feeds.adopt_feed(self.context, feed.no, ours[0], who=Who("olga"))
            else:
                orders_and_feeds.retry_feed(self.context, feed.no, who=Who("olga"))

    def _send(self) -> None:
        self.turns += 1
        sending.take_turn(self.sender, 1, cause=f"t{self.turns}")
        for feed in feeds.listing(self.context.db, states=feeds.LIVE):
            if sending.fill(self.sender, feed.no):
                sending.submit(self.sender, feed.no, 1)
                sending.submit(self.sender, feed.no, 1)  # a step may run twice
        self.amazon.answer = "good"

    @rule()
    def settle(self) -> None:
        self.process(self._settle)

    def _settle(self) -> None:
        self.to_settle |= {feed.no for feed in feeds.listing(self.context.db, states=[FeedState.SUBMITTED])}
        for feed_no in sorted(self.to_settle):
            if answers.look(self.sender, feed_no, 1).done:
                _, finished = answers.settle(self.sender, feed_no, 1)
                assert outbox.publish(self.context, uploads.some(self.context.db, finished)) == []
                self.to_settle.remove(feed_no)

    @rule(after=st.integers(0, 4), before_commit=st.booleans())
    def let_it_crash(self, after: int, before_commit: bool) -> None:
        """The next work ends at one of its transactions."""
        self.crash = (after, before_commit)

    def process(self, work: Any, step: timedelta = STEPS[0]) -> None:
        self.clock.now += step
        self.amazon.take_effect()
        db = self.context.db
        assert isinstance(db, Fragile)
        (db.transactions_left, db.before_commit), self.crash = self.crash, (None, False)
        try:
            work()
        except Crash:
            self.context.db.close()
            self.context = self.made(open_context(self.context.settings))
        else:
            db.transactions_left = None

    # What must be so, whatever happens.

    @invariant()
    def no_strangers_feed_is_believed_to_be_ours(self) -> None:
        believed = feeds.listing(self.context.db, states=[FeedState.SUBMITTED, FeedState.SETTLED], limit=1000)
        assert {one.amazon_feed_id for one in believed}.isdisjoint(self.amazon.strangers)

    @invariant()
    def no_package_is_confirmed_twice(self) -> None:
        accepted = Counter(package for package, good in self.amazon.ledger if good)
        assert all(times == 1 for times in accepted.values()), accepted
        cancelled = Counter(self.amazon.cancelled)
        assert all(times == 1 for times in cancelled.values()), cancelled
        whole = {(order, tracking) for order, item, tracking in accepted if not item}
        assert not [one for one in accepted if one[1] and (one[0], one[2]) in whole], accepted

    @invariant()
    def orders_move_by_the_table(self) -> None:
        allowed = {(str(a), str(b)) for a, moves in TRANSITIONS.items() for b in moves.values()}
        pieces = [OrderState.SHIPPED, OrderState.PARTLY_SHIPPED, OrderState.UNCONFIRMED]  # these decide between them
        allowed |= {(a, str(b)) for a, to in allowed if to in pieces for b in pieces}
        with self.context.db.read() as connection:
            states = dict(connection.execute(sa.select(ORDERS.c.no, ORDERS.c.state)).all())
            events = connection.execute(sa.select(ORDER_HISTORY).order_by(ORDER_HISTORY.c.id)).all()
        last: dict[int, str] = {}
        for event in events:
            if event.who != "import" and event.before:
                assert (event.before, event.state) in allowed, event
            elif event.who == "seller":
                assert ("new", event.state) in allowed, event
            if event.upload_id and last.get(event.order_no, "") == event.upload_id:
                continue  # the rows of a file move an order once
            assert event.before == last.get(event.order_no, event.before), event
        for event in events:
            last[event.order_no] = event.state
        assert all(states[no] == state for no, state in last.items())

    @invariant()
    def lines_are_where_they_belong(self) -> None:
        with self.context.db.read() as connection:
            rows = connection.execute(sa.select(LINES.c.verdict, LINES.c.feed_no, LINES.c.shipment)).all()
        for row in rows:
            assert row.verdict in set(Verdict)
            assert (row.feed_no is None) or row.shipment

    @invariant()
    def what_went_to_amazon_and_came_back_is_kept(self) -> None:
        archive = self.context.archive
        for feed in feeds.listing(self.context.db, states=[FeedState.SUBMITTED, FeedState.SETTLED], limit=1000):
            document = ArchivedName(feed.day, feed.no, FeedFileKind.DOCUMENT, feed.document_sha256)
            assert archive.read(document) == self.amazon.documents[feed.document_id]
            if feed.state is FeedState.SETTLED and feed.report_document_id in self.amazon.reports:
                report = ArchivedName(feed.day, feed.no, FeedFileKind.REPORT, feed.report_sha256)
                assert archive.read(report) == self.amazon.reports[feed.report_document_id]

    @rule()
    def in_the_end(self) -> None:
        """Let everything be done that can be: every line then has its final verdict, and its answer lies there."""
        for _ in range(40):
            self.let_go_on()
            self.process(lambda: self._read(100))
            self.process(self._send)
            self.process(self._settle)
            self.clock.now += timedelta(hours=3)
            if not self.unfinished():
                break
        assert not self.unfinished()
        for upload_id, content in self.dropped.items():
            upload = uploads.get(self.context.db, upload_id)
            assert upload is not None
            found = [row for piece in lines.of_upload(self.context.db, upload_id) for row in piece]
            if upload.state in (UploadState.DONE, UploadState.HELD, UploadState.REPLACED):
                assert [row.line for row in found] == list(range(2, content.count(b"\n") + 1))
            assert {row.verdict for row in found} <= FINAL
            if upload.state is UploadState.DONE:
                self.answer_agrees(upload_id, found)
        self.confirmed_is_in_the_ledger()

    def unfinished(self) -> list[str]:
        states = (UploadState.ARRIVED, UploadState.WAITING)
        return [upload.id for upload in uploads.listing(self.context.db, states=states, limit=1000)]

    def answer_agrees(self, upload_id: str, found: list[Any]) -> None:
        (result,) = (self.context.home("anna").path / "outbox").glob(f"*.{upload_id}.result.txt")
        cells = [line.split("\t") for line in result.read_text().splitlines()[1:]]
        assert [(int(row[0]), row[4]) for row in cells] == [(row.line, row.verdict) for row in found]

    def confirmed_is_in_the_ledger(self) -> None:
        accepted = {package for package, good in self.amazon.ledger if good}
        with self.context.db.read() as connection:
            query = sa.select(LINES.c.amazon_order_id, LINES.c.order_item_id, LINES.c.tracking)
            shipped = (LINES.c.kind == FeedKind.FULFILLMENT,)
            good = query.where(LINES.c.verdict.in_((Verdict.CONFIRMED, Verdict.CONFIRMED_WARNING)), *shipped)
            for order, item, tracking in connection.execute(good):
                if tracking:
                    assert (order, item, tracking) in accepted
                else:
                    assert any(package[:2] == (order, item) for package in accepted)


class TestInterleavings(Interleavings.TestCase):
    """A short run; `make crashes` has a long one."""

    settings = settings(
        max_examples=25,
        stateful_step_count=25,
        deadline=None,
        derandomize=True,
        suppress_health_check=[HealthCheck.too_slow],
    )


@pytest.mark.long
@pytest.mark.timeout(2400)
class TestManyInterleavings(Interleavings.TestCase):
    """Ten times as many, and longer ones."""

    settings = settings(
        max_examples=200, stateful_step_count=40, deadline=None, suppress_health_check=[HealthCheck.too_slow]
    )


def test_every_state_can_be_reached() -> None:
    reached = {state for moves in TRANSITIONS.values() for state in moves.values()}
    assert reached == set(OrderState)
