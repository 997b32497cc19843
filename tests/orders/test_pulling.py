"""Orders fetched from the sandbox by the real client into a real order book; the clock is moved on by hand."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from afterwards import afterwards
from marketplaces.market_kit import PROCESSING_SECONDS, Market, document, message, order_id
from pipeline.contexts import NOW, context_on

from cws_filedrop import retention
from cws_filedrop.amazon_context import AmazonContext, FeedClient
from cws_filedrop.errors import ConfigError
from cws_filedrop.marketplaces import limits
from cws_filedrop.marketplaces.reports_api import ReportsClient
from cws_filedrop.model import Account, OrderReportState, OrderState, Seller
from cws_filedrop.orders import pulling
from cws_filedrop.orders.pulling import OrderReportPuller
from cws_filedrop.service_context import ServiceContext
from cws_filedrop.store.feeds import feeds, order_reports
from cws_filedrop.store.feeds.order_reports import OrderReportRow
from cws_filedrop.store.orders import buyers, order_book
from cws_filedrop.store.sellers import sellers

ITEM, OTHER = "01234567890123", "00000000000007"
ORDER = {
    "order_id": order_id(1),
    "purchase_date": "2026-11-20T10:00:00+00:00",
    "latest_ship_date": "2026-11-24T07:59:59+00:00",
    "ship_service_level": "Expedited",
    "buyer": {"buyer-name": "Zoë Quick", "buyer-phone-number": "555-0100-PRIVATE", "ship-city": "Ōtsu"},
    "items": {ITEM: {"units": 3, "sku": "MUG-1", "name": "A mug"}, OTHER: 1},
}


class Pulling:
    """A desk with the seller anna of the account M1, whose orders are fetched from a sandbox."""

    def __init__(self, market: Market, folder: Path, *, minutes: float = 60) -> None:
        self.market = market
        context = context_on(folder)
        settings = replace(context.settings, orders=replace(context.settings.orders, pull_minutes=minutes))
        self.context: ServiceContext = replace(context, settings=settings, clock=self.now)
        self.puller = self.started()

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.market.clock.now, UTC)

    def started(self) -> OrderReportPuller:
        """As after a start of the service: with nothing in its memory."""

        def client(account: Account) -> FeedClient:
            return self.market.client(account.merchant_id)

        def reports(account: Account) -> ReportsClient:
            return ReportsClient.beside(self.market.client(account.merchant_id))

        return OrderReportPuller(AmazonContext(self.context, client, client, 1.0), reports)

    def round(self, *, after_seconds: float = 0) -> OrderReportRow:
        """A round of the worker; the last pull as it is then."""
        self.market.clock.now += after_seconds
        pulling.go_on(self.puller)
        return self.last()

    def last(self) -> OrderReportRow:
        (last,) = order_reports.listing(self.context.db, limit=1)
        return last

    def orders(self, account_id: int = 1) -> dict[str, OrderState]:
        found = order_book.listing(self.context.db, account_id, state=None, limit=100)
        return {order.amazon_order_id: order.state for order in found}


Made = Callable[..., Pulling]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Made]:
    """Pulling on a sandbox with settings of its own."""
    made: list[Pulling] = []

    def start(*, minutes: float = 60, **settings: Any) -> Pulling:
        market = Market(tmp_path / "amazon.db", **settings).start()
        made.append(Pulling(market, tmp_path, minutes=minutes))
        return made[-1]

    yield start
    for one in made:
        one.context.db.close()
        afterwards(one.market.stop)


@pytest.fixture
def running(make: Made) -> Pulling:
    return make()


def test_orders_come_into_the_order_book(running: Pulling) -> None:
    running.market.load(ORDER, {"order_id": order_id(2), "items": {ITEM: 1}})
    asked = running.round()
    assert (asked.state, asked.report_id != "", asked.done_at) == (OrderReportState.MAKING, True, None)
    done = running.round(after_seconds=PROCESSING_SECONDS)
    assert (done.no, done.state, done.note) == (
        asked.no,
        OrderReportState.DONE,
        "3 lines, orders: 2 new, 0 changed, 0 as before",
    )
    counted = {"lines": 3, "refused_lines": 0, "new_orders": 2, "changed_orders": 0, "unchanged_orders": 0}
    assert done.outcome == counted
    assert running.orders() == {order_id(1): OrderState.NEW, order_id(2): OrderState.NEW}
    (order,) = order_book.find(running.context.db, 1, order_id(1))
    assert (order.ship_method, order.latest_ship_date[:10]) == ("Expedited", "2026-11-24")
    lines = {line.order_item_id: (line.sku, line.quantity) for line in order_book.lines(running.context.db, order.no)}
    assert lines == {ITEM: ("MUG-1", 3), OTHER: ("", 1)}


def test_the_next_one_is_asked_for_when_its_time_has_come_and_brings_what_is_new(running: Pulling) -> None:
    running.market.load(ORDER)
    first = running.round()
    running.round(after_seconds=PROCESSING_SECONDS)
    running.market.load({"order_id": order_id(2), "items": {ITEM: 1}})
    assert running.round(after_seconds=3600 - PROCESSING_SECONDS - 1).no == first.no
    assert running.round(after_seconds=1).no == first.no + 1
    done = running.round(after_seconds=PROCESSING_SECONDS)
    assert done.note == "3 lines, orders: 1 new, 0 changed, 1 as before"
    assert set(running.orders()) == {order_id(1), order_id(2)}


def test_nothing_is_asked_for_unless_it_is_set_or_wanted(make: Made) -> None:
    running = make(minutes=0)
    running.market.load(ORDER)
    assert pulling.go_on(running.puller) == 0
    assert order_reports.listing(running.context.db) == []
    assert order_reports.begin(running.context.db, 1, now=running.now()) == (1, True)
    assert order_reports.begin(running.context.db, 1, now=running.now()) == (1, False), "one at a time"
    running.round()
    assert running.round(after_seconds=PROCESSING_SECONDS).state is OrderReportState.DONE
    assert running.round(after_seconds=86_400).no == 1


def test_sellers_of_one_account_share_a_report_and_the_disabled_have_none(running: Pulling) -> None:
    db = running.context.db
    for name, merchant in (("bert", "M1"), ("carl", "M2"), ("dora", "M3")):
        sellers.add(db, Seller(0, name, Account(0, merchant)), password_hash="h", now=NOW)
    with db.write() as connection:
        connection.execute(sa.text("UPDATE sellers SET enabled = false WHERE name = 'dora'"))
    running.market.load(ORDER, account="M2")
    running.round()
    assert len(order_reports.listing(db)) == 2
    running.round(after_seconds=PROCESSING_SECONDS)
    carl = sellers.find(db, "carl")
    assert carl is not None
    assert (running.orders(), set(running.orders(carl.account.id))) == ({}, {order_id(1)})


def test_a_restart_goes_on_with_the_report_that_was_asked_for(running: Pulling) -> None:
    running.market.load(ORDER)
    asked = running.round()
    running.puller = running.started()
    done = running.round(after_seconds=PROCESSING_SECONDS)
    assert (done.no, done.report_id, done.state) == (asked.no, asked.report_id, OrderReportState.DONE)


def test_a_report_that_was_read_but_not_noted_before_the_end_is_read_again(running: Pulling) -> None:
    running.market.load(ORDER)
    running.round()
    done = running.round(after_seconds=PROCESSING_SECONDS)
    with running.context.db.write() as connection:
        connection.execute(sa.text("UPDATE pulls SET done_at = NULL, state = 'making', outcome = '{}', note = ''"))
    again = running.round()
    assert (again.no, again.note) == (done.no, "2 lines, orders: 0 new, 0 changed, 1 as before")


def test_no_orders_are_a_good_answer(running: Pulling) -> None:
    running.round()
    done = running.round(after_seconds=PROCESSING_SECONDS)
    assert (done.state, done.note, done.outcome) == (OrderReportState.DONE, "no order waits for shipment", {"lines": 0})


def test_what_is_shipped_stays_as_it_is(running: Pulling) -> None:
    running.market.load(ORDER)
    running.round()
    running.round(after_seconds=PROCESSING_SECONDS)
    assert running.market.results(document(message(1, order_id(1), items=((ITEM, 1),)))) == []
    (order,) = order_book.find(running.context.db, 1, order_id(1))
    with running.context.db.write() as connection:
        order_book.move(connection, order, OrderState.SHIPPED, who="seller", what="", now=NOW)
    running.round(after_seconds=3600)
    running.round(after_seconds=PROCESSING_SECONDS)
    assert running.orders() == {order_id(1): OrderState.SHIPPED}


@pytest.mark.parametrize("operation", ["createReport", "getReport", "createRestrictedDataToken", "getReportDocument"])
@pytest.mark.parametrize("kind", ["throttle", "fail", "drop", "cut", "garbage"])
def test_trouble_passes(running: Pulling, operation: str, kind: str) -> None:
    running.market.load(ORDER)
    running.market.fault(operation, kind, times=2)
    notes = set()
    for _ in range(12):
        pull = running.round(after_seconds=60)
        notes.add(pull.note.partition(",")[0])
        if pull.done_at:
            break
    assert (pull.no, pull.state) == (1, OrderReportState.DONE)
    assert "Amazon" in notes, "the trouble was said"
    assert set(running.orders()) == {order_id(1)}


@pytest.mark.parametrize("operation", ["createReport", "getReport", "createRestrictedDataToken", "getReportDocument"])
def test_a_refusal_stops_asking_for_an_hour(
    make: Made, operation: str, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    running = make(minutes=1)
    running.market.load(ORDER)
    running.market.fault(operation, "refuse", status=403)
    running.round()
    refused = running.round(after_seconds=PROCESSING_SECONDS)
    assert refused.state is OrderReportState.REFUSED
    assert "the application's role is missing" in refused.note
    assert "asked again in an hour" in refused.note
    said = caplog.text + "".join(capfd.readouterr())
    assert "orders.pull_refused" in said
    for _ in range(4):
        assert running.round(after_seconds=890).no == refused.no
    assert running.round(after_seconds=60).no == refused.no + 1
    assert running.round(after_seconds=PROCESSING_SECONDS).state is OrderReportState.DONE


def test_who_wants_orders_at_once_does_not_wait_for_that_hour(running: Pulling) -> None:
    running.market.fault("createReport", "refuse", status=403)
    assert running.round().state is OrderReportState.REFUSED
    order_reports.begin(running.context.db, 1, now=running.now())
    assert running.round().state is OrderReportState.MAKING


@pytest.mark.parametrize("fate", ["fatal", "cancelled"])
def test_a_report_that_came_to_nothing_is_said_and_asked_for_again_next_time(running: Pulling, fate: str) -> None:
    running.market.load(ORDER)
    running.market.fault("createReport", fate)
    running.round()
    failed = running.round(after_seconds=PROCESSING_SECONDS)
    assert (failed.state, fate.upper() in failed.note) == (OrderReportState.FAILED, True)
    assert running.round(after_seconds=3600 - PROCESSING_SECONDS).no == failed.no + 1
    assert running.round(after_seconds=PROCESSING_SECONDS).state is OrderReportState.DONE


def test_a_document_that_is_no_report(running: Pulling) -> None:
    running.market.load(ORDER)
    running.market.fault("report", "garbage")
    running.round()
    failed = running.round(after_seconds=PROCESSING_SECONDS)
    assert (failed.state, failed.note) == (OrderReportState.FAILED, "the report is no order report (F02)")


def test_a_report_that_amazon_has_forgotten(running: Pulling) -> None:
    asked = running.round()
    with running.context.db.write() as connection:
        connection.execute(sa.text("UPDATE pulls SET report_id = '77'"))
    failed = running.round(after_seconds=PROCESSING_SECONDS)
    assert (failed.no, failed.state) == (asked.no, OrderReportState.FAILED)
    assert failed.note.startswith("Amazon does not know the report any more")


def test_a_report_that_is_never_made_is_given_up(make: Made) -> None:
    running = make(processing_seconds=1e9)
    waits = []
    for _ in range(200):
        pull = running.round(after_seconds=300)
        if pull.done_at:
            break
        waits.append(pull.note)
    assert (pull.no, pull.state, pull.note) == (
        1,
        OrderReportState.FAILED,
        "Amazon has not made the report in 12 hours",
    )
    assert set(waits[1:]) == {"Amazon is making the report (IN_QUEUE)"}


def test_amazons_rates_are_kept(make: Made) -> None:
    running = make(rate_scale=1.0, minutes=0.1)
    rate_limit = running.puller.amazon.rate_limit("createReport")
    for _ in range(limits.RATES["createReport"].burst):
        assert feeds.reserve(running.context.db, 1, rate_limit, running.now()) == 0
    waiting = running.round()
    assert (waiting.state, waiting.note) == (OrderReportState.OPEN, "waits for Amazon's rate limit")
    assert running.round(after_seconds=59).state is OrderReportState.OPEN
    assert running.round(after_seconds=2).state is OrderReportState.MAKING
    assert running.round(after_seconds=PROCESSING_SECONDS).state is OrderReportState.DONE


def test_secrets_that_are_missing_are_said(running: Pulling) -> None:
    def reports(_: Account) -> ReportsClient:
        raise ConfigError("[marketplace] client_secret: env:NOTHING does not exist")

    running.puller = replace(running.puller, reports=reports)
    refused = running.round()
    assert (refused.state, "env:NOTHING" in refused.note) == (OrderReportState.REFUSED, True)


def test_a_fault_of_ours_ends_one_pull_and_says_nothing_of_the_report(
    running: Pulling,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("Zoë Quick")

    monkeypatch.setattr(pulling, "import_file", broken)
    running.market.load(ORDER)
    running.round()
    failed = running.round(after_seconds=PROCESSING_SECONDS)
    assert (failed.state, failed.note) == (
        OrderReportState.FAILED,
        "failed here (ZeroDivisionError); the log says more",
    )
    said = caplog.text + "".join(capfd.readouterr())
    assert "_take:" in said
    assert "Quick" not in said


def test_nothing_personal_is_logged_and_the_report_never_lies_on_disk(
    running: Pulling, tmp_path: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    running.market.load(ORDER)
    running.round()
    assert running.round(after_seconds=PROCESSING_SECONDS).state is OrderReportState.DONE
    said = caplog.text + "".join(capfd.readouterr())
    assert "orders.pull_done" in said
    assert not any(word in said for word in ("Quick", "Ōtsu", "PRIVATE", "MUG"))
    ours = [path for path in tmp_path.rglob("*") if path.is_file() and not path.name.startswith("amazon.db")]
    (buyer,) = buyers.of_orders(running.context.db, 1, [order_id(1)]).values()
    assert "Zoë Quick" in buyer.cells.values(), "the order book has its buyer"
    # What the order book has is sealed, so the report itself is nowhere.
    assert not [path.name for path in ours for word in ("Zoë Quick", "555-0100") if word.encode() in path.read_bytes()]


def test_old_pulls_are_forgotten(running: Pulling) -> None:
    running.round()
    done = running.round(after_seconds=PROCESSING_SECONDS)
    assert done.state is OrderReportState.DONE
    running.market.clock.now += timedelta(days=running.context.settings.service.keep_results_days).total_seconds() - 1
    retention.sweep(running.context)
    assert len(order_reports.listing(running.context.db)) == 1
    running.market.clock.now += 2
    retention.sweep(running.context)
    assert order_reports.listing(running.context.db) == []
