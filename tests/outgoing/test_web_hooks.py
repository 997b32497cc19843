"""What happens to uploads and orders is told to web hooks: once queued for ever, until it is taken."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from hook_receiver import Receiver, receiver
from pipeline.contexts import NOW, context_on, put, read
from pipeline.shop import ORDER, Shop, shipped
from running import wait_for

from cws_filedrop import retention
from cws_filedrop.errors import ConfigError
from cws_filedrop.model import SELLERS_EVENTS, Account, CallState, HookEvent, Seller, Verdict
from cws_filedrop.notify import signing
from cws_filedrop.outgoing.hooks import events
from cws_filedrop.outgoing.hooks.caller import Caller
from cws_filedrop.pipeline import outbox
from cws_filedrop.reports.marketplace import MarketplaceKind
from cws_filedrop.service_context import ServiceContext
from cws_filedrop.store.feeds import settling
from cws_filedrop.store.feeds.settling import Settlement
from cws_filedrop.store.outgoing import hooks
from cws_filedrop.store.sellers import sellers
from cws_filedrop.store.uploads import uploads

SANDBOX = MarketplaceKind.SANDBOX
SECRET = signing.new_secret()
FILE = b"order-id\tstatus\n026-1520163-6049104\tshipped\nwrong\tshipped\n"


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self):  # type: ignore[no-untyped-def]
        return self.now

    def later(self, **much: float) -> None:
        self.now += timedelta(**much)


class Told:
    """A desk whose seller anna has a hook."""

    def __init__(self, folder: Path, there: Receiver) -> None:
        self.there = there
        self.clock = Clock()
        made = context_on(folder)
        chosen = replace(made.settings.hooks, allow_http=True, allow_private=True, timeout_seconds=20)
        self.context: ServiceContext = replace(made, clock=self.clock, settings=replace(made.settings, hooks=chosen))
        self.hook = self.add(there.url)
        self.caller = Caller(self.context)

    def add(self, url: str, *which: HookEvent, seller: str = "anna") -> int:
        owner = sellers.find(self.context.db, seller)
        assert owner is not None
        found = hooks.add(self.context.db, owner.id, url, secret=SECRET, events=which or SELLERS_EVENTS, now=NOW)
        assert found is not None
        return found

    def state(self) -> hooks.Hook:
        found = hooks.get(self.context.db, 1, self.hook)
        assert found is not None
        return found

    def states(self, hook: int = 0) -> list[str]:
        return [row.state for row in hooks.calls(self.context.db, hook or self.hook)]

    def arrive(self, upload_id: str) -> None:
        """As the worker records it; it is known from `put` already, under another id here."""
        found = uploads.get(self.context.db, upload_id)
        assert found is not None
        names = (
            "seller_id",
            "account_id",
            "folder",
            "name",
            "door",
            "client",
            "grade",
            "evidence",
            "arrived_at",
            "size",
        )
        row = {"id": f"{upload_id[:-4]}2222", **{name: getattr(found, name) for name in names}}
        for _ in range(2):
            uploads.arrive(
                self.context.db, [row], beside=partial(events.received, now=self.clock(), marketplace=SANDBOX)
            )

    def answer(self, content: bytes = FILE) -> str:
        upload_id = put(self.context, content)
        assert outbox.answer(self.context, [read(self.context, upload_id)]) == []
        return upload_id


@pytest.fixture
def told(tmp_path: Path) -> Iterator[Told]:
    with receiver() as there:
        made = Told(tmp_path, there)
        yield made
        made.context.db.close()


def test_an_upload_is_told_of_when_it_has_come(told: Told) -> None:
    told.arrive(put(told.context, FILE))
    assert told.caller.round() == 1
    (one,) = told.there.told
    assert one.is_signed_with(SECRET)
    assert one.said["type"] == "upload.received"
    assert one.said["timestamp"] == "2026-11-22T12:00:00.000Z"
    data = one.said["data"]
    assert (data["name"], data["door"], data["size"], data["grade"]) == ("a.txt", "ftp", len(FILE), "whole")
    assert data["links"]["upload"] == f"/api/v1/uploads/{data['upload_id']}"
    assert told.states() == [CallState.DELIVERED]
    assert told.caller.round() == 0


def test_an_answer_is_told_of_once_however_often_it_is_delivered(told: Told) -> None:
    upload_id = told.answer()
    found = uploads.some(told.context.db, [upload_id])
    outbox.answer(told.context, found)
    assert told.caller.round() == 1
    data = told.there.told[0].said["data"]
    assert (data["upload_id"], data["stage"], data["final"], data["state"]) == (upload_id, "receipt", False, "waiting")
    assert data["verdicts"] == {"queued": 1, "rejected": 1}
    assert "wrong" not in told.there.told[0].body.decode()


def test_a_file_that_cannot_be_used_says_why(told: Told) -> None:
    told.answer(b"nothing\tof\tuse\n1\t2\t3\n")
    told.caller.round()
    data = told.there.told[0].said["data"]
    assert (data["state"], data["final"], data["file_codes"]) == ("rejected", True, ["F06"])


def test_an_order_that_amazon_refuses_is_told_of_with_its_code(told: Told) -> None:
    shop = Shop(told.context)
    upload_id = shop.drop(shipped())
    _, feed_no = shop.submitted()
    refused = Settlement(Verdict.CONFIRMED, "", "ok", {1: (Verdict.UNCONFIRMED, "A-18028", "Somebody's words")})
    for _ in range(2):
        settling.settle(
            told.context.db,
            feed_no,
            refused,
            now=told.clock(),
            beside=partial(events.refused, now=told.clock(), marketplace=SANDBOX),
        )
    outbox.publish(told.context, uploads.some(told.context.db, [upload_id]))
    assert told.caller.round() == 2
    assert told.there.events() == ["order.unconfirmed", "upload.answered"]
    data = told.there.told[0].said["data"]
    assert (data["order_id"], data["upload_id"]) == (ORDER, upload_id)
    assert data["lines"][0] | {"what": ""} == {"line": 2, "verdict": "unconfirmed", "code": "A-18028", "what": ""}
    data = told.there.told[1].said["data"]
    assert (data["stage"], data["final"], data["verdicts"]) == ("result", True, {"unconfirmed": 1})


def test_what_nobody_wants_to_hear_of_is_not_kept(told: Told) -> None:
    only = told.add(told.there.url, HookEvent.UNCONFIRMED)
    off = told.add(told.there.url)
    hooks.enable(told.context.db, 1, off, enabled=False)
    told.answer()
    assert [told.states(hook) for hook in (told.hook, only, off)] == [["queued"], [], []]


def test_other_sellers_hear_nothing(told: Told) -> None:
    sellers.add(told.context.db, Seller(0, "bert", Account(0, "M1")), password_hash="h", now=NOW)
    theirs = told.add(told.there.url, seller="bert")  # of the same account at Amazon
    shop = Shop(told.context)
    shop.drop(shipped())
    _, feed_no = shop.submitted()
    refused = Settlement(Verdict.UNCONFIRMED, "A-1", "no", {1: (Verdict.UNCONFIRMED, "A-18028", "no")})
    settling.settle(
        told.context.db, feed_no, refused, now=NOW, beside=partial(events.refused, now=NOW, marketplace=SANDBOX)
    )
    told.answer()
    assert told.states(theirs) == []
    assert len(told.states()) == 2


def test_what_is_not_taken_comes_again_the_same(told: Told) -> None:
    told.there.answers = [500, 429]
    told.answer()
    assert [told.caller.round(), told.caller.round()] == [0, 0]  # the second is too early
    assert (told.state().last_answer, told.state().failures) == ("500 thanks", 1)
    told.clock.later(seconds=5)
    assert told.caller.round() == 0
    told.clock.later(seconds=15)
    assert told.caller.round() == 1
    first, _, last = told.there.told
    assert (first.id, first.body) == (last.id, last.body)
    assert last.is_signed_with(SECRET)
    assert first.headers["webhook-timestamp"] != last.headers["webhook-timestamp"]
    assert (told.state().failures, told.state().failing_since) == (0, None)


def test_who_does_not_answer_in_time_is_asked_again(told: Told) -> None:
    short = replace(told.context.settings.hooks, timeout_seconds=0.3)
    context = replace(told.context, settings=replace(told.context.settings, hooks=short))
    told.there.answers = [0]
    told.answer()
    assert Caller(context).round() == 0
    assert told.state().last_answer == "no answer within 0.3 seconds"
    told.clock.later(seconds=60)
    assert told.caller.round() == 1
    assert len({one.id for one in told.there.told}) == 1


def test_a_call_that_a_dead_worker_had_in_hand_is_made_again(told: Told) -> None:
    told.answer()
    (call,) = hooks.due(told.context.db, now=told.clock(), limit=5)
    assert hooks.begin(told.context.db, call, until=told.clock() + timedelta(seconds=50))
    assert not hooks.begin(
        told.context.db, call, until=told.clock() + timedelta(seconds=50)
    )  # nor has another worker it
    assert Caller(told.context).round() == 0
    told.clock.later(seconds=51)
    assert Caller(told.context).round() == 1


def test_a_dead_receiver_is_not_asked_for_each_of_many_calls(told: Told) -> None:
    for _ in range(5):
        told.answer()
    told.there.answers = [503, 503, 503]
    told.caller.round()
    assert len(told.there.told) == 1
    told.clock.later(minutes=6)
    told.caller.round()
    assert len(told.there.told) == 2
    told.there.answers = []
    told.clock.later(minutes=6)
    assert told.caller.round() == 1  # one to try
    assert told.caller.round() == 4
    assert set(told.states()) == {CallState.DELIVERED}


def test_one_call_that_is_never_taken_does_not_keep_the_others(told: Told) -> None:
    told.there.chokes_on = told.answer().encode()
    told.clock.later(seconds=1)
    others = {told.answer() for _ in range(3)}
    assert told.caller.round() == 0
    for _ in range(4):
        told.clock.later(minutes=6)
        told.caller.round()
    taken = {one.said["data"]["upload_id"] for one in told.there.told if told.there.chokes_on not in one.body}
    assert taken == others
    assert sorted(told.states()) == [*[CallState.DELIVERED] * 3, CallState.QUEUED]
    told.clock.later(days=4)
    told.answer()
    for much in (timedelta(minutes=6), timedelta(minutes=6), timedelta(days=2)):
        told.caller.round()
        told.clock.now += much
    told.caller.round()
    assert sorted(told.states()) == [*[CallState.DELIVERED] * 4, CallState.FAILED]
    assert told.state().enabled


def test_a_dead_hook_is_switched_off_and_everyone_concerned_hears_of_it(told: Told) -> None:
    told.answer()
    told.there.answers = [500] * 3
    told.caller.round()
    told.clock.later(days=5, seconds=1)
    told.caller.round()
    assert not told.state().enabled
    assert told.state().why_disabled == "it took nothing for 5 days; last: 500 thanks"
    outbox.write_statuses(told.context, ["anna"])
    status = (told.context.home("anna").path / "STATUS.txt").read_text()
    assert "Web hooks that are switched off" in status
    assert "it took nothing for 5 days" in " ".join(status.split())
    told.clock.later(days=2)
    assert told.caller.round() == 0
    assert len(told.there.told) == 2
    told.there.answers = []
    hooks.enable(told.context.db, 1, told.hook, enabled=True)
    assert told.caller.round() == 1
    outbox.write_statuses(told.context, ["anna"])
    assert "Web hooks" not in (told.context.home("anna").path / "STATUS.txt").read_text()


def test_a_receiver_that_says_gone_is_called_no_more(told: Told) -> None:
    told.there.answers = [410]
    told.answer()
    told.caller.round()
    assert not told.state().enabled


def test_a_private_address_is_refused_by_default(told: Told) -> None:
    strict = replace(
        told.context,
        settings=replace(told.context.settings, hooks=replace(told.context.settings.hooks, allow_private=False)),
    )
    told.answer()
    Caller(strict).round()
    assert told.there.told == []
    assert told.state().last_answer == "127.0.0.1 is not in the public Internet"


def test_alarms_go_to_the_operators(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOK_SECRET", SECRET)
    with receiver() as there:
        made = Told(tmp_path, there)
        chosen = replace(made.context.settings.hooks, operators_url=there.url, operators_secret="env:HOOK_SECRET")
        context = replace(made.context, settings=replace(made.context.settings, hooks=chosen))
        assert not events.alarm(context, "disk:1", {"kind": "disk"})  # nobody is known to listen yet
        with running(Caller(context)):
            assert events.alarm(context, "disk:2", {"kind": "disk"})
            assert not events.alarm(context, "disk:2", {"kind": "disk"})
            assert events.alarm(context, "disk:2", {"kind": "disk"}, recovered=True)
            wait_for(lambda: len(there.told) == 2, what="two calls")
        assert there.events() == ["alarm.raised", "alarm.recovered"]
        assert all(one.is_signed_with(SECRET) for one in there.told)
        assert there.told[0].said["data"] == {"key": "disk:2", "kind": "disk", "marketplace": "sandbox"}
        with running(Caller(made.context)):  # without the setting
            assert not events.alarm(made.context, "disk:3", {})
        context.db.close()


@contextmanager
def running(caller: Caller) -> Iterator[None]:
    with ExitStack() as stack:
        stack.callback(caller.stop, patience_seconds=20)
        caller.start()
        yield


def test_an_operators_hook_without_a_secret_is_a_mistake(told: Told) -> None:
    chosen = replace(told.context.settings.hooks, operators_url="https://example.com/")
    with pytest.raises(ConfigError, match=r"\[hooks\]"):
        Caller(replace(told.context, settings=replace(told.context.settings, hooks=chosen)))


def test_a_seller_has_not_any_number_of_hooks(told: Told) -> None:
    for _ in range(hooks.MOST_HOOKS - 1):
        told.add(told.there.url)
    assert hooks.add(told.context.db, 1, told.there.url, secret=SECRET, events=SELLERS_EVENTS, now=NOW) is None


def test_old_calls_are_forgotten(told: Told) -> None:
    told.answer()
    told.caller.round()
    told.clock.later(days=31)
    retention.sweep(told.context)
    assert told.states() == []


def test_bodies_are_json_that_anyone_reads() -> None:
    made = json.loads(events.body(HookEvent.TEST, {"a": "ä"}, now=NOW, marketplace=SANDBOX))
    assert made == {
        "type": "hook.test",
        "timestamp": "2026-11-22T12:00:00.000Z",
        "data": {"a": "ä", "marketplace": "sandbox"},
    }
