"""A kept file that is no longer what was taken is not judged: the seller hears what happened."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from pipeline.contexts import NOW, context_on, put, read

from cws_filedrop.model import Grade, UploadState
from cws_filedrop.pipeline import large, reading, recording
from cws_filedrop.store.orders import order_book
from cws_filedrop.store.sellers import sellers
from cws_filedrop.store.uploads import lines, uploads

GOOD = b"order-id\tship-date\ttracking-number\tcarrier-code\n701-0000001-0000001\t2026-11-22\t1Z999AA10123456784\tUPS\n"
MORE = b"701-0000002-0000002\t2026-11-22\t\t\n"


def grows(data: Path) -> None:
    with data.open("ab") as file:
        file.write(MORE)


def is_rewritten(data: Path) -> None:
    data.write_bytes(GOOD.replace(b"0000001", b"0000003"))


def is_replaced(data: Path) -> None:
    found = data.stat()
    shutil.copy(data, data.with_name("other"))
    os.utime(data.with_name("other"), ns=(found.st_atime_ns, found.st_mtime_ns))
    os.replace(data.with_name("other"), data)


CHANGES: dict[str, tuple[Callable[[Path], None], str]] = {
    "grows": (grows, f"it had {len(GOOD)} bytes when it was taken, and has {len(GOOD + MORE)} now"),
    "is rewritten": (is_rewritten, "a program wrote to it after it was taken"),
    "is replaced": (is_replaced, "another file lies in its place"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_kept_file_that_changed_is_asked_for_again(tmp_path: Path, change: str) -> None:
    context, (act, words) = context_on(tmp_path), CHANGES[change]
    upload_id = put(context, GOOD)
    act(context.spool.data_path(upload_id))
    found = read(context, upload_id)
    assert found.state is UploadState.CUT
    (issue,) = found.outcome.file_issues
    assert issue.code == "F07"
    assert words in issue.message


def test_streamed_bytes_are_known_by_their_digest(tmp_path: Path) -> None:
    """Neither size, moment nor inode shows this change."""
    context = context_on(tmp_path)
    upload_id = put(context, GOOD, sha256=hashlib.sha256(GOOD).hexdigest())
    data = context.spool.data_path(upload_id)
    found = data.stat()
    is_rewritten(data)
    os.utime(data, ns=(found.st_atime_ns, found.st_mtime_ns))
    upload = read(context, upload_id)
    assert upload.state is UploadState.CUT
    assert "its bytes are not those that arrived" in upload.outcome.file_issues[0].message


class ChangedWhileRead(io.BufferedReader):
    """A file to which a program writes once it was hashed, before it is judged."""

    def __init__(self, path: Path) -> None:
        super().__init__(io.FileIO(path))
        self.path = path

    def seek(self, offset: int, whence: int = 0, /) -> int:
        if self.tell() == len(GOOD):
            grows(self.path)
        return super().seek(offset, whence)


@pytest.mark.parametrize("digest", ["", hashlib.sha256(GOOD).hexdigest()], ids=["folder", "streamed"])
@pytest.mark.parametrize("folder", ["inbox", "test"])
def test_a_file_that_changes_while_it_is_read(tmp_path: Path, digest: str, folder: str) -> None:
    context = context_on(tmp_path)
    upload_id = put(context, GOOD, sha256=digest, folder=folder)
    (upload,), seller = uploads.some(context.db, [upload_id]), sellers.find(context.db, "anna")
    assert seller is not None
    task = recording.task(context, upload, seller)
    with ChangedWhileRead(task.path) as source:
        prepared = reading._prepared(context.db, task, source)
    assert prepared.state is UploadState.CUT
    assert "a program wrote to it while it was read" in prepared.issues[0].message


@pytest.mark.parametrize("releases", [0, 1])
def test_a_large_file_that_changes_while_it_is_recorded(tmp_path: Path, releases: int) -> None:
    context = context_on(tmp_path)
    upload_id = put(context, GOOD)
    data = context.spool.data_path(upload_id)

    def writes_meanwhile() -> datetime:
        with data.open("ab") as file:
            file.write(MORE)
        return NOW

    (upload,) = uploads.some(context.db, [upload_id])
    read = large.read(replace(context, clock=writes_meanwhile), replace(upload, releases=releases))
    assert read.state is UploadState.CUT
    assert "while it was read" in read.outcome.file_issues[0].message
    assert lines.verdict_counts(context.db, upload_id) == {}, "nothing of it may be sent"
    assert order_book.find(context.db, read.account_id, "701-0000001-0000001") == []


def test_one_that_did_not_change_is_read(tmp_path: Path) -> None:
    context = context_on(tmp_path)
    assert read(context, put(context, GOOD)).state is UploadState.WAITING


@pytest.mark.parametrize(("door", "state"), [("folder", UploadState.HELD), ("ftp", UploadState.CUT)])
def test_a_doubtful_file_whose_last_line_has_no_end(tmp_path: Path, door: str, state: UploadState) -> None:
    """All of a folder's file is here; a person can say that it is good."""
    context = context_on(tmp_path)
    upload_id = put(context, GOOD[:-1], grade=Grade.DOUBTFUL, door=door)
    assert read(context, upload_id).state is state
