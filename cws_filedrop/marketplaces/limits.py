"""Amazon's rate limits and the arithmetic of keeping within them (GCRA: one number a bucket). Pure; keeps nothing.

The one number is the theoretical arrival: the moment at which the bucket will be full again, in seconds of any clock
that outlives a restart. Whoever keeps it (the store; the sandbox for its own) hands it in and takes the new one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

SLACK_SECONDS: Final = 1e-4  # sums of moments are rounded; who waited as told is let through


@dataclass(frozen=True, slots=True)
class Rate:
    """A token bucket: so many requests a second on average, at most `burst` at once."""

    per_second: float
    burst: int

    def scaled(self, factor: float) -> Rate:
        """The same bucket filling `factor` times as fast (above 0)."""
        return replace(self, per_second=self.per_second * factor)

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


def reserve(tat: float | None, now: float, rate: Rate) -> tuple[float, float]:
    """Take a token: (new arrival, 0.0), or, taking none, (arrival, seconds to wait). `tat` is None for a full bucket.

    A clock that was set back, or a rate that was raised, costs at most the time one whole bucket takes to fill.
    """
    interval = rate.interval_seconds
    full = now if tat is None else min(max(tat, now), now + rate.burst * interval)
    wait = full - (rate.burst - 1) * interval - now
    if wait > SLACK_SECONDS:
        return full, wait
    return full + interval, 0.0
