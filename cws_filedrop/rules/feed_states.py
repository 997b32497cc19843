"""A feed's life as one table: where it stands, what may happen to it there, and where that leads.

Drawn in docs/architecture.md#the-story-of-a-feed, from this table. A table and nothing else: it does not know where
states are kept (`store.feeds.feeds.move_in` does), nor what an answer of Amazon's means (`pipeline.sending`).

An event that leads back to the same state is a repetition: it is harmless, and changes nothing. One that is missing
cannot happen there: whoever says that it did is mistaken, and is told so. So two events alone lead from `intended` back
to `filled`, from where a feed is sent: createFeed itself said that it did nothing, or Amazon was seen not to have it.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from cws_filedrop.errors import Impossible
from cws_filedrop.model import FeedState


class FeedEvent(StrEnum):
    """What may happen to a feed; the value completes the phrase "feed 7 is settled, so it cannot be that ..."."""

    FILLED = "lines are chosen and numbered"
    NOTHING_LEFT = "nothing is left to send"
    INTENDED = "the document is uploaded, createFeed is called"
    NOT_DONE = "createFeed itself says that it did nothing"
    ANSWERED = "createFeed answers with the feed's id"
    FOUND = "one feed at Amazon may be it"
    NOT_OURS = "that feed's report is about other messages, or Amazon took nothing of it"
    PROVEN = "Amazon's orders show its packages"
    ABSENT = "neither feeds nor orders show it"
    SHOWN = "orders show its packages, and no feed can be told to be it"
    SETTLED = "every line has its verdict"
    RETURNED = "Amazon took nothing of it, and new feeds carry its lines"
    ITS_TURN = "the turn has come of a feed with lines that came back"
    STOPPED = "a person is needed"
    RETRIED_EMPTY = "retry, it had no lines yet"
    RETRIED_UNSENT = "retry, nothing was ever sent"
    RETRIED_INTENDED = "retry, it may be at Amazon and is looked up"
    RETRIED_ADOPTED = "retry, the feed found is still to be proven"
    RETRIED_SUBMITTED = "retry, Amazon has it"
    NAMED = "an operator names Amazon's feed"
    SENT_AGAIN = "an operator takes the risk of sending it again"
    TAKEN_OUT = "an operator takes its lines out"


_E, _S = FeedEvent, FeedState
TRANSITIONS: Final[dict[FeedState, dict[FeedEvent, FeedState]]] = {
    _S.OPEN: {_E.FILLED: _S.FILLED, _E.NOTHING_LEFT: _S.EMPTY, _E.STOPPED: _S.STOPPED},
    _S.FILLED: {
        _E.INTENDED: _S.INTENDED,
        _E.ANSWERED: _S.SUBMITTED,  # after all: whoever called createFeed was held up until nobody believed in it
        _E.STOPPED: _S.STOPPED,
        **dict.fromkeys((_E.FILLED, _E.ITS_TURN, _E.NOT_DONE, _E.ABSENT), _S.FILLED),
    },
    _S.INTENDED: {
        _E.NOT_DONE: _S.FILLED,
        _E.ANSWERED: _S.SUBMITTED,
        _E.FOUND: _S.ADOPTED,
        _E.ABSENT: _S.FILLED,
        _E.SHOWN: _S.SETTLED,
        _E.STOPPED: _S.STOPPED,
        **dict.fromkeys((_E.INTENDED, _E.NOT_OURS), _S.INTENDED),
    },
    _S.ADOPTED: {
        _E.PROVEN: _S.SUBMITTED,
        _E.ANSWERED: _S.SUBMITTED,
        _E.NAMED: _S.SUBMITTED,
        _E.NOT_OURS: _S.INTENDED,
        _E.STOPPED: _S.STOPPED,
        **dict.fromkeys((_E.INTENDED, _E.FOUND), _S.ADOPTED),
    },
    _S.SUBMITTED: {
        _E.SETTLED: _S.SETTLED,
        _E.RETURNED: _S.SETTLED,
        _E.STOPPED: _S.STOPPED,
        **dict.fromkeys((_E.INTENDED, _E.FOUND, _E.ANSWERED, _E.PROVEN), _S.SUBMITTED),
    },
    _S.STOPPED: {
        _E.RETRIED_EMPTY: _S.OPEN,
        _E.RETRIED_UNSENT: _S.FILLED,
        _E.RETRIED_INTENDED: _S.INTENDED,
        _E.RETRIED_ADOPTED: _S.ADOPTED,
        _E.RETRIED_SUBMITTED: _S.SUBMITTED,
        _E.NAMED: _S.SUBMITTED,
        _E.ANSWERED: _S.SUBMITTED,
        _E.SENT_AGAIN: _S.FILLED,
        _E.TAKEN_OUT: _S.SETTLED,
        **dict.fromkeys((_E.INTENDED, _E.STOPPED), _S.STOPPED),
    },
    _S.WAITING: {_E.ITS_TURN: _S.FILLED},
    _S.SETTLED: dict.fromkeys((_E.INTENDED, _E.SETTLED, _E.RETURNED, _E.SHOWN, _E.TAKEN_OUT, _E.STOPPED), _S.SETTLED),
    _S.EMPTY: dict.fromkeys((_E.NOTHING_LEFT, _E.STOPPED), _S.EMPTY),
}


def after(state: FeedState, event: FeedEvent) -> FeedState:
    """Where the event leads; the same state when it only repeats what happened. Raises: Impossible."""
    if (found := TRANSITIONS[state].get(event)) is None:
        raise Impossible(f"a feed that is {state}: it cannot be that {event}")
    return found


def retried(*, line_count: int, intended: bool, named: bool, submitted: bool) -> FeedEvent:
    """What a retry of a stopped feed is, by what is known of it: it goes on from where it stood, and never sends anew
    what may be at Amazon. `intended`: createFeed was or is being called; `named`: a feed id is known."""
    if submitted and named:
        return FeedEvent.RETRIED_SUBMITTED
    if named:
        return FeedEvent.RETRIED_ADOPTED
    if intended:
        return FeedEvent.RETRIED_INTENDED
    return FeedEvent.RETRIED_UNSENT if line_count else FeedEvent.RETRIED_EMPTY
