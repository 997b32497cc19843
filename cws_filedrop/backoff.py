"""How long to wait before a retry: one named formula for each purpose. Knows no clock."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Final

STEEPEST: Final = 60  # attempts after which a wait grows no more; 2.0 ** 1024 overflows


@dataclass(frozen=True, slots=True)
class Backoff:
    """Growing waits: `first_seconds`, then each `factor` times the one before, up to `longest_seconds`.

    A random share of at most `jitter` is taken off, so that what failed together is not retried together.
    """

    first_seconds: float
    factor: float
    longest_seconds: float
    jitter: float = 0.0

    def seconds(self, attempt: int) -> float:
        """How long to wait after that many attempts (1 is the first)."""
        grown = self.first_seconds * self.factor ** min(max(attempt, 1) - 1, STEEPEST)
        longest: float = min(self.longest_seconds, grown)
        return longest * random.uniform(1.0 - self.jitter, 1.0) if self.jitter else longest  # noqa: S311


AMAZON_FAILED: Final = Backoff(2.0, 2.0, 1800.0, jitter=0.5)  # it may be away for hours (docs/domain.md#9-sending)
# A token that was just made may be refused at first, and a role may be missing for minutes or for good.
ORDERS_REFUSED: Final = Backoff(60.0, 6.0, 86_400.0)
BATCH_BROKE: Final = Backoff(1.0, 2.0, 60.0)  # by a fault of ours, or of the database (pacing.due_rows)
FEED_LEFT_ALONE: Final = Backoff(1.0, 2.0, 300.0)  # its workflow ended and did not finish it
OUTBOX_NOT_WRITTEN: Final = Backoff(2.0, 2.0, 60.0)  # soon after there is room again its answers are there
MAIL_POSTPONED: Final = Backoff(60.0, 2.0, 4 * 3600.0)  # by its server, for this one mail
MAIL_SERVER_AWAY: Final = Backoff(5.0, 2.0, 600.0)
HOOK_NOT_TAKEN: Final = Backoff(5.0, 3.0, 86_400.0, jitter=0.25)


def amazon_works_on_it(first_seconds: float, longest_seconds: float) -> Backoff:
    """Between looks at something that Amazon is making: a feed's processing or a report (settings poll_seconds)."""
    return Backoff(first_seconds, 1.5, longest_seconds)


def login_failed(first_seconds: float) -> Backoff:
    """Before a user name may be tried from an address again."""
    return Backoff(first_seconds, 2.0, 900.0)


def address_banned(first_seconds: float) -> Backoff:
    """How long an address is kept out, each time longer."""
    return Backoff(first_seconds, 2.0, 86_400.0)
