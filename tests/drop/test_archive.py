"""What went to Amazon and came back is kept byte for byte."""

from __future__ import annotations

import gzip
import os
from dataclasses import replace
from pathlib import Path

import pytest

from cws_filedrop.drop.archive import Archive, Damaged, FeedFileKind

DAY = "20261122"


def test_it_is_read_as_it_was_kept(tmp_path: Path) -> None:
    archive = Archive(tmp_path / "documents")
    content = bytes(range(256)) * 99
    name = archive.keep(DAY, 7, FeedFileKind.DOCUMENT, content)
    assert archive.read(name) == content
    assert archive.path(name).stat().st_size < len(content)
    assert os.listdir(archive.root / DAY) == [archive.path(name).name], "nothing half is left beside it"


def test_keeping_it_again_changes_nothing_and_other_bytes_stand_beside_it(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    first = archive.keep(DAY, 7, FeedFileKind.DOCUMENT, b"one")
    before = archive.path(first).stat()
    assert archive.keep(DAY, 7, FeedFileKind.DOCUMENT, b"one") == first
    assert archive.path(first).stat().st_ino == before.st_ino
    second = archive.keep(DAY, 7, FeedFileKind.DOCUMENT, b"two")
    assert (archive.read(first), archive.read(second)) == (b"one", b"two")


DAMAGE = {
    "empty": b"",
    "not packed": b"not packed",
    "other bytes": gzip.compress(b"other", mtime=0),
    "cut off": gzip.compress(b"one", mtime=0)[:-4],
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_what_is_damaged_is_not_given_out_and_is_kept_anew(tmp_path: Path, damage: bytes) -> None:
    archive = Archive(tmp_path)
    name = archive.keep(DAY, 7, FeedFileKind.REPORT, b"one")
    archive.path(name).write_bytes(damage)
    with pytest.raises(Damaged, match="is damaged"):
        archive.read(name)
    archive.keep(DAY, 7, FeedFileKind.REPORT, b"one")
    assert archive.read(name) == b"one"


def test_what_is_not_there_is_said_so(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    name = archive.keep(DAY, 7, FeedFileKind.REPORT, b"one")
    with pytest.raises(FileNotFoundError):
        archive.read(replace(name, feed_no=8))


def test_days_are_removed_and_nothing_else(tmp_path: Path) -> None:
    archive = Archive(tmp_path / "documents")
    assert archive.forget(before=DAY) == 0, "nothing was ever kept"
    old = [archive.keep("20251018", 6, kind, b"one") for kind in FeedFileKind]
    name = archive.keep(DAY, 7, FeedFileKind.DOCUMENT, b"one")
    (archive.root / "notes").mkdir()
    assert archive.forget(before=DAY) == 2
    assert [archive.path(one).exists() for one in (*old, name)] == [False, False, True]
    assert sorted(os.listdir(archive.root)) == [DAY, "notes"]


def test_a_disk_that_takes_nothing_leaves_nothing_half(tmp_path: Path) -> None:
    (tmp_path / DAY).touch()
    with pytest.raises(OSError, match="exists"):
        Archive(tmp_path).keep(DAY, 7, FeedFileKind.DOCUMENT, b"one")
    assert os.listdir(tmp_path) == [DAY]
