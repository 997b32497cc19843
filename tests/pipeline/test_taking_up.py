"""Whatever is unfinished in the tables has a workflow, or is given one by the rounds."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import sys, threading, time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from marketplaces.market_kit import Market
from pipeline.contexts import context_on, put, read
from pipeline.trade import HEADINGS, shipped
from cws_filedrop import engine
from cws_filedrop.amazon_context import AmazonContext
from cws_filedrop.decisions import orders_and_feeds
from cws_filedrop.pacing.in_progress import UploadsInProgress
from cws_filedrop.pacing.wake_set import WakeSet
from cws_filedrop.pipeline import outbox, sending, workflows
from cws_filedrop.pipeline.workflows import WorkflowContext
from cws_filedrop.rules.feed_states import FeedEvent
from cws_filedrop.store.feeds import feeds
from cws_filedrop.store.uploads import uploads
from cws_filedrop.store.users.decisions import Who

folder, what = Path(sys.argv[1]), sys.argv[2]
market = Market(folder / "amazon.db", processing_seconds=0.0, clock=time.time).start()
context = context_on(folder)
quick = replace(context.settings.marketplace, poll_seconds=0.1, poll_slowest_seconds=0.2, lookup_seconds=0.1)
context = replace(context, clock=lambda: datetime.now(UTC), settings=replace(context.settings, marketplace=quick))
client = market.client()
amazon = AmazonContext(context, lambda account: client, lambda account: market.orders(), 1e6)
large = SimpleNamespace(is_large=lambda size: False)
WorkflowContext.amazon, WorkflowContext.processes = amazon, large
WorkflowContext.queued, WorkflowContext.in_progress = WakeSet(), UploadsInProgress(3)
upload_id = put(context, (HEADINGS + shipped() + "\\n").encode())
read(context, upload_id)
outbox.answer(context, uploads.some(context.db, [upload_id]))
feed_no = sending.take_turn(amazon, 1, cause="c").feed_no
made = engine.Engine(context.db.url, turn=context.db.turn, poll_seconds=0.1)
made.start()
match what:
    case "filled":
        sending.fill(amazon, feed_no)
    case "stopped":
        sending.fill(amazon, feed_no)
        feeds.move(context.db, feed_no, FeedEvent.STOPPED, note="why")
        orders_and_feeds.retry_feed(context, feed_no, who=Who("olga"))
    case "submitted":
        sending.fill(amazon, feed_no)
        assert sending.submit(amazon, feed_no, 1).done
    case "intended":
        sending.fill(amazon, feed_no)
        market.fault("createFeed", "drop")
        assert sending.submit(amazon, feed_no, 1).again_seconds
for _ in range(3):
    workflows.take_up()
begun = time.monotonic()
pause = threading.Event()
while feeds.get(context.db, feed_no).state != "settled" and time.monotonic() - begun < 60:
    pause.wait(0.05)
    workflows.take_up()
results = folder / "data/homes/anna/outbox"
while not list(results.glob("*.result.txt")) and time.monotonic() - begun < 60:
    pause.wait(0.05)
print(feeds.get(context.db, feed_no).state, len(market.ledger()), len(list(results.glob("*.result.txt"))))
made.stop(patience_seconds=5)
context.db.close()
market.stop()
"""


def run(folder: Path, what: str) -> str:
    tests = str(Path(__file__).parents[1])
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {tests!r})\n{PROGRAM}", str(folder), what],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    return done.stdout.splitlines()[-1] if done.returncode == 0 else done.stderr


@pytest.mark.parametrize("what", ["open", "filled", "stopped", "submitted", "intended"])
def test_a_feed_that_nothing_works_on_is_taken_up_and_sent_once(tmp_path: Path, what: str) -> None:
    """For one that was stopped, an operator's retry is all that happened: nobody is left who would start anything."""
    assert run(tmp_path, what) == "settled 1 1"
