"""A receipt claims that nobody had a file open only where the system said so."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from nobody import NOBODY, needs_root
from running import Running, amazon_file, order_ids, wait_for


def words(running: Running, stem: str) -> str:
    """The receipt of a file, waited for, with its lines joined."""

    def look() -> Path | None:
        found = (name for name in running.outbox("anna") if name.startswith(f"{stem}.") and ".receipt." in name)
        return next((running.home("anna") / "outbox" / name for name in found), None)

    path = wait_for(look, what=f"the receipt of {stem}")
    assert path is not None
    return " ".join(path.read_text().split())


def test_the_receipt_says_whether_it_was_seen_who_had_a_file_open(tmp_path: Path) -> None:
    needs_root()
    if shutil.which("setpriv") is None:
        pytest.skip("not at hand: setpriv, which takes a capability away")
    # Root without that capability is told of its own files alone, as every other user is.
    running = Running(tmp_path, before=("setpriv", "--bounding-set", "-lease"), FOLDER__SETTLE_UNSURE_SECONDS=1.5)
    running.add_seller("anna")
    with running.started():
        inbox = running.home("anna") / "inbox"
        wait_for(inbox.is_dir, what="her home")
        for name, owner in (("own", 0), ("theirs", NOBODY)):
            (tmp_path / name).write_bytes(amazon_file(order_ids(1, start=owner)))
            os.chown(tmp_path / name, owner, owner)
            os.rename(tmp_path / name, inbox / f"{name}.txt")
        own, theirs = words(running, "own"), words(running, "theirs")
    assert "complete whole (nothing changed it for 1 s, and no program had it open for writing)" in own
    unseen = "whether a program had it open for writing, the system does not say"
    assert f"complete doubtful (nothing changed it for 1.5 s; {unseen})" in theirs
