"""Whatever strangers send: the doors go on serving, say nothing of their insides, and do not grow.

`make fuzz` sends 100,000 commands and 100,000 packets; `SEED=…` repeats a run.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from fuzz.ftp_commands import FtpFuzz
from fuzz.fuzzed import Fuzzed
from fuzz.sftp_packets import SftpFuzz
from fuzz.ssh_messages import SshFuzz

GROWTH = 12 * 1024 * 1024  # bytes that memory may grow after the first fifth
SHORT, LONG = 4_000, 100_000


@pytest.fixture
def fuzzed(tmp_path: Path) -> Iterator[Fuzzed]:
    fuzzed = Fuzzed(tmp_path)
    yield fuzzed
    assert fuzzed.stop() == 0


@pytest.fixture
def seed() -> int:
    seed = int(os.environ.get("SEED", time.time_ns() % 1_000_000))
    print(f"SEED={seed}")
    return seed


def check(fuzzed: Fuzzed, before: tuple[int, int], memory: int, took: str) -> None:
    handles, threads = before
    fuzzed.settles(fuzzed.handles, handles + 8, "open files")  # databases of time zones, log, pools
    fuzzed.settles(fuzzed.threads, threads + 14, "threads")  # of the pools, once made they stay
    print(f"{took}; memory {memory >> 20} -> {fuzzed.memory() >> 20} MiB; {fuzzed.good_uploads} good uploads beside")
    assert fuzzed.memory() - memory < GROWTH
    assert fuzzed.troubles() == []


def fuzz_ftp(fuzzed: Fuzzed, seed: int, number: int) -> None:
    fuzzed.serves_ftp()
    before, memory, began = (fuzzed.handles(), fuzzed.threads()), 0, time.monotonic()
    fuzz, next_good = FtpFuzz(fuzzed.ftp, fuzzed.ftps, seed), 0
    while fuzz.sent < number:
        fuzz.session(120)
        if fuzz.sent >= next_good:
            next_good = fuzz.sent + number // 20
            fuzzed.serves_ftp()
        if not memory and fuzz.sent > number // 5:
            memory = fuzzed.memory()
    fuzzed.serves_ftp()
    check(fuzzed, before, memory, f"{fuzz.sent:,} commands in {time.monotonic() - began:.0f} s")


def fuzz_sftp(fuzzed: Fuzzed, seed: int, number: int) -> None:
    fuzzed.serves_sftp()
    before, memory, began = (fuzzed.handles(), fuzzed.threads()), 0, time.monotonic()
    fuzz, below, next_good = SftpFuzz(fuzzed.sftp, seed), SshFuzz(fuzzed.sftp, seed), 0
    while fuzz.sent < number:
        fuzz.connection(fuzz.chance.randrange(1, 30))
        for _ in range(3):
            below.connection()
        if fuzz.sent >= next_good:
            next_good = fuzz.sent + number // 20
            fuzzed.serves_sftp()
        if not memory and fuzz.sent > number // 5:
            memory = fuzzed.memory()
    fuzzed.serves_sftp()
    seconds = time.monotonic() - began
    check(fuzzed, before, memory, f"{fuzz.sent:,} packets and {below.sent:,} SSH messages in {seconds:.0f} s")


def test_some_ftp_commands(fuzzed: Fuzzed, seed: int) -> None:
    fuzz_ftp(fuzzed, seed, SHORT)


def test_some_sftp_packets(fuzzed: Fuzzed, seed: int) -> None:
    fuzz_sftp(fuzzed, seed, SHORT)


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_a_hundred_thousand_ftp_commands(fuzzed: Fuzzed, seed: int) -> None:
    fuzz_ftp(fuzzed, seed, LONG)


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_a_hundred_thousand_sftp_packets(fuzzed: Fuzzed, seed: int) -> None:
    fuzz_sftp(fuzzed, seed, LONG)
