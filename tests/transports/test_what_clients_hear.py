"""What each client says when an upload was taken and when it was refused: the table of docs/sellers.md, row by row."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import asyncssh
import paramiko
import pytest
from transports.doors_kit import PASSWORD, connect, needs, put, refusal, run, wait_for
from transports.sftp_kit import SftpPlace, openssh_options, session

from cws_filedrop.drop.audit_events import AuditEvent, AuditEventKind
from cws_filedrop.model import Grade, Limits
from cws_filedrop.transports.ftp.door import FtpDoor
from cws_filedrop.transports.landing import first_look
from cws_filedrop.transports.sftp.door import SftpDoor

GOOD = "order-id\tship-date\n701-0000001-0000001\t2026-11-22\n"
BAD = "nothing that anybody understands\n"
SELLERS = Path(__file__).parents[2] / "docs" / "sellers.md"
UNUSABLE = "but it cannot be used: No row of headings was found."
NO_SCP = "nothing was taken: the old protocol of scp is not offered here; use sftp, or scp -s"
NOTHING = "nothing, exit status 0"
# What a client says to a file that cannot be used; of scp's old protocol, to any. As in the table of the page.
REFUSALS = {
    "curl, FTP": "`server did not report OK, got 550`, exit status 18; with `-v` our words",
    "curl, SFTP": NOTHING,
    "curl, SCP": "`Invalid ACK response from remote`, exit status 25",
    "lftp, FTP": "our words, exit status 1",
    "lftp, SFTP": "our words, exit status 1",
    "OpenSSH `scp -s`": "`close remote: Failure`, exit status 1",
    "OpenSSH `scp -O`": "our words, exit status 1",
    "OpenSSH `sftp -b`": "`close remote: Failure`, exit status 1",
    "rclone, FTP": "our words, exit status 1",
    "rclone, SFTP": "our words, exit status 1",
    "PuTTY `pscp`": NOTHING,
    "PuTTY `pscp -scp`": "`unexpected end-of-file from server`, exit status 1",
    "PuTTY `psftp`": "`error while closing: failure`, exit status 0",
    "PHP `ssh2_scp_send`": "false, and the warning `Invalid ACK response from remote`",
    "PHP `ssh2.sftp://`": "nothing; `ssh2_sftp_stat` of the file is false then",
    "Python ftplib": "`error_perm` with our words",
    "Python paramiko": "`FileNotFoundError`, since `put` looks for the file",
    "Python asyncssh": "`SFTPFailure` with our words",
}
OLD_SCP = {"curl, SCP", "OpenSSH `scp -O`", "PuTTY `pscp -scp`", "PHP `ssh2_scp_send`"}


class Doors:
    """Both doors, which look at what comes, and the file that is sent."""

    def __init__(self, place: SftpPlace, folder: Path) -> None:
        self.place = place
        place.intake.look_first(partial(first_look.fault, limits=Limits(10**6, 10**7, 10**5)))
        self.ftp: FtpDoor = place.ftp_door()
        self.sftp: SftpDoor = place.sftp_door()
        self.folder = folder
        key = paramiko.ECDSAKey.generate()
        key.write_private_key_file(str(folder / "key"))
        place.keys.allow("acme", key)

    def file(self, content: str) -> str:
        (self.folder / "shipped.txt").write_text(content)
        return str(self.folder / "shipped.txt")

    @property
    def openssh(self) -> list[str]:
        return openssh_options(self.sftp, self.folder / "key")

    @property
    def putty(self) -> list[str]:
        key = paramiko.Ed25519Key(filename=str(self.place.host_keys / "ssh_host_ed25519_key"))
        return ["-batch", "-hostkey", key.fingerprint, "-P", str(self.sftp.address[1]), "-pw", PASSWORD]


@pytest.fixture
def doors(tmp_path: Path) -> Iterator[Doors]:
    place = SftpPlace(tmp_path / "data")
    yield Doors(place, tmp_path)
    place.close()


def program(*words: str, **more: Any) -> tuple[int, str]:
    needs(words[0])
    done = run(*words, **({"input": ""} | more))
    return done.returncode, done.stdout + done.stderr


def curl(scheme: str, doors: Doors, file: str) -> tuple[int, str]:
    port = (doors.ftp if scheme == "ftp" else doors.sftp).address[1]
    address = f"{scheme}://127.0.0.1:{port}/inbox/"
    return program("curl", "-sS", "--disable", "-v", "--insecure", "-T", file, "-u", f"acme:{PASSWORD}", address)


def lftp(scheme: str, doors: Doors, file: str) -> tuple[int, str]:
    ssh = f"ssh -a -x -F none -o UserKnownHostsFile={doors.folder}/hosts -o StrictHostKeyChecking=no"
    port = (doors.ftp if scheme == "ftp" else doors.sftp).address[1]
    settings = f'set cmd:fail-exit yes; set net:max-retries 1; set ftp:ssl-allow no; set sftp:connect-program "{ssh}"'
    opened = f"open -u acme,{PASSWORD} {scheme}://127.0.0.1:{port}"
    return program("lftp", "--norc", "-c", f"{settings}; {opened}; put {file} -o /inbox/shipped.txt")


def rclone(scheme: str, doors: Doors, file: str) -> tuple[int, str]:
    needs("rclone")
    hidden = run("rclone", "obscure", PASSWORD).stdout.strip()
    port = (doors.ftp if scheme == "ftp" else doors.sftp).address[1]
    options = {"host": "127.0.0.1", "port": str(port), "user": "acme", "pass": hidden}
    words = [word for name, value in options.items() for word in (f"--{scheme}-{name}", value)]
    words += [
        "--retries",
        "1",
        "--low-level-retries",
        "1",
        *(["--sftp-shell-type", "none"] if scheme == "sftp" else []),
    ]
    env = os.environ | {"RCLONE_CONFIG": str(doors.folder / "rclone.conf")}
    return program("rclone", *words, "copyto", file, f":{scheme}:/inbox/shipped.txt", env=env)


def scp(option: str, doors: Doors, file: str) -> tuple[int, str]:
    return program("scp", *doors.openssh, option, file, "acme@127.0.0.1:/inbox/")


def sftp(doors: Doors, file: str) -> tuple[int, str]:
    return program("sftp", *doors.openssh, "-b", "-", "acme@127.0.0.1", input=f"put {file} /inbox/shipped.txt\n")


def pscp(doors: Doors, file: str, *options: str) -> tuple[int, str]:
    env = os.environ | {"HOME": str(doors.folder)}
    return program("pscp", *options, *doors.putty, file, "acme@127.0.0.1:/inbox/shipped.txt", env=env)


def psftp(doors: Doors, file: str) -> tuple[int, str]:
    env = os.environ | {"HOME": str(doors.folder)}
    (doors.folder / "batch").write_text(f"put {file} inbox/shipped.txt\n")
    return program("psftp", "-be", "-b", str(doors.folder / "batch"), *doors.putty, "acme@127.0.0.1", env=env)


PHP_SCP = 'exit(ssh2_scp_send($c, "{file}", "/inbox/shipped.txt") ? 0 : 1);'
PHP_SFTP = """$s = ssh2_sftp($c);
$x = fopen("ssh2.sftp://" . intval($s) . "/inbox/shipped.txt", "w");
fwrite($x, file_get_contents("{file}")); fclose($x);
echo @ssh2_sftp_stat($s, "/inbox/shipped.txt") === false ? "it is not there" : "it is there";"""


def php(script: str, doors: Doors, file: str) -> tuple[int, str]:
    needs("php")
    if "ssh2" not in run("php", "-m").stdout.split():
        pytest.skip("PHP's ssh2 is not installed")
    login = f'$c = ssh2_connect("127.0.0.1", {doors.sftp.address[1]}); ssh2_auth_password($c, "acme", "{PASSWORD}"); '
    return program("php", "-d", "display_errors=stderr", "-r", login + script.replace("{file}", file))


def python(act: Callable[[], object]) -> tuple[int, str]:
    try:
        act()
    except Exception as error:
        return 1, repr(error)
    return 0, ""


def by_ftplib(doors: Doors, file: str) -> tuple[int, str]:
    with connect(doors.ftp) as client:
        return python(lambda: put(client, "/inbox/shipped.txt", Path(file).read_bytes()))


def by_paramiko(doors: Doors, file: str) -> tuple[int, str]:
    with session(doors.sftp) as client:
        return python(lambda: client.put(file, "/inbox/shipped.txt"))


def by_asyncssh(doors: Doors, file: str) -> tuple[int, str]:
    async def send() -> None:
        port = doors.sftp.address[1]
        who = {"username": "acme", "password": PASSWORD, "known_hosts": None, "client_keys": None, "config": None}
        async with asyncssh.connect("127.0.0.1", port, **who) as connection, connection.start_sftp_client() as client:
            await client.put(file, "/inbox/shipped.txt")

    return python(lambda: asyncio.run(send()))


CLIENTS: dict[str, tuple[Callable[[Doors, str], tuple[int, str]], int, str]] = {
    "curl, FTP": (partial(curl, "ftp"), 18, UNUSABLE),
    "curl, SFTP": (partial(curl, "sftp"), 0, ""),
    "curl, SCP": (partial(curl, "scp"), 25, "Invalid ACK response from remote"),
    "lftp, FTP": (partial(lftp, "ftp"), 1, UNUSABLE),
    "lftp, SFTP": (partial(lftp, "sftp"), 1, UNUSABLE),
    "OpenSSH `scp -s`": (partial(scp, "-s"), 1, "close remote: Failure"),
    "OpenSSH `scp -O`": (partial(scp, "-O"), 1, NO_SCP),
    "OpenSSH `sftp -b`": (sftp, 1, "close remote: Failure"),
    "rclone, FTP": (partial(rclone, "ftp"), 1, UNUSABLE),
    "rclone, SFTP": (partial(rclone, "sftp"), 1, UNUSABLE),
    "PuTTY `pscp`": (pscp, 0, ""),
    "PuTTY `pscp -scp`": (lambda doors, file: pscp(doors, file, "-scp"), 1, "unexpected end-of-file"),
    "PuTTY `psftp`": (psftp, 0, "error while closing: failure"),
    "PHP `ssh2_scp_send`": (partial(php, PHP_SCP), 1, "Invalid ACK response from remote"),
    "PHP `ssh2.sftp://`": (partial(php, PHP_SFTP), 0, "it is not there"),
    "Python ftplib": (by_ftplib, 1, UNUSABLE),
    "Python paramiko": (by_paramiko, 1, "FileNotFoundError"),
    "Python asyncssh": (by_asyncssh, 1, UNUSABLE),
}


@pytest.mark.parametrize("client", CLIENTS)
def test_what_a_client_hears(doors: Doors, client: str) -> None:
    send, status, words = CLIENTS[client]
    heard = send(doors, doors.file(BAD))
    assert heard[0] == status, heard
    assert words in heard[1]
    if client in OLD_SCP:
        assert doors.place.claims() == []
        return
    doors.place.wait_for_claims(1)
    taken = send(doors, doors.file(GOOD))
    assert taken[0] == 0, taken
    assert "it is not there" not in taken[1]
    assert doors.place.bytes_of(doors.place.wait_for_claims(2)[1]) == GOOD.encode()


def test_the_page_says_so() -> None:
    page = SELLERS.read_text(encoding="utf-8")
    taken = "the same: it is never taken"
    rows = [
        f"| {client} | {taken if client in OLD_SCP else 'exit status 0, or no error'} | {said} |"
        for client, said in REFUSALS.items()
    ]
    assert list(REFUSALS) == list(CLIENTS)
    table = page.partition("| program | when a file was taken | when it cannot be used |\n")[2].partition("\n\n")[0]
    assert table.splitlines()[1:] == rows


def test_a_refused_upload_is_not_found_afterwards(doors: Doors) -> None:
    with session(doors.sftp) as client:
        with client.open("/inbox/a.txt", "w") as file:
            file.write(BAD)
        with pytest.raises(FileNotFoundError):
            client.stat("/inbox/a.txt")
    with connect(doors.ftp) as ftp:
        assert refusal(ftp, "SIZE /inbox/a.txt").startswith("550")


def test_a_rename_of_what_this_session_just_sent_is_done(doors: Doors) -> None:
    with connect(doors.ftp) as ftp:
        put(ftp, "/inbox/a.new", GOOD.encode())
        assert ftp.rename("/inbox/a.new", "/inbox/a.txt").startswith("250")
        assert ftp.size("/inbox/a.txt") == len(GOOD)
    with session(doors.sftp) as client:
        with client.open("/inbox/b.new", "w") as file:
            file.write(GOOD)
        client.rename("/inbox/b.new", "/inbox/b.txt")
        assert client.stat("/inbox/b.txt").st_size == len(GOOD)
    assert [claim.grade for claim in doors.place.wait_for_claims(2)] == [Grade.WHOLE, Grade.WHOLE]


def test_but_not_of_what_another_sent(doors: Doors) -> None:
    with connect(doors.ftp) as ftp, connect(doors.ftp) as other:
        put(ftp, "/inbox/a.new", GOOD.encode())
        other.sendcmd("RNFR /inbox/a.new")
        assert "was picked up already" in refusal(other, "RNTO /inbox/a.txt")


def test_commands_of_old_clients(doors: Doors) -> None:
    with connect(doors.ftp) as ftp:
        put(ftp, "/inbox/a.txt", GOOD.encode())
        assert ftp.sendcmd("SITE CHMOD 644 /inbox/a.txt").startswith("200")
        assert ftp.sendcmd("TYPE A N").startswith("200")
        outbox = doors.place.home().path / "outbox"
        for name in ("a.receipt.txt", "a.result.txt", "b.receipt.txt"):
            (outbox / name).write_text("")
        ftp.cwd("/outbox")
        assert ftp.nlst("*.receipt.txt") == ["a.receipt.txt", "b.receipt.txt"]
        ftp.cwd("/")
        assert ftp.nlst("outbox/a.*") == ["/outbox/a.receipt.txt", "/outbox/a.result.txt"]
        assert refusal(ftp, "NLST *.zip").startswith("550 No file here has a name like that")


def test_many_wrong_keys_leave_a_trace_and_words(doors: Doors) -> None:
    needs("ssh")
    seen: list[AuditEvent] = []
    doors.place.intake.witness = seen.append
    keys = []
    for number in range(7):
        paramiko.ECDSAKey.generate().write_private_key_file(str(doors.folder / f"wrong{number}"))
        keys += ["-i", str(doors.folder / f"wrong{number}")]
    options = [word.replace("LogLevel=ERROR", "LogLevel=INFO") for word in doors.openssh]
    at = options.index(f"IdentityFile={doors.folder / 'key'}")
    done = run("ssh", *options[: at - 1], *options[at + 1 :], *keys, "-s", "acme@127.0.0.1", "sftp", input="")
    assert done.returncode == 255
    assert "6 keys were offered that are not this seller's" in done.stderr
    (refused,) = (event for event in seen if event.event is AuditEventKind.LOGIN_REFUSED)
    assert refused.seller == "acme"
    assert refused.detail.startswith("6 keys were offered")


def test_a_client_without_algorithms_in_common_leaves_a_trace(doors: Doors) -> None:
    seen: list[AuditEvent] = []
    doors.place.intake.witness = seen.append
    transport = paramiko.Transport(doors.sftp.address)
    transport.get_security_options().kex = ["diffie-hellman-group14-sha256"]
    with pytest.raises(paramiko.SSHException):
        transport.start_client(timeout=60)
    transport.close()
    wait_for(lambda: seen, what="an audit line")
    assert [event.event for event in seen] == [AuditEventKind.LOGIN_REFUSED]
    assert seen[0].detail.startswith("no algorithm in common: ")
