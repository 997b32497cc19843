"""A result that nothing delivered is delivered by the rounds, of a large file too, and the status file tells of it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import json, sys, time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from pipeline.contexts import context_on, put, read
from pipeline.shop import Shop
from pipeline.trade import HEADINGS, shipped
from cws_filedrop import engine
from cws_filedrop.amazon_context import AmazonContext
from cws_filedrop.pacing.in_progress import UploadsInProgress
from cws_filedrop.pacing.status_due import STATUS_DUE
from cws_filedrop.pacing.wake_set import WakeSet
from cws_filedrop.pipeline import outbox, workflows
from cws_filedrop.pipeline.processes import Processes
from cws_filedrop.pipeline.workflows import WorkflowContext
from cws_filedrop.processes.reading_process import ReadingProcess
from cws_filedrop.store.database import stamp
from cws_filedrop.store.schema import UPLOADS
from cws_filedrop.store.uploads import uploads, verdict_counts

folder, large = Path(sys.argv[1]), sys.argv[2] == "large"
context = context_on(folder)
service = replace(context.settings.service, heavy_bytes=100 if large else context.settings.service.heavy_bytes)
context = replace(context, clock=lambda: datetime.now(UTC), settings=replace(context.settings, service=service))
processes = Processes(context.settings, ReadingProcess(context.settings, "small"))
WorkflowContext.amazon = AmazonContext(context, lambda account: None, lambda account: None, 1e6)
WorkflowContext.processes, WorkflowContext.in_progress = processes, UploadsInProgress(3)
WorkflowContext.queued = WakeSet()
rows = (shipped(f"026-0000000-{n:07}", f"Y{n:07}K") + "\\n" for n in range(20))
upload_id = put(context, (HEADINGS + "".join(rows)).encode())
done = processes.read(context, uploads.some(context.db, [upload_id]), wait_for_turn=lambda: None)
assert processes.is_large(done[0]) is large
assert outbox.answer(context, done) == []
shop = Shop(context)
_, feed_no = shop.submitted()
shop.settled(feed_no, {})
long_ago = stamp(context.clock() - 2 * workflows.LEFT_AFTER)
with context.db.write() as connection:
    connection.execute(UPLOADS.update().values(done_at=long_ago))
STATUS_DUE.take(0)
made = engine.Engine(context.db.url, turn=context.db.turn, poll_seconds=0.1)
made.start()
workflows.deliver_left()
workflows.deliver_left()  # which finds that it is being delivered
due, begun = set(), time.monotonic()
while not due and time.monotonic() - begun < 90:
    due |= set(STATUS_DUE.take(0.2))
outbox.write_statuses(context, due)
home = context.home("anna").path
told = json.loads((home / "STATUS.json").read_bytes())["results"][0]["counts"]
left = verdict_counts.undelivered(context.db, before=context.clock() + timedelta(hours=1))
print(sorted(due), len(list((home / "outbox").glob("*.result.txt"))), left, told)
made.stop(patience_seconds=5)
processes.close()
context.db.close()
"""


@pytest.mark.parametrize("size", ["small", "large"])
def test_a_result_that_nothing_delivered_is_delivered_and_told_of(tmp_path: Path, size: str) -> None:
    """A large one is written by a process of its own, whose word that the status has changed would reach nobody."""
    tests = str(Path(__file__).parents[1])
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {tests!r})\n{PROGRAM}", str(tmp_path), size],
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "['anna'] 1 [] {'confirmed': 20}"
