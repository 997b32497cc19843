"""Who may look into the data folder: what an earlier version left open is closed, and the group is let through."""

from __future__ import annotations

import grp
import os
import stat
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from nobody import NOBODY, as_nobody, needs_root
from structlog.testing import capture_logs

from cws_filedrop import config, data_folder
from cws_filedrop.drop.archive import Archive, FeedFileKind
from cws_filedrop.drop.claims import Drop
from cws_filedrop.drop.handing_in import HandingIn
from cws_filedrop.drop.home import Folder, Homes, deliver
from cws_filedrop.drop.intake import Intake
from cws_filedrop.drop.spool import Spool
from cws_filedrop.errors import ConfigError
from cws_filedrop.model import NO_LIMITS, Door
from cws_filedrop.settings import DatabaseSettings, OrderSettings, ServiceSettings, Settings
from cws_filedrop.store.database import Database, default_url

FILES = (
    "cws_filedrop.db",
    "cws_filedrop.db-wal",
    "cws_filedrop.db-shm",
    "sandbox.db",
    "worker.lock",
    "spool/uploads/20261122/20261122-120000-aaaa/data",
    "logs/worker.log",
    "keys/ssh_host_rsa_key",
    "documents/20261122/1.document.abc.xml.gz",
    "homes/anna/outbox/a.receipt.txt",
    "homes/anna/.landing/inbox/part/b.txt",
    "order-files/anna/done/r.txt",
)
SHARED = ("homes", "order-files")


def settings(data: Path, group: str = "") -> Settings:
    return Settings(service=ServiceSettings(data_dir=data, group=group))


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def below(folder: Path) -> Iterator[Path]:
    yield folder
    for place, folders, files in os.walk(folder):
        yield from (Path(place, name) for name in (*folders, *files))


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A data folder as an earlier version left it under umask 022."""
    data = tmp_path / "data"
    for name in FILES:
        (data / name).parent.mkdir(parents=True, exist_ok=True)
        (data / name).write_text("" if ".db" in name else "secret")
    for path in below(data):
        path.chmod(0o755 if path.is_dir() else 0o644)
    return data


@pytest.fixture
def group() -> int:
    """A group of this system that is not our own."""
    needs_root()
    return next(one.gr_gid for one in grp.getgrall() if one.gr_gid not in (os.getegid(), NOBODY, 65535))


def prepared(wanted: Settings) -> list[dict[str, Any]]:
    """What the log tells of it."""
    with capture_logs() as events:
        data_folder.prepare(wanted)
    return [dict(event) for event in events]


def test_a_new_one_is_private(tmp_path: Path) -> None:
    assert prepared(settings(tmp_path / "data")) == []
    assert mode(tmp_path / "data") == 0o700


def test_one_that_was_open_is_closed_and_that_is_told(old: Path) -> None:
    told = prepared(settings(old))
    private = [path for path in below(old) if path.relative_to(old).parts[:1] not in [(name,) for name in SHARED]]
    assert {mode(path) for path in private if path.is_dir()} == {0o700}
    assert {mode(path) for path in private if path.is_file()} == {0o600}
    assert {event["event"] for event in told} == {"data.made_private"}
    assert {event["log_level"] for event in told} == {"warning"}
    found = {Path(event["path"]).relative_to(old).as_posix(): (event["mode"], event["number"]) for event in told}
    assert found == {
        "cws_filedrop.db": ("0644", 1),
        "cws_filedrop.db-wal": ("0644", 1),
        "cws_filedrop.db-shm": ("0644", 1),
        "sandbox.db": ("0644", 1),
        "worker.lock": ("0644", 1),
        "spool": ("0755", 5),
        "logs": ("0755", 2),
        "keys": ("0755", 2),
        "documents": ("0755", 3),
        ".": ("0755", 1),
    }
    assert prepared(settings(old)) == [], "told once"


def test_homes_and_order_folders_keep_their_owner_group_and_bits(old: Path) -> None:
    shared = [path for name in SHARED for path in below(old / name)]
    (old / "homes/anna/inbox").mkdir(mode=0o2775)
    before = {path: (path.lstat().st_uid, path.lstat().st_gid, mode(path)) for path in shared}
    prepared(settings(old))
    assert {path: (path.lstat().st_uid, path.lstat().st_gid, mode(path)) for path in shared} == before


@pytest.mark.parametrize("name", ["keys/ssh_host_rsa_key", "logs/worker.log"])
def test_keys_and_logs_are_looked_through_though_their_folder_is_closed(old: Path, name: str) -> None:
    prepared(settings(old))
    (old / name).chmod(0o644)
    assert [event["number"] for event in prepared(settings(old))] == [1]
    assert mode(old / name) == 0o600


def test_links_are_not_followed(old: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "theirs").write_text("theirs")
    for path in (tmp_path / "elsewhere", tmp_path / "elsewhere" / "theirs"):
        path.chmod(0o755)
    (old / "spool" / "folder").symlink_to(tmp_path / "elsewhere")
    (old / "spool" / "file").symlink_to(tmp_path / "elsewhere" / "theirs")
    prepared(settings(old))
    assert mode(tmp_path / "elsewhere") == mode(tmp_path / "elsewhere" / "theirs") == 0o755


def test_a_part_that_is_kept_elsewhere_is_closed_there(old: Path, tmp_path: Path) -> None:
    (old / "spool").rename(tmp_path / "large-disk")
    (old / "spool").symlink_to(tmp_path / "large-disk")
    prepared(settings(old))
    assert mode(tmp_path / "large-disk") == 0o700
    assert mode(tmp_path / "large-disk/uploads/20261122/20261122-120000-aaaa/data") == 0o600


def test_of_a_database_elsewhere_the_files_are_closed_and_not_the_folder(old: Path, tmp_path: Path) -> None:
    folder = tmp_path / "databases"
    folder.mkdir(mode=0o755)
    for name in ("drop.db", "drop.db-wal", "other.db"):
        (folder / name).write_text("secret")
        (folder / name).chmod(0o644)
    prepared(replace(settings(old), database=DatabaseSettings(url=f"sqlite:///{folder / 'drop.db'}")))
    assert [mode(folder / name) for name in ("", "drop.db", "drop.db-wal", "other.db")] == [0o755, 0o600, 0o600, 0o644]


@pytest.mark.parametrize("url", ["postgresql+psycopg://anna@127.0.0.1/drop", "sqlite://", "nonsense"])
def test_a_database_without_a_file_is_none_of_its_business(tmp_path: Path, url: str) -> None:
    assert prepared(replace(settings(tmp_path / "data"), database=DatabaseSettings(url=url))) == []


def test_a_folder_that_belongs_to_everybody_is_left_to_everybody(old: Path) -> None:
    old.chmod(0o1777)
    (found,) = [event for event in prepared(settings(old)) if event["event"] == "data.not_made_private"]
    assert (found["path"], mode(old)) == (str(old), 0o1777)
    assert mode(old / "cws_filedrop.db") == 0o600


PREPARE = """
from cws_filedrop import data_folder, log
from cws_filedrop.settings import ServiceSettings, Settings
become_nobody(*map(int, sys.argv[3:]))
log.configure(stream=sys.stdout)
data_folder.prepare(Settings(service=ServiceSettings(data_dir=pathlib.Path(sys.argv[1]), group=sys.argv[2])))
"""


def test_what_is_not_ours_to_close_is_told(shared: Path) -> None:
    data = shared / "data"
    data.mkdir()
    data.chmod(0o777)  # it may write there, and may not change that others do
    (data / "cws_filedrop.db").write_text("secret")
    (data / "cws_filedrop.db").chmod(0o666)
    told = as_nobody(PREPARE, str(data), "")
    assert told.count("data.not_made_private") == 2
    assert str(data / "cws_filedrop.db") in told
    assert "Operation not permitted" in told


# What is made.


def everything(data: Path) -> None:
    """One of each that the service's parts make there, without the umask that its processes have."""
    homes, spool = Homes(data / "homes"), Spool(data / "spool")
    intake = Intake(homes, spool, upload_limit_bytes=1000)
    drop = Drop("anna", Folder.INBOX, "a.txt", Door.FTP, "192.0.2.7")
    for name in ("a.txt", "b.txt.part", "c.txt"):
        upload = intake.begin(replace(drop, name=name))
        upload.write(b"row")
        if name != "c.txt":
            upload.finish()
    (homes.of("anna").path / "inbox" / "d.txt").write_bytes(b"row")
    claim = intake.collect(homes.of("anna").path / "inbox" / "d.txt", drop, "still")
    arrival = spool.arrival(claim.upload_id)
    assert arrival is not None
    spool.accept(arrival)
    incoming = HandingIn(homes, spool, upload_limit_bytes=1000).begin(drop, NO_LIMITS)
    incoming.write(b"row")
    incoming.take()
    HandingIn(homes, spool, upload_limit_bytes=1000).begin(drop, NO_LIMITS).write(b"row")
    deliver(homes.of("anna").path / "outbox" / "a.receipt.txt", [b"thanks"])
    Archive(data / "documents").keep("20261122", 1, FeedFileKind.DOCUMENT, b"<a/>")
    db = Database(default_url(data))
    db.create()
    db.close()


def test_whatever_is_made_is_private_from_the_first_moment(tmp_path: Path) -> None:
    wanted = settings(tmp_path / "data")
    before = os.umask(0)
    try:
        data_folder.prepare(wanted)
        everything(wanted.data)
    finally:
        os.umask(before)
    assert {str(path): oct(mode(path)) for path in below(wanted.data) if mode(path) & 0o077} == {}
    assert len(list(below(wanted.data))) > 40


def test_homes_are_as_open_as_the_folder_they_lie_in(tmp_path: Path) -> None:
    (tmp_path / "homes").mkdir()
    (tmp_path / "homes").chmod(0o2775)
    home = Homes(tmp_path / "homes").of("anna").path
    deliver(home / "outbox" / "a.receipt.txt", [b"thanks"])
    folders = [home, home / "inbox", home / "outbox", home / "orders" / "created"]
    assert {mode(folder) for folder in folders} == {0o2775}
    assert mode(home / "outbox" / "a.receipt.txt") == 0o664
    assert mode(home / ".landing") & 0o077 == 0
    assert mode(home / ".landing" / "inbox" / "part") & 0o077 == 0


# The group.


def test_the_group_may_pass_the_data_folder_and_use_what_is_there_for_it(old: Path, group: int) -> None:
    prepared(settings(old, str(group)))
    everything(old)
    for path in below(old):
        parts = path.relative_to(old).parts
        if not parts:
            assert (mode(path), path.stat().st_gid) == (0o710, group)
        elif parts[0] in SHARED and ".landing" not in parts:
            assert (oct(mode(path)), path.stat().st_gid) == ("0o2770" if path.is_dir() else "0o660", group), path
        else:
            assert not mode(path) & 0o077, path


def test_what_is_as_it_should_be_is_not_told(old: Path, group: int) -> None:
    prepared(settings(old, str(group)))
    assert prepared(settings(old, str(group))) == []


def test_without_the_group_the_data_folder_is_closed_again(old: Path, group: int) -> None:
    prepared(settings(old, str(group)))
    assert [event["mode"] for event in prepared(settings(old))] == ["0710"]
    assert mode(old) == 0o700


def test_what_others_have_in_homes_stays_theirs(old: Path, group: int, tmp_path: Path) -> None:
    inbox = old / "homes/anna/inbox"
    inbox.mkdir()
    os.chown(inbox, NOBODY, NOBODY)
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "secret").chmod(0o600)
    os.link(tmp_path / "secret", old / "homes/anna/outbox/second-name.txt")
    (old / "homes/anna/outbox/link.txt").symlink_to(tmp_path / "secret")
    prepared(settings(old, str(group)))
    assert (inbox.stat().st_uid, inbox.stat().st_gid) == (NOBODY, NOBODY)
    assert (mode(tmp_path / "secret"), (tmp_path / "secret").stat().st_gid) == (0o600, os.getegid())


def test_a_folder_for_order_reports_elsewhere_is_its_owners(old: Path, group: int, tmp_path: Path) -> None:
    (tmp_path / "drops").mkdir(mode=0o755)
    wanted = replace(settings(old, str(group)), orders=OrderSettings(drop_folder=str(tmp_path / "drops")))
    prepared(wanted)
    assert mode(tmp_path / "drops") == 0o755


def test_the_group_is_known_by_its_name(old: Path, group: int) -> None:
    prepared(settings(old, grp.getgrgid(group).gr_name))
    assert old.stat().st_gid == group


def test_a_group_that_the_service_is_not_in_cannot_be_given_anything(shared: Path, group: int) -> None:
    os.chown(shared, NOBODY, NOBODY)
    with pytest.raises(AssertionError, match="ConfigError") as caught:
        as_nobody(PREPARE, str(shared / "data"), str(group))
    assert f"[service] group: {shared}/data/homes cannot be given to {group}" in str(caught.value)
    as_nobody(PREPARE, str(shared / "data"), str(group), str(group))
    assert (mode(shared / "data"), mode(shared / "data" / "homes")) == (0o710, 0o2770)


COLLECT = """
from cws_filedrop import data_folder, log
from cws_filedrop.drop.claims import Drop
from cws_filedrop.drop.home import Folder, Homes, deliver
from cws_filedrop.drop.intake import Intake
from cws_filedrop.drop.spool import Spool
from cws_filedrop.model import Door
from cws_filedrop.settings import ServiceSettings, Settings
become_nobody(int(sys.argv[2]))
log.configure("error")
data = pathlib.Path(sys.argv[1])
data_folder.prepare(Settings(service=ServiceSettings(data_dir=data, group=sys.argv[2])))
intake = Intake(Homes(data / "homes"), Spool(data / "spool"), upload_limit_bytes=1000)
home = intake.homes.of("anna").path
deliver(home / "outbox" / "a.receipt.txt", [b"thanks"])
for path in (home / "inbox").iterdir():
    claim = intake.collect(path, Drop("anna", Folder.INBOX, path.name, Door.FOLDER, ""), "still")
    print(intake.spool.data_path(claim.upload_id).read_text())
"""


def test_a_service_that_is_not_root_takes_files_of_the_group(shared: Path, group: int) -> None:
    os.chown(shared, NOBODY, NOBODY)
    data = shared / "data"
    assert as_nobody(COLLECT, str(data), str(group)) == ""
    inbox = data / "homes" / "anna" / "inbox"
    (inbox / "a.txt").write_text("row")
    assert (inbox / "a.txt").stat().st_gid == group, "by itself"
    os.chown(inbox / "a.txt", NOBODY - 1, group)
    (inbox / "a.txt").chmod(0o640)
    assert as_nobody(COLLECT, str(data), str(group)) == "row\n"
    receipt = inbox.parent / "outbox" / "a.receipt.txt"
    assert (mode(receipt), receipt.stat().st_gid) == (0o660, group)
    assert mode(data / "spool") == 0o700


def test_an_unknown_group_is_named_with_file_and_key(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text('[service]\ngroup = "nobody-knows-it"\n')
    with pytest.raises(ConfigError) as caught:
        config.load(path, {})
    assert str(caught.value) == f"{path}: [service] group: there is no group 'nobody-knows-it' on this system"
