"""How a durable step of a feed ends: done, again after a while, or stopped for a person."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Final

from cws_filedrop import log
from cws_filedrop.amazon_context import AmazonContext
from cws_filedrop.backoff import AMAZON_FAILED
from cws_filedrop.outgoing.mail import notes
from cws_filedrop.rules.feed_states import FeedEvent
from cws_filedrop.store.feeds import feeds
from cws_filedrop.store.feeds.feeds import FeedRow

LOG: Final = log.get(__name__)


@dataclass(frozen=True, slots=True)
class StepResult:
    """How a step ended: done, to be repeated after some seconds, or stopped until a person acts. Plain values."""

    done: bool = False
    again_seconds: float = 0.0
    note: str = ""

    def plain(self) -> dict[str, Any]:
        return asdict(self)


DONE: Final = StepResult(done=True)


def not_kept(amazon: AmazonContext, feed: FeedRow, error: OSError, attempt: int) -> StepResult:
    LOG.error("feed.not_kept", feed=feed.no, attempt=attempt, why=str(error))
    return waits(amazon, feed, f"it cannot be kept on our disk: {error}", AMAZON_FAILED.seconds(attempt))


def waits(amazon: AmazonContext, feed: FeedRow, why: str, seconds: float) -> StepResult:
    """Note why, and try again after a while."""
    why = amazon.context.marketplace.said(why)
    feeds.change(amazon.context.db, feed.no, note=why)
    return StepResult(again_seconds=seconds, note=why)


def stop_account(amazon: AmazonContext, account_id: int, why: str) -> None:
    """Let nothing of an account leave until a person acts."""
    feeds.stop_account(amazon.context.db, account_id, amazon.context.marketplace.said(why))


def stop(amazon: AmazonContext, feed: FeedRow, why: str, **values: object) -> StepResult:
    """Leave a feed as it is, for a person to decide. `values` are columns of it."""
    why = amazon.context.marketplace.said(why)
    feeds.move(amazon.context.db, feed.no, FeedEvent.STOPPED, note=why, **values)
    LOG.error("feed.stopped", feed=feed.no, account=feed.account_id, why=why)
    notes.stopped(amazon.context, feed.no, why)
    return StepResult(note=why)
