"""A kept file that is no longer what was taken is not judged: the seller hears what happened."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from pipeline.contexts import context_on, put, read

from cws_filedrop.model import Grade, UploadState

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


def test_one_that_did_not_change_is_read(tmp_path: Path) -> None:
    context = context_on(tmp_path)
    assert read(context, put(context, GOOD)).state is UploadState.WAITING


@pytest.mark.parametrize(("door", "state"), [("folder", UploadState.HELD), ("ftp", UploadState.CUT)])
def test_a_doubtful_file_whose_last_line_has_no_end(tmp_path: Path, door: str, state: UploadState) -> None:
    """All of a folder's file is here; a person can say that it is good."""
    context = context_on(tmp_path)
    upload_id = put(context, GOOD[:-1], grade=Grade.DOUBTFUL, door=door)
    assert read(context, upload_id).state is state
