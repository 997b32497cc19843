"""Amazon's rate limits, and the arithmetic of keeping within them: GCRA, the generic cell rate algorithm. Pure.

A token bucket seems to need two numbers (tokens, and when they were counted) and somebody to refill it. GCRA needs one:
the theoretical arrival time (`tat`), the moment at which the bucket will be full again. Taking a token puts that off by
the time one token takes to come; waiting brings it nearer by itself. One number fits into one column, is updated in one
transaction, and survives a restart; it is in seconds of any clock that does so too. Whoever keeps it (the store; the
sandbox, for its own limits) passes it in and keeps the new one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

SLACK_SECONDS: Final = 1e-4  # rounding of sums; whoever has waited as long as told is let through


@dataclass(frozen=True, slots=True)
class Rate:
    """A token bucket: `per_second` requests a second on average, at most `burst` at once."""

    per_second: float
    burst: int

    def scaled(self, factor: float) -> Rate:
        """The same bucket filling `factor` times as fast (above 0)."""
        return replace(self, per_second=self.per_second * factor)

    def sparing(self, tokens: int) -> Rate:
        """The same bucket for somebody who may not take its last tokens."""
        return replace(self, burst=max(1, self.burst - tokens))

    @property
    def interval_seconds(self) -> float:
        """How long one token takes to come."""
        return 1.0 / self.per_second


# Per account and application (docs/amazon.md#8-rate-limits).
RATES: Final = {
    "createFeedDocument": Rate(0.5, 15),
    "createFeed": Rate(0.0083, 15),
    "getFeed": Rate(2.0, 15),
    "getFeeds": Rate(0.0222, 10),
    "getFeedDocument": Rate(0.0222, 10),
    "cancelFeed": Rate(2.0, 15),
    "getOrder": Rate(0.5, 30),
    "createReport": Rate(0.0167, 15),
    "getReport": Rate(2.0, 15),
    "getReportDocument": Rate(0.0167, 15),
    "createRestrictedDataToken": Rate(1.0, 10),
}


LOOK_SECONDS: Final = RATES["getOrder"].interval_seconds  # what looking up an order takes, one after the other


def reserve(tat: float | None, now: float, rate: Rate) -> tuple[float, float]:
    """Take a token: (new arrival, 0.0), or, taking none, (arrival, seconds to wait). `tat` is None for a full bucket.

    A clock that was set back, or a rate that was raised, costs at most the time one whole bucket takes to fill.
    """
    interval = rate.interval_seconds
    # Not before now: a bucket that has been full for long has no more tokens than a full one. Nor later than an empty
    # bucket takes to fill: a clock that was set back would otherwise mean waiting for the old time to come again.
    full = now if tat is None else min(max(tat, now), now + rate.burst * interval)
    # A token is left while at most burst - 1 are missing, and `full - now` is the time the missing ones take to come.
    wait = full - (rate.burst - 1) * interval - now
    if wait > SLACK_SECONDS:
        return full, wait
    return full + interval, 0.0
