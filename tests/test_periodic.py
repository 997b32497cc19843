"""Threads that do something again and again: what is due when, failures, words that wake them, and their end."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from running import wait_for
from structlog.testing import capture_logs

from cws_filedrop.periodic import RETRY_SECONDS, Again, Job, PeriodicTask


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Work:
    """Notes when it was done, by that clock; fails or asks to be done again when told so."""

    def __init__(self, clock: Callable[[], float] = lambda: 0.0) -> None:
        self._clock = clock
        self.done: list[float] = []
        self.broken = False
        self.answer: object = None

    def __call__(self) -> object:
        self.done.append(self._clock())
        if self.broken:
            raise OSError("broken")
        return self.answer


@contextmanager
def running(task: PeriodicTask) -> Iterator[PeriodicTask]:
    """The task in its thread."""
    task.start()
    try:
        yield task
    finally:
        task.stop()


def never() -> Job:
    """Work that is not due while a test runs."""
    return Job(lambda: None, 1e6, 1e6)


# What is due when


def test_each_job_is_done_when_it_is_due_in_the_order_given() -> None:
    clock = Clock()
    done: list[str] = []
    jobs = [Job(lambda: done.append("often"), 2.0), Job(lambda: done.append("rarely"), 5.0, 2.0)]
    task = PeriodicTask("two", jobs, clock=clock)
    pauses = []
    for clock.now in (0.0, 2.0, 4.0, 7.0):
        pauses.append(task.do_what_is_due())
        done.append("|")
    assert "".join(word[0] for word in done) == "o|or|o|or|"
    assert pauses == [2.0, 2.0, 2.0, 2.0]


def test_the_pause_is_counted_from_the_end_of_the_work() -> None:
    clock = Clock()

    def slow() -> None:
        clock.now += 10.0

    task = PeriodicTask("slow", Job(slow, 2.0), clock=clock)
    assert task.do_what_is_due() == 2.0
    clock.now += 1.0
    assert task.do_what_is_due() == 1.0
    assert clock.now == 11.0


def test_nothing_is_done_before_its_first_time() -> None:
    clock = Clock()
    work = Work(clock)
    task = PeriodicTask("later", Job(work, 5.0, 3.0), clock=clock)
    assert task.do_what_is_due() == 3.0
    clock.now = 3.0
    assert task.do_what_is_due() == 5.0
    assert work.done == [3.0]


def test_work_may_say_when_it_is_due_again() -> None:
    clock = Clock()
    work = Work(clock)
    task = PeriodicTask("again", Job(work, 5.0), clock=clock)
    work.answer = Again(0.0)
    assert task.do_what_is_due() == 0.0
    work.answer = Again(7.0)
    assert task.do_what_is_due() == 7.0
    clock.now, work.answer = 7.0, 3  # a number is no such word: works say how many they did
    assert task.do_what_is_due() == 5.0
    assert work.done == [0.0, 0.0, 7.0]


# Failures


@pytest.mark.parametrize(
    ("job", "seconds"),
    [
        (Job(Work(), 2.0), 2.0),
        (Job(Work(), 3600.0), RETRY_SECONDS),
        (Job(Work(), 2.0, retry_seconds=30.0), 30.0),
        (Job(Work(), 0.0), 1.0),
    ],
    ids=["as usual", "soon when it is done rarely", "as is said", "not at once for ever"],
)
def test_what_failed_is_done_again_soon_and_then_as_usual(job: Job, seconds: float) -> None:
    clock, failures = Clock(), list[Exception]()
    work = job.work
    assert isinstance(work, Work)
    work.broken = True
    task = PeriodicTask("broken", job, failed=failures.append, clock=clock)
    assert task.do_what_is_due() == seconds
    assert [str(error) for error in failures] == ["broken"]
    work.broken = False
    clock.now += seconds
    assert task.do_what_is_due() == job.every_seconds
    assert len(work.done) == 2


def test_one_that_fails_keeps_no_other_from_its_turn() -> None:
    broken, fine = Work(), Work()
    broken.broken = True
    PeriodicTask("two", [Job(broken, 1.0), Job(fine, 1.0)]).do_what_is_due()
    assert (len(broken.done), len(fine.done)) == (1, 1)


def test_the_thread_goes_on_though_not_even_the_failure_can_be_told() -> None:
    work = Work()
    work.broken = True

    def failed(_: Exception) -> None:
        raise RuntimeError("nobody listens")

    with running(PeriodicTask("broken", Job(work, 0.0, retry_seconds=0.0), failed=failed)):
        wait_for(lambda: len(work.done) > 3)


def test_a_failure_that_nobody_asked_for_is_logged_with_the_name_of_the_task() -> None:
    work = Work()
    work.broken = True
    with capture_logs() as events:
        PeriodicTask("nobody's", Job(work, 1.0)).do_what_is_due()
    assert [(one["event"], one["task"], one["log_level"]) for one in events] == [("task.failed", "nobody's", "error")]


# Words, and the end


def test_who_is_woken_does_everything_at_once() -> None:
    work, other = Work(), Work()
    with running(PeriodicTask("asleep", [Job(work, 1e6, 1e6), Job(other, 1e6)])) as task:
        wait_for(lambda: other.done)
        assert not work.done
        for times in (1, 2, 3):
            task.wake()
            wait_for(lambda times=times: (len(work.done), len(other.done)) == (times, times + 1))


def test_a_word_that_comes_during_the_work_is_heard_after_it() -> None:
    begun, go_on, done = threading.Semaphore(0), threading.Semaphore(0), Work()

    def work() -> None:
        begun.release()
        assert go_on.acquire(timeout=60)
        done()

    with running(PeriodicTask("busy", Job(work, 1e6))) as task:
        assert begun.acquire(timeout=60)
        task.wake()
        go_on.release(2)
        wait_for(lambda: len(done.done) == 2)


def test_it_ends_at_once_though_nothing_is_due_for_days_and_does_the_last_thing() -> None:
    last = Work()
    task = PeriodicTask("asleep", never(), last=last)
    task.start()
    task.stop()
    assert last.done == [0.0]
    assert "asleep" not in {thread.name for thread in threading.enumerate()}


def test_the_last_thing_may_fail() -> None:
    last, failures = Work(), list[Exception]()
    last.broken = True
    with running(PeriodicTask("asleep", never(), failed=failures.append, last=last)):
        pass
    assert [str(error) for error in failures] == ["broken"]


def test_who_is_told_to_end_finishes_what_is_in_hand_and_begins_nothing_more() -> None:
    begun, go_on = threading.Event(), threading.Event()
    ended, after = Work(), Work()

    def work() -> None:
        begun.set()
        assert go_on.wait(60)
        ended()

    task = PeriodicTask("busy", [Job(work, 0.0), Job(after, 0.0)])
    task.start()
    assert begun.wait(60)
    task.end()
    task.stop(patience_seconds=0.01)
    assert not ended.done
    go_on.set()
    task.stop()
    assert (ended.done, after.done) == ([0.0], [])


def test_work_that_waits_itself_hears_of_the_end() -> None:
    waits = threading.Event()
    task: PeriodicTask

    def work() -> None:
        waits.set()
        assert task.ending.wait(60)

    task = PeriodicTask("waits", Job(work, 0.0))
    with running(task):
        assert waits.wait(60)


def test_one_that_never_began_may_be_stopped_and_does_nothing() -> None:
    last = Work()
    task = PeriodicTask("never", never(), last=last)
    task.stop()
    assert last.done == []
