"""A file with a misspelled heading waits for a word (F13); the word counts for all files with these headings."""

from __future__ import annotations

from pathlib import Path

from pipeline.contexts import context_on, put, read

from cws_filedrop.decisions import set_aside
from cws_filedrop.model import UploadState
from cws_filedrop.service_context import ServiceContext
from cws_filedrop.store.uploads import uploads
from cws_filedrop.store.uploads.uploads import Upload
from cws_filedrop.store.users.decisions import COMMAND_LINE


def file(number: int, headings: str = "order-id\tstatus\ttraking") -> bytes:
    return f"{headings}\n026-0000000-{number:07}\tshipped\t1Z999AA10123456784\n".encode()


def now(context: ServiceContext, upload_id: str) -> Upload:
    (upload,) = uploads.some(context.db, [upload_id])
    return upload


def codes(upload: Upload) -> list[str]:
    return [issue.code for issue in upload.outcome.file_issues]


def test_a_nightly_export_is_held_once(tmp_path: Path) -> None:
    context = context_on(tmp_path)
    held = put(context, file(1))
    assert (read(context, held).state, codes(now(context, held))) == (UploadState.HELD, ["F13"])
    read(context, put(context, b"", name="a.txt.release"))
    assert (read(context, held).state, codes(now(context, held))) == (UploadState.WAITING, ["F10"])
    assert read(context, put(context, file(2, "Status\ttraking\torder_id"))).state is not UploadState.HELD
    other = read(context, put(context, file(3, "order-id\tstatus\ttracking_nr")))
    assert (other.state, codes(other)) == (UploadState.HELD, ["F13"])


def test_an_operators_release_counts_as_well(tmp_path: Path) -> None:
    context = context_on(tmp_path)
    held = put(context, file(1))
    read(context, held)
    set_aside.release(context, held, who=COMMAND_LINE)
    assert read(context, held).state is UploadState.WAITING
    assert read(context, put(context, file(2))).state is UploadState.WAITING


def test_a_rehearsal_is_told_so_at_once(tmp_path: Path) -> None:
    context = context_on(tmp_path)
    tried = read(context, put(context, file(1), folder="test"))
    assert (tried.state, codes(tried)) == (UploadState.REJECTED, ["F13"])
