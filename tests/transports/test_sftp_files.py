"""What a seller sees by SFTP, and that no path leads anywhere else."""

from __future__ import annotations

import stat
from pathlib import Path

import paramiko
import pytest
from paramiko import sftp
from transports.sftp_kit import (
    CONTENT,
    GO_ON,
    NEW,
    OK,
    Raw,
    SftpPlace,
    client,
    door,
    lent_keys,
    loaded_keys,
    place,
    put,
    raw,
)

__all__ = ["client", "door", "lent_keys", "loaded_keys", "place", "raw"]


def test_the_home(place: SftpPlace, client: paramiko.SFTPClient) -> None:
    (place.home().path / "STATUS.txt").write_bytes(b"all is well")
    assert client.listdir("/") == ["inbox", "orders", "outbox", "test", "STATUS.txt"]
    assert client.listdir("orders") == ["created", "modified"]
    assert client.normalize(".") == "/"
    assert client.normalize("inbox/../outbox/") == "/outbox"
    with client.open("STATUS.txt") as file:
        assert file.read() == b"all is well"


def test_attributes_tell_nothing_of_the_machine(place: SftpPlace, client: paramiko.SFTPClient) -> None:
    receipt = place.home().path / "outbox" / "a.txt"
    receipt.write_bytes(CONTENT)
    receipt.chmod(0o600)
    found = client.stat("/outbox/a.txt")
    assert (found.st_size, found.st_uid, found.st_gid, found.st_mode) == (len(CONTENT), 0, 0, stat.S_IFREG | 0o644)
    assert client.lstat("/outbox").st_mode == stat.S_IFDIR | 0o755
    assert [one.filename for one in client.listdir_attr("/outbox")] == ["a.txt"]


def test_a_receipt_is_fetched_and_deleted(place: SftpPlace, client: paramiko.SFTPClient, tmp_path: Path) -> None:
    (place.home().path / "outbox" / "a.result.txt").write_bytes(CONTENT * 5)
    client.get("/outbox/a.result.txt", str(tmp_path / "got"))
    assert (tmp_path / "got").read_bytes() == CONTENT * 5
    client.remove("/outbox/a.result.txt")
    assert client.listdir("/outbox") == []
    with pytest.raises(FileNotFoundError):
        client.remove("/outbox/a.result.txt")


def test_a_folder_of_many_files(place: SftpPlace, client: paramiko.SFTPClient) -> None:
    names = [f"{number:04}.txt" for number in range(1234)]
    for name in names:
        (place.home().path / "outbox" / name).touch()
    assert client.listdir("/outbox") == names


def test_an_unfinished_upload_is_seen_renamed_and_deleted(place: SftpPlace, client: paramiko.SFTPClient) -> None:
    put(client, "/inbox/a.part", CONTENT)
    assert client.listdir("/inbox") == ["a.part"]
    client.rename("/inbox/a.part", "/inbox/b.part")
    assert client.listdir("/inbox") == ["b.part"]
    client.remove("/inbox/b.part")
    assert client.listdir("/inbox") == []
    assert place.claims() == []


DENIED = sftp.SFTP_PERMISSION_DENIED
REFUSED: dict[str, tuple[int, tuple[str | int, ...], int, str]] = {
    "mkdir": (sftp.CMD_MKDIR, ("/inbox/new", 0), DENIED, "Folders cannot be made here; upload straight into /inbox."),
    "rmdir": (sftp.CMD_RMDIR, ("/inbox",), DENIED, "Folders cannot be removed here."),
    "symlink": (sftp.CMD_SYMLINK, ("/etc", "/inbox/a"), DENIED, "There are no links here, and none can be made."),
    "readlink": (sftp.CMD_READLINK, ("/inbox",), DENIED, "There are no links here, and none can be made."),
    "upload at the top": (
        sftp.CMD_OPEN,
        ("/a.txt", NEW, 0),
        DENIED,
        "Upload into /inbox (or /test for a rehearsal), not here.",
    ),
    "write without making": (
        sftp.CMD_OPEN,
        ("/inbox/a.txt", sftp.SFTP_FLAG_WRITE, 0),
        sftp.SFTP_NO_SUCH_FILE,
        "No such file or folder.",
    ),
    "make what is there": (
        sftp.CMD_OPEN,
        ("/outbox/here.txt", NEW | sftp.SFTP_FLAG_EXCL, 0),
        sftp.SFTP_FAILURE,
        "There is a file of that name already.",
    ),
    "overwrite a receipt": (
        sftp.CMD_OPEN,
        ("/outbox/here.txt", NEW, 0),
        DENIED,
        "Upload into /inbox (or /test for a rehearsal), not here.",
    ),
    "read nothing": (sftp.CMD_OPEN, ("/outbox/b", 1, 0), sftp.SFTP_NO_SUCH_FILE, "No such file or folder."),
    "read a folder": (sftp.CMD_OPEN, ("/outbox", 1, 0), DENIED, "No such file."),
    "read an upload": (
        sftp.CMD_OPEN,
        ("/inbox/held.part", 1, 0),
        DENIED,
        "Uploads cannot be downloaded again; receipts and results are in /outbox.",
    ),
    "list a file": (sftp.CMD_OPENDIR, ("/outbox/here.txt",), sftp.SFTP_NO_SUCH_FILE, "No such folder."),
    "delete a folder": (sftp.CMD_REMOVE, ("/outbox",), DENIED, "That cannot be deleted."),
    "rename between folders": (
        sftp.CMD_RENAME,
        ("/inbox/held.part", "/test/a.txt"),
        DENIED,
        "A file can be renamed within its folder only.",
    ),
    "rename a receipt": (
        sftp.CMD_RENAME,
        ("/outbox/here.txt", "/outbox/there.txt"),
        DENIED,
        "Files can only be renamed or deleted in /inbox and /test.",
    ),
    "hard link": (
        sftp.CMD_EXTENDED,
        ("hardlink@openssh.com", "/outbox/here.txt", "/inbox/a"),
        sftp.SFTP_OP_UNSUPPORTED,
        "That is not offered here.",
    ),
    "hash": (
        sftp.CMD_EXTENDED,
        ("check-file", "1", "md5", 0),
        sftp.SFTP_OP_UNSUPPORTED,
        "That is not offered here.",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_refusals_have_words(place: SftpPlace, raw: Raw, what: str) -> None:
    (place.home().path / "outbox" / "here.txt").write_bytes(CONTENT)
    assert raw.close(raw.open("/inbox/held.part", NEW)) == OK
    kind, fields, code, words = REFUSED[what]
    assert raw.status(kind, *fields) == (code, words)
    assert (place.home().path / "outbox" / "here.txt").read_bytes() == CONTENT
    assert place.claims() == []


def test_reading_is_not_writing(place: SftpPlace, raw: Raw) -> None:
    (place.home().path / "outbox" / "here.txt").write_bytes(CONTENT)
    handle = raw.open("/outbox/here.txt", sftp.SFTP_FLAG_READ)
    assert raw.write(handle, 0, b"x") == (DENIED, "It was opened to be read, not to be written.")
    assert raw.close(handle) == OK
    handle = raw.open("/inbox/a.txt", GO_ON | sftp.SFTP_FLAG_READ)
    assert raw.status(sftp.CMD_READ, handle, sftp.int64(0), 5) == (
        DENIED,
        "It is being uploaded; it cannot be read.",
    )


NAMES = ("n" * 251 + ".txt", "é" * 125 + ".txt", "Ｆｕｌｌ.txt", "e\u0301.txt", "CON", "a b.txt")


@pytest.mark.parametrize("name", NAMES)
def test_odd_names_that_can_be_used(place: SftpPlace, client: paramiko.SFTPClient, name: str) -> None:
    put(client, f"/inbox/{name}", CONTENT)
    assert [claim.name for claim in place.claims()] == [name]
