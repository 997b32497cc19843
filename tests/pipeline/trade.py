"""A service context that trades with the real sandbox by the real client, step by step; all bytes are recorded."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from afterwards import afterwards
from marketplaces.market_kit import Market
from pipeline.contexts import NOW, context_on, put, read
from pipeline.shop import ITEM, ORDER, REPORT

from cws_filedrop.amazon_context import AmazonContext
from cws_filedrop.marketplaces.amazon import FeedsClient
from cws_filedrop.model import JudgementContext, Policy
from cws_filedrop.orders import importing
from cws_filedrop.orders.reading_back import OrderReader
from cws_filedrop.pipeline import answers, outbox, sending
from cws_filedrop.pipeline.steps import StepResult
from cws_filedrop.service_context import ServiceContext
from cws_filedrop.store.feeds import feeds
from cws_filedrop.store.feeds.feeds import FeedRow
from cws_filedrop.store.orders import order_book
from cws_filedrop.store.uploads import lines, uploads

HEADINGS = "order-id\tstatus\torder-item-id\tquantity\ttracking\tcarrier\tcancel-reason\n"
UNKNOWN_TO_AMAZON = "026-0000404-0000003"  # the sandbox refuses it


@dataclass
class Overheard:
    """The real client, which records what it sent and read."""

    client: FeedsClient
    sent: list[bytes] = field(default_factory=list)
    read: list[bytes] = field(default_factory=list)

    def upload(self, url: str, body: bytes) -> None:
        self.sent.append(body)
        self.client.upload(url, body)

    def get_report(self, document_id: str) -> bytes:
        self.read.append(self.client.get_report(document_id))
        return self.read[-1]

    def __getattr__(self, name: str) -> Any:
        return getattr(self.client, name)


@dataclass
class Trade:
    """A service context, its Amazon, and what goes between them."""

    context: ServiceContext
    market: Market
    wire: Overheard
    sender: AmazonContext
    reader: OrderReader
    turns: int = 0

    def knows(self, *orders: str, item: str = ITEM) -> None:
        """Import an order report that names these orders, with buyers' data that must not turn up anywhere."""
        heading = REPORT.rstrip("\n") + "\tbuyer-name\tship-address-1\n"
        rows = "".join(
            f"{o}\t{item}\t2026-11-20T10:00:00Z\tStandard\tS\t2\tBuyer Byer\t1 Secret Lane\n" for o in orders
        )
        source = io.BytesIO((heading + rows).encode())
        now = self.context.clock()
        importing.import_file(self.context.db, 1, source, file_name="o.txt", judging=JudgementContext(now), now=now)

    def drop(self, *rows: str, name: str = "", headings: str = HEADINGS) -> str:
        """Drop a file, read and answer it. Returns the upload's id."""
        self.turns += 1
        self.market.clock.now += 60
        content = headings + "".join(f"{row}\n" for row in rows)
        upload_id = put(self.context, content.encode(), name=name or f"{self.turns}.txt")
        read(self.context, upload_id)
        assert outbox.answer(self.context, uploads.some(self.context.db, [upload_id])) == []
        return upload_id

    def begin(self) -> int:
        """Open and fill a feed, without sending it. Returns its number."""
        self.turns += 1
        slot = sending.take_turn(self.sender, 1, cause=f"t{self.turns}")
        assert slot.feed_no is not None
        assert sending.fill(self.sender, slot.feed_no)
        return slot.feed_no

    def submit(self, feed_no: int, attempt: int = 1) -> StepResult:
        return sending.submit(self.sender, feed_no, attempt)

    def resolve(self, feed_no: int) -> StepResult:
        """Submit again whenever it is due, as the workflow does, until it is done or waits for a person."""
        for attempt in range(2, 200):
            step = self.submit(feed_no, attempt)
            if not step.again_seconds:
                return step
            self.market.clock.now += step.again_seconds
        raise AssertionError(f"feed {feed_no} comes to no end: {step.note}")

    def look(self, feed_no: int) -> None:
        self.market.finish()
        assert answers.look(self.sender, feed_no, 1).done

    def settle(self, feed_no: int) -> StepResult:
        step, finished = answers.settle(self.sender, feed_no, 1)
        assert outbox.publish(self.context, uploads.some(self.context.db, finished)) == []
        return step

    def send(self) -> FeedRow:
        """Send the next feed and settle it."""
        feed_no = self.begin()
        assert self.submit(feed_no).done
        self.look(feed_no)
        assert self.settle(feed_no).done
        return self.feed(feed_no)

    def feed(self, feed_no: int) -> FeedRow:
        return feeds.get(self.context.db, feed_no)

    def read_back(self, hours: float = 0.5) -> None:
        """Look up all orders at Amazon that are due by then."""
        self.market.clock.now += hours * 3600
        while self.reader.look():
            pass

    def told(self, upload_id: str) -> list[tuple[str, str]]:
        return [(row.verdict, row.code) for piece in lines.of_upload(self.context.db, upload_id) for row in piece]

    def messages(self, upload_id: str) -> str:
        return " ".join(row.message for piece in lines.of_upload(self.context.db, upload_id) for row in piece)

    def order(self, name: str = ORDER) -> order_book.Order:
        (found,) = order_book.find(self.context.db, 1, name)
        return found


@contextmanager
def trading(folder: Path, policy: Policy | None = None) -> Iterator[Trade]:
    """A trade whose data is in a folder."""
    market = Market(folder / "amazon.db").start()
    market.clock.now = NOW.timestamp()
    context = context_on(folder, policy)
    context = replace(context, clock=lambda: datetime.fromtimestamp(market.clock.now, UTC))
    wire = Overheard(market.client(clock=market.clock))
    orders = market.orders(clock=market.clock)
    sender = AmazonContext(context, lambda account: wire, lambda account: orders, 1e6)
    try:
        yield Trade(context, market, wire, sender, OrderReader(sender))
    finally:
        context.db.close()
        afterwards(market.stop)


def shipped(order: str = ORDER, tracking: str = "Y0000001K", *, item: str = "", quantity: str = "") -> str:
    return f"{order}\tshipped\t{item}\t{quantity}\t{tracking}\tYodel\t"


def cancelled(order: str = ORDER) -> str:
    return f"{order}\tcancelled\t\t\t\t\tNoInventory"
