"""Whatever Amazon answers about a feed, or does not: nothing is called good that is not, nor given up too early."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from pipeline.trade import Trade, shipped, trading

from cws_filedrop.amazon_context import AmazonContext
from cws_filedrop.errors import RemoteRefused, RemoteUnavailable
from cws_filedrop.marketplaces.amazon import Feed, FeedStatus
from cws_filedrop.marketplaces.sandbox import report
from cws_filedrop.marketplaces.sandbox.report import ReportedResult, ResultSeverity
from cws_filedrop.model import FeedState
from cws_filedrop.pipeline import answers
from cws_filedrop.pipeline.steps import StepResult
from cws_filedrop.reports.marketplace import number_of_feed
from cws_filedrop.rules.feed_states import FeedEvent
from cws_filedrop.store.feeds import feeds

pytestmark = pytest.mark.postgres

OTHER = "026-0000001-0000002"
GOOD = [("confirmed", ""), ("confirmed", "")]
SENT = [("sent", ""), ("sent", "")]


@dataclass
class Amazon:
    """The sandbox's Amazon, whose feeds and reports can be shown otherwise than they are, one after the other."""

    real: Any
    seen: list[Callable[[Feed], Feed]] = field(default_factory=list)
    reports: list[bytes | Exception] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def get_feed(self, feed_id: str) -> Feed:
        found: Feed = self.real.get_feed(feed_id)
        return self.seen.pop(0)(found) if self.seen else found

    def get_report(self, document_id: str) -> bytes:
        self.asked.append(document_id)
        if not self.reports:
            return self.real.get_report(document_id)  # type: ignore[no-any-return]
        answer = self.reports.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)


@dataclass
class Place:
    """A trade with a feed of two lines that Amazon is done with."""

    trade: Trade
    amazon: Amazon
    context: AmazonContext
    upload_id: str = ""
    feed_no: int = 0
    attempts: int = 0

    def send(self, *rows: str) -> None:
        self.upload_id = self.trade.drop(*(rows or (shipped(), shipped(OTHER))))
        self.feed_no = self.trade.begin()
        assert self.trade.submit(self.feed_no).done
        self.trade.market.finish()

    def look(self) -> StepResult:
        return answers.look(self.context, self.feed_no, 1)

    def settle(self) -> StepResult:
        self.attempts += 1
        return answers.settle(self.context, self.feed_no, self.attempts)[0]

    def pass_hours(self, hours: float) -> None:
        self.trade.market.clock.now += hours * 3600

    @property
    def feed(self) -> feeds.FeedRow:
        return self.trade.feed(self.feed_no)

    @property
    def told(self) -> list[tuple[str, str]]:
        return self.trade.told(self.upload_id)

    def stopped(self) -> str:
        return feeds.stopped_accounts(self.trade.context.db).get(1, "")


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with trading(tmp_path) as trade:
        amazon = Amazon(trade.wire)
        yield Place(trade, amazon, replace(trade.sender, client=lambda account: amazon))


def refused(status: int, *, consent: bool = False) -> RemoteRefused:
    return RemoteRefused(f"The sandbox refused ({status})", status=status, consent=consent)


def written(feed: int, *results: ReportedResult, processed: int = 2) -> bytes:
    return report.write(feed, "M1", processed, results)


def error(message: int, code: str, words: str = "No.") -> ReportedResult:
    return ReportedResult(message, ResultSeverity.ERROR, code, words)


# While Amazon works on it


@pytest.mark.parametrize("status", [FeedStatus.IN_QUEUE, FeedStatus.IN_PROGRESS])
def test_a_feed_that_amazon_works_on_is_not_settled(place: Place, status: FeedStatus) -> None:
    place.send()
    place.amazon.seen = [lambda feed: replace(feed, status=status)]
    assert place.look().again_seconds > 0
    assert (place.feed.report_document_id, place.feed.ended, place.feed.ended_at) == ("", "", None)
    assert place.look().done
    assert (place.feed.ended, place.feed.note) == ("", "")
    assert place.settle().done
    assert place.told == GOOD


# A report that is missing, damaged, refused, late or another's


def test_a_report_that_comes_later_than_the_end_is_waited_for(place: Place) -> None:
    place.send()
    place.amazon.seen = [lambda feed: replace(feed, result_document_id=None)] * 2
    for _ in range(2):
        assert place.look().again_seconds > 0
        place.pass_hours(20)
    assert "no report on it yet" in place.feed.note
    assert place.told == SENT
    assert place.look().done
    assert place.settle().done
    assert (place.told, place.feed.note) == (GOOD, "")


def test_one_that_never_comes_leaves_the_lines_unknown_after_days(place: Place) -> None:
    place.send()
    place.amazon.seen = [lambda feed: replace(feed, result_document_id=None)] * 2
    assert not place.look().done
    place.pass_hours(73)
    assert place.look().done
    assert place.settle().done
    assert [verdict for verdict, _ in place.told] == ["unknown", "unknown"]


UNUSABLE: dict[str, Callable[[int], bytes | Exception]] = {
    "not found": lambda feed: refused(404),
    "forbidden": lambda feed: refused(403),
    "an expired link": lambda feed: RemoteUnavailable("the link has ended", ambiguous=False),
    "damaged packing": lambda feed: RemoteUnavailable("makes no sense: the packing is damaged", ambiguous=True),
    "packed in a way we do not know": lambda feed: refused(200),
    "not packed at all": lambda feed: b"\x1f\x8bnot gzip",
    "cut": lambda feed: written(feed)[:-40],
    "empty": lambda feed: b"",
    "a page": lambda feed: b"<!doctype html><title>Service Unavailable</title>",
    "no report": lambda feed: b"<AmazonEnvelope/>",
    "another feed's, of the same size": lambda feed: written(feed + 1),
    "another feed's, by its counts": lambda feed: written(feed, processed=3),
    "another feed's, by its messages": lambda feed: written(feed, error(7, "18028")),
    "counts that contradict each other": lambda feed: written(feed).replace(b"ful>2<", b"ful>1<"),
    "still being written": lambda feed: written(feed).replace(b"Complete", b"Processing"),
    "of one message only": lambda feed: written(feed, processed=1),
}


@pytest.mark.parametrize("kind", UNUSABLE)
def test_a_report_that_cannot_be_used_is_asked_for_again(place: Place, kind: str) -> None:
    place.send()
    assert place.look().done
    place.amazon.reports = [UNUSABLE[kind](int(number_of_feed(place.feed.amazon_feed_id))) for _ in range(3)]
    for _ in range(3):
        step = place.settle()
        assert step.again_seconds > 0
        assert place.told == SENT
        assert (place.feed.state, place.feed.note) == (FeedState.SUBMITTED, step.note)
        assert step.note
    assert place.settle().done
    assert place.told == GOOD
    assert place.feed.report_sha256


@pytest.mark.parametrize("kind", [kind for kind in UNUSABLE if kind != "forbidden"])
def test_one_that_stays_so_leaves_the_lines_unknown_after_days_and_says_why(place: Place, kind: str) -> None:
    place.send()
    assert place.look().done
    place.amazon.reports = [UNUSABLE[kind](int(number_of_feed(place.feed.amazon_feed_id))) for _ in range(2)]
    assert place.settle().again_seconds > 0
    place.pass_hours(73)
    assert place.settle().done
    assert [verdict for verdict, _ in place.told] == ["unknown", "unknown"]
    assert place.trade.messages(place.upload_id)


def test_what_is_handed_out_but_cannot_be_read_stops_no_account(place: Place) -> None:
    place.send()
    assert place.look().done
    for _ in range(5):
        place.amazon.reports = [refused(200)]
        assert place.settle().again_seconds > 0
        place.pass_hours(1)
    assert place.stopped() == ""


def test_another_feed_that_an_operator_names_is_waited_for_from_the_beginning(place: Place) -> None:
    place.send()
    assert place.look().done
    place.pass_hours(80)
    db = place.trade.context.db
    feeds.change(db, place.feed_no, state=FeedState.STOPPED, refused_at=place.feed.ended_at)
    feeds.submitted(
        db, place.feed_no, amazon_feed_id="50000000099", now=place.trade.context.clock(), event=FeedEvent.NAMED
    )
    assert (place.feed.ended_at, place.feed.refused_at) == (None, None)


def test_what_will_not_change_any_more_is_left_to_the_orders_within_an_hour(place: Place) -> None:
    place.send()
    assert place.look().done
    wrong = UNUSABLE["counts that contradict each other"](int(number_of_feed(place.feed.amazon_feed_id)))
    place.amazon.reports = [wrong, wrong]
    assert place.settle().again_seconds > 0
    place.pass_hours(1.1)
    assert place.settle().done
    assert [verdict for verdict, _ in place.told] == ["unknown", "unknown"]


def test_waits_for_a_report_grow(place: Place) -> None:
    place.send()
    assert place.look().done
    place.amazon.reports = [b"" for _ in range(12)]
    waits = [place.settle().again_seconds for _ in range(12)]
    assert waits[0] <= 2
    assert waits[-1] >= 900


def test_asked_again_amazon_may_name_another_document(place: Place) -> None:
    place.send()
    place.amazon.seen = [lambda feed: replace(feed, result_document_id="amzn1.other")]
    assert place.look().done
    assert place.settle().again_seconds > 0, "there is no such document"
    assert place.settle().done
    assert place.amazon.asked[0] == "amzn1.other" != place.amazon.asked[1]
    assert place.told == GOOD


# A warning about the whole


def test_a_warning_about_the_whole_confirms_all(place: Place) -> None:
    place.send()
    assert place.look().done
    warning = ReportedResult(0, ResultSeverity.WARNING, "90061", "An element was ignored.")
    place.amazon.reports = [written(int(number_of_feed(place.feed.amazon_feed_id)), warning)]
    assert place.settle().done
    assert place.told == GOOD
    assert "it said A-90061: An element was ignored." in place.trade.messages(place.upload_id)


# FATAL


def fatal(feed: Feed) -> Feed:
    return replace(feed, status=FeedStatus.FATAL)


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        (b"<html><body>Feed <b>rejected</b>: account on hold\n</body></html>", "Feed rejected : account on hold"),
        (written(1, error(0, "5001", "The feed was aborted.")), "A-5001: The feed was aborted."),
    ],
)
def test_what_amazon_says_of_a_fatal_feed_is_shown_and_proves_nothing(place: Place, words: bytes, shown: str) -> None:
    place.send()
    place.amazon.seen = [fatal]
    assert place.look().done
    place.amazon.reports = [words]
    assert place.settle().done
    assert [verdict for verdict, _ in place.told] == ["unknown", "unknown"]
    assert shown in place.trade.messages(place.upload_id)


def test_a_perfect_report_on_a_fatal_feed_is_not_believed(place: Place) -> None:
    place.send()
    place.amazon.seen = [fatal]
    assert place.look().done
    assert place.settle().done
    assert [verdict for verdict, _ in place.told] == ["unknown", "unknown"]


def test_a_fatal_feed_without_a_report_is_unknown_and_says_how_it_ended(place: Place) -> None:
    place.send()
    place.amazon.seen = [lambda feed: replace(fatal(feed), result_document_id=None)]
    assert place.look().done
    assert place.settle().done
    assert [verdict for verdict, _ in place.told] == ["unknown", "unknown"]
    assert "ended the feed as FATAL" in place.trade.messages(place.upload_id)


# Refused for long


def test_an_account_whose_consent_was_revoked_is_stopped_at_once(place: Place) -> None:
    place.send()

    def revoked(feed: Feed) -> Feed:
        raise refused(400, consent=True)

    place.amazon.seen = [revoked]
    step = place.look()
    assert (step.done, step.again_seconds) == (False, 0)
    assert (place.feed.state, place.feed.note) == (FeedState.STOPPED, "The sandbox refused (400)")
    assert "refused (400)" in place.stopped()
    assert place.told == SENT


@pytest.mark.parametrize("status", [401, 403, 404])
@pytest.mark.parametrize("what", ["getFeed", "the report"])
def test_an_account_is_stopped_once_amazon_has_refused_for_long(place: Place, status: int, what: str) -> None:
    place.send()
    if what == "the report":
        assert place.look().done

    def refusing(feed: Feed) -> Feed:
        raise refused(status)

    def ask() -> StepResult:
        if what == "the report":
            place.amazon.reports = [refused(status)]
            return place.settle()
        place.amazon.seen = [refusing]
        return place.look()

    for _ in range(3):
        assert ask().again_seconds > 0
        assert place.stopped() == ""
        place.pass_hours(0.3)
    place.pass_hours(0.3)
    assert ask() == StepResult(note=f"The sandbox refused ({status})")
    assert (place.feed.state, place.told) == (FeedState.STOPPED, SENT)
    assert f"({status})" in place.stopped()
    assert feeds.wake(place.trade.context.db, place.feed_no)
    assert place.stopped() == ""
    assert place.look().done
    assert place.settle().done
    assert place.told == GOOD


def test_a_single_refusal_is_forgotten_after_a_good_answer(place: Place) -> None:
    place.send()

    def refusing(feed: Feed) -> Feed:
        raise refused(403)

    for _ in range(4):
        place.amazon.seen = [refusing, lambda feed: replace(feed, status=FeedStatus.IN_QUEUE)]
        assert place.look().again_seconds > 0
        assert "refused (403)" in place.feed.note
        assert place.look().again_seconds > 0
        assert (place.feed.note, place.feed.refused_at) == ("", None)
        place.pass_hours(0.5)
    assert place.stopped() == ""
