"""S01: the status of a row, and what it requests (docs/domain.md#4-shipments). Knows no earlier states."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

import numpy as np

from cws_filedrop.rules.columns import Mask, Rows, Sheet, Spread, constant
from cws_filedrop.rules.findings import Findings, Trouble

STATUSES: Final = {
    "shipped": "shipped",
    "packed": "packed",
    "deferred": "deferred",
    "cancelled": "cancelled",
    "canceled": "cancelled",
    "shipped & no confirm": "shipped",
    "shipped-no-email": "shipped",
}
QUIET: Final = frozenset(("shipped & no confirm", "shipped-no-email"))  # the buyer gets no mail from us
NEAR: Final = 0.75
# "unshipped" and "not shipped" are similar to "shipped", and mean the opposite.
OPPOSITE: Final = re.compile(
    r"un|in(?=complete)|(?:not?|non|never|nicht|noch|kein|pas|ne|niet|nie|inte|ej|to be|awaiting|partly)\b"
)


_NONE: Final[Rows] = np.array([], np.int64)


@dataclass(frozen=True)
class RequestedStatuses:
    """What each row requests: `kinds` is shipped, packed, deferred, cancelled, or "" where it cannot be read."""

    kinds: Spread
    shipped: Mask
    packed: Mask
    quiet: Rows  # shipped, without a mail to the buyer

    @property
    def travels(self) -> Mask:
        """The rows whose tracking number and carrier count: they are sent, or kept for later."""
        return self.shipped | self.packed


def folded(text: str) -> str:
    """A status without regard to case and to the number of blanks."""
    return " ".join(text.casefold().split())


def kind(text: str) -> str:
    """What a status requests, or "" when it is not known."""
    return STATUSES.get(folded(text), "")


def _trouble(text: str) -> Trouble | None:
    if kind(text):
        return None
    if not text:
        return ("S01", "missing")
    if OPPOSITE.match(folded(text)):
        return ("S01", "opposite")
    near = get_close_matches(folded(text)[:40], list(STATUSES), n=1, cutoff=NEAR)
    return ("S01", near[0] if near else "")


def read(sheet: Sheet, findings: Findings) -> RequestedStatuses:
    """The statuses of the rows; a file without the column is a list of shipped orders."""
    if "status" not in sheet:
        every = np.ones(sheet.size, np.bool_)
        return RequestedStatuses(constant("shipped", sheet.size), every, ~every, _NONE)
    typed = sheet["status"].distinct
    findings.add_troubles("status", typed, [_trouble(text) for text in typed.texts])
    kinds = Spread(typed.codes, [kind(text) for text in typed.texts])
    quiet = [folded(text) in QUIET for text in typed.texts]
    silent = np.flatnonzero(np.array(quiet)[typed.codes]) if any(quiet) else _NONE
    shipped, packed = kinds.having(lambda text: text == "shipped"), kinds.having(lambda text: text == "packed")
    return RequestedStatuses(kinds, shipped, packed, silent)
