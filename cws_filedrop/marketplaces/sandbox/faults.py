"""Faults on demand: what goes wrong with the next calls of an operation, and how. Knows no feeds.

    kind       what happens                                                         when, unless told otherwise
    throttle   429 QuotaExceeded                                                    before the work
    fail       500 InternalFailure (or `status`, such as 503)                       before
    refuse     400 InvalidInput (or `status`, such as 403, 404)                     before
    hang       no answer for `seconds`, then the connection is closed               before
    slow       the right answer, `seconds` late                                     after
    drop       the connection is closed without an answer                           after
    late       504 now (or `status`), and the feed appears `seconds` later          - (createFeed only)
    garbage    a page of HTML instead of JSON or a report, with a good status       before
    empty      nothing, with a good status                                          after
    cut        the first half of the answer, as if it were all                      after
    break      the first half of the answer, then the line is cut                   after
    not-gzip   said to be packed, and is not                                        after (getFeedDocument, report)
    other      the report of another feed, with other counts                        after (report only)
    miscount   a report whose counts do not add up                                  after (report only)
    fatal      the feed will end FATAL                                              - (createFeed, createReport)
    cancelled  it will end CANCELLED                                                - (createFeed, createReport)

`when` is `before` or `after`: whether the work is done before things go wrong is the point of a fault (`worked` false
or true says the same). For `fatal` and `cancelled` it says whether the messages take effect, and `report` true gives
such a feed a report. `count` (or `times`) is how often it strikes, 0 = until it is cleared; with a `probability` below
1 it strikes by chance, drawn from `seed`. `operation` is one of OPERATIONS, or `*`.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Final

OPERATIONS: Final = (
    "token",
    "createFeedDocument",
    "upload",
    "createFeed",
    "getFeed",
    "getFeeds",
    "getFeedDocument",
    "report",
    "cancelFeed",
    "getOrder",
    "createReport",
    "getReport",
    "getReportDocument",
    "createRestrictedDataToken",
)
ANY: Final = "*"
AFTER: Final = frozenset({"slow", "drop", "empty", "cut", "break", "not-gzip", "other", "miscount"})
BEFORE: Final = frozenset({"throttle", "fail", "refuse", "hang", "garbage"})
FATES: Final = {"fatal": "FATAL", "cancelled": "CANCELLED"}
LATE: Final = "late"
KINDS: Final = (*sorted(AFTER | BEFORE), LATE, *FATES)
ONLY: Final[Mapping[str, tuple[str, ...]]] = {  # kinds that mean something for a few operations
    **dict.fromkeys(FATES, ("createFeed", "createReport")),
    LATE: ("createFeed",),
    "not-gzip": ("getFeedDocument", "getReportDocument", "report"),
    "other": ("report",),
    "miscount": ("report",),
}
WHEN: Final = {"before": False, "after": True}


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing to go wrong; the module says what each field means."""

    operation: str
    kind: str
    times: int = 1
    status: int = 0
    seconds: float = 3600.0
    worked: bool | None = None
    probability: float = 1.0
    seed: int = 0
    report: bool = False

    @property
    def works_first(self) -> bool:
        """Is the work done before things go wrong?"""
        return self.kind in AFTER if self.worked is None else self.worked

    @property
    def is_instead(self) -> bool:
        """Is the answer gone wrong all that happens, and nothing is done?"""
        return self.kind in AFTER | BEFORE and self.kind != "slow" and not self.works_first

    def check(self) -> Fault:
        """The same.

        Raises: ValueError with plain words when it makes no sense.
        """
        if self.operation not in (*OPERATIONS, ANY):
            raise ValueError(f"operation {self.operation!r} is none of {', '.join((*OPERATIONS, ANY))}")
        if self.kind not in KINDS:
            raise ValueError(f"kind {self.kind!r} is none of {', '.join(KINDS)}")
        if self.operation not in (possible := ONLY.get(self.kind, (self.operation,))):
            raise ValueError(f"{self.kind} is for {' and '.join(possible)} only")
        if not 0 < self.probability <= 1 or self.times < 0 or self.seconds < 0:
            raise ValueError("probability is above 0 and at most 1; count and seconds are not below 0")
        return self


def fault(values: object) -> Fault:
    """A fault out of JSON.

    Raises: ValueError with plain words when it makes no sense.
    """
    if not isinstance(values, dict):
        raise ValueError("a fault is a JSON object")
    named = dict(values)
    if "count" in named:
        named["times"] = named.pop("count")
    if "when" in named:
        named["worked"] = _worked(named.pop("when"))
    known = {field.name for field in fields(Fault)}
    if strange := set(named) - known:
        raise ValueError(f"unknown: {', '.join(sorted(strange))}; known are when, count, {', '.join(sorted(known))}")
    try:
        return Fault(**named).check()
    except TypeError as error:
        raise ValueError(str(error)) from error


def _worked(when: object) -> bool:
    if not isinstance(when, str) or when not in WHEN:
        raise ValueError(f"when {when!r} is none of {', '.join(WHEN)}")
    return WHEN[when]


@dataclass(slots=True)
class _Waiting:
    """A fault that has not struck as often as it may, and the chance by which it does."""

    fault: Fault
    drawn: int = 0

    def strikes(self, operation: str) -> bool:
        """Does it strike a call of that operation? The chance is drawn for its own operation only."""
        if self.fault.operation not in (operation, ANY):
            return False
        self.drawn += 1
        draw = hashlib.sha256(f"{self.fault.seed}:{self.drawn}".encode()).digest()
        return int.from_bytes(draw[:4]) < self.fault.probability * 2**32


class Faults:
    """Faults that have not struck yet, in order of request."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[_Waiting] = []
        self._struck = 0

    def add(self, fault: Fault) -> None:
        """Add a fault."""
        with self._lock:
            self._waiting.append(_Waiting(fault))

    def take(self, operation: str) -> Fault | None:
        """The fault for a call of an operation, if there is any; it is used up."""
        with self._lock:
            found = next((one for one in self._waiting if one.strikes(operation)), None)
            if found is None:
                return None
            self._struck += 1
            fault = found.fault
            if fault.times == 1:
                self._waiting.remove(found)
            elif fault.times:
                found.fault = replace(fault, times=fault.times - 1)
            return fault

    @property
    def struck(self) -> int:
        """How often one has struck since the start."""
        return self._struck

    def waiting(self) -> list[dict[str, Any]]:
        """The faults that have not struck yet, as JSON."""
        with self._lock:
            return [asdict(one.fault) for one in self._waiting]

    def clear(self) -> None:
        """Drop all faults."""
        with self._lock:
            self._waiting.clear()
