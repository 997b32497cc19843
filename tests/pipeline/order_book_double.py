"""Amazon with an order book of units, whose every operation can fail before or after its effect, or be late."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple, TypeVar

from pipeline.amazon_double import ITEMS, Amazon

from cws_filedrop.errors import RemoteRefused, RemoteUnavailable
from cws_filedrop.marketplaces.amazon import FEED_TYPES, DocumentPlace, Feed, FeedStatus
from cws_filedrop.marketplaces.orders_api import AmazonItem, AmazonOrder, AmazonPackage
from cws_filedrop.marketplaces.sandbox import cancelling, orders, report
from cws_filedrop.marketplaces.sandbox import reading as documents
from cws_filedrop.marketplaces.sandbox.orders import DocumentOrders
from cws_filedrop.marketplaces.sandbox.reading import PackageItem, PackageMessage
from cws_filedrop.marketplaces.sandbox.report import ReportedResult, ResultSeverity
from cws_filedrop.model import FeedKind

Answer = TypeVar("Answer")
BOOK = {f"026-0000000-000000{n}": {ITEMS[0]: 5, ITEMS[1]: 2} for n in range(5)}
SPOILER = "026-0000000-0000009"  # any document that names it is refused as a whole
BOOK[SPOILER] = {ITEMS[0]: 5, ITEMS[1]: 2}
NOT_THERE = "026-0000404-0000003"
OPERATIONS = ("createFeedDocument", "upload", "createFeed", "getFeed", "getFeeds", "getFeedDocument", "getOrder")


class Trouble(StrEnum):
    """How a call fails."""

    THROTTLED = "throttled"  # nothing is done, and the caller knows
    NO_ANSWER = "no answer"  # nothing is done, and nobody can know
    ANSWER_LOST = "answer lost"  # it is done, and nobody can know
    LATE = "late"  # createFeed is done later, and nobody can know; else like NO_ANSWER
    REFUSED = "refused"
    NO_CONSENT = "no consent"


class Fate(StrEnum):
    """What becomes of a feed as a whole."""

    TAKEN = "taken"
    FATAL_ALL_THE_SAME = "fatal, though its messages are taken"
    FATAL = "fatal"
    CANCELLED = "cancelled"
    TEMPORARY = "refused for now"


class Parcel(NamedTuple):
    """Units that Amazon took; `feed` "" = of another program."""

    order: str
    item: str
    tracking: str
    units: int
    feed: str
    message: int


class AtWork(NamedTuple):
    """A feed that Amazon is not done with."""

    due: datetime
    feed: str
    kind: FeedKind
    fate: Fate


@dataclass
class BookedAmazon(Amazon):
    """`pace` is how long what is late takes: at most 3 minutes, so that all is shown before the last of three looks."""

    book: DocumentOrders = field(
        default_factory=lambda: DocumentOrders(True, {one: Counter(items) for one, items in BOOK.items()}, {}, set())
    )
    parcels: list[Parcel] = field(default_factory=list)
    troubles: dict[str, list[Trouble]] = field(default_factory=dict)
    during: Callable[[], None] | None = None  # what another process does while the next call is under way
    fate_of_next: Fate = Fate.TAKEN
    dated: bool = True
    pace: timedelta = timedelta(0)
    garbled: int = 0  # reports
    by_buyers: set[str] = field(default_factory=set)  # orders that were cancelled so
    at_work: list[AtWork] = field(default_factory=list)
    shown_at: dict[str, datetime] = field(default_factory=dict)

    def calm_down(self) -> None:
        """No more trouble."""
        self.troubles, self.during, self.fate_of_next, self.garbled = {}, None, Fate.TAKEN, 0
        self.dated, self.pace = True, timedelta(0)

    def passes(self, time: timedelta) -> None:
        """Time passes, and what is due in it takes effect."""
        self.clock.now += time
        due = [one for one in self.late if one[0] <= self.clock.now]
        self.late = [one for one in self.late if one not in due]
        for at, document_id, kind in due:
            self._take_at(document_id, kind, at)
        for one in [one for one in self.at_work if one.due <= self.clock.now]:
            self.at_work.remove(one)
            self._process(one)

    def _call(self, operation: str, do: Callable[[], Answer], later: Callable[[], None] | None = None) -> Answer:
        left = self.troubles.get(operation)
        trouble = left.pop() if left else None
        meanwhile, self.during = self.during, None
        if meanwhile is not None:
            meanwhile()
        match trouble:
            case None:
                return do()
            case Trouble.LATE if later is not None:
                later()
            case Trouble.THROTTLED:
                raise RemoteUnavailable("429", ambiguous=False)
            case Trouble.REFUSED:
                raise RemoteRefused("403", status=403)
            case Trouble.NO_CONSENT:
                raise RemoteRefused("consent revoked", status=401, consent=True)
            case Trouble.ANSWER_LOST:
                do()
        raise RemoteUnavailable("no answer", ambiguous=True)

    def create_feed_document(self) -> DocumentPlace:
        place = self._call("createFeedDocument", super().create_feed_document)
        return place if self.dated else DocumentPlace(place.document_id, place.url, None)

    def upload(self, url: str, body: bytes) -> None:
        self._call("upload", lambda: self.documents.update({url.rpartition("/")[2]: body}))

    def create_feed(self, document_id: str, kind: FeedKind = FeedKind.FULFILLMENT) -> str:
        later = lambda: self.late.append((self.clock.now + 2 * self.pace, document_id, kind))  # noqa: E731
        return self._call("createFeed", lambda: self._take_at(document_id, kind, self.clock.now), later)

    def _take_at(self, document_id: str, kind: FeedKind, at: datetime) -> str:
        name = str(50_000 + len(self.feeds))
        self.made_of[name], self.shown_at[name] = document_id, at + self.pace
        self.feeds[name] = Feed(name, FEED_TYPES[kind], FeedStatus.IN_QUEUE, at - self.ours_ahead, "")
        work = AtWork(at + 10 * self.pace, name, kind, self.fate_of_next)
        self.fate_of_next = Fate.TAKEN
        if self.pace:
            self.at_work.append(work)
        else:
            self._process(work)
        return name

    def _process(self, work: AtWork) -> None:
        statuses = {Fate.CANCELLED: FeedStatus.CANCELLED, Fate.FATAL: FeedStatus.FATAL}
        status = statuses.get(work.fate, FeedStatus.DONE)
        body = self.documents[self.made_of[work.feed]]
        answer = b""
        if work.fate is Fate.TEMPORARY:
            answer = self._refused(work.feed, "5002")
        elif SPOILER.encode() in body:
            answer = self._refused(work.feed, "25")
        elif status is FeedStatus.DONE:
            answer = self._carry_out(work, body)
        if work.fate is Fate.FATAL_ALL_THE_SAME:
            status, answer = FeedStatus.FATAL, b""
        named = f"r{work.feed}" if answer else ""
        self.reports[f"r{work.feed}"] = answer
        before = self.feeds[work.feed]
        self.feeds[work.feed] = Feed(work.feed, before.feed_type, status, before.created_at, named)

    @staticmethod
    def _refused(feed: str, code: str) -> bytes:
        return report.write(int(feed), "M1", 0, [ReportedResult(0, ResultSeverity.ERROR, code, "not taken", "")])

    def _carry_out(self, work: AtWork, body: bytes) -> bytes:
        return (self._ship if work.kind is FeedKind.FULFILLMENT else self._cancel)(int(work.feed), body)

    def _ship(self, feed: int, document: bytes) -> bytes:
        read = documents.read(document)
        assert isinstance(read, documents.ReadableDocument), read
        results = [one for message in read.messages if (one := self._shipped(message, str(feed))) is not None]
        return report.write(feed, read.merchant, len(read.messages), results)

    def _shipped(self, message: PackageMessage, feed: str) -> ReportedResult | None:
        said = orders.ruled(message.number, message.order_id, message.tracking, "M1")
        if said is not None and said.severity is ResultSeverity.ERROR:
            return said
        units = self.book.carry_out(message)
        if isinstance(units, str):
            return ReportedResult(message.number, ResultSeverity.ERROR, units, "not so many", message.order_id)
        told = (message.order_id, message.tracking)
        self.parcels += [Parcel(told[0], item, told[1], n, feed, message.number) for item, n in units.items()]
        return said

    def _cancel(self, feed: int, document: bytes) -> bytes:
        read = cancelling.read(document)
        assert isinstance(read, cancelling.Cancellations), read
        results = []
        for message in read.messages:
            left = self.book.left.get(message.order_id, Counter())
            if message.order_id in self.cancelled or left != Counter(BOOK.get(message.order_id, {"": 1})):
                results.append(ReportedResult(message.number, ResultSeverity.ERROR, "18028", "no", message.order_id))
                continue
            self._cancelled(message.order_id)
        return report.write(feed, read.merchant, len(read.messages), results)

    def another_ships(self, order: str, item: str, units: int, tracking: str) -> None:
        """Another program of the seller confirms units of one of our orders, if as many are left."""
        self.a_stranger_sends(FeedKind.FULFILLMENT, 1)
        message = PackageMessage(1, order, False, tracking, "Yodel", "", "", (PackageItem(item, units),))
        self._shipped(message, "")

    def cancels(self, order: str) -> None:
        """Amazon cancels an order at its buyer's wish, unless something of it is shipped."""
        if self.book.left[order] == Counter(BOOK[order]):
            self.by_buyers.add(order)
            self._cancelled(order)

    def _cancelled(self, order: str) -> None:
        self.cancelled.append(order)
        self.book.left[order] = Counter(dict.fromkeys(BOOK[order], 0))

    def get_feed(self, feed_id: str) -> Feed:
        return self._call("getFeed", lambda: self.feeds[feed_id])

    def get_feeds(self, created_since: datetime) -> list[Feed]:
        return self._call("getFeeds", lambda: self._listed(created_since))

    def _listed(self, since: datetime) -> list[Feed]:
        now = self.clock.now
        return [one for one in self.feeds.values() if one.created_at >= since and self._shown(one.feed_id) <= now]

    def _shown(self, feed_id: str) -> datetime:
        return self.shown_at.get(feed_id, self.clock.now)

    def get_report(self, document_id: str) -> bytes:
        body = self._call("getFeedDocument", lambda: self.reports[document_id])
        if self.garbled:
            self.garbled -= 1
            return body[: len(body) // 2]
        return body

    def get_order(self, order_id: str) -> AmazonOrder | None:
        return self._call("getOrder", lambda: self.order(order_id))

    def order(self, order_id: str) -> AmazonOrder | None:
        """An order as it is."""
        if order_id not in BOOK:
            return None
        mine = [one for one in self.parcels if one.order == order_id]
        shipped = Counter[str]()
        packages: dict[str, Counter[str]] = {}
        for one in mine:
            shipped[one.item] += one.units
            packages.setdefault(one.tracking, Counter())[one.item] += one.units
        gone = order_id in self.cancelled
        items = tuple(AmazonItem(i, n, shipped[i], n - shipped[i] if gone else 0) for i, n in BOOK[order_id].items())
        parts = tuple(AmazonPackage(tracking, "", "", tuple(held.items())) for tracking, held in packages.items())
        whole = all(one.ordered == one.shipped for one in items)
        status = "CANCELLED" if gone else "SHIPPED" if whole else "PARTIALLY_SHIPPED" if mine else "UNSHIPPED"
        return AmazonOrder(order_id, status, items, parts)
