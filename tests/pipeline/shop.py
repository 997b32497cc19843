"""A shop: an account whose files are read as the worker reads them, what is sent to Amazon, and what it answers."""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import timedelta

from pipeline.contexts import NOW, put, read

from cws_filedrop.model import FeedState, JudgementContext, Verdict
from cws_filedrop.orders import importing
from cws_filedrop.service_context import ServiceContext
from cws_filedrop.store.feeds import feeds, filling, settling
from cws_filedrop.store.feeds.feeds import RateLimit
from cws_filedrop.store.feeds.settling import Settlement
from cws_filedrop.store.orders import order_book
from cws_filedrop.store.orders.order_book import Order
from cws_filedrop.store.uploads import lines

ORDER = "026-1520163-6049104"
OTHER = "026-1520163-0000002"
ITEM, SECOND = "01234567890123", "01234567890124"
FIRST, NEXT, LAST = "Y0000001K", "Y0000002K", "Y0000003K"  # of a carrier whose numbers have no known form
FREE = RateLimit("createFeed", lambda arrival, now: (now, 0.0))
REPORT = "order-id\torder-item-id\tpurchase-date\tship-service-level\tsku\tquantity-purchased\n"


@dataclass
class Shop:
    """A service context and one of its accounts."""

    context: ServiceContext
    account: int = 1
    files: int = 0
    look_after: timedelta | None = None

    def imports(self, *rows: str) -> None:
        self.imports_text(REPORT + "".join(f"{row}\n" for row in rows))

    def imports_text(self, text: str) -> None:
        source = io.BytesIO(text.encode())
        now = self.context.clock()
        importing.import_file(
            self.context.db, self.account, source, file_name="o.txt", judging=JudgementContext(now), now=now
        )

    def put(self, *rows: str) -> str:
        self.files += 1
        columns = "order-id\tstatus\torder-item-id\tquantity\ttracking\tcarrier\tship_method\n"
        return put(self.context, (columns + "".join(f"{row}\n" for row in rows)).encode(), name=f"{self.files}.txt")

    def drop(self, *rows: str) -> str:
        upload_id = self.put(*rows)
        read(self.context, upload_id)
        return upload_id

    def lines(self, upload_id: str) -> list[tuple[str, str]]:
        return [(row.verdict, row.code) for piece in lines.of_upload(self.context.db, upload_id) for row in piece]

    def messages(self, upload_id: str) -> str:
        return " ".join(row.message for piece in lines.of_upload(self.context.db, upload_id) for row in piece)

    def order(self, name: str = ORDER) -> Order:
        (found,) = order_book.find(self.context.db, self.account, name)
        return found

    def story(self, name: str = ORDER) -> list[tuple[str, str]]:
        return [(event.who, event.state) for event in order_book.history(self.context.db, self.order(name).no)]

    def sent(self) -> list[dict[str, str]]:
        """The shipments of the next feed, all of which Amazon accepts."""
        return self.answered({})[0]

    def answered(self, refused: dict[int, tuple[str, str]]) -> tuple[list[dict[str, str]], int]:
        """The next feed's shipments, and its number. Amazon refuses some messages, with code and text."""
        shipments, feed_no = self.submitted()
        self.settled(feed_no, refused)
        return shipments, feed_no

    def submitted(self) -> tuple[list[dict[str, str]], int]:
        """The next feed's shipments, and its number. Amazon has the feed, and has not answered."""
        slot = feeds.take_turn(
            self.context.db, self.account, cause=f"t{self.files}", now=NOW, second_after_seconds=1200, rate_limit=FREE
        )
        assert slot.feed_no is not None
        filling.fill(self.context.db, slot.feed_no, limit=100, number=lambda table: table.index.to_series() + 1)
        table, _ = filling.shipments(self.context.db, slot.feed_no)
        feeds.submitted(self.context.db, slot.feed_no, amazon_feed_id=f"F{slot.feed_no}", now=NOW)
        return [{str(name): cell for name, cell in row.items()} for row in table.to_dict("records")], slot.feed_no

    def settled(self, feed_no: int, refused: dict[int, tuple[str, str]]) -> list[str]:
        """Let Amazon answer. Returns the ids of the uploads that are done."""
        if feeds.get(self.context.db, feed_no).state in (FeedState.FILLED, FeedState.STOPPED):  # it was at Amazon
            feeds.submitted(self.context.db, feed_no, amazon_feed_id=f"F{feed_no}", now=NOW)
        exceptions = {number: (Verdict.UNCONFIRMED, *words) for number, words in refused.items()}
        settlement = Settlement(Verdict.CONFIRMED, "", "Amazon accepted it", exceptions)
        now = max(NOW, self.context.clock()) + timedelta(minutes=self.files)
        return settling.settle(self.context.db, feed_no, settlement, now=now, look_after=self.look_after)

    def unconfirmed(self) -> list[str]:
        return [one["order_id"] for one in lines.unconfirmed(self.context.db, self.account, limit=100)]


def shipped(tracking: str = FIRST, *, order: str = ORDER, item: str = "", quantity: str = "", method: str = "") -> str:
    return f"{order}\tshipped\t{item}\t{quantity}\t{tracking}\t{'Yodel' if tracking else ''}\t{method}"
