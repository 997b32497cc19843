"""`docs/log-events.md` is what the source says, and every event on it is explained."""

from __future__ import annotations

import re
from pathlib import Path

import log_events
import log_events_page
import pytest
from log_event_meanings import MEANINGS
from log_events import Call

PAGE = Path(__file__).parents[1] / "docs" / "log-events.md"
CALLS = log_events.calls()
EVENTS = {call.event for call in CALLS}
NAME = re.compile(r"[a-z_]+\.[a-z_]+")
STRONG_PASTS = "told broke broken cut done forgotten found gone held kept left lost made read said sent taken written"


def test_the_page_is_what_the_source_says(update_golden: bool) -> None:
    if update_golden:
        PAGE.write_text(log_events_page.page(), encoding="utf-8")
    wanted = log_events_page.page()
    assert PAGE.read_text(encoding="utf-8") == wanted, "run pytest tests/test_log_events_page.py --update-golden"


def test_every_event_has_a_meaning_and_every_meaning_an_event() -> None:
    assert EVENTS - set(MEANINGS) == set(), "say in tests/log_event_meanings.py what they mean"
    assert set(MEANINGS) - EVENTS == set(), "nobody logs these any more"
    assert list(MEANINGS) == sorted(MEANINGS)


def test_every_event_is_in_a_group_and_every_group_has_one() -> None:
    assert {event.partition(".")[0] for event in EVENTS} == set(log_events_page.GROUPS)


def test_every_logger_is_looked_at() -> None:
    assert log_events.loggers() == log_events.LOGGERS


@pytest.mark.parametrize("call", CALLS, ids=lambda call: f"{call.module}:{call.line}")
def test_an_event_is_a_dotted_fact_of_the_past(call: Call) -> None:
    assert NAME.fullmatch(call.event), f"{call.module}:{call.line} names its event {call.event!r}"
    words = call.event.partition(".")[2].split("_")
    past = [word for word in words if word.endswith("ed") or word in STRONG_PASTS.split()]
    assert past, f"{call.event}: say what happened, in the past"


def test_one_level_for_one_event() -> None:
    levels: dict[str, set[str]] = {}
    for call in CALLS:
        levels.setdefault(call.event, set()).add(call.level)
    assert {event: found for event, found in levels.items() if len(found) > 1} == {}


@pytest.mark.parametrize("event", MEANINGS)
def test_a_meaning_is_a_sentence(event: str) -> None:
    words = MEANINGS[event]
    assert words[0].isupper() or words[0] == "`"
    assert words.endswith(".")
    assert "|" not in words
    assert len(words) <= 110
