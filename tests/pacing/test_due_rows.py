"""Due rows go in batches: at once while there are more, on a nudge, and ever more slowly while it breaks."""

from __future__ import annotations

import threading
from collections.abc import Callable

from running import wait_for

from cws_filedrop.backoff import BATCH_BROKE
from cws_filedrop.pacing.due_rows import Batch, DueRows, nudge

HOUR = 3600.0


class Rows:
    """So many are due, two go at a time."""

    def __init__(self, number: int = 0, *, broken: int = 0) -> None:
        self.number = number
        self.broken = broken
        self.batches = 0
        self.told: list[str] = []

    def work(self) -> bool:
        self.batches += 1
        if self.broken:
            self.broken -= 1
            raise ValueError("broken")
        self.number = max(0, self.number - 2)
        return self.number > 0

    def due(self, *, every: float = HOUR, is_ours: Callable[[], bool] = lambda: True) -> DueRows:
        return DueRows("rows", Batch(self.work, every), is_ours=is_ours, broke=lambda: self.told.append("broke"))


def test_all_that_is_due_goes_at_once() -> None:
    rows = Rows(7)
    task = rows.due()
    waits = [task.do_what_is_due(everything=True)]
    while waits[-1] == 0:
        waits.append(task.do_what_is_due())
    assert (rows.batches, rows.number) == (4, 0)
    assert HOUR - 60 < waits[-1] <= HOUR


def test_who_has_not_the_duty_does_nothing() -> None:
    rows, mine = Rows(7), threading.Event()
    task = rows.due(is_ours=mine.is_set)
    task.do_what_is_due(everything=True)
    assert rows.batches == 0
    mine.set()
    task.do_what_is_due(everything=True)
    assert rows.batches == 1


def test_the_pause_grows_while_it_breaks_and_is_as_usual_afterwards() -> None:
    now = [0.0]
    rows = Rows(broken=3)
    task = DueRows("rows", Batch(rows.work, HOUR), broke=lambda: rows.told.append("broke"), clock=lambda: now[0])
    waits = []
    now[0] = HOUR
    for _ in range(4):
        waits.append(task.do_what_is_due())
        now[0] += waits[-1]
    assert waits == [*(BATCH_BROKE.seconds(times) for times in (1, 2, 3)), HOUR]
    assert rows.told == ["broke"] * 3


def test_one_that_breaks_does_not_hold_up_another() -> None:
    broken, good = Rows(broken=1), Rows(1)
    task = DueRows("rows", Batch(broken.work, HOUR), Batch(good.work, HOUR), broke=lambda: None)
    task.do_what_is_due(everything=True)
    assert good.batches == 1


def test_a_nudge_is_heard_between_start_and_end() -> None:
    rows = Rows()
    task = rows.due()
    nudge("rows")
    task.start()
    try:
        nudge("mail", "rows")
        wait_for(lambda: rows.batches == 1, what="the batch")
    finally:
        task.stop(patience_seconds=60)
    nudge("rows")
    assert rows.batches == 1
