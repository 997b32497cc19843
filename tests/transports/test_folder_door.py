"""Files that others put into an inbox on disk."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from nobody import NOBODY, program
from transports.doors_kit import Place, connect, put, wait_for

from cws_filedrop.drop.home import Folder
from cws_filedrop.model import Door, Grade
from cws_filedrop.transports.folder import door as folder
from cws_filedrop.transports.folder import events

CONTENT = b"order-id\tship-date\r\n" * 100
NEVER = 3600.0
UNSEEN = "whether a program had it open for writing, the system does not say"
WRITER = """
import os, sys
with open(sys.argv[1], "ab", buffering=0) as file:
    print("open", flush=True)
    for line in sys.stdin:
        file.write(line.encode())
        print("written", flush=True)
"""


def test_the_self_test_finds_events_here(place: Place) -> None:
    assert place.folder_door().mode == "events"
    assert [name for name in os.listdir(place.homes.root) if name.startswith(".probe")] == []


def test_a_copied_file(place: Place, tmp_path: Path) -> None:
    (tmp_path / "shipped.txt").write_bytes(CONTENT)
    inbox = place.folder()
    place.folder_door(sweep_seconds=NEVER)
    shutil.copy(tmp_path / "shipped.txt", inbox)
    (claim,) = place.wait_for_claims(1)
    assert (claim.seller, claim.folder, claim.name) == ("acme", Folder.INBOX, "shipped.txt")
    assert (claim.door, claim.grade, claim.size) == (Door.FOLDER, Grade.WHOLE, len(CONTENT))
    assert claim.evidence == "nothing changed it for 0.15 s, and no program had it open for writing"
    assert place.bytes_of(claim) == CONTENT
    assert os.listdir(inbox) == []


@pytest.mark.parametrize("beside", ["elsewhere", "homes/acme/inbox/.moving", "homes/acme/inbox/a.txt.part"])
def test_a_moved_file(place: Place, beside: str) -> None:
    inbox = place.folder()
    place.folder_door(sweep_seconds=NEVER)
    (place.data / beside).write_bytes(CONTENT)
    os.rename(place.data / beside, inbox / "a.txt")
    (claim,) = place.wait_for_claims(1)
    assert place.bytes_of(claim) == CONTENT


def test_a_file_that_keeps_its_old_date(place: Place) -> None:
    inbox = place.folder()
    place.folder_door()
    (inbox / "a.txt").write_bytes(CONTENT)
    os.utime(inbox / "a.txt", (1, 1))
    assert place.wait_for_claims(1)[0].size == len(CONTENT)


def test_into_the_rehearsal_folder(place: Place) -> None:
    (place.folder(folder=Folder.TEST) / "a.txt").write_bytes(CONTENT)
    place.folder_door()
    assert place.wait_for_claims(1)[0].folder is Folder.TEST


@pytest.mark.parametrize("polling", [False, True])
def test_a_slow_writer_is_waited_for(place: Place, polling: bool) -> None:
    path = place.folder() / "slow.txt"
    place.folder_door(polling=polling, sweep_seconds=0.1)
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as writer:
        assert writer.stdin is not None
        assert writer.stdout is not None
        assert writer.stdout.readline() == "open\n"
        for line in ("a\n", "b\n", "c\n"):
            writer.stdin.write(line)
            writer.stdin.flush()
            assert writer.stdout.readline() == "written\n"
            quiet = time.monotonic() + 0.4  # longer than the settle time: it is still open
            wait_for(lambda quiet=quiet: time.monotonic() > quiet)  # type: ignore[misc]
            assert place.claims() == []
        writer.stdin.close()
    (claim,) = place.wait_for_claims(1)
    assert place.bytes_of(claim) == b"a\nb\nc\n"


def test_a_writer_that_opens_again_and_again(place: Place) -> None:
    path = place.folder() / "pieces.txt"
    place.folder_door(settle_seconds=1.0)
    for number in range(15):
        with path.open("ab") as file:
            file.write(b"%d\n" % number)
        threading.Event().wait(0.03)  # the pace of this writer, well under the settle time
    (claim,) = place.wait_for_claims(1)
    assert place.bytes_of(claim) == b"".join(b"%d\n" % number for number in range(15))


def test_without_leases_the_longer_settle_time_decides(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder, "sees_open_files", lambda root: False)
    place.folder_door(settle_unsure_seconds=0.5)
    with (place.folder() / "a.txt").open("wb") as file:
        file.write(CONTENT)
        file.flush()
        assert place.wait_for_claims(1)[0].evidence == f"nothing changed it for 0.5 s; {UNSEEN}"


SERVICE = """
import json
from cws_filedrop import log
from cws_filedrop.drop.home import Homes
from cws_filedrop.drop.intake import Intake
from cws_filedrop.drop.spool import Spool
from cws_filedrop.door_settings import FolderSettings
from cws_filedrop.transports.folder.door import FolderDoor
become_nobody()
log.configure("error")
data = pathlib.Path(sys.argv[1])
intake = Intake(Homes(data / "homes"), Spool(data / "spool"), upload_limit_bytes=1_000_000)
inbox = intake.homes.of("acme").path / "inbox"
door = FolderDoor(FolderSettings(settle_seconds=0.1, settle_unsure_seconds=2.0), intake)
def announce(upload_id):
    claim = intake.spool.claim_of(upload_id)
    print(json.dumps([claim.name, claim.size, claim.evidence]), flush=True)
intake.announce_to(announce)
door.start()
print(inbox, flush=True)
sys.stdin.read()
door.stop()
"""


def test_a_service_that_is_not_root_cannot_tell_of_files_of_others(shared: Path) -> None:
    """Their files settle longer, and nobody claims to have seen who has them open."""
    os.chown(shared, NOBODY, NOBODY)
    with subprocess.Popen(
        program(SERVICE, str(shared)), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as service:
        assert service.stdin is not None
        assert service.stdout is not None
        inbox = Path(service.stdout.readline().strip())
        (shared / "own.txt").write_bytes(CONTENT)
        os.chown(shared / "own.txt", NOBODY, NOBODY)
        os.rename(shared / "own.txt", inbox / "own.txt")
        with (inbox / "theirs.txt").open("wb", buffering=0) as file:
            file.write(CONTENT[:100])
            first = json.loads(service.stdout.readline())
            file.write(CONTENT[100:])
        second = json.loads(service.stdout.readline())
        service.stdin.close()
    assert first == ["own.txt", len(CONTENT), "nothing changed it for 0.1 s, and no program had it open for writing"]
    assert second == ["theirs.txt", len(CONTENT), f"nothing changed it for 2 s; {UNSEEN}"]


def test_a_burst(place: Place) -> None:
    inbox = place.folder()
    place.folder_door(sweep_seconds=NEVER)
    for number in range(300):
        (inbox / f"{number:03d}.txt").write_bytes(b"%d" % number)
    claims = place.wait_for_claims(300)
    assert {claim.name: place.bytes_of(claim) for claim in claims} == {f"{n:03d}.txt": b"%d" % n for n in range(300)}


def test_sellers_take_turns(place: Place) -> None:
    for number in range(300):
        (place.folder("aaa") / f"{number:03d}.txt").write_bytes(b"1")
    (place.folder("zzz") / "single.txt").write_bytes(b"1")
    place.folder_door()
    names = [claim.name for claim in place.wait_for_claims(301)]
    assert names.index("single.txt") == 1
    assert [name for name in names if name != "single.txt"] == sorted(set(names) - {"single.txt"}), "oldest first"


def test_a_file_that_comes_during_a_burst_of_others(place: Place) -> None:
    for number in range(800):
        (place.folder("aaa") / f"{number:03d}.txt").write_bytes(b"1")
    inbox = place.folder("zzz")
    place.folder_door()
    wait_for(lambda: place.announced)
    (inbox / "single.txt").write_bytes(b"1")
    names = [claim.name for claim in place.wait_for_claims(801)]
    assert names.index("single.txt") < 700


def test_the_sweep_finds_what_no_event_told_of(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events._Names, "on_any_event", lambda self, event: None)
    monkeypatch.setattr(folder, "why_not", lambda root: "")
    door = place.folder_door(sweep_seconds=0.1)
    assert door.mode == "events"
    (place.folder() / "a.txt").write_bytes(CONTENT)
    place.wait_for_claims(1)


def test_events_that_do_not_come_are_noticed(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events._Names, "on_any_event", lambda self, event: None)
    reason = events.why_not(place.homes.root, deadline_seconds=0.2)
    assert reason == "a file that was moved or written raised none"
    monkeypatch.setattr(folder, "why_not", lambda root: reason)
    assert place.folder_door().mode == "polling"
    (place.folder() / "a.txt").write_bytes(CONTENT)
    place.wait_for_claims(1)


def test_events_that_cannot_be_had(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*arguments: object) -> None:
        raise OSError(28, "inotify watch limit reached")

    monkeypatch.setattr(events, "FolderEvents", refused)
    assert events.why_not(place.homes.root) == "they cannot be asked for: inotify watch limit reached"
    monkeypatch.setattr(folder, "why_not", lambda root: "")
    monkeypatch.setattr(folder, "FolderEvents", refused)
    assert place.folder_door().mode == "polling"


def test_polling_when_asked_for(place: Place) -> None:
    door = place.folder_door(polling=True)
    assert door.mode == "polling"
    (place.folder() / "a.txt").write_bytes(CONTENT)
    place.wait_for_claims(1)


def test_a_home_that_is_made_later(place: Place) -> None:
    place.folder_door(sweep_seconds=0.1)
    (place.folder("newcomer") / "a.txt").write_bytes(CONTENT)
    assert place.wait_for_claims(1)[0].seller == "newcomer"


def test_what_lay_there_before_the_start(place: Place) -> None:
    (place.folder() / "a.txt").write_bytes(CONTENT)
    place.folder_door(sweep_seconds=NEVER)
    place.wait_for_claims(1)


def test_what_is_never_taken(place: Place, tmp_path: Path) -> None:
    inbox = place.folder()
    (tmp_path / "secret").write_bytes(b"secret")
    (inbox / "folder").mkdir()
    (inbox / "folder" / "deep.txt").write_bytes(b"1")
    (inbox / "link.txt").symlink_to(tmp_path / "secret")
    os.mkfifo(inbox / "pipe.txt")
    for name in ("a.txt.part", "b.tmp", ".c.txt", "~$d.xlsx", "Thumbs.db", "e.filepart"):
        (inbox / name).write_bytes(b"1")
    (place.home().path / "outbox" / "f.txt").write_bytes(b"1")
    (place.home().path / "note.txt").write_bytes(b"1")
    (place.homes.root / "loose.txt").write_bytes(b"1")
    before = sorted(path for path in place.homes.root.rglob("*"))
    place.folder_door(sweep_seconds=0.05)
    (inbox / "taken.txt").write_bytes(b"1")
    place.wait_for_claims(1)
    (inbox / "last.txt").write_bytes(b"1")
    assert [claim.name for claim in place.wait_for_claims(2)] == ["taken.txt", "last.txt"]
    assert sorted(path for path in place.homes.root.rglob("*")) == before


NAMES = {b"line\nbreak.txt": "line_break.txt", b"latin-\xe9.txt": "latin-é.txt", b"\x01.txt": "_.txt"}


@pytest.mark.parametrize("name", NAMES)
def test_a_name_that_cannot_be_shown_is_cleaned(place: Place, name: bytes) -> None:
    place.folder_door()
    Path(os.fsdecode(os.fsencode(place.folder()) + b"/" + name)).write_bytes(CONTENT)
    (claim,) = place.wait_for_claims(1)
    assert claim.name == NAMES[name]
    assert place.bytes_of(claim) == CONTENT


def test_a_file_that_cannot_be_taken_does_not_stop_the_others(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    inbox = place.folder()
    collect = place.intake.collect

    def unreadable(path: Path, *arguments: object) -> object:
        if path.name == "theirs.txt":
            raise PermissionError(13, "Permission denied")
        return collect(path, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(place.intake, "collect", unreadable)
    (inbox / "theirs.txt").write_bytes(CONTENT)
    (inbox / "ours.txt").write_bytes(CONTENT)
    place.folder_door()
    assert [claim.name for claim in place.wait_for_claims(1)] == ["ours.txt"]
    assert os.listdir(inbox) == ["theirs.txt"]


def test_the_same_name_again(place: Place) -> None:
    place.folder_door()
    for number in range(3):
        (place.folder() / "a.txt").write_bytes(b"%d" % number)
        place.wait_for_claims(number + 1)
    assert [place.bytes_of(claim) for claim in place.claims()] == [b"0", b"1", b"2"]


def test_uploads_by_ftp_are_not_taken_twice(place: Place) -> None:
    place.folder_door(sweep_seconds=0.05)
    door = place.ftp_door()
    with connect(door) as session:
        for number in range(20):
            put(session, f"/inbox/{number}.txt", CONTENT)
    (place.folder() / "last.txt").write_bytes(b"1")
    wait_for(lambda: "last.txt" in [claim.name for claim in place.claims()])
    assert len(place.claims()) == 21


def test_stop_twice(place: Place) -> None:
    door = place.folder_door()
    door.stop()
    door.stop()
