"""SFTP clients as sellers have them."""

from __future__ import annotations

import importlib.util
import random
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import children
import paramiko
import pytest
from paramiko.packet import Packetizer
from transports.doors_kit import PASSWORD, needs, run, wait_for
from transports.sftp_kit import (
    CONTENT,
    SftpPlace,
    door,
    lent_keys,
    loaded_keys,
    openssh_options,
    place,
    session,
)

from cws_filedrop.drop.home import Folder
from cws_filedrop.model import Grade
from cws_filedrop.transports.sftp.door import SftpDoor
from cws_filedrop.transports.sftp.handles import FULL_BLOCK

__all__ = ["door", "lent_keys", "loaded_keys", "place"]

QUIET_SSH = "ssh -a -x -F none -o UserKnownHostsFile=/dev/null -o StrictHostKeyChecking=no -o LogLevel=ERROR"


@pytest.fixture
def shipped(tmp_path: Path) -> Path:
    path = tmp_path / "shipped 1.txt"
    path.write_bytes(CONTENT)
    return path


@pytest.fixture
def key(place: SftpPlace, tmp_path: Path, lent_keys: Path) -> Path:
    """A client's key, which may log in as acme."""
    path = tmp_path / "id"
    shutil.copy(lent_keys / "ssh_host_ed25519_key", path)
    place.keys.allow("acme", paramiko.Ed25519Key.from_private_key_file(str(path)))
    return path


def openssh(door: SftpDoor, key: Path, batch: str) -> subprocess.CompletedProcess[str]:
    needs("sftp")
    return run("sftp", *openssh_options(door, key), "-b", "-", "acme@127.0.0.1", input=batch)


def lftp(door: SftpDoor, script: str) -> subprocess.CompletedProcess[str]:
    needs("lftp")
    host, port = door.address
    settings = (
        f"set net:max-retries 2; set net:timeout 20; set cmd:fail-exit yes; set sftp:connect-program '{QUIET_SSH}'"
    )
    return run("lftp", "--norc", "-c", f"{settings}; open -u acme,{PASSWORD} sftp://{host}:{port}; {script}")


def the_one(place: SftpPlace) -> bytes:
    (claim,) = place.wait_for_claims(1)
    assert (claim.name, claim.grade) == ("shipped 1.txt", Grade.WHOLE)
    return place.bytes_of(claim)


@pytest.mark.parametrize("option", ["", "-p", "-f"])
def test_openssh_sftp(place: SftpPlace, door: SftpDoor, key: Path, shipped: Path, option: str) -> None:
    done = openssh(door, key, f'cd inbox\nput {option} "{shipped}"\nls -l\npwd\nbye\n')
    assert done.returncode == 0, done.stderr
    assert the_one(place) == CONTENT


def test_openssh_sftp_and_a_small_block(place: SftpPlace, door: SftpDoor, key: Path, shipped: Path) -> None:
    needs("sftp")
    put = f'put "{shipped}" inbox\n'
    done = run("sftp", *openssh_options(door, key), "-B", "1000", "-R", "64", "-b", "-", "acme@127.0.0.1", input=put)
    assert done.returncode == 0, done.stderr
    assert the_one(place) == CONTENT


@pytest.mark.parametrize("who", ["client", "server"])
def test_keys_change_in_the_middle(
    place: SftpPlace, door: SftpDoor, key: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, who: str
) -> None:
    needs("sftp")
    options = ["-o", "LogLevel=DEBUG", *openssh_options(door, key)]
    if who == "client":
        options += ["-o", "RekeyLimit=256K"]
    else:
        monkeypatch.setattr(Packetizer, "REKEY_BYTES", 262_144)
    path, content = tmp_path / "large.bin", random.Random(2).randbytes(3_000_001)
    path.write_bytes(content)
    done = run("sftp", *options, "-b", "-", "acme@127.0.0.1", input=f"put {path} inbox\n")
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("SSH2_MSG_NEWKEYS received") > 1, "once at the beginning"
    (claim,) = place.wait_for_claims(1)
    assert (claim.grade, place.bytes_of(claim)) == (Grade.WHOLE, content)


def test_openssh_sftp_collects_results(place: SftpPlace, door: SftpDoor, key: Path, tmp_path: Path) -> None:
    outbox = place.home().path / "outbox"
    for number in range(5):
        (outbox / f"{number}.result.txt").write_bytes(CONTENT)
    (tmp_path / "got").mkdir()
    done = openssh(door, key, f"get outbox/* {tmp_path / 'got'}\nrm outbox/*\n")
    assert done.returncode == 0, done.stderr
    assert [path.read_bytes() for path in (tmp_path / "got").iterdir()] == [CONTENT] * 5
    assert list(outbox.iterdir()) == []


@pytest.mark.parametrize("command", ["mkdir inbox/a", "put {} /", "symlink a inbox/b", "rmdir inbox", "get inbox/a"])
def test_openssh_sftp_is_refused(door: SftpDoor, key: Path, shipped: Path, command: str) -> None:
    done = openssh(door, key, command.format(f'"{shipped}"') + "\n")
    assert done.returncode == 1
    assert re.search("Permission denied|not found|Failure", done.stderr), done.stderr


def test_openssh_sftp_interrupted_is_not_whole(
    place: SftpPlace, door: SftpDoor, key: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    needs("sftp")
    place.intake.upload_limit_bytes = 10**10
    large = tmp_path / "large.txt"
    with large.open("wb") as file:
        file.truncate(5 * 10**9)
    (tmp_path / "batch").write_text(f"put {large} inbox/large.txt\n")
    words = ["sftp", *openssh_options(door, key), "-l", "80000", "-b", str(tmp_path / "batch"), "acme@127.0.0.1"]
    client = children.start(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    with session(door) as other:
        wait_for(lambda: "large.txt" in other.listdir("inbox") and other.stat("inbox/large.txt").st_size)
    client.send_signal(signal.SIGINT)
    (claim,) = place.wait_for_claims(1)
    assert claim.size < 5 * 10**9
    assert claim.grade is Grade.CUT or (claim.grade, claim.evidence) == (Grade.DOUBTFUL, FULL_BLOCK)


def test_openssh_scp(place: SftpPlace, door: SftpDoor, key: Path, shipped: Path, tmp_path: Path) -> None:
    needs("scp")
    options = openssh_options(door, key)
    done = run("scp", *options, "-s", "-p", str(shipped), "acme@127.0.0.1:/inbox/")
    assert done.returncode == 0, done.stderr
    assert the_one(place) == CONTENT
    (place.home().path / "outbox" / "a.txt").write_bytes(CONTENT)
    done = run("scp", *options, "-s", "acme@127.0.0.1:/outbox/a.txt", str(tmp_path / "got"))
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "got").read_bytes() == CONTENT


@pytest.mark.parametrize("command", [[], ["ls"], ["scpx", "-t", "/inbox"]])
def test_ssh_is_told_what_this_is(door: SftpDoor, key: Path, command: list[str]) -> None:
    needs("ssh")
    done = run("ssh", *openssh_options(door, key), "acme@127.0.0.1", *command, input="")
    assert (done.returncode, done.stdout, done.stderr.strip()) == (1, "", "This is a file drop: use sftp.")


def test_lftp_mirrors_both_ways(place: SftpPlace, door: SftpDoor, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    for number in range(20):
        (source / f"{number}.txt").write_bytes(b"%d" % number)
        (place.folder() / "../outbox" / f"{number}.txt").write_bytes(CONTENT)
    done = lftp(
        door, f"mirror -R --parallel=3 '{source}' /inbox; mirror --Remove-source-files /outbox '{tmp_path}/got'"
    )
    assert done.returncode == 0, done.stderr
    claims = place.wait_for_claims(20)
    assert {claim.name: place.bytes_of(claim) for claim in claims} == {f"{n}.txt": b"%d" % n for n in range(20)}
    assert {path.read_bytes() for path in (tmp_path / "got").iterdir()} == {CONTENT}
    assert place.home().unfinished(Folder.INBOX) == {}


def test_ssh_audit_finds_nothing_to_fail(door: SftpDoor) -> None:
    program = [found] if (found := shutil.which("ssh-audit")) else [sys.executable, "-m", "ssh_audit"]
    if len(program) > 1 and importlib.util.find_spec("ssh_audit") is None:
        pytest.skip("ssh-audit is not installed")
    host, port = door.address
    said = run(*program, "--skip-rate-test", "-n", "-p", str(port), host).stdout
    assert "ssh-ed25519" in said
    assert "[fail]" not in said
    warnings = {line.split("[warn]")[1].strip() for line in said.splitlines() if "[warn]" in line}
    assert warnings == {"does not provide protection against post-quantum attacks"}
