"""The life of a feed, as a table: what leads where, what only repeats, and what cannot happen."""

from __future__ import annotations

import ast
from itertools import product
from pathlib import Path

import pytest

import cws_filedrop
from cws_filedrop.errors import Impossible
from cws_filedrop.model import FeedState
from cws_filedrop.rules.feed_states import TRANSITIONS, FeedEvent, after, retried

SOURCE = Path(cws_filedrop.__file__).parent
OVER = {FeedState.SETTLED, FeedState.EMPTY}


def leading_to(state: FeedState) -> set[tuple[FeedState, FeedEvent]]:
    return {(begin, event) for begin, moves in TRANSITIONS.items() for event, end in moves.items() if end is state}


def test_every_state_has_its_row_and_every_event_happens_somewhere() -> None:
    assert set(TRANSITIONS) == set(FeedState)
    assert {event for moves in TRANSITIONS.values() for event in moves} == set(FeedEvent)


@pytest.mark.parametrize(("state", "event"), list(product(FeedState, FeedEvent)), ids=lambda one: one.name.lower())
def test_what_the_table_does_not_have_is_an_error_in_words(state: FeedState, event: FeedEvent) -> None:
    if event in TRANSITIONS[state]:
        assert after(state, event) is TRANSITIONS[state][event]
        return
    with pytest.raises(Impossible, match=f"a feed that is {state}"):
        after(state, event)


def test_only_createfeeds_own_word_or_amazons_lists_and_orders_lead_back_to_sending() -> None:
    back = {(state, event) for state, event in leading_to(FeedState.FILLED) if state is not FeedState.FILLED}
    assert back == {
        (FeedState.OPEN, FeedEvent.FILLED),
        (FeedState.INTENDED, FeedEvent.NOT_DONE),
        (FeedState.INTENDED, FeedEvent.ABSENT),
        (FeedState.STOPPED, FeedEvent.RETRIED_UNSENT),
        (FeedState.STOPPED, FeedEvent.SENT_AGAIN),
        (FeedState.WAITING, FeedEvent.ITS_TURN),
    }


def test_what_was_found_is_believed_by_proof_by_amazons_answer_or_by_a_person_alone() -> None:
    believed = {event for state, event in leading_to(FeedState.SUBMITTED) if state is FeedState.ADOPTED}
    assert believed == {FeedEvent.PROVEN, FeedEvent.ANSWERED, FeedEvent.NAMED}


@pytest.mark.parametrize("state", sorted(OVER))
def test_what_is_over_stays_over(state: FeedState) -> None:
    assert set(TRANSITIONS[state].values()) == {state}


def test_every_feed_that_is_not_over_can_be_stopped_and_every_stopped_one_can_go_on() -> None:
    waits = {FeedState.WAITING}  # nothing is done with it yet that could fail
    assert {state for state, moves in TRANSITIONS.items() if FeedEvent.STOPPED not in moves} == waits
    assert set(TRANSITIONS[FeedState.STOPPED].values()) == set(FeedState) - {FeedState.EMPTY} - waits


@pytest.mark.parametrize(
    ("known", "state"),
    [
        ({}, FeedState.OPEN),
        ({"line_count": 3}, FeedState.FILLED),
        ({"line_count": 3, "intended": True}, FeedState.INTENDED),
        ({"line_count": 3, "intended": True, "named": True}, FeedState.ADOPTED),
        ({"line_count": 3, "intended": True, "named": True, "submitted": True}, FeedState.SUBMITTED),
    ],
)
def test_a_retry_goes_on_from_where_the_feed_stood(known: dict[str, bool], state: FeedState) -> None:
    facts = {"line_count": 0, "intended": False, "named": False, "submitted": False} | known
    assert after(FeedState.STOPPED, retried(**facts)) is state


def test_no_code_of_ours_sets_the_state_of_a_feed_past_the_table() -> None:
    """`change` is for other columns; rows of feeds are written by `move_in` and, when a feed is opened, `take_turn`."""
    found = []
    for path in SOURCE.rglob("*.py"):
        for call in (node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Call)):
            named = ast.unparse(call.func)
            if named == "feeds.change" and any(one.arg == "state" for one in call.keywords):
                found.append(f"{path.name}:{call.lineno}")
            if named.startswith("FEEDS.update") and named.endswith(".values"):
                found += [f"{path.name}:{call.lineno}" for one in call.keywords if one.arg == "state"]
    assert [one for one in found if not one.startswith("feeds.py")] == []
    assert len(found) == 1
