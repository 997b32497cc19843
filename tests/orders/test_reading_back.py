"""What Amazon accepted is looked for in its own orders; what it refused as shipped before is told apart."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from pipeline.contexts import NOW, context_on, of_amazon, outbox
from pipeline.shop import FIRST, FREE, ITEM, NEXT, ORDER, OTHER, SECOND, Shop, shipped

from cws_filedrop.amazon_context import AmazonContext
from cws_filedrop.errors import RemoteRefused, RemoteUnavailable
from cws_filedrop.marketplaces.orders_api import AmazonItem, AmazonOrder, AmazonPackage
from cws_filedrop.model import Account, FeedState, OrderState, Policy, ReadBackState, Verdict
from cws_filedrop.orders.reading_back import OrderReader, judged
from cws_filedrop.pipeline import outbox as answers
from cws_filedrop.reports import status
from cws_filedrop.rules.pieces.orders_shown import Showing, showings
from cws_filedrop.store.database import stamp
from cws_filedrop.store.feeds import feeds, filling, offers, read_backs, refusals, returning, settling
from cws_filedrop.store.feeds.read_backs import DueReadBack, Precedence, ReportedLine
from cws_filedrop.store.feeds.settling import Settlement
from cws_filedrop.store.lists import work_lists
from cws_filedrop.store.orders import ledgers
from cws_filedrop.store.schema import CLAIMS
from cws_filedrop.store.sellers import sellers
from cws_filedrop.store.uploads import lines, uploads, verdict_counts
from cws_filedrop.views import order_differences

REFUSED = {1: ("A-18021", "more than could be fulfilled")}


def order(*packages: tuple[str, str, int], ordered: int = 2, status: str = "") -> AmazonOrder:
    """An order of one item, with packages (tracking number, item, quantity)."""
    shipped = sum(count for _, _, count in packages)
    status = status or ("SHIPPED" if shipped >= ordered else "UNSHIPPED")
    made = tuple(AmazonPackage(tracking, "Yodel", "", ((item, count),)) for tracking, item, count in packages)
    return AmazonOrder(ORDER, status, (AmazonItem(ITEM, ordered, shipped, 0),), made)


def told(tracking: str = FIRST, *, item: str = "", quantity: int | None = None, accepted: bool = True) -> ReportedLine:
    return ReportedLine("u", 2, item, tracking, quantity, accepted=accepted, seen=False)


@pytest.mark.parametrize(
    ("what", "found", "shown"),
    [
        (told(), order((FIRST, ITEM, 2)), True),
        (told(" y00-00001k "), order((FIRST, ITEM, 2)), True),
        (told(NEXT), order((FIRST, ITEM, 2)), False),
        (told(item=ITEM), order((FIRST, ITEM, 2)), True),
        (told(item=SECOND), order((FIRST, ITEM, 2)), False),
        (told(item=SECOND), replace(order(), packages=(AmazonPackage(FIRST, "", "", ()),)), True),
        (told(), order(), False),
        (told(""), order((NEXT, ITEM, 2)), True),
        (told(""), order((NEXT, ITEM, 1)), False),
        (told("", item=ITEM, quantity=1), order((NEXT, ITEM, 1)), True),
        (told("", item=ITEM, quantity=2), order((NEXT, ITEM, 1)), False),
        (told("", item=SECOND), order((NEXT, ITEM, 2)), False),
    ],
)
def test_what_an_order_shows(what: ReportedLine, found: AmazonOrder, shown: bool) -> None:
    assert (showings([what], found) == [Showing.SHOWN]) is shown


def test_cancelled_units_need_not_be_shipped() -> None:
    found = replace(order(("X", ITEM, 1)), items=(AmazonItem(ITEM, 2, 1, 1),))
    assert showings([told("")], found) == [Showing.SHOWN]


def test_looks_come_at_growing_pauses_and_end() -> None:
    now, looks = NOW, []
    due = DueReadBack(1, ORDER, "2026-11-22T12:00:00.000Z", ReadBackState.AWAITED, 0)
    while True:
        look = judged(due, [told()], order(), now=now)
        if look.look_at is None:
            break
        assert look.state is ReadBackState.AWAITED
        looks.append((look.look_at - NOW) / timedelta(hours=1))
        now = look.look_at
        due = replace(due, looks=due.looks + 1)
    assert (looks, look.state, look.note) == ([1, 4, 12, 24, 48], ReadBackState.MISSING, "Amazon shows it as UNSHIPPED")


@dataclass
class Amazon:
    """Answers for orders."""

    orders: dict[str, AmazonOrder] = field(default_factory=dict)
    error: Exception | None = None
    asked: list[str] = field(default_factory=list)

    def get_order(self, order_id: str) -> AmazonOrder | None:
        self.asked.append(order_id)
        if self.error:
            raise self.error
        return self.orders.get(order_id)


@dataclass
class Clock:
    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Watch:
    """A shop, its Amazon, and a reader of its orders."""

    shop: Shop
    amazon: Amazon
    clock: Clock
    reader: OrderReader

    def pass_hours(self, hours: float) -> None:
        self.clock.now += timedelta(hours=hours)
        while self.reader.look():
            pass

    def result(self, upload_id: str) -> str:
        return outbox(self.shop.context, upload_id)["result"].decode()

    def publish(self, upload_id: str) -> None:
        answers.publish(self.shop.context, uploads.some(self.shop.context.db, [upload_id]))

    def status(self) -> dict[str, object]:
        answers.write_statuses(self.shop.context, ["anna"])
        import json

        found: dict[str, object] = json.loads((self.shop.context.home("anna").path / "STATUS.json").read_bytes())
        return found


def no_feeds(account: Account) -> Amazon:
    raise AssertionError("no feed is sent here")


@pytest.fixture
def watch(tmp_path: Path) -> Watch:
    clock, amazon = Clock(), Amazon()
    shop = Shop(replace(of_amazon(context_on(tmp_path)), clock=clock), look_after=timedelta(minutes=15))
    client: Callable[[Account], Amazon] = lambda account: amazon  # noqa: E731
    return Watch(shop, amazon, clock, OrderReader(AmazonContext(shop.context, no_feeds, client, rate_scale=1000.0)))


def test_a_confirmed_shipment_is_seen_and_the_result_says_so(watch: Watch) -> None:
    upload_id = watch.shop.drop(shipped())
    watch.shop.sent()
    watch.publish(upload_id)
    assert "own order shows" not in watch.result(upload_id)
    watch.pass_hours(0)
    assert watch.amazon.asked == []
    watch.amazon.orders[ORDER] = order((FIRST, ITEM, 2))
    watch.pass_hours(0.3)
    assert watch.amazon.asked == [ORDER]
    assert "Amazon accepted it | Amazon's own order shows this package" in watch.result(upload_id)
    watch.pass_hours(100)
    assert watch.amazon.asked == [ORDER]
    assert watch.status()["missing"] == []


def test_a_result_that_the_seller_has_removed_stays_away(watch: Watch) -> None:
    upload_id = watch.shop.drop(shipped())
    watch.shop.sent()
    watch.amazon.orders[ORDER] = order((FIRST, ITEM, 2))
    watch.pass_hours(0.3)
    assert outbox(watch.shop.context, upload_id) == {}
    assert "own order shows" in watch.shop.messages(upload_id)


def test_what_is_accepted_and_not_seen_is_listed_until_it_is(watch: Watch) -> None:
    upload_id = watch.shop.drop(shipped())
    watch.shop.sent()
    watch.pass_hours(23)
    assert watch.status()["missing"] == []
    watch.pass_hours(2)
    (missing,) = watch.status()["missing"]  # type: ignore[misc]
    assert missing == {
        "order_id": ORDER,
        "accepted_at": "2026-11-22T12:01:00.000Z",
        "note": "Amazon knows no such order",
    }
    assert "own order shows" not in watch.shop.messages(upload_id)
    text = (watch.shop.context.home("anna").path / "STATUS.txt").read_text()
    assert f"Accepted by Amazon, but not seen in its orders\n  {ORDER}, accepted 2026-11-22 12:01 UTC" in text
    watch.amazon.orders[ORDER] = order((FIRST, ITEM, 2))
    watch.pass_hours(24)
    assert watch.status()["missing"] == []
    assert "own order shows" in watch.shop.messages(upload_id)


def test_what_is_old_is_forgotten_and_nothing_else(watch: Watch) -> None:
    watch.shop.drop(shipped())
    watch.shop.sent()
    db = watch.shop.context.db
    assert read_backs.forget(db, before=NOW) == 0
    assert read_backs.queue(db, now=NOW + timedelta(days=9)) == {1: 1}
    assert read_backs.forget(db, before=NOW + timedelta(hours=1)) == 1
    assert read_backs.queue(db, now=NOW + timedelta(days=9)) == {}


def test_two_packages_are_seen_one_after_the_other(watch: Watch) -> None:
    watch.shop.imports(f"{ORDER}\t{ITEM}\t2026-11-20T10:00:00Z\tStandard\tSKU\t2")
    first = watch.shop.drop(shipped(item=ITEM, quantity="1"))
    second = watch.shop.drop(shipped(NEXT, item=ITEM, quantity="1"))
    watch.shop.sent()
    watch.amazon.orders[ORDER] = order((FIRST, ITEM, 1))
    watch.pass_hours(0.5)
    assert "own order shows" in watch.shop.messages(first)
    assert "own order shows" not in watch.shop.messages(second)
    watch.amazon.orders[ORDER] = order((FIRST, ITEM, 1), (NEXT, ITEM, 1))
    watch.pass_hours(1)
    assert watch.shop.messages(first).count("own order shows") == 1
    assert watch.shop.messages(second).count("own order shows") == 1


def test_an_old_number_that_was_corrected_is_not_looked_for(watch: Watch) -> None:
    watch.shop.drop(shipped())
    watch.shop.sent()
    corrected = watch.shop.drop(shipped(NEXT))
    watch.shop.sent()
    watch.amazon.orders[ORDER] = order((NEXT, ITEM, 2))
    watch.pass_hours(0.5)
    assert "own order shows" in watch.shop.messages(corrected)
    watch.pass_hours(50)
    assert watch.amazon.asked == [ORDER]
    assert watch.status()["missing"] == []


def test_refused_as_shipped_before_and_amazon_shows_our_package(watch: Watch) -> None:
    upload_id = watch.shop.drop(shipped())
    watch.shop.answered(REFUSED)
    watch.publish(upload_id)
    assert watch.shop.order().state is OrderState.UNCONFIRMED
    assert watch.shop.unconfirmed() == [ORDER]
    watch.amazon.orders[ORDER] = order((FIRST, ITEM, 2))
    watch.pass_hours(0.1)  # at once, without the usual pause
    assert watch.shop.order().state is OrderState.SHIPPED
    assert watch.shop.story()[-1] == ("amazon", "shipped")
    assert watch.shop.unconfirmed() == []
    assert watch.shop.lines(upload_id) == [("confirmed", "A-18021")]
    told_apart = "Amazon had it already: its own order shows this package | more than could be fulfilled"
    assert told_apart in watch.result(upload_id)
    assert "unconfirmed" not in outbox(watch.shop.context, upload_id)


def test_refused_as_shipped_before_with_another_number(watch: Watch) -> None:
    upload_id = watch.shop.drop(shipped(NEXT))
    watch.shop.answered(REFUSED)
    watch.amazon.orders[ORDER] = order((FIRST, ITEM, 2))
    watch.pass_hours(0.1)
    words = f"Amazon had these pieces already: its own order shows them with {FIRST}; if your number is right"
    assert words in watch.shop.messages(upload_id)
    assert watch.shop.lines(upload_id) == [("confirmed-warning", "A-18021")]
    assert (watch.shop.order().state, watch.shop.unconfirmed()) == (OrderState.SHIPPED, [])
    watch.pass_hours(100)
    assert watch.amazon.asked == [ORDER]


def test_refused_as_shipped_before_but_amazon_does_not_show_it(watch: Watch) -> None:
    upload_id = watch.shop.drop(shipped())
    watch.shop.answered(REFUSED)
    watch.amazon.orders[ORDER] = order(status="UNSHIPPED")
    watch.pass_hours(0.1)
    words = "more pieces than are left: Amazon's own order has 2 ordered and 0 shipped, and this line tells 2"
    assert words in watch.shop.messages(upload_id)
    assert watch.shop.unconfirmed() == [ORDER]


def test_refused_as_shipped_before_by_our_own_records(watch: Watch) -> None:
    first = watch.shop.drop(shipped())
    watch.shop.sent()
    again = watch.shop.drop(shipped(NEXT))  # a correction
    watch.shop.answered(REFUSED)
    words = f"our records show these units confirmed by line 2 of upload {first}, with {FIRST}"
    assert words in watch.shop.messages(again)
    assert words not in watch.shop.messages(first)


def test_other_refusals_are_not_looked_for(watch: Watch) -> None:
    watch.shop.drop(shipped())
    watch.shop.answered({1: ("A-18028", "not found")})
    watch.pass_hours(100)
    assert watch.amazon.asked == []


def test_amazon_does_not_answer_or_does_not_let_us(watch: Watch) -> None:
    watch.shop.drop(shipped())
    watch.shop.drop(shipped(order=OTHER))
    watch.shop.sent()
    watch.amazon.error = RemoteUnavailable("busy", ambiguous=False, retry_after_seconds=60)
    watch.pass_hours(0.3)
    assert len(watch.amazon.asked) == 1  # the other order waits as well
    watch.amazon.error = RemoteRefused("no role", status=403)
    watch.pass_hours(0.1)
    assert len(watch.amazon.asked) == 2
    watch.pass_hours(1 / 60)
    assert len(watch.amazon.asked) == 3, "a token that was just made may be refused at first"
    watch.pass_hours(0.05)
    assert len(watch.amazon.asked) == 3
    watch.amazon.error = None
    watch.pass_hours(0.05)
    assert set(watch.amazon.asked) == {ORDER, OTHER}, "two refusals in a row are no reason to look away for a day"


def test_an_account_that_may_never_read_orders_is_asked_for_ever_more_rarely(watch: Watch) -> None:
    watch.shop.drop(shipped())
    watch.shop.sent()
    watch.amazon.error = RemoteRefused("no role", status=403)
    for _ in range(24 * 12):
        watch.pass_hours(1 / 12)
    assert len(watch.amazon.asked) == 5  # after 15 minutes; 1, 6, 36 minutes, 3.6 hours later


def test_looks_keep_to_the_rate_limit(tmp_path: Path, watch: Watch) -> None:
    reader = OrderReader(AmazonContext(watch.shop.context, no_feeds, lambda account: watch.amazon, rate_scale=1.0))
    watch.shop.drop(*(shipped(f"Y0{n:06}K", order=f"026-0000000-{n:07}") for n in range(40)))
    watch.shop.sent()
    watch.clock.now += timedelta(hours=1)
    while reader.look():
        pass
    assert len(watch.amazon.asked) == 20  # the burst (docs/amazon.md#8-rate-limits), but for what is spared
    watch.clock.now += timedelta(seconds=2)
    while reader.look():
        pass
    assert len(watch.amazon.asked) == 21
    unknown = f"026-0000001-{0:07}"
    lost(watch, shipped(order=unknown), minutes=0)
    while reader.look():
        pass
    assert len(watch.amazon.asked) == 22
    assert watch.amazon.asked[-1] == unknown, "routine left some of the burst to it"


def test_what_matters_more_is_looked_up_first(watch: Watch) -> None:
    header = "order-id\torder-item-id\tpurchase-date\tship-service-level\tsku\tquantity-purchased\tpromise-date\n"
    names = {name: f"026-0000000-000000{n}" for n, name in enumerate(("routine", "urgent", "refused", "unknown"))}
    days = {"routine": "2026-11-29", "urgent": "2026-11-22", "refused": "2026-11-29", "unknown": "2026-11-29"}
    rows = (
        f"{names[one]}\t{ITEM}\t2026-11-20T10:00:00Z\tStandard\tSKU\t2\t{day}T20:00:00Z\n" for one, day in days.items()
    )
    watch.shop.imports_text(header + "".join(rows))
    watch.shop.drop(
        *(shipped(f"Y000000{n}K", order=names[one]) for n, one in enumerate(("routine", "urgent", "refused")))
    )
    _, feed_no = watch.shop.submitted()
    settlement = Settlement(Verdict.CONFIRMED, "", "", {3: (Verdict.UNCONFIRMED, "A-18021", "more")})
    precedence = Precedence(urgent_before=NOW + timedelta(days=1))
    settling.settle(
        watch.shop.context.db, feed_no, settlement, now=NOW, look_after=timedelta(minutes=1), precedence=precedence
    )
    lost(watch, shipped("Y0000009K", order=names["unknown"]))
    watch.pass_hours(1)
    assert watch.amazon.asked[:4] == [names[one] for one in ("unknown", "refused", "urgent", "routine")]


def test_with_too_many_to_look_up_routine_is_sampled(watch: Watch) -> None:
    def drop(series: int) -> None:
        watch.shop.drop(*(shipped(f"Y{series}{n:06}K", order=f"026-{series:07}-{n:07}") for n in range(30)))
        _, feed_no = watch.shop.submitted()
        good = Settlement(Verdict.CONFIRMED, "", "", {2: (Verdict.UNCONFIRMED, "A-18021", "more")})
        most = Precedence(most=20)
        settling.settle(watch.shop.context.db, feed_no, good, now=NOW, look_after=timedelta(minutes=1), precedence=most)

    drop(1)
    assert read_backs.queue(watch.shop.context.db, now=NOW + timedelta(hours=1)) == {1: 30}
    drop(2)
    assert read_backs.queue(watch.shop.context.db, now=NOW + timedelta(hours=1)) == {1: 30 + 3 + 1}


def test_an_order_that_is_answered_again_meanwhile_is_looked_for_again(watch: Watch) -> None:
    watch.shop.drop(shipped(item=ITEM, quantity="1"))
    watch.shop.sent()
    watch.clock.now += timedelta(hours=1)
    due = read_backs.next_due(watch.shop.context.db, now=watch.clock.now)
    assert due is not None
    watch.shop.drop(shipped(NEXT, item=ITEM, quantity="1"))
    watch.shop.sent()
    look = judged(due, read_backs.told(watch.shop.context.db, due), order((FIRST, ITEM, 1)), now=watch.clock.now)
    assert read_backs.looked(watch.shop.context.db, due, look, now=watch.clock.now) == ([], [])
    again = read_backs.next_due(watch.shop.context.db, now=watch.clock.now + timedelta(hours=1))
    assert again is not None
    assert again.looks == 0


def test_orders_that_will_be_late_soon_are_listed(watch: Watch) -> None:
    rows = {"late": "2026-11-22T11:00:00Z", "soon": "2026-11-23T11:00:00Z", "later": "2026-11-24T11:00:00Z"}
    header = "order-id\torder-item-id\tpurchase-date\tship-service-level\tsku\tquantity-purchased\tpromise-date\n"
    names = {name: f"026-0000000-000000{n}" for n, name in enumerate(rows)}
    cells = (f"{names[name]}\t{ITEM}\t2026-11-20T10:00:00Z\tStandard\tSKU\t2\t{day}\n" for name, day in rows.items())
    watch.shop.imports_text(header + "".join(cells))
    found = watch.status()["late_soon"]
    assert [(one["order_id"], one["state"]) for one in found] == [(names["late"], "new"), (names["soon"], "new")]  # type: ignore[attr-defined]
    upload_id = watch.shop.drop(shipped(order=names["soon"]))
    assert [one["state"] for one in watch.status()["late_soon"]] == ["new", "shipped"]  # type: ignore[attr-defined]
    text = (watch.shop.context.home("anna").path / "STATUS.txt").read_text()
    assert f"  {names['late']} (new) was to be shipped by 2026-11-22 11:00 UTC" in text
    assert f"  {names['soon']} (shipped) is to be shipped by 2026-11-23 11:00 UTC" in text
    watch.shop.sent()
    assert [one["order_id"] for one in watch.status()["late_soon"]] == [names["late"]]  # type: ignore[attr-defined]
    assert lines.verdict_counts(watch.shop.context.db, upload_id) == {"confirmed": 1}
    assert max(map(len, text.splitlines())) <= status.WIDTH


LOST = Settlement(Verdict.UNKNOWN, "", "Amazon ended the feed as FATAL", {})


def lost(watch: Watch, *rows: str, minutes: float = 1) -> str:
    """An upload that was sent, and nobody knows what became of it."""
    upload_id = watch.shop.drop(*rows)
    _, feed_no = watch.shop.submitted()
    now = watch.clock.now + timedelta(minutes=minutes)
    settling.settle(watch.shop.context.db, feed_no, LOST, now=now, look_after=timedelta(minutes=15))
    watch.publish(upload_id)
    return upload_id


def test_what_nobody_knows_of_is_confirmed_once_amazon_shows_it(watch: Watch) -> None:
    upload_id = lost(watch, shipped())
    assert watch.shop.order().state is OrderState.SHIPPED
    watch.pass_hours(0.1)
    assert watch.amazon.asked == [ORDER], "at once"
    assert [one.order_id for one in work_lists.unconfirmed(watch.shop.context.db)] == [ORDER], "Amazon does not show it"
    assert watch.status()["missing"] == [], "Amazon never accepted it"
    watch.amazon.orders[ORDER] = order((FIRST, ITEM, 2))
    watch.pass_hours(1)
    assert watch.amazon.asked == [ORDER, ORDER]
    assert work_lists.unconfirmed(watch.shop.context.db) == []
    assert watch.status()["unknown"] == []
    assert watch.shop.lines(upload_id) == [("confirmed", "")]
    assert verdict_counts.of_upload(watch.shop.context.db, upload_id) == {("confirmed", ""): 1}
    assert "FATAL | Amazon's own order shows this package: it is confirmed, and nothing is left" in watch.result(
        upload_id
    )
    assert watch.shop.story()[-1] == ("amazon", "shipped")
    assert [one.accepted for one in ledgers.packages(watch.shop.context.db, 1, ORDER)] == [1]
    watch.pass_hours(100)
    assert watch.amazon.asked == [ORDER, ORDER]


def test_what_nobody_knows_of_is_looked_for_until_the_last_look_and_stays_open(watch: Watch) -> None:
    upload_id = lost(watch, shipped())
    watch.amazon.orders[ORDER] = without_contents(order((NEXT, ITEM, 2)))
    for _ in range(60):
        watch.pass_hours(1)
    assert len(watch.amazon.asked) == 6
    assert "own order" not in watch.shop.messages(upload_id)
    assert [one.order_id for one in work_lists.unconfirmed(watch.shop.context.db)] == [ORDER]
    found = read_backs.read_back(watch.shop.context.db, 1, ORDER)
    assert found is not None
    assert "nobody can tell whether ours is among them" in found.note


def without_contents(found: AmazonOrder) -> AmazonOrder:
    """The same order where Amazon does not say what its packages hold."""
    return replace(found, packages=tuple(replace(one, items=()) for one in found.packages))


def ordered(quantity: int) -> str:
    return f"{ORDER}\t{ITEM}\t2026-11-20T10:00:00Z\tStandard\tSKU\t{quantity}"


def test_another_program_shipped_all_of_it_while_nobody_knew_of_ours(watch: Watch) -> None:
    watch.shop.imports(ordered(2))
    upload_id = lost(watch, shipped(item=ITEM, quantity="2"))
    watch.amazon.orders[ORDER] = order((NEXT, ITEM, 2))
    watch.pass_hours(0.1)
    assert watch.shop.lines(upload_id) == [("confirmed-warning", "")]
    words = f"Amazon had these pieces already: its own order shows them with {NEXT}"
    assert words in watch.result(upload_id)
    assert (watch.shop.order().state, watch.status()["unknown"]) == (OrderState.SHIPPED, [])
    watch.pass_hours(100)
    assert watch.amazon.asked == [ORDER]


def test_no_unit_of_another_program_stands_for_two_lines_of_unknown_outcome(watch: Watch) -> None:
    upload_id = lost(watch, shipped(FIRST, item=ITEM, quantity="1"), shipped("Y0000003K", item=ITEM, quantity="1"))
    watch.amazon.orders[ORDER] = order((NEXT, ITEM, 1), ordered=1)
    watch.pass_hours(0.1)
    assert watch.shop.lines(upload_id) == [("confirmed-warning", ""), ("unconfirmed", "")]
    assert "more pieces than are left" in watch.shop.messages(upload_id)
    assert watch.shop.unconfirmed() == [ORDER]
    assert [(one.accepted, one.refused) for one in ledgers.packages(watch.shop.context.db, 1, ORDER)] == [
        (1, 0),
        (0, 1),
    ]


@pytest.mark.parametrize("numbers", [(FIRST, NEXT), (NEXT, FIRST)])
def test_no_unit_that_amazon_shows_for_one_line_stands_for_another_of_the_same_look(
    watch: Watch, numbers: tuple[str, str]
) -> None:
    """Found by `make chaos`, seed 2: the other was told `confirmed-warning`, "Amazon had these pieces already"."""
    upload_id = lost(watch, *(shipped(number, item=ITEM, quantity="1") for number in numbers))
    watch.amazon.orders[ORDER] = order((FIRST, ITEM, 1), ordered=1)
    watch.pass_hours(0.1)
    verdicts = dict(zip(numbers, watch.shop.lines(upload_id), strict=True))
    assert verdicts == {FIRST: ("confirmed", ""), NEXT: ("unconfirmed", "")}
    assert "more pieces than are left" in watch.result(upload_id)


def test_what_is_left_beside_another_programs_shipment_is_offered(watch: Watch) -> None:
    watch.shop.imports(ordered(3))
    upload_id = lost(watch, shipped())  # all of the order
    watch.amazon.orders[ORDER] = order((NEXT, ITEM, 1), ordered=3)
    for _ in range(26):
        watch.pass_hours(1)
    assert "it may be sent again" in watch.shop.messages(upload_id)
    assert offers.unshipped(watch.shop.context.db) == [(1, ORDER)]


def test_units_in_a_package_with_a_number_are_not_those_of_a_line_without_one(watch: Watch) -> None:
    watch.shop.imports(ordered(3))
    upload_id = lost(watch, shipped("", item=ITEM, quantity="1"))
    watch.amazon.orders[ORDER] = order((NEXT, ITEM, 1), ordered=3)
    watch.pass_hours(0.1)
    assert watch.shop.lines(upload_id)[0][0] == "unknown"
    watch.amazon.orders[ORDER] = order((NEXT, ITEM, 1), ("", ITEM, 1), ordered=3)
    watch.pass_hours(1)
    assert watch.shop.lines(upload_id)[0][0] == "confirmed"


def test_an_order_cancelled_at_amazon_decides_what_nobody_knew_of(watch: Watch) -> None:
    upload_id = lost(watch, shipped())
    held = watch.shop.drop(shipped(NEXT))
    gone = AmazonItem(ITEM, 2, 0, 2)
    watch.amazon.orders[ORDER] = AmazonOrder(ORDER, "CANCELLED", (gone,), ())
    watch.pass_hours(0.1)
    assert watch.shop.lines(upload_id) == [("unconfirmed", "")]
    assert "Amazon's own order is cancelled: nothing of it can be shipped" in watch.result(upload_id)
    assert [verdict for verdict, _ in watch.shop.lines(held)] == ["queued"], "it waited for this"
    assert FIRST in outbox(watch.shop.context, upload_id)["unconfirmed"].decode()


def test_a_correction_that_nobody_knows_of_is_not_good_by_the_package_that_it_corrects(watch: Watch) -> None:
    """Found by `make chaos`, seed 13: it was told `confirmed-warning`, "Amazon had these pieces already"."""
    first = watch.shop.drop(shipped())
    watch.shop.sent()
    correction = lost(watch, shipped(NEXT))
    watch.amazon.orders[ORDER] = order((FIRST, ITEM, 2))
    watch.pass_hours(0.1)
    assert [verdict for verdict, _ in watch.shop.lines(correction)] == ["unconfirmed"]
    assert "more pieces than are left" in watch.result(correction)
    assert [verdict for verdict, _ in watch.shop.lines(first)] == ["confirmed"]
    assert watch.shop.order().state is OrderState.SHIPPED
    assert [verdict for verdict, _ in watch.shop.lines(watch.shop.drop(shipped(NEXT)))] == ["queued"]


def test_what_waited_for_an_unknown_line_goes_on_once_amazon_shows_that(watch: Watch) -> None:
    lost(watch, shipped())
    correction = watch.shop.drop(shipped(NEXT))
    assert [verdict for verdict, _ in watch.shop.lines(correction)] == ["held"]
    watch.amazon.orders[ORDER] = order((FIRST, ITEM, 2))
    watch.pass_hours(1)
    assert [verdict for verdict, _ in watch.shop.lines(correction)] == ["queued"]


def test_what_goes_again_is_on_its_way_and_nothing_of_it_unknown(watch: Watch) -> None:
    resends(watch)
    lost(watch, shipped())
    watch.amazon.orders[ORDER] = order()
    for _ in range(26):
        watch.pass_hours(1)
    assert waiting(watch) == [(1, 1)]
    with watch.shop.context.db.read() as connection:
        counts = connection.execute(sa.select(CLAIMS.c.told, CLAIMS.c.accepted, CLAIMS.c.unknown)).one()
    assert tuple(counts) == (1, 0, 0)
    again = watch.shop.drop(shipped())
    assert [verdict for verdict, _ in watch.shop.lines(again)] == ["duplicate"]


def resends(watch: Watch) -> None:
    policy = sellers.policy_text(Policy(resend_unknown=True))
    sellers.change(watch.shop.context.db, "anna", {"policy": policy})


def waiting(watch: Watch) -> list[tuple[int, int]]:
    """Lines and messages of the feeds whose lines are to be sent again."""
    return [(one.line_count, one.message_count) for one in returning.waiting(watch.shop.context.db)]


def test_what_amazon_plainly_lacks_is_offered_after_a_day_and_never_sent_unasked(watch: Watch) -> None:
    upload_id = lost(watch, shipped())
    watch.amazon.orders[ORDER] = order()
    for _ in range(23):
        watch.pass_hours(1)
        assert "may be sent again" not in watch.shop.messages(upload_id)
    watch.pass_hours(2)
    assert "it may be sent again" in watch.result(upload_id)
    found = read_backs.read_back(watch.shop.context.db, 1, ORDER)
    assert found is not None
    assert found.state is ReadBackState.UNSHIPPED
    assert (watch.shop.lines(upload_id), waiting(watch)) == ([("unknown", "")], [])


def test_one_look_that_shows_something_begins_the_day_anew(watch: Watch) -> None:
    upload_id = lost(watch, shipped())
    for hours in range(30):
        other = hours == 12
        watch.amazon.orders[ORDER] = without_contents(order((NEXT, ITEM, 2))) if other else order()
        watch.pass_hours(1)
    assert "may be sent again" not in watch.shop.messages(upload_id)


def test_where_the_seller_allows_it_goes_again_by_itself(watch: Watch) -> None:
    resends(watch)
    upload_id = lost(watch, shipped(), shipped(NEXT, order=OTHER))
    watch.amazon.orders[ORDER] = order()
    watch.amazon.orders[OTHER] = replace(order((NEXT, ITEM, 2)), order_id=OTHER)
    for _ in range(26):
        watch.pass_hours(1)
    assert watch.shop.lines(upload_id) == [("queued", ""), ("confirmed", "")]
    assert waiting(watch) == [(1, 1)]
    (upload,) = uploads.some(watch.shop.context.db, [upload_id])
    assert (upload.state, upload.waiting) == ("waiting", 1)
    (feed,) = returning.waiting(watch.shop.context.db)
    assert returning.take_turn(
        watch.shop.context.db,
        feed,
        now=watch.clock.now,
        second_after_seconds=1200,
        rate_limit=FREE,
        hour=timedelta(hours=1),
    )
    feeds.submitted(watch.shop.context.db, feed.no, amazon_feed_id="F99", now=watch.clock.now)
    watch.shop.settled(feed.no, {})
    assert watch.shop.lines(upload_id) == [("confirmed", ""), ("confirmed", "")]


def test_rows_of_one_message_go_again_together_and_others_join_them(watch: Watch) -> None:
    resends(watch)
    lost(watch, shipped(item=ITEM, quantity="1"), shipped(item=SECOND, quantity="1"))
    lost(watch, shipped(NEXT, order=OTHER))
    for _ in range(26):
        watch.pass_hours(1)
    assert waiting(watch) in ([(3, 2)], [(3, 3)])
    (feed,) = returning.waiting(watch.shop.context.db)
    _, numbers = filling.shipments(watch.shop.context.db, feed.no)
    assert sorted(set(numbers)) == list(range(1, feed.message_count + 1))


def test_how_long_is_a_setting(tmp_path: Path, watch: Watch) -> None:
    orders = replace(watch.shop.context.settings.orders, unknown_hours=2.0)
    context = replace(watch.shop.context, settings=replace(watch.shop.context.settings, orders=orders))
    reader = OrderReader(AmazonContext(context, no_feeds, lambda account: watch.amazon, rate_scale=1000.0))
    upload_id = lost(watch, shipped())
    watch.amazon.orders[ORDER] = order()
    for _ in range(24):
        watch.clock.now += timedelta(minutes=5)
        while reader.look():
            pass
        assert "may be sent again" not in watch.shop.messages(upload_id)
    watch.clock.now += timedelta(minutes=10)
    while reader.look():
        pass
    assert "may be sent again" in watch.shop.messages(upload_id)


def test_one_line_that_is_shown_does_not_settle_another_of_its_order(watch: Watch) -> None:
    watch.shop.imports(*(f"{ORDER}\t{item}\t2026-11-20T10:00:00Z\tStandard\tSKU\t1" for item in (ITEM, SECOND)))
    lost(watch, shipped(item=ITEM), shipped(NEXT, item=SECOND))
    watch.amazon.orders[ORDER] = order((FIRST, ITEM, 1))
    watch.pass_hours(0.3)
    assert [one.order_item_id for one in work_lists.unconfirmed(watch.shop.context.db)] == [SECOND]
    assert [one.accepted for one in ledgers.packages(watch.shop.context.db, 1, ORDER)] == [1, 0]
    watch.amazon.orders[ORDER] = order((FIRST, ITEM, 1), (NEXT, SECOND, 1))
    watch.pass_hours(1)
    assert work_lists.unconfirmed(watch.shop.context.db) == []


def test_a_line_amazon_shows_is_not_sent_again_with_one_it_refused(watch: Watch) -> None:
    watch.shop.imports(*(f"{ORDER}\t{item}\t2026-11-20T10:00:00Z\tStandard\tSKU\t1" for item in (ITEM, SECOND)))
    watch.shop.drop(shipped(item=ITEM), shipped(NEXT, item=SECOND))
    watch.shop.answered({1: ("A-18021", "more than could be fulfilled"), 2: ("A-18028", "not found")})
    watch.amazon.orders[ORDER] = order((FIRST, ITEM, 1))
    watch.pass_hours(0.1)
    assert watch.shop.order().state is OrderState.PARTLY_SHIPPED, "one of its lines is refused"
    (left,) = refusals.last_of_order(watch.shop.context.db, 1, ORDER)
    assert (left.code, watch.shop.unconfirmed()) == ("A-18028", [ORDER])


def test_a_refusal_that_a_later_file_had_shown_at_amazon_is_over(watch: Watch) -> None:
    watch.shop.drop(shipped())
    watch.shop.answered({1: ("A-18028", "not found")})
    watch.shop.drop(shipped())
    watch.shop.answered(REFUSED)
    watch.amazon.orders[ORDER] = order((FIRST, ITEM, 2))
    watch.pass_hours(0.1)
    assert watch.shop.unconfirmed() == []
    assert watch.shop.order().state is OrderState.SHIPPED


def test_a_feed_that_waits_for_a_person_is_not_settled_by_a_look(watch: Watch) -> None:
    watch.shop.imports(*(f"{ORDER}\t{item}\t2026-11-20T10:00:00Z\tStandard\tSKU\t1" for item in (ITEM, SECOND)))
    watch.shop.drop(shipped(item=ITEM))
    watch.shop.sent()
    upload_id = watch.shop.drop(shipped(NEXT, item=SECOND))
    _, feed_no = watch.shop.submitted()
    feeds.change(watch.shop.context.db, feed_no, state=FeedState.STOPPED)
    feeds.mark_unknown(watch.shop.context.db, feed_no)
    watch.amazon.orders[ORDER] = order((FIRST, ITEM, 1), (NEXT, SECOND, 1))
    watch.pass_hours(0.5)
    assert "own order" not in watch.shop.messages(upload_id)
    assert [one.upload_id for one in work_lists.unconfirmed(watch.shop.context.db)] == [upload_id]


def test_the_last_look_is_kept(watch: Watch) -> None:
    db = watch.shop.context.db
    assert read_backs.read_back(db, 1, ORDER) is None
    watch.shop.drop(shipped())
    watch.shop.sent()
    awaited = read_backs.read_back(db, 1, ORDER)
    assert awaited is not None
    assert (awaited.state, awaited.looked_at, awaited.shown) == (ReadBackState.AWAITED, "", {})
    watch.pass_hours(0.3)
    none = read_backs.read_back(db, 1, ORDER)
    assert none is not None
    assert (none.state, none.note, none.shown) == (ReadBackState.AWAITED, "Amazon knows no such order", {"status": ""})
    package = AmazonPackage(FIRST, "Yodel", "2026-11-22T10:00:00+00:00", ((ITEM, 2),))
    watch.amazon.orders[ORDER] = replace(order((FIRST, ITEM, 2)), packages=(package,))
    watch.pass_hours(1)
    found = read_backs.read_back(db, 1, ORDER)
    assert found is not None
    assert (found.state, found.looks, found.looked_at) == (ReadBackState.SEEN, 2, stamp(watch.clock.now))
    shown = {"tracking": FIRST, "carrier": "Yodel", "shipped_at": "2026-11-22T10:00:00+00:00"}
    assert found.shown == {
        "status": "SHIPPED",
        "items": [{"item": ITEM, "ordered": 2, "shipped": 2, "cancelled": 0}],
        "packages": [shown | {"items": [{"item": ITEM, "quantity": 2}]}],
    }
    watch.amazon.error = RemoteUnavailable("busy", ambiguous=False)
    watch.shop.drop(shipped(NEXT))
    watch.shop.sent()
    watch.pass_hours(1)
    again = read_backs.read_back(db, 1, ORDER)
    assert again is not None
    assert (again.state, again.looked_at, again.shown) == (ReadBackState.AWAITED, found.looked_at, found.shown)


def test_what_was_missing_long_ago_is_not_listed_for_ever_though_the_look_is_kept(watch: Watch) -> None:
    watch.shop.drop(shipped())
    watch.shop.sent()
    for _ in range(4):
        watch.pass_hours(24)
    assert len(watch.status()["missing"]) == 1  # type: ignore[arg-type]
    watch.pass_hours(24 * 90)
    assert watch.status()["missing"] == []
    assert read_backs.read_back(watch.shop.context.db, 1, ORDER) is not None


def test_where_amazon_and_the_ledger_disagree_somebody_finds_it(watch: Watch) -> None:
    watch.shop.imports(f"{ORDER}\t{ITEM}\t2026-11-20T10:00:00Z\tStandard\tSKU\t2")
    watch.shop.drop(shipped(item=ITEM, quantity="2"))
    watch.shop.answered({})
    watch.amazon.orders[ORDER] = order((FIRST, ITEM, 1), status="PARTIALLY_SHIPPED")
    watch.pass_hours(3)
    (found,) = order_differences.listing(watch.shop.context.db, now=watch.clock.now, account_id=1)
    assert (found.order_id, found.state, found.amazon_status) == (ORDER, "shipped", "PARTIALLY_SHIPPED")
    assert found.differences == (f"{ITEM}: 2 accepted in our ledger, 1 of 2 shipped at Amazon",)
    watch.amazon.orders[ORDER] = order((FIRST, ITEM, 2))
    watch.pass_hours(3)
    assert order_differences.listing(watch.shop.context.db, now=watch.clock.now) == []
