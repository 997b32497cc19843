"""Programs that append to files around the moment these are taken: no line is lost without a word."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from transports.doors_kit import Place, needs, wait_for

from cws_filedrop.model import Grade

FILES = 300
UNSEEN = "whether a program had it open for writing, the system does not say"
WRITER = """
import pathlib, random, sys, time
inbox, seed, names = pathlib.Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
chance = random.Random(seed)
for name in names:
    with (inbox / name).open("a") as file:
        file.write(f"{name} 1\\n")
    time.sleep(max(0.0, chance.gauss(0.16, 0.03)))  # about as long as a file is let be before it is taken
    with (inbox / name).open("a", buffering=1) as file:
        for line in (2, 3, 4):
            time.sleep(chance.random() * 0.05)
            file.write(f"{name} {line}\\n")
"""


def writers(inbox: Path, processes: int = 20) -> None:
    """Write all the files; each line of them is written by the time this returns."""
    names = [f"{number:03d}.txt" for number in range(FILES)]
    running = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(inbox), str(at), *names[at::processes]])
        for at in range(processes)
    ]
    for one in running:
        assert one.wait(300) == 0


class Kept:
    """What was in each upload when it was handed over."""

    def __init__(self, place: Place) -> None:
        self.lines = Counter[str]()
        self.grades = Counter[Grade | None]()
        self.changed: list[str] = []
        self._place = place
        place.intake.announce_to(self._announced)

    def _announced(self, upload_id: str) -> None:
        claim = self._place.spool.claim_of(upload_id)
        self._place.announced.append(upload_id)
        self.lines.update(self._place.bytes_of(claim).decode().splitlines())
        self.grades[claim.grade] += 1

    def look_later(self) -> None:
        """Which uploads are no longer what they were?"""
        for upload_id in self._place.announced:
            claim = self._place.spool.claim_of(upload_id)
            if claim.kept_file.why_not(self._place.spool.data_path(upload_id).stat()):
                self.changed.append(claim.name)


def shown(folder: Path) -> list[str]:
    return [name for name in os.listdir(folder) if not name.startswith(".")]


def written_and_taken(place: Place, inbox: Path) -> Kept:
    kept = Kept(place)
    place.folder_door(sweep_seconds=0.2, settle_unsure_seconds=0.15)
    writers(inbox)
    landed = place.spool.root / "landed"
    wait_for(lambda: os.listdir(place.folder()) == [] and shown(landed) == [], what="the last file")
    kept.look_later()
    return kept


def everything() -> Counter[str]:
    return Counter(f"{number:03d}.txt {line}" for number in range(FILES) for line in (1, 2, 3, 4))


@pytest.fixture(params=["a disk", "memory"])
def anywhere(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    if request.param == "memory" and not os.access("/dev/shm", os.W_OK):
        pytest.skip("not at hand: /dev/shm")
    there = "/dev/shm" if request.param == "memory" else str(tmp_path)
    folder = Path(tempfile.mkdtemp(prefix="cws-filedrop-test-", dir=there))
    place = Place(folder)
    yield place
    place.close()
    shutil.rmtree(folder)


def test_every_line_is_in_one_upload(anywhere: Place) -> None:
    kept = written_and_taken(anywhere, anywhere.folder())
    assert kept.lines == everything()
    assert list(kept.grades) == [Grade.WHOLE]
    assert kept.changed == []


@pytest.fixture
def fuse(tmp_path: Path) -> Iterator[Path]:
    """A FUSE mount at `tmp_path / "mount"`; programs reach its files by `tmp_path / "behind"`, too."""
    needs("bindfs")
    behind, mount = tmp_path / "behind", tmp_path / "mount"
    behind.mkdir()
    mount.mkdir()
    if subprocess.run(["bindfs", str(behind), str(mount)], capture_output=True, check=False).returncode:
        pytest.skip("not at hand: FUSE, which bindfs needs")
    yield mount
    subprocess.run(["fusermount", "-uz", str(mount)], check=True)


@pytest.mark.parametrize("side", ["mount", "behind"])
def test_where_nobody_can_say_who_has_a_file_open_no_upload_is_called_whole(
    tmp_path: Path, fuse: Path, side: str
) -> None:
    place = Place(fuse)
    try:
        inbox = place.folder().relative_to(fuse)
        kept = written_and_taken(place, tmp_path / side / inbox)
        evidence = place.claims()[0].evidence
    finally:
        place.close()
    assert list(kept.grades) == [Grade.DOUBTFUL]
    assert evidence == f"nothing changed it for 0.15 s; {UNSEEN}"
    assert set(kept.lines) <= set(everything())
    assert set(kept.lines.values()) == {1}
