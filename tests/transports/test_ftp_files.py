"""What a seller sees and may do by FTP: the permission table, and that no path leads out."""

from __future__ import annotations

import ftplib
import io
import os
import re
from collections.abc import Callable

import pytest
from transports.doors_kit import Place, begin, put, refusal

from cws_filedrop.drop.home import Folder, UploadStage


@pytest.fixture
def full(place: Place) -> Place:
    """A home with a file everywhere."""
    home = place.home()
    for name in ("outbox/a.receipt.txt", "orders/created/o.txt", "orders/modified/o.txt", "STATUS.txt", "STATUS.json"):
        (home.path / name).write_bytes(b"a\r\nb\n")
    (home.path / "note.txt").write_bytes(b"not for the seller")
    (home.path / "inbox" / "other.txt").write_bytes(b"put here by others")
    (home.path / "outbox" / ".delivering-1").write_bytes(b"half")
    for stage in (UploadStage.HELD, UploadStage.CUT):
        (home.landing(Folder.INBOX, stage) / f"{stage}.part").write_bytes(b"1")
    return place


def fetch(session: ftplib.FTP, path: str) -> bytes:
    got = io.BytesIO()
    session.retrbinary(f"RETR {path}", got.write)
    return got.getvalue()


@pytest.mark.parametrize(
    ("folder", "names"),
    [
        ("/", ["STATUS.json", "STATUS.txt", "inbox", "orders", "outbox", "test"]),
        ("/inbox", ["cut.part", "held.part", "other.txt"]),
        ("/test", []),
        ("/outbox", ["a.receipt.txt"]),
        ("/orders", ["created", "modified"]),
        ("/orders/created", ["o.txt"]),
    ],
)
def test_listings(full: Place, session: ftplib.FTP, folder: str, names: list[str]) -> None:
    assert sorted(session.nlst(folder)) == names
    assert sorted(name for name, _ in session.mlsd(folder)) == names
    lines: list[str] = []
    session.retrlines(f"LIST {folder}", lines.append)
    assert sorted(line.rsplit(maxsplit=1)[-1] for line in lines) == names
    assert all(" seller " in line for line in lines)


def test_a_listing_tells_nothing_of_rights_on_our_disk(full: Place, session: ftplib.FTP) -> None:
    (full.home().path / "outbox" / "a.receipt.txt").chmod(0o600)
    (full.home().path / "outbox").chmod(0o2770)
    lines: list[str] = []
    session.retrlines("LIST /outbox", lines.append)
    session.retrlines("LIST /", lines.append)
    shown = {line.rsplit(maxsplit=1)[-1]: line.split()[0] for line in lines}
    assert (shown["a.receipt.txt"], shown["outbox"]) == ("-rw-r--r--", "drwxr-xr-x")
    (fact,) = [facts["unix.mode"] for _, facts in session.mlsd("/outbox", ["unix.mode"])]
    assert fact in ("0644", "0o644")  # as pyftpdlib writes it


@pytest.mark.parametrize("path", ["/outbox/a.receipt.txt", "/orders/created/o.txt", "/STATUS.txt", "/STATUS.json"])
@pytest.mark.parametrize("mode", ["I", "A"])
def test_downloads_are_byte_for_byte(full: Place, session: ftplib.FTP, path: str, mode: str) -> None:
    session.voidcmd(f"TYPE {mode}")
    with session.transfercmd(f"RETR {path}") as connection:
        assert connection.recv(100) == b"a\r\nb\n"
    session.voidresp()


def test_a_download_goes_on_where_it_was(full: Place, session: ftplib.FTP) -> None:
    got = io.BytesIO()
    session.retrbinary("RETR /STATUS.txt", got.write, rest=3)
    assert got.getvalue() == b"b\n"


def test_what_can_be_deleted(full: Place, session: ftplib.FTP) -> None:
    for path in ("/outbox/a.receipt.txt", "/orders/created/o.txt", "/inbox/held.part", "/inbox/cut.part"):
        assert session.delete(path).startswith("250")
    assert os.listdir(full.home().path / "outbox") == [".delivering-1"]
    assert full.home().unfinished(Folder.INBOX) == {}


ELSEWHERE = "Upload into /inbox (or /test for a rehearsal), not here"


@pytest.mark.parametrize(
    ("command", "reply"),
    [
        ("STOR /a.txt", f"550 {ELSEWHERE}."),
        ("STOR /outbox/a.txt", f"550 {ELSEWHERE}."),
        ("STOR /orders/created/a.txt", f"550 {ELSEWHERE}."),
        ("STOR /STATUS.txt", f"550 {ELSEWHERE}."),
        ("STOR /inbox", f"550 {ELSEWHERE}."),
        ("STOR /inbox/sub/a.txt", f"550 {ELSEWHERE}."),
        ("STOR inbox\\a.txt", f"550 {ELSEWHERE}."),
        ("APPE /a.txt", f"550 {ELSEWHERE}."),
        ("STOU /a.txt", f"550 {ELSEWHERE}."),
        ("STOU", f"550 {ELSEWHERE}."),
        ("STOR /inbox/" + "x" * 256, "553 That file name cannot be used"),
        ("STOR /inbox/a\x01b", "553 That file name cannot be used"),
        ("STOR /inbox/a\x00b", "553 That file name cannot be used"),
        ("RETR /inbox/other.txt", "550 Uploads cannot be downloaded again"),
        ("RETR /inbox/held.part", "550 Uploads cannot be downloaded again"),
        ("RETR /note.txt", "550 No such file."),
        ("RETR /outbox", "550 No such file."),
        ("RETR /outbox/.delivering-1", "550 No such file."),
        ("RETR /nowhere", "550 No such file."),
        ("DELE /STATUS.txt", "550 That cannot be deleted."),
        ("DELE /inbox", "550 That cannot be deleted."),
        ("DELE /inbox/other.txt", "550 There is no unfinished upload other.txt."),
        ("DELE /inbox/nothing.txt", "550 There is no unfinished upload nothing.txt."),
        ("DELE /outbox/nothing.txt", "550 No such file."),
        ("DELE /note.txt", "550 No such file."),
        ("MKD /inbox/sub", "550 Folders cannot be made here; upload straight into /inbox."),
        ("XMKD /sub", "550 Folders cannot be made here; upload straight into /inbox."),
        ("RMD /inbox", "550 Folders cannot be removed here."),
        ("RMD /", "550 Can't remove root directory."),
        ("SITE CHMOD 777 /inbox/nothing.txt", "550 No such file or folder."),
        ("MFMT 20200101000000 /inbox/held.part", "500 "),
        ("CWD /nowhere", "550 No such folder."),
        ("CWD /note.txt", "550 No such folder."),
        ("CWD /.landing", "550 No such folder."),
        ("SIZE /note.txt", "550 "),
        ("SIZE /inbox", "550 "),
        ("MDTM /nowhere", "550 "),
        ("MLST /.landing", "550 "),
        ("LIST /.landing/inbox/part", "550 "),
        ("NLST /nowhere", "550 "),
        ("MLSD /nowhere", "501 "),
        ("STAT /nowhere", "550 "),
        ("RNFR /nowhere", "550 "),
    ],
)
def test_what_is_refused(full: Place, session: ftplib.FTP, command: str, reply: str) -> None:
    before = sorted(path for path in full.data.rglob("*"))
    session.putcmd = session.putline  # type: ignore[method-assign]  # ftplib itself refuses some of these
    assert refusal(session, command).startswith(reply)
    assert sorted(path for path in full.data.rglob("*")) == before
    assert session.voidcmd("NOOP").startswith("200")


@pytest.mark.parametrize(
    ("source", "target", "reply"),
    [
        ("/inbox/other.txt", "/inbox/mine.txt", "550 There is no unfinished upload other.txt"),
        ("/inbox/held.part", "/outbox/a.txt", f"550 {ELSEWHERE}"),
        ("/inbox/held.part", "/a.txt", f"550 {ELSEWHERE}"),
        ("/inbox/held.part", "/test/a.txt", "550 A file can be renamed within its folder only"),
        ("/inbox/held.part", "/inbox/../../a.txt", f"550 {ELSEWHERE}"),
        ("/inbox/cut.part", "/inbox/a.txt", "550 cut.part was cut off while it arrived"),
        ("/outbox/a.receipt.txt", "/outbox/b.txt", "550 Files can only be renamed or deleted in /inbox and /test"),
        ("/STATUS.txt", "/inbox/a.txt", "550 Files can only be renamed or deleted in /inbox and /test"),
        ("/inbox", "/outbox/x", "550 Files can only be renamed or deleted in /inbox and /test"),
    ],
)
def test_renames_that_are_refused(full: Place, session: ftplib.FTP, source: str, target: str, reply: str) -> None:
    session.sendcmd(f"RNFR {source}")
    assert refusal(session, f"RNTO {target}").startswith(reply)
    assert refusal(session, f"RNTO {target}").startswith("503")


def test_two_dots_stay_inside(session: ftplib.FTP) -> None:
    session.cwd("/orders/created")
    session.cwd("..")
    assert session.pwd() == "/orders"
    session.sendcmd("CDUP")
    session.sendcmd("CDUP")
    assert session.pwd() == "/"


@pytest.mark.parametrize("name", ["Größe 1.txt", "日本.txt", "a'b\"c.txt", "semi;colon=.txt", "-la", "x" * 255])
def test_odd_names(place: Place, session: ftplib.FTP, name: str) -> None:
    put(session, f"/inbox/{name}", b"1")
    assert session.size(f"/inbox/{name}") == 1
    assert place.claims()[0].name == name


def test_others_upload_under_the_same_name_is_another_file(full: Place, session: ftplib.FTP) -> None:
    put(session, "/inbox/other.txt", b"mine")
    session.quit()
    assert full.bytes_of(full.claims()[0]) == b"mine"
    assert (full.folder() / "other.txt").read_bytes() == b"put here by others"


def test_sellers_see_their_own_files_only(full: Place, log_in: Callable[..., ftplib.FTP]) -> None:
    other = log_in("other")
    assert other.nlst("/inbox") + other.nlst("/outbox") == []
    assert refusal(other, "RETR /outbox/a.receipt.txt").startswith("550")


def test_a_growing_upload_is_listed_with_its_size(session: ftplib.FTP, log_in: Callable[..., ftplib.FTP]) -> None:
    connection = begin(session, "STOR /inbox/a.txt", b"12345")
    other = log_in()
    assert other.nlst("/inbox") == ["a.txt"]
    assert "is being uploaded by another connection" in refusal(other, "DELE /inbox/a.txt")
    connection.close()
    session.voidresp()


def test_what_the_door_can(session: ftplib.FTP) -> None:
    features = session.sendcmd("FEAT")
    for feature in ("UTF8", "REST STREAM", "SIZE", "MDTM", "EPSV", "MLST"):
        assert f" {feature}" in features
    assert "MFMT" not in features
    assert re.search(r"\|\|\|\d+\|", session.sendcmd("EPSV"))
    assert session.sendcmd("OPTS UTF8 ON").startswith("200")
    assert session.sendcmd("SYST").startswith("215 UNIX")
    assert refusal(session, "PORT 10,0,0,1,200,1").startswith("501 Rejected data connection to foreign address")
    assert refusal(session, "PORT 127,0,0,1,0,25").startswith("501 PORT against the privileged port")


def test_a_download_that_is_under_way_is_whole(full: Place, session: ftplib.FTP) -> None:
    (full.home().path / "outbox" / "big.txt").write_bytes(b"x" * 5_000_000)
    assert len(fetch(session, "/outbox/big.txt")) == 5_000_000
