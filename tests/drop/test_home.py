"""A seller's home on disk, and delivery into it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from cws_filedrop.drop.home import Folder, Home, Homes, UploadStage, deliver, visible_files


def test_a_home_is_made_when_it_is_asked_for(tmp_path: Path) -> None:
    homes = Homes(tmp_path / "homes")
    home = homes.of("acme")
    seen = {path.relative_to(home.path).as_posix() for path in home.path.rglob("*") if ".landing" not in path.parts}
    assert seen == {"inbox", "test", "outbox", "orders", "orders/created", "orders/modified"}
    assert [known.seller for known in homes.known()] == ["acme"]


def test_a_home_that_was_removed_is_made_again(tmp_path: Path) -> None:
    homes = Homes(tmp_path)
    os.rename(homes.of("acme").path, tmp_path / "away")
    assert homes.of("acme").folder(Folder.INBOX).is_dir()


@pytest.mark.parametrize("name", ["", "..", "a/b", "Acme", "a.b", ".landing", "é"])
def test_what_cannot_be_a_seller(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="not a seller's name"):
        Homes(tmp_path).of(name)


def test_waiting_shows_regular_files_only(tmp_path: Path) -> None:
    home = Homes(tmp_path).of("acme")
    inbox = home.folder(Folder.INBOX)
    (inbox / "a.txt").write_bytes(b"1")
    (inbox / "link").symlink_to("/etc/passwd")
    (inbox / "folder").mkdir()
    os.mkfifo(inbox / "pipe")
    assert home.waiting(Folder.INBOX) == ["a.txt"]


def test_unfinished_by_stage(tmp_path: Path) -> None:
    home = Homes(tmp_path).of("acme")
    for stage in UploadStage:
        (home.landing(Folder.TEST, stage) / f"{stage}.txt").write_bytes(b"1")
    assert {name: one.stage for name, one in home.unfinished(Folder.TEST).items()} == {
        "part.txt": UploadStage.PART,
        "held.txt": UploadStage.HELD,
        "cut.txt": UploadStage.CUT,
    }
    assert list(home.unfinished(Folder.TEST, UploadStage.CUT)) == ["cut.txt"]
    assert home.find(Folder.INBOX, "cut.txt") is None


def test_deliver_writes_and_replaces(tmp_path: Path) -> None:
    target = tmp_path / ("x" * 255)
    deliver(target, [b"one", b"two"])
    assert target.read_bytes() == b"onetwo"
    deliver(target, [b"again"])
    assert target.read_bytes() == b"again"
    assert os.listdir(tmp_path) == [target.name]


def test_a_delivery_that_fails_leaves_nothing(tmp_path: Path) -> None:
    deliver(tmp_path / "a.txt", [b"old"])

    def chunks() -> Iterator[bytes]:
        yield b"new"
        raise RuntimeError("no more")

    with pytest.raises(RuntimeError):
        deliver(tmp_path / "a.txt", chunks())
    assert os.listdir(tmp_path) == ["a.txt"]
    assert (tmp_path / "a.txt").read_bytes() == b"old"


def test_no_answer_is_delivered_to_where_a_link_leads(tmp_path: Path) -> None:
    (tmp_path / "outbox").symlink_to(tmp_path)
    with pytest.raises(NotADirectoryError, match="a link to elsewhere"):
        deliver(tmp_path / "outbox" / "a.txt", [b"1"])
    assert os.listdir(tmp_path) == ["outbox"]


def test_a_delivery_is_not_seen_half(tmp_path: Path) -> None:
    def chunks() -> Iterator[bytes]:
        yield b"new"
        assert visible_files(tmp_path) == []
        yield b"er"

    deliver(tmp_path / "a.txt", chunks())
    assert visible_files(tmp_path) == ["a.txt"]


def test_tidy_removes_what_killed_deliveries_left(tmp_path: Path) -> None:
    homes = Homes(tmp_path)
    outbox = homes.of("acme").path / "outbox"
    for name, age in ((".delivering-1", 100_000), (".delivering-2", 10), ("kept.txt", 100_000)):
        (outbox / name).write_bytes(b"")
        at = (outbox / name).stat().st_mtime - age
        os.utime(outbox / name, (at, at))
    homes.tidy()
    assert sorted(os.listdir(outbox)) == [".delivering-2", "kept.txt"]


def test_home_paths(tmp_path: Path) -> None:
    home = Home("acme", tmp_path)
    assert home.folder(Folder.INBOX) == tmp_path / "inbox"
    assert home.landing(Folder.INBOX, UploadStage.PART) == tmp_path / ".landing/inbox/part"
