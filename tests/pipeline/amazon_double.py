"""Amazon as a small model in this process: it takes feeds, keeps a ledger, and loses answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from pipeline.contexts import NOW

from cws_filedrop.errors import RemoteUnavailable
from cws_filedrop.marketplaces.amazon import FEED_TYPES, DocumentPlace, Feed, FeedStatus
from cws_filedrop.marketplaces.orders_api import AmazonItem, AmazonOrder, AmazonPackage
from cws_filedrop.marketplaces.sandbox import cancelling, report
from cws_filedrop.marketplaces.sandbox import reading as documents
from cws_filedrop.marketplaces.sandbox.report import ReportedResult, ResultSeverity
from cws_filedrop.model import FeedKind

ITEMS = ["00000000000001", "00000000000002"]
LATE = timedelta(minutes=9)  # less than the last of three looks
Package = tuple[str, str, str]  # order, item, tracking number


@dataclass
class Clock:
    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Amazon:
    """Takes feeds as Amazon does: not idempotent, its answer can be lost, and each message has its own fate."""

    clock: Clock
    documents: dict[str, bytes] = field(default_factory=dict)
    feeds: dict[str, Feed] = field(default_factory=dict)
    reports: dict[str, bytes] = field(default_factory=dict)
    ledger: list[tuple[Package, bool]] = field(default_factory=list)
    cancelled: list[str] = field(default_factory=list)
    answer: str = "good"  # good | lost | late (takes effect later, unanswered) | never arrived
    fate: int = 0
    late: list[tuple[datetime, str, FeedKind]] = field(default_factory=list)
    strangers: set[str] = field(default_factory=set)
    made_of: dict[str, str] = field(default_factory=dict)
    ours_ahead: timedelta = timedelta(minutes=7)  # our clock is wrong

    def create_feed_document(self) -> DocumentPlace:
        name = f"d{len(self.documents)}"
        self.documents[name] = b""
        return DocumentPlace(name, f"http://127.0.0.1/{name}", self.clock.now - self.ours_ahead)

    def upload(self, url: str, body: bytes) -> None:
        self.documents[url.rpartition("/")[2]] = body

    def create_feed(self, document_id: str, kind: FeedKind) -> str:
        answer, self.answer = self.answer, "good"
        if answer == "never arrived":
            raise RemoteUnavailable("no answer", ambiguous=True)
        if answer == "late":
            self.late.append((self.clock.now + LATE, document_id, kind))
            raise RemoteUnavailable("no answer", ambiguous=True)
        name = self._take(document_id, kind)
        if answer == "lost":
            raise RemoteUnavailable("the line was cut", ambiguous=True)
        return name

    def take_effect(self) -> None:
        """What createFeed was asked for and nobody answered takes effect when it is due."""
        due = [one for one in self.late if one[0] <= self.clock.now]
        self.late = [one for one in self.late if one not in due]
        for _, document_id, kind in due:
            self._take(document_id, kind)

    def _take(self, document_id: str, kind: FeedKind) -> str:
        name = str(50_000 + len(self.feeds))
        fatal = self.fate % 11 == 10
        status = FeedStatus.FATAL if fatal else FeedStatus.DONE
        self.made_of[name] = document_id
        self.feeds[name] = Feed(name, FEED_TYPES[kind], status, self.clock.now - self.ours_ahead, f"r{name}")
        process = self._ship if kind is FeedKind.FULFILLMENT else self._cancel
        self.reports[f"r{name}"] = process(int(name), self.documents[document_id])
        return name

    def a_stranger_sends(self, kind: FeedKind, messages: int) -> None:
        """Another program of the seller has a feed processed, about orders that we do not have."""
        name = str(50_000 + len(self.feeds))
        created = self.clock.now - self.ours_ahead
        self.feeds[name] = Feed(name, FEED_TYPES[kind], FeedStatus.DONE, created, f"r{name}")
        self.reports[f"r{name}"] = report.write(int(name), "M1", messages, [])
        self.strangers.add(name)

    def _cancel(self, feed: int, document: bytes) -> bytes:
        read = cancelling.read(document)
        assert isinstance(read, cancelling.Cancellations), read
        refused = [
            ReportedResult(message.number, ResultSeverity.ERROR, "18028", "it was shipped", message.order_id)
            for message in read.messages
            if any(package[0] == message.order_id and good for package, good in self.ledger)
        ]
        self.cancelled += [message.order_id for message in read.messages][: len(read.messages) - len(refused)]
        return report.write(feed, read.merchant, len(read.messages), refused)

    def _ship(self, feed: int, document: bytes) -> bytes:
        read = documents.read(document)
        assert isinstance(read, documents.ReadableDocument), read
        results = []
        for message in read.messages:
            fate = (self.fate + int(message.order_id[-1]) + len(message.tracking) + message.number) % 7
            if fate == 0:
                results.append(
                    ReportedResult(message.number, ResultSeverity.ERROR, "18028", "no such order", message.order_id)
                )
            elif fate == 1:
                results.append(
                    ReportedResult(message.number, ResultSeverity.WARNING, "18181", "odd number", message.order_id)
                )
            for item in [one.code for one in message.items] or [""]:
                self.ledger.append(((message.order_id, item, message.tracking), fate != 0))
        return report.write(feed, read.merchant, len(read.messages), results)

    def get_feed(self, feed_id: str) -> Feed:
        return self.feeds[feed_id]

    def get_feeds(self, created_since: datetime) -> list[Feed]:
        return [feed for feed in self.feeds.values() if feed.created_at >= created_since]

    def get_report(self, document_id: str) -> bytes:
        return self.reports[document_id]

    def get_order(self, order_id: str) -> AmazonOrder | None:
        """An order as Amazon's own ledger has it: each package that was accepted, and how much is shipped."""
        packages = [package for package, good in self.ledger if good and package[0] == order_id]
        shown = tuple(AmazonPackage(tracking, "", "", ((item, 1),) if item else ()) for _, item, tracking in packages)
        done = {item for _, item, _ in packages}
        items = tuple(AmazonItem(item, 2, 2 if {item, ""} & done else 0, 0) for item in ITEMS)
        status = "CANCELLED" if order_id in self.cancelled else "SHIPPED" if packages else "UNSHIPPED"
        return AmazonOrder(order_id, status, items, shown)
