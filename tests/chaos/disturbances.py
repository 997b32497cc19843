"""What happens to the service's own processes and disk: kills, stops, restarts of Amazon, a full disk. From a seed."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from chaos.amazon_troubles import Troubles
from chaos.deployment import DOORS, PARTS, READER, WEB, WORKER, Amazon, Deployment

AMAZON = "sandbox"
DISK_BYTES = 256 * 1024 * 1024
LONGEST_STOP_SECONDS = 4.0


class SmallDisk:
    """A small file system in memory for the data folder, where we may mount one; `why_not` says why there is none."""

    def __init__(self, folder: Path, *, wanted: bool = True) -> None:
        self.folder = folder
        self.filler = folder / ".filler"
        folder.mkdir(parents=True, exist_ok=True)
        self.why_not = self._mounted() if wanted else "not asked for"

    def _mounted(self) -> str:
        if os.geteuid() != 0:
            return "only root may mount"
        words = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES},mode=0700", "tmpfs", str(self.folder)]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        return "" if done.returncode == 0 else f"mount says {done.stderr.strip()}"

    def fill(self) -> None:
        """Not a byte is left."""
        with contextlib.suppress(OSError), self.filler.open("ab", buffering=0) as file:
            for size in (1 << 20, 1 << 12):
                with contextlib.suppress(OSError):
                    while True:
                        file.write(bytes(size))

    def free(self) -> None:
        """There is room again."""
        self.filler.unlink(missing_ok=True)

    def close(self) -> None:
        """Unmount it."""
        if not self.why_not:
            subprocess.run(["umount", "--lazy", str(self.folder)], check=False)


class Disturber:
    """Does one thing after the other to a deployment. `kills`, `stops` count by part, `done` the rest."""

    def __init__(
        self, deployment: Deployment, amazon: Amazon, troubles: Troubles, disk: SmallDisk, chance: random.Random
    ) -> None:
        self.deployment, self.amazon, self.troubles, self.disk = deployment, amazon, troubles, disk
        self.chance = chance
        self.kills: Counter[str] = Counter()
        self.stops: Counter[str] = Counter()
        self.done: Counter[str] = Counter()
        self._timers: list[threading.Timer] = []
        self._amazon_stopped = threading.Event()
        self._ways: list[tuple[int, Callable[[], None]]] = [
            (9, lambda: self._kill(WORKER)),
            (6, lambda: self._kill(DOORS)),
            (4, lambda: self._kill(WEB)),
            (5, lambda: self._kill(READER)),
            (4, self._kill_amazon),
            (6, self._pause),
            (2, self._pause_amazon),
            (2, self._restart),
            (3, self._fill_disk),
        ]

    def disturb(self) -> None:
        """One thing."""
        weights = [weight for weight, _ in self._ways]
        (_, way), *_ = self.chance.choices(self._ways, weights)
        way()

    def _kill(self, part: str) -> None:
        group = part == WORKER and self.chance.random() < 0.4
        if self.deployment.kill(part, group=group):
            self.kills[part] += 1
        if part == WORKER and self.chance.random() < 0.3:  # and once more, while it starts
            self.deployment.see_to_it()
            threading.Event().wait(self.chance.uniform(0.1, 2.0))
            self.kills[part] += self.deployment.kill(part)

    def _kill_amazon(self) -> None:
        if self._amazon_stopped.is_set():
            return
        self.troubles.count()
        self.amazon.kill()
        self.troubles.forget()
        self.kills[AMAZON] += 1
        threading.Event().wait(self.chance.choice([0.0, 0.5, 2.0]))
        self.amazon.start()

    def _pause(self) -> None:
        part = self.chance.choice(PARTS)
        if pids := self.deployment.pause(part):
            self.stops[part] += 1
            self._later(lambda: self.deployment.resume(pids))

    def _pause_amazon(self) -> None:
        if self._amazon_stopped.is_set():
            return
        pid = self.amazon.pid()
        self._amazon_stopped.set()
        os.kill(pid, signal.SIGSTOP)
        self.stops[AMAZON] += 1
        self._later(lambda: self._resume_amazon(pid))

    def _resume_amazon(self, pid: int) -> None:
        os.kill(pid, signal.SIGCONT)
        self._amazon_stopped.clear()

    def _restart(self) -> None:
        """As an operator does it; asked while it starts, it may also say that it has not started."""
        if self.deployment.is_running():
            self.deployment.stop()
            self.done["restarts"] += 1

    def _fill_disk(self) -> None:
        if not self.disk.why_not:
            self.disk.fill()
            self.done["full disk"] += 1
            self._later(self.disk.free)

    def _later(self, work: Callable[[], object]) -> None:
        timer = threading.Timer(self.chance.uniform(0.3, LONGEST_STOP_SECONDS), work)
        timer.start()
        self._timers.append(timer)

    def let_go(self) -> None:
        """What was stopped goes on, the disk has room."""
        for timer in self._timers:
            timer.cancel()
        self.deployment.resume(list(self.deployment.processes()))
        if self.amazon.process is not None:
            self.deployment.resume([self.amazon.pid()])
        self.disk.free()

    def end(self) -> None:
        """The same, and the service runs."""
        self.let_go()
        self.deployment.wait_until_ready()
