"""What lies in a seller's folders and is not taken has a line in STATUS."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from pipeline.contexts import context_on

from cws_filedrop.door_settings import FolderSettings
from cws_filedrop.drop.home import Folder
from cws_filedrop.pipeline import outbox


def test_a_folder_in_the_inbox(tmp_path: Path) -> None:
    context = context_on(tmp_path)
    at_once = FolderSettings(ignored_minutes=1e-9)
    context = replace(context, settings=replace(context.settings, folder=at_once))
    home = context.home("anna")
    (home.folder(Folder.INBOX) / "monday").mkdir()
    outbox.write_statuses(context, ["anna"])
    assert "  inbox: monday/ is a folder: put the files themselves" in (home.path / "STATUS.txt").read_text()
    ignored = json.loads((home.path / "STATUS.json").read_text())["ignored"]
    assert ignored == [{"name": "inbox/monday", "why": "monday/ is a folder: put the files themselves"}]
