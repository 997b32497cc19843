"""Who answers, in words. While the marketplace is the sandbox, none of its answers may be taken for Amazon's: whatever
shows or tells one names it, with the words that are here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from cws_filedrop.model import Verdict

SANDBOX_FEED: Final = "SANDBOX-"  # how the sandbox's feed ids begin; Amazon's are numbers
AMAZON: Final = re.compile(r"\bAmazon\b")
NOTICE: Final = (
    "SANDBOX: a built-in program answers instead of Amazon, which is told nothing; no order is confirmed there, and no"
    " buyer hears of it."
)
REMEDY: Final = 'Set kind = "amazon" in [marketplace] to send anything to Amazon.'

Answer = tuple[Verdict, str, str]  # the verdict of a message, its code, and what was said of it


class MarketplaceKind(StrEnum):
    """What `[marketplace] kind` can be."""

    AMAZON = "amazon"
    SANDBOX = "sandbox"

    @property
    def notice(self) -> str:
        """What stands at the head of whatever people read; nothing where Amazon itself answers."""
        return NOTICE if self is MarketplaceKind.SANDBOX else ""

    def said(self, sentence: str) -> str:
        """A sentence of ours about Amazon, with the name of who really answers."""
        if self is MarketplaceKind.AMAZON:
            return sentence
        named = AMAZON.sub("the sandbox", sentence)
        return named[0].upper() + named[1:] if sentence.startswith("Amazon") and sentence != "Amazon" else named

    def verdict(self, words: str) -> str:
        """The same of a sentence that is a line's verdict: it says, too, what Amazon knows of it."""
        if self is MarketplaceKind.AMAZON or not words:
            return words
        return f"{AMAZON.sub('the sandbox', words)}; Amazon was told nothing"

    def quoted(self, answers: Mapping[int, Answer]) -> dict[int, Answer]:
        """Answers about single messages, in words of who answered: the sandbox's begin with its name."""
        if self is MarketplaceKind.AMAZON:
            return dict(answers)
        return {number: (verdict, code, f"sandbox: {said}") for number, (verdict, code, said) in answers.items()}

    def subject(self, words: str) -> str:
        """The subject of a mail."""
        return words if self is MarketplaceKind.AMAZON else f"[sandbox] {words}"


def number_of_feed(feed_id: str | None) -> str:
    """The number by which a processing report names a feed: Amazon's id is one, the sandbox's ends with it."""
    return (feed_id or "").removeprefix(SANDBOX_FEED)


def is_sandbox_feed(feed_id: str | None) -> bool:
    """Is that the id of a feed that the sandbox took, whatever the marketplace is now?"""
    return (feed_id or "").startswith(SANDBOX_FEED)
