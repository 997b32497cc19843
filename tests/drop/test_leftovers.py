"""What lies in a seller's folders and is not taken is told, once it has lain there for a while."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path

import pytest
from nobody import NOBODY, as_nobody

from cws_filedrop.drop import working_names
from cws_filedrop.drop.claims import Drop
from cws_filedrop.drop.home import Folder, Home, Homes
from cws_filedrop.drop.intake import Intake
from cws_filedrop.drop.leftovers import LeftoverWatch, leftovers
from cws_filedrop.drop.names import is_temporary
from cws_filedrop.drop.spool import Spool
from cws_filedrop.model import Door

LATER = 11 * 60.0


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Homes(tmp_path / "homes").of("acme")


def told(home: Home, *more: str) -> dict[str, str]:
    """What is told after eleven minutes."""
    now = time.time() + LATER
    return {one.name: one.words for one in leftovers(home, minutes=10, more=more, now=now)}


def test_everything_that_is_not_taken_has_words(home: Home, tmp_path: Path) -> None:
    inbox = home.folder(Folder.INBOX)
    (inbox / "monday").mkdir()
    (inbox / "link.txt").symlink_to(tmp_path)
    os.mkfifo(inbox / "pipe")
    for name in ("a.tmp", "up_b.txt", "c.txt", ".hidden.txt", ".DS_Store", "Thumbs.db", "._c.txt"):
        (inbox / name).write_text("1")
    assert told(home, "up_*") == {
        "inbox/.hidden.txt": ".hidden.txt has a name that programs use while they write: rename it when it is complete",
        "inbox/a.tmp": "a.tmp has a name that programs use while they write: rename it when it is complete",
        "inbox/c.txt": "c.txt could not be taken yet: a program has it open, or the service may not move it",
        "inbox/link.txt": "link.txt is a link: put the file itself",
        "inbox/monday": "monday/ is a folder: put the files themselves",
        "inbox/pipe": "pipe is a pipe or a device: put a file",
        "inbox/up_b.txt": "up_b.txt has a name that programs use while they write: rename it when it is complete",
    }


def test_not_before_it_has_lain_there_for_a_while(home: Home) -> None:
    (home.folder(Folder.TEST) / "a.tmp").write_text("1")
    now = time.time()
    assert leftovers(home, minutes=10, now=now + 9 * 60) == []
    assert leftovers(home, minutes=0, now=now + LATER) == []
    assert [one.name for one in leftovers(home, minutes=10, now=now + LATER)] == ["test/a.tmp"]


def test_a_complete_upload_that_was_never_renamed(home: Home, tmp_path: Path) -> None:
    intake = Intake(Homes(tmp_path / "homes"), Spool(tmp_path / "spool"), upload_limit_bytes=1000)
    upload = intake.begin(Drop("acme", Folder.INBOX, "a.txt.part", Door.FTP, ""))
    upload.write(b"1")
    upload.finish()
    words = "a.txt.part was uploaded completely under a working name: rename it to its final name to deliver it"
    assert told(home) == {"inbox/a.txt.part": words}


UNREADABLE = """
from cws_filedrop.drop.home import Home
from cws_filedrop.drop.leftovers import leftovers
become_nobody()
for one in leftovers(Home("acme", pathlib.Path(sys.argv[1])), minutes=10, now=float(sys.argv[2])):
    print(one.words)
"""


def test_a_file_that_cannot_be_read(shared: Path) -> None:
    home = Homes(shared / "homes").of("acme")
    (home.folder(Folder.INBOX) / "theirs.txt").write_text("1")
    (home.folder(Folder.INBOX) / "theirs.txt").chmod(0o600)
    for path in (shared / "homes", *(shared / "homes").rglob("*")):
        if path.is_dir():
            os.chown(path, NOBODY, NOBODY)
    said = as_nobody(UNREADABLE, str(home.path), str(time.time() + LATER))
    assert said == "theirs.txt cannot be read by the service: give its user the right to\n"


def test_a_watch_tells_of_changes_once(home: Home) -> None:
    watch = LeftoverWatch(minutes=1e-9)
    assert watch.look([home]) == set()
    (home.folder(Folder.INBOX) / "monday").mkdir()
    deadline = time.monotonic() + 60
    while not (found := watch.look([home])):
        assert time.monotonic() < deadline
    assert found == {"acme"}
    assert watch.look([home]) == set()
    (home.folder(Folder.INBOX) / "monday").rmdir()
    assert watch.look([home]) == {"acme"}


WORKING = "a.WRITING a.ffs_tmp a.!sync a.crdownload a.uploading a.upload a.temp a.inprogress a.txt~ .a.txt.swp 4913"


@pytest.mark.parametrize("name", [*WORKING.split(), "#a.txt#", "sedAbC123", "~$a.xlsx", "Thumbs.db"])
def test_working_names_of_common_programs(name: str) -> None:
    assert is_temporary(name)


@pytest.mark.parametrize("name", ["up_a.txt", "sedan.txt", "49130", "a#b.txt", "#1.txt", "upload.txt", "a.tmp.txt"])
def test_and_what_is_none(name: str) -> None:
    assert not is_temporary(name)
    assert is_temporary("UP_a.txt", ["up_*"])


def test_the_page_lists_them_all() -> None:
    page = (Path(__file__).parents[2] / "docs" / "domain.md").read_text(encoding="utf-8")
    section = re.sub(r"\s+", " ", page.partition("## 2. Home")[2].partition("\n## ")[0])
    assert [ending for ending in working_names.ENDINGS if f"`{ending}`" not in section] == []
