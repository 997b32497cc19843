"""A month of five sellers on a clock that the test moves: orders imported, packed, shipped, partly refused, corrected,
dropped again, cancelled, deferred, purged. At its end order book, Amazon and all results agree line by line.

Real disk, database and steps; the real client, by HTTP, against the real sandbox.
"""

from __future__ import annotations

import io
import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from databases import lay_database
from marketplaces.market_kit import Market
from running import rows

from cws_filedrop import retention
from cws_filedrop.amazon_context import AmazonContext
from cws_filedrop.drop.claims import Drop
from cws_filedrop.drop.home import Folder
from cws_filedrop.drop.spool import Spool
from cws_filedrop.marketplaces.orders_api import OrdersClient
from cws_filedrop.model import (
    Account,
    Door,
    FeedState,
    Grade,
    JudgementContext,
    OrderState,
    Policy,
    Seller,
    UploadState,
)
from cws_filedrop.orders import importing, order_files
from cws_filedrop.orders.reading_back import OrderReader
from cws_filedrop.pipeline import answers, outbox, reading, recording, sending
from cws_filedrop.pipeline.arrivals import _row as arrival_row
from cws_filedrop.pipeline.recording import ReadUpload
from cws_filedrop.service_context import ServiceContext, open_context
from cws_filedrop.settings import DatabaseSettings, Settings
from cws_filedrop.store.feeds import feeds
from cws_filedrop.store.orders import order_book
from cws_filedrop.store.schema import LINES, ORDER_PEOPLE, ORDERS
from cws_filedrop.store.sellers import sellers
from cws_filedrop.store.uploads import lines, uploads

BEGIN = datetime(2026, 11, 2, 8, tzinfo=UTC)
DAYS = 30
SELLERS = ("anna", "bert", "cleo", "dora", "emil")
BOOKISH = "emil"  # at Amazon only orders that were told of exist for this one, with so many units
COLUMNS = "order-id\tstatus\torder-item-id\tquantity\ttracking\tcarrier\tship_date\n"
REPORT = (
    "order-id\torder-item-id\tpurchase-date\tship-service-level\tsku\tquantity-purchased\tpromise-date\tbuyer-name\n"
)
ACCEPTED = ("confirmed", "confirmed-warning")
# What becomes of the orders of a day, by their place in it.
FATES = ("plain", "packed", "warned", "refused", "cancelled", "deferred", "corrected", "items", "typed wrong", "never")
ENDS = {
    "plain": OrderState.SHIPPED,
    "packed": OrderState.SHIPPED,
    "warned": OrderState.SHIPPED,
    "refused": OrderState.UNCONFIRMED,
    "cancelled": OrderState.CANCELLED,
    "deferred": OrderState.SHIPPED,
    "corrected": OrderState.SHIPPED,
    "items": OrderState.SHIPPED,
    "typed wrong": OrderState.SHIPPED,
    "never": OrderState.NEW,
}
MIDDLES = {"warned": "0000299", "refused": "0000404"}  # the sandbox goes by these (its RULES)


@dataclass(frozen=True)
class Order:
    """An order, and what is to become of it."""

    name: str
    fate: str
    day: int

    def items(self) -> list[str]:
        """Its item codes; two pieces of each."""
        number = int(self.name[-7:])
        return [f"{number * 10 + at:014}" for at in range(2 if self.fate == "items" else 1)]

    def tracking(self, at: int = 0) -> str:
        return f"Y{self.name[-4:]}{self.day:02}{at}K"


@dataclass
class Month:
    """Five sellers, and their Amazon."""

    context: ServiceContext
    market: Market
    amazon: AmazonContext
    orders: dict[str, list[Order]] = field(default_factory=lambda: defaultdict(list))
    dropped: dict[str, dict[str, bytes]] = field(default_factory=lambda: defaultdict(dict))
    turns: int = 0

    def now(self) -> datetime:
        return self.context.clock()

    def until(self, day: int, hour: int) -> None:
        self.market.clock.now = (BEGIN + timedelta(days=day, hours=hour - 8)).timestamp()

    def account(self, seller: str) -> int:
        return SELLERS.index(seller) + 1

    # What happens at the sellers' side.

    def new_orders(self, seller: str, day: int) -> None:
        """Amazon has new orders, and an operator imports its report; twice, as happens."""
        ours = SELLERS.index(seller)
        made = [
            Order(f"{ours:03}-{MIDDLES.get(fate, f'{day + 1:02}00001')}-{day:03}{place:04}", fate, day)
            for place, fate in enumerate(FATES)
        ]
        self.orders[seller] += made
        if seller == BOOKISH:
            told = [one for one in made if one.fate != "typed wrong"]
            self.tell_amazon(told)
        text = REPORT + "".join(
            f"{one.name}\t{item}\t{self.now() - timedelta(hours=3):%Y-%m-%dT%H:%M:%SZ}\tStandard\tSKU\t2\t"
            f"{self.now() + timedelta(days=3):%Y-%m-%dT%H:%M:%SZ}\tBuyer of {one.name}\n"
            for one in made
            for item in one.items()
        )
        for _ in range(2):
            source, judging = io.BytesIO(text.encode()), JudgementContext(self.now())
            done = importing.import_file(
                self.context.db, self.account(seller), source, file_name="r.txt", judging=judging, now=self.now()
            )
            assert done.refused == 0

    def tell_amazon(self, orders: list[Order]) -> None:
        book = [{"order_id": one.name, "items": dict.fromkeys(one.items(), 2)} for one in orders]
        account = f"M{SELLERS.index(BOOKISH)}"
        url = f"{self.market.server.endpoint}/sandbox/orders"
        answer = self.market.control.post(url, json={"account": account, "orders": book})
        assert answer.status_code == 204, answer.text

    def row(self, order: Order, status: str = "shipped", *, item: str = "", count: str = "", at: int = 0) -> str:
        carried = status in ("shipped", "packed")
        tracking = order.tracking(at) if carried else ""
        cells = (order.name, status, item, count, tracking, "Yodel" if carried else "", f"{self.now():%Y-%m-%d}")
        return "\t".join(cells) + "\n"

    def of_day(self, seller: str, day: int, *fates: str) -> list[Order]:
        return [one for one in self.orders[seller] if one.day == day and one.fate in fates]

    def drops(self, seller: str, day: int) -> None:
        """The files of a day: about today's orders, yesterday's, and those of the day before."""
        today = [self.row(one, "packed") for one in self.of_day(seller, day, "packed")]
        today += [self.row(one, "deferred") for one in self.of_day(seller, day, "deferred")]
        today += [self.row(one) for one in self.of_day(seller, day, "plain", "warned", "refused", "corrected")]
        for one in self.of_day(seller, day, "items"):
            first, second = one.items()
            today += [self.row(one, item=first, count="1"), self.row(one, item=first, count="1", at=1)]
            today += [self.row(one, item=second, count="2")]
        if seller != BOOKISH:
            today += [self.row(one).replace("-", "", 1) for one in self.of_day(seller, day, "typed wrong")]
            today += ["nonsense\tshipped\t\t\tY9\tYodel\t\n"]
        else:
            today += [self.row(one) for one in self.of_day(seller, day, "typed wrong")]  # Amazon does not know it yet
        if day < DAYS:
            self.drop(seller, f"day-{day:02}.txt", COLUMNS + "".join(today))
        before = [self.row(one, "cancelled") for one in self.of_day(seller, day - 1, "cancelled")]
        before += [self.row(one) for one in self.of_day(seller, day - 1, "deferred")]
        for one in self.of_day(seller, day - 1, "packed"):  # the tracking number was given when it was packed
            before.append(f"{one.name}\tshipped\t\t\t\t\t{self.now():%Y-%m-%d}\n")
        if seller != BOOKISH:  # Amazon takes a second number for the same units, as long as it does not count them
            before += [self.row(one, at=5) for one in self.of_day(seller, day - 1, "corrected")]
        if before:
            self.drop(seller, f"more-{day:02}.txt", COLUMNS + "".join(before))
        if day % 3 == 0 and 0 < day < DAYS:
            self.drop(seller, f"again-{day:02}.txt", self.dropped[seller][f"day-{day - 1:02}.txt"].decode())

    def drop(self, seller: str, name: str, text: str) -> str:
        """A whole file in the seller's inbox; its upload id."""
        content = text.encode()
        source = self.context.settings.data / "incoming"
        source.write_bytes(content)
        where = Drop(seller, Folder.INBOX, name, Door.FTPS, "127.0.0.1")
        claim = self.context.spool.land(source, where, size=len(content))
        self.context.spool.grade(claim.upload_id, Grade.WHOLE)
        arrival = self.context.spool.arrival(claim.upload_id)
        assert arrival is not None
        owner = sellers.find(self.context.db, seller)
        assert owner is not None
        uploads.arrive(self.context.db, [arrival_row(self.context.spool.claim_of(claim.upload_id), owner)])
        self.context.spool.accept(arrival)
        self.dropped[seller][name] = content
        return claim.upload_id

    def corrected_files(self, day: int) -> None:
        """What came back is put right and dropped again, in the form in which it came back."""
        for seller in SELLERS:
            for path in sorted((self.context.home(seller).path / "outbox").glob("day-*.txt")):
                if path.name.endswith(".unconfirmed.txt") and seller == BOOKISH:
                    self.tell_amazon(self.of_day(seller, day, "typed wrong"))
                    self.drop(seller, f"back-{day:02}.txt", path.read_text())
                elif path.name.endswith(".rejected.txt"):
                    self.drop(seller, f"fixed-{day:02}.txt", path.read_text().replace("nonsense", f"{0:03}-X"))
                path.unlink()

    # What happens at ours.

    def work(self) -> None:
        """All that is to be done, as the worker does it."""
        while True:
            found = uploads.some(self.context.db, uploads.in_state(self.context.db, UploadState.ARRIVED))
            owners = sellers.by_ids(self.context.db, {upload.seller_id for upload in found})
            tasks = [recording.task(self.context, upload, owners[upload.seller_id]) for upload in found]
            made = zip(found, reading.prepare(self.context.db, tasks), strict=True)
            done = recording.keep(
                self.context, [ReadUpload(one, owners[one.seller_id], prepared) for one, prepared in made]
            )
            assert outbox.answer(self.context, done) == []
            if not found and not self._feed():
                return

    def _feed(self) -> bool:
        """Send what is queued, and settle what was sent; whether anything was."""
        begun = False
        for account_id in sending.ready(self.amazon):
            self.turns += 1
            turn = sending.take_turn(self.amazon, account_id, cause=f"t{self.turns}")
            begun |= turn.feed_no is not None
        for feed in feeds.listing(self.context.db, states=[FeedState.OPEN]):
            assert sending.fill(self.amazon, feed.no)
            assert sending.submit(self.amazon, feed.no, 1).done
        self.market.finish()
        for feed in feeds.listing(self.context.db, states=[FeedState.SUBMITTED]):
            assert answers.look(self.amazon, feed.no, 1).done
            step, finished = answers.settle(self.amazon, feed.no, 1)
            assert step.done
            assert outbox.publish(self.context, uploads.some(self.context.db, finished)) == []
        return begun

    def results(self) -> dict[str, list[dict[str, str]]]:
        """Every result in every outbox, by upload id."""
        return {
            path.name.split(".")[-3]: rows(path.read_bytes())
            for seller in SELLERS
            for path in (self.context.home(seller).path / "outbox").glob("*.result.txt")
        }

    def status(self, seller: str) -> dict[str, Any]:
        outbox.write_statuses(self.context, [seller])
        found: dict[str, Any] = json.loads((self.context.home(seller).path / "STATUS.json").read_bytes())
        return found


@pytest.fixture
def month(tmp_path: Path) -> Iterator[Month]:
    market = Market(tmp_path / "amazon.db")
    market.clock.now = BEGIN.timestamp()
    settings = Settings()
    settings = replace(settings, service=replace(settings.service, data_dir=tmp_path / "data"))
    settings.data.mkdir()
    settings = replace(settings, database=DatabaseSettings(url=lay_database(settings.data)))
    context = open_context(settings)

    def clock() -> datetime:
        return datetime.fromtimestamp(market.clock.now, UTC)

    context = replace(context, clock=clock, spool=Spool(settings.data / "spool", clock=clock))
    market.start()
    for number, name in enumerate(SELLERS):
        seller = Seller(0, name, Account(0, f"M{number}"), Policy())
        sellers.add(context.db, seller, password_hash="h", now=BEGIN)
    clients = {number + 1: market.client(f"M{number}", clock=market.clock) for number in range(len(SELLERS))}
    orders = {number: OrdersClient.beside(client) for number, client in clients.items()}
    amazon = AmazonContext(
        context, lambda account: clients[account.id], lambda account: orders[account.id], 1_000_000.0
    )
    yield Month(context, market, amazon)
    market.stop()
    context.db.close()


def test_a_month_of_five_sellers(month: Month) -> None:
    kept: dict[str, bytes] = {}
    for day in range(DAYS + 2):
        month.until(day, 8)
        if day < DAYS:
            for seller in SELLERS:
                month.new_orders(seller, day)
        order_files.write(month.context)
        month.until(day, 12)
        for seller in SELLERS:
            month.drops(seller, day)
        month.work()
        month.until(day, 18)
        kept |= answers_of(month)
        month.corrected_files(day)
        month.work()
        kept |= answers_of(month)
    results = {name.split(".")[-3]: rows(body) for name, body in kept.items() if name.endswith(".result.txt")}
    every_line_has_its_answer(month, results)
    amazon_agrees(month, results)
    orders_agree(month)
    everything_is_seen(month)
    for seller in SELLERS:
        told = (month.context.home(seller).path / "orders" / "created").glob("*.txt")
        assert len(list(told)) >= DAYS
    what_is_old_goes(month)


def answers_of(month: Month) -> dict[str, bytes]:
    """What lies in the outboxes now, by name."""
    homes = (month.context.home(seller).path / "outbox" for seller in SELLERS)
    return {path.name: path.read_bytes() for home in homes for path in home.iterdir()}


def every_line_has_its_answer(month: Month, results: dict[str, list[dict[str, str]]]) -> None:
    """Each upload is done, and its result tells of each of its lines once, as the database does."""
    total = Counter[str]()
    for seller in SELLERS:
        for upload in uploads.listing(month.context.db, seller=seller, limit=10_000):
            assert upload.state is UploadState.DONE, upload
            content = month.dropped[seller][upload.name]
            kept = [row for piece in lines.of_upload(month.context.db, upload.id) for row in piece]
            told = [(int(row["line"]), row["verdict"], row["code"]) for row in results[upload.id]]
            assert told == [(row.line, row.verdict, row.code) for row in kept]
            assert [line for line, _, _ in told] == list(range(2, content.count(b"\n") + 1))
            total.update(verdict for _, verdict, _ in told)
    assert set(total) == {*ACCEPTED, "unconfirmed", "updated", "duplicate", "rejected"}
    assert total["confirmed"] > 1_000


def amazon_agrees(month: Month, results: dict[str, list[dict[str, str]]]) -> None:
    """What results call confirmed is what Amazon took, each once; what they call unconfirmed is what it refused."""
    for seller in SELLERS:
        ids = {upload.id for upload in uploads.listing(month.context.db, seller=seller, limit=10_000)}
        told = {True: Counter[tuple[str, str]](), False: Counter[tuple[str, str]]()}
        for upload_id in ids:
            for row in results[upload_id]:
                if row["amazon-feed-id"]:
                    assert row["verdict"] in (*ACCEPTED, "unconfirmed")
                    plain = row["order-id"].replace("-", "")
                    name = f"{plain[:3]}-{plain[3:10]}-{plain[10:]}"
                    told[row["verdict"] in ACCEPTED][name, row["order-item-id"]] += 1
        ledger = month.market.ledger(account=f"M{SELLERS.index(seller)}")
        seen = {True: Counter[tuple[str, str]](), False: Counter[tuple[str, str]]()}
        for entry in ledger:
            seen[entry["outcome"] != "refused"][entry["order_id"], entry["item_code"]] += 1
        assert told == seen
        taken = [(one["order_id"], one["item_code"], one["tracking"]) for one in ledger if one["outcome"] != "refused"]
        assert len(taken) == len(set(taken))


def everything_is_seen(month: Month) -> None:
    """Amazon's own orders show all that it accepted, but numbers that were corrected since."""
    month.until(DAYS + 2, 8)
    reader = OrderReader(month.amazon)
    while reader.look():
        pass
    with month.context.db.read() as connection:
        accepted = sa.select(LINES.c.amazon_order_id, LINES.c.tracking).where(LINES.c.verdict.in_(ACCEPTED))
        unseen = connection.execute(accepted.where(LINES.c.seen_at.is_(None))).all()
    corrected = {(one.name, one.tracking()) for seller in SELLERS for one in month.orders[seller]}
    assert {tuple(row) for row in unseen} <= corrected
    assert {name[-7:-4] for name, _ in unseen} == {f"{day:03}" for day in range(DAYS)}
    assert len(unseen) == DAYS * (len(SELLERS) - 1)
    assert [month.status(seller)["missing"] for seller in SELLERS] == [[]] * len(SELLERS)


def orders_agree(month: Month) -> None:
    """Every order stands where its fate leads, and who is still refused is listed."""
    for seller in SELLERS:
        for order in month.orders[seller]:
            (found,) = order_book.find(month.context.db, month.account(seller), order.name)
            assert found.state is ENDS[order.fate], (order, order_book.history(month.context.db, found.no))
        refused = {one["order_id"] for one in month.status(seller)["unconfirmed"]}
        assert refused == {one.name for one in month.orders[seller] if one.fate == "refused"}


def what_is_old_goes(month: Month) -> None:
    """Buyers 30 days after shipment, answers after 90; what was sent is known for ever."""
    month.until(DAYS + 40, 8)
    retention.sweep(month.context)
    with month.context.db.read() as connection:
        open_ = sa.select(ORDERS.c.no).where(ORDERS.c.state.not_in(("shipped", "cancelled")))
        left = set(connection.execute(sa.select(ORDER_PEOPLE.c.order_no)).scalars())
        assert left <= set(connection.execute(open_).scalars())
    again = month.drop("anna", "old.txt", month.dropped["anna"]["day-05.txt"].decode())
    month.work()
    found = {row.verdict for piece in lines.of_upload(month.context.db, again) for row in piece}
    assert not found & {*ACCEPTED, "queued"}
    month.until(DAYS + 95, 8)
    retention.sweep(month.context)
    assert [name for name in answers_of(month) if again not in name] == []
