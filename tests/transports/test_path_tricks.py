"""No path leads out: a table of tricks, each tried with everything that takes a path, by FTP and SFTP.

Harmless means: nothing of others is shown, read, made, changed or removed; the session goes on; the log has no error.
"""

from __future__ import annotations

import os
import re
import socket
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
import structlog
from paramiko import sftp
from transports.doors_kit import PASSWORD, Place
from transports.sftp_kit import APPEND, NEW, OK, Raw, SftpPlace, lent_keys, loaded_keys, place, ssh

from cws_filedrop.drop.home import Folder, UploadStage

__all__ = ["lent_keys", "loaded_keys", "place"]

SECRET = b"SECRET" * 20_576 + b"!"
SECRET_SIZE = b"123457"
MINE = b"mine"
OWN = "own.part"

TRICKS: tuple[bytes, ...] = (
    # Two dots, in every place.
    b"..",
    b"../",
    b"../bait.txt",
    b"../rival/outbox/bait.txt",
    b"/../rival/outbox/bait.txt",
    b"../../../outside/bait.txt",
    b"/../../homes/rival/outbox/bait.txt",
    b"/inbox/../../rival/inbox/bait.txt",
    b"/outbox/../../rival/outbox/bait.txt",
    b"/outbox/./.././../rival/outbox/bait.txt",
    b"/outbox/.../.../bait.txt",
    b"/inbox/..;/..;/bait.txt",
    b"....//....//bait.txt",
    b"/inbox/" + b"../" * 300 + b"outside/bait.txt",
    b"/.landing/inbox/../../../rival/outbox/bait.txt",
    # Places on the machine.
    b"/etc/passwd",
    b"//etc/passwd",
    b"etc/passwd",
    b"file:///etc/passwd",
    b"/proc/self/environ",
    b"/proc/self/cwd/bait.txt",
    b"/dev/zero",
    b"//rival/outbox/bait.txt",
    b"/////outbox/////../../rival/outbox/bait.txt",
    b"{outside}/bait.txt",
    b"{outside}",
    # Coded once, twice, and too long.
    b"%2e%2e/rival/outbox/bait.txt",
    b"..%2frival%2foutbox%2fbait.txt",
    b"/outbox/%2e%2e/%2e%2e/rival/outbox/bait.txt",
    b"%252e%252e%252frival%252foutbox%252fbait.txt",
    b"..%c0%af..%c0%afbait.txt",
    b"/inbox/\xc0\xae\xc0\xae/bait.txt",
    b"/inbox/\xff\xfe.txt",
    b"/inbox/\xed\xa0\x80.txt",
    # Another system's paths.
    b"..\\rival\\outbox\\bait.txt",
    b"/outbox/..\\..\\rival\\outbox\\bait.txt",
    b"C:\\windows\\win.ini",
    b"C:/bait.txt",
    b"\\\\rival\\outbox\\bait.txt",
    b"/outbox/own.txt:stream",
    b"/inbox/CON",
    b"/inbox/NUL.txt",
    b"/outbox/own.txt.",
    b"/outbox/own.txt ",
    b"/outbox /own.txt",
    # What a shell would make of it.
    b"~",
    b"~root",
    b"~rival/outbox/bait.txt",
    b"~/../rival/outbox/bait.txt",
    b"*",
    b"/../*/outbox/bait.txt",
    b"/outbox/[a-z]*",
    b"-la /etc",
    b"-la ..",
    b"-R /",
    b"--help",
    b"/inbox/-rf",
    b"$HOME/bait.txt",
    b"`id`",
    b"|id",
    # Characters that end, hide or turn around.
    b"\x00",
    b"/outbox/own.txt\x00.png",
    b"/outbox/\x00/../../rival/outbox/bait.txt",
    b"/inbox/a\r\nDELE /outbox/bait.txt",
    b"/inbox/a\nb.txt",
    b"/inbox/a\x08b\x1b[2Jb.txt",
    b"/inbox/a\x7fb.txt",
    b"/inbox/a\xff\xf4b.txt",
    "/inbox/\u202etxt.tiab".encode(),
    "/inbox/b\u200bait.txt".encode(),
    "/inbox/a\u2028b.txt".encode(),
    "/outbox/\uff0e\uff0e/\uff0e\uff0e/rival/outbox/bait.txt".encode(),
    "/\uff4f\uff55\uff54\uff42\uff4f\uff58/bait.txt".encode(),
    "/outbox\u2215..\u2215..\u2215rival\u2215outbox\u2215bait.txt".encode(),
    "/inbox/e\u0301.txt".encode(),
    "/inbox/\u00e9.txt".encode(),
    # Long ones.
    b"/inbox/" + b"n" * 255,
    b"/inbox/" + b"n" * 256,
    b"/inbox/" + b"n" * 1000,
    b"/inbox/" + "\u00e9".encode() * 128,
    b"/inbox/" + b"d/" * 2000 + b"a.txt",
    b"/" + b"../d/" * 820,
    # Other spellings of what is there, and names of ours.
    b"/INBOX/a.txt",
    b"/Outbox/own.txt",
    b"/status.TXT",
    b"STATUS.txt/../../rival/outbox/bait.txt",
    b"/STATUS.json",
    b"/note.txt",
    b"/.landing",
    b"/.landing/inbox/held/own.part",
    b"/outbox/.delivering-x",
    b"/inbox/.delivering-x",
    b"/orders",
    b"/orders/created",
    b"/orders/created/../../../rival/outbox/bait.txt",
    b"/",
    b"//",
    b"",
    b".",
    # Links, pipes and names that are elsewhere too, made on disk.
    b"/link.txt",
    b"/links",
    b"/links/bait.txt",
    b"/inbox/link.txt",
    b"/inbox/links",
    b"/inbox/links/bait.txt",
    b"/test/link.txt",
    b"/outbox/link.txt",
    b"/outbox/links",
    b"/outbox/links/bait.txt",
    b"/outbox/links/../../rival/outbox/bait.txt",
    b"/orders/created/link.txt",
    b"/orders/modified",
    b"/orders/modified/bait.txt",
    b"/outbox/pipe",
    b"/inbox/pipe",
    b"/inbox/part-link.txt",
    b"/inbox/held-link.txt",
    b"/inbox/cut-link.txt",
    b"/inbox/part-hard.txt",
    b"/inbox/cut-hard.txt",
)


def lay_bait(place: Place) -> Path:
    """Files of others, all around; a home full of ways to them. Returns the folder outside."""
    outside, rival, home = place.data / "outside", place.home("rival").path, place.home().path
    outside.mkdir()
    for folder in (outside, place.data, place.homes.root, rival, rival / "inbox", rival / "outbox"):
        for name in ("bait.txt", "unspoken.txt"):
            (folder / name).write_bytes(SECRET)
    (outside / "hard.txt").write_bytes(SECRET)
    (home / "note.txt").write_bytes(SECRET)
    (home / "outbox" / ".delivering-x").write_bytes(SECRET)
    (home / "outbox" / "own.txt").write_bytes(MINE)
    (home / "STATUS.txt").write_bytes(MINE)
    (home / "STATUS.json").symlink_to(outside / "bait.txt")
    lay_links(place, outside)
    return outside


def lay_links(place: Place, outside: Path) -> None:
    home = place.home().path
    for folder in (".", "inbox", "test", "outbox", "orders", "orders/created"):
        (home / folder / "link.txt").symlink_to(outside / "bait.txt")
        (home / folder / "links").symlink_to(outside)
    (home / "orders" / "modified").rmdir()
    (home / "orders" / "modified").symlink_to(outside)
    for stage in UploadStage:
        landing = place.home().landing(Folder.INBOX, stage)
        (landing / f"{stage}-link.txt").symlink_to(outside / "bait.txt")
    for stage in (UploadStage.PART, UploadStage.CUT):
        os.link(outside / "hard.txt", place.home().landing(Folder.INBOX, stage) / f"{stage}-hard.txt")
    for folder in ("outbox", ".landing/inbox/part"):
        os.mkfifo(home / folder / "pipe")


def protected(place: Place) -> dict[str, tuple[object, ...]]:
    """Everything but the seller's own uploads: what it is, its rights, its times, its bytes."""
    found: dict[str, tuple[object, ...]] = {}
    own = (str(place.spool.root), str(place.home().path / ".landing"))
    for folder, folders, files in os.walk(place.data):
        folders[:] = [name for name in folders if not os.path.join(folder, name).startswith(own)]
        for path in (os.path.join(folder, name) for name in (*folders, *files)):
            about = os.lstat(path)
            content = Path(path).read_bytes() if stat.S_ISREG(about.st_mode) else b""
            changed = 0 if stat.S_ISDIR(about.st_mode) else about.st_mtime_ns
            found[path] = (about.st_mode, about.st_size, changed, content)
    return found


@pytest.fixture
def tricks(place: SftpPlace) -> list[bytes]:
    """The table, with a home full of traps."""
    outside = lay_bait(place)
    return [trick.replace(b"{outside}", os.fsencode(outside)) for trick in TRICKS]


@pytest.fixture
def events() -> Iterator[list[dict[str, object]]]:
    with structlog.testing.capture_logs() as events:
        yield events  # type: ignore[misc]


def look_around(
    place: Place, paths: Iterable[bytes], events: list[dict[str, object]], attempt: Callable[[bytes], bytes]
) -> None:
    """Make every attempt, and see after each that nothing has happened and nothing was shown."""
    before = protected(place)
    for path in paths:
        shown = attempt(path)
        assert b"SECRET" not in shown, path
        assert b"unspoken" not in shown, path
        assert SECRET_SIZE not in shown, path
        assert protected(place) == before, path
    assert {(claim.seller, place.bytes_of(claim)) for claim in place.claims()} <= {
        ("acme", MINE),
        ("acme", MINE[:3] + MINE),
    }
    assert [event for event in events if event.get("exc_info")] == []
    errors = {str(event["event"]) for event in events if event["log_level"] in ("error", "critical")}
    assert errors <= {"home.folder_not_followed", "upload.name_taken"}


# FTP.

PLAIN = ("CWD", "DELE", "SIZE", "MDTM", "MLST", "STAT", "MKD", "RMD", "SITE CHMOD 777", "MFMT 20200101000000", "XCWD")
LISTINGS = ("LIST", "NLST", "MLSD", "LIST -la", "RETR")
UPLOADS = ("STOR", "STOU", "APPE", "REST 3\r\nSTOR")


class Ftp:
    """An FTP session of bytes, since libraries refuse what is to be tried."""

    def __init__(self, address: tuple[str, int], folder: str) -> None:
        self._address = address
        self._socket = socket.create_connection(address, timeout=60)
        self._file = self._socket.makefile("rb")
        self._folder = folder
        self._number = 0
        self._said = b""
        for line in (b"USER acme", f"PASS {PASSWORD}".encode(), b"TYPE I"):
            self.ask(line)

    def close(self) -> None:
        self._file.close()
        self._socket.close()

    def _reply(self) -> bytes:
        line = self._file.readline()
        assert line, "the session has ended"
        self._said += line
        return line

    def _send(self, line: bytes) -> None:
        self._socket.sendall(line + b"\r\n")

    def ask(self, line: bytes) -> bytes:
        """All that is said until the session has shown that it goes on."""
        self._said = b""
        self._send(line)
        self._go_on()
        return self._said

    def _go_on(self) -> None:
        self._number += 1
        self._send(b"XNOP%d" % self._number)
        while b'"XNOP%d"' % self._number not in self._reply():
            pass

    def transfer(self, line: bytes, content: bytes | None) -> bytes:
        """A command with a data connection: all that came by both."""
        port = re.search(rb"\|\|\|(\d+)\|", self.ask(b"EPSV"))
        assert port is not None
        got = b""
        self._said = b""
        with socket.create_connection((self._address[0], int(port[1])), timeout=60) as data:
            self._send(line)
            while not re.match(rb"[1-5]\d\d ", reply := self._reply()) or reply.startswith(b"350"):
                pass
            if reply.startswith(b"1"):
                got = self._exchange(data, content)
        self._go_on()
        return got + self._said

    def _exchange(self, data: socket.socket, content: bytes | None) -> bytes:
        got = b""
        if content is not None:
            data.sendall(content)
            data.shutdown(socket.SHUT_WR)
        while more := data.recv(65_536):
            got += more
        while not re.match(rb"[2-5]\d\d ", self._reply()):
            pass
        return got

    def everything(self, path: bytes) -> bytes:
        """All that takes a path, with this one."""
        self.ask(f"CWD {self._folder}".encode())
        said = b"".join(self.ask(command.encode() + b" " + path) for command in PLAIN)
        self.ask(f"CWD {self._folder}".encode())
        said += b"".join(self.transfer(command.encode() + b" " + path, None) for command in LISTINGS)
        said += b"".join(self.transfer(command.encode() + b" " + path, MINE) for command in UPLOADS)
        said += self.ask(b"RNFR " + path) + self.ask(b"RNTO /inbox/renamed.txt")
        self.transfer(f"STOR /inbox/{OWN}".encode(), MINE)
        said += self.ask(f"RNFR /inbox/{OWN}".encode()) + self.ask(b"RNTO " + path)
        return said


@pytest.mark.parametrize("folder", ["/", "/orders/created"])
def test_by_ftp(place: SftpPlace, tricks: list[bytes], events: list[dict[str, object]], folder: str) -> None:
    with closing(Ftp(place.ftp_door().address, folder)) as session:
        look_around(place, tricks, events, session.everything)
    assert len(place.announced) > 30


# SFTP.


def show(raw: Raw, kind: int, *fields: int | bytes | str) -> bytes:
    """What is answered; of a folder, what is in it; of a file, its bytes."""
    answer, message = raw.ask(kind, *fields)
    if answer != sftp.CMD_HANDLE:
        return message.asbytes()
    handle = message.get_binary()
    if kind == sftp.CMD_OPENDIR:
        shown = raw.ask(sftp.CMD_READDIR, handle)[1].asbytes()
    else:
        shown = raw.ask(sftp.CMD_READ, handle, 0, 0, 1000)[1].asbytes()
    raw.close(handle)
    return shown


def upload(raw: Raw, path: bytes, flags: int) -> bytes:
    answer, message = raw.ask(sftp.CMD_OPEN, path, flags, 0)
    if answer != sftp.CMD_HANDLE:
        return message.asbytes()
    handle = message.get_binary()
    assert raw.write(handle, 0, MINE) == OK
    return raw.close(handle)[1].encode()


def everything(raw: Raw, path: bytes) -> bytes:
    """All that takes a path, with this one."""
    shown = b"".join(
        show(raw, kind, path)
        for kind in (sftp.CMD_STAT, sftp.CMD_LSTAT, sftp.CMD_OPENDIR, sftp.CMD_READLINK, sftp.CMD_REALPATH)
    )
    shown += show(raw, sftp.CMD_OPEN, path, sftp.SFTP_FLAG_READ, 0)
    changes: tuple[tuple[int | bytes | str, ...], ...] = (
        (sftp.CMD_SETSTAT, path, 4, 0o777),
        (sftp.CMD_SETSTAT, path, 1, 0, 0),
        (sftp.CMD_REMOVE, path),
        (sftp.CMD_RENAME, path, b"/inbox/renamed.txt"),
        (sftp.CMD_EXTENDED, b"posix-rename@openssh.com", path, b"/inbox/renamed.txt"),
        (sftp.CMD_EXTENDED, b"hardlink@openssh.com", path, b"/inbox/renamed.txt"),
        (sftp.CMD_MKDIR, path, 0),
        (sftp.CMD_RMDIR, path),
        (sftp.CMD_SYMLINK, path, b"/inbox/renamed.txt"),
        (sftp.CMD_SYMLINK, b"/etc", path),
    )
    for kind, *fields in changes:
        assert isinstance(kind, int)
        shown += raw.ask(kind, *fields)[1].asbytes()
    shown += b"".join(upload(raw, path, flags) for flags in (NEW, APPEND, sftp.SFTP_FLAG_WRITE))
    upload(raw, f"/inbox/{OWN}".encode(), NEW)
    shown += raw.ask(sftp.CMD_RENAME, f"/inbox/{OWN}", path)[1].asbytes()
    return shown


def test_by_sftp(place: SftpPlace, tricks: list[bytes], events: list[dict[str, object]]) -> None:
    with ssh(place.sftp_door()) as transport:
        raw = Raw(transport)
        look_around(place, tricks, events, lambda path: everything(raw, path))
    assert len(place.announced) > 30


# Folders of the home that are links themselves.

USUAL: tuple[bytes, ...] = (
    *(b"/", b"/inbox", b"/test", b"/outbox", b"/orders", b"/orders/created", b"/STATUS.txt"),
    *(b"/inbox/bait.txt", b"/test/bait.txt", b"/outbox/bait.txt", b"/orders/created/bait.txt"),
    *(b"/inbox/new.txt", b"/inbox/new.part", b"/test/new.txt"),
)


@pytest.fixture(params=["inbox", "outbox", "orders", ".landing", ".landing/inbox/part", ".landing/inbox/cut", "."])
def astray(place: SftpPlace, request: pytest.FixtureRequest) -> str:
    """One folder of the home is a link to the like of it elsewhere, with files of others."""
    inside, elsewhere = place.home().path / request.param, place.data / "elsewhere"
    inside.rename(elsewhere)
    inside.symlink_to(elsewhere)
    for folder in [elsewhere, *(path for path in elsewhere.rglob("*") if path.is_dir())]:
        for name in ("bait.txt", "unspoken.txt", "STATUS.txt"):
            (folder / name).write_bytes(SECRET)
    return str(request.param)


def test_a_folder_that_leads_elsewhere_by_ftp(place: SftpPlace, astray: str, events: list[dict[str, object]]) -> None:
    with closing(Ftp(place.ftp_door().address, "/")) as session:
        look_around(place, USUAL, events, session.everything)


def test_a_folder_that_leads_elsewhere_by_sftp(place: SftpPlace, astray: str, events: list[dict[str, object]]) -> None:
    with ssh(place.sftp_door()) as transport:
        raw = Raw(transport)
        look_around(place, USUAL, events, lambda path: everything(raw, path))


def test_a_folder_that_leads_elsewhere_is_not_emptied(place: SftpPlace, astray: str) -> None:
    before = protected(place)
    place.intake.recover()
    place.intake.close()
    place.folder_door(sweep_seconds=0.05)
    (place.folder(seller="rival") / "a.txt").write_bytes(MINE)
    (claim,) = place.wait_for_claims(1)
    assert claim.seller == "rival"
    assert {path: about for path, about in protected(place).items() if "rival" not in path} == before
