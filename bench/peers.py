"""The servers that `bench.doors` compares, ours among them: each in a folder of its own, on ports of loopback.

Each is set up as it serves sellers best: nothing is looked up, logged or slowed down on purpose. Knows no measures.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

HOST: Final = "127.0.0.1"
PASSWORD: Final = "correct-horse-9"
MOST: Final = 1_100  # sessions at once, so that the idle ones find room
_TICKS: Final = os.sysconf("SC_CLK_TCK")
_CHROOT: Final = Path("/run/sshd")


class Missing(Exception):
    """That server cannot be measured here; the text says why."""


@dataclass
class Peer:
    """A server that runs. `ports` are by protocol; `folder` is where a client may upload to."""

    name: str
    version: str
    process: subprocess.Popen[bytes]
    ports: dict[str, int]
    folder: str
    user: str
    key: str
    leftovers: list[Path] = field(default_factory=list)  # what uploads become, to be removed between measures

    def family(self) -> list[int]:
        """Its process and all descendants."""
        parents: dict[int, list[int]] = {}
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and (found := _status(int(entry.name))):
                parents.setdefault(int(found[1]), []).append(int(entry.name))
        known = [self.process.pid]
        for one in known:
            known += parents.get(one, [])
        return known

    def cpu_seconds(self) -> float:
        """What it has spent so far, with children that have ended."""
        spent = [found[11:15] for one in self.family() if (found := _status(one))]
        return sum(int(ticks) for times in spent for ticks in times) / _TICKS

    def threads(self) -> int:
        """How many threads it has, in all its processes."""
        return sum(int(found[17]) for one in self.family() if (found := _status(one)))

    def memory_mib(self) -> float:
        """Memory of its processes; what several share counts once (PSS)."""
        return sum(_proportional_kib(one) for one in self.family()) / 1024

    def clean(self) -> None:
        """Remove what was uploaded."""
        for place in self.leftovers:
            for one in place.iterdir() if place.is_dir() else ():
                shutil.rmtree(one, ignore_errors=True)
                one.unlink(missing_ok=True)

    def stop(self) -> None:
        """End it, children and all."""
        family = self.family()
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        for one in family[1:]:
            if (found := _status(one)) and found[0] != "Z":
                with contextlib.suppress(ProcessLookupError):
                    os.kill(one, 15)


def _status(pid: int) -> list[str]:
    """The fields of /proc/<pid>/stat from the state on; empty when it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _proportional_kib(pid: int) -> int:
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1])
    return 0


@dataclass(frozen=True)
class Site:
    """Where a server may keep things, and what all servers share."""

    folder: Path
    key: Path
    certificate: Path  # P-256, with its key in it

    @property
    def uploads(self) -> Path:
        """A folder that anyone may write to."""
        made = self.folder / "files" / "up"
        made.mkdir(parents=True, exist_ok=True)
        made.chmod(0o777)
        return made


def prepared(folder: Path) -> tuple[Path, Path]:
    """A login key, and a certificate with its key."""
    key, certificate = folder / "login_key", folder / "server.pem"
    _run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)])
    made = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "30"]
    _run(["openssl", *made, "-subj", "/CN=localhost", "-keyout", str(folder / "key"), "-out", str(certificate)])
    certificate.write_bytes(certificate.read_bytes() + (folder / "key").read_bytes())
    certificate.chmod(0o600)
    return key, certificate


def _run(command: list[str], *, environment: dict[str, str] | None = None, stdin: str = "") -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, input=stdin)
    if done.returncode:
        raise Missing(f"{Path(command[0]).name}: {(done.stderr or done.stdout).strip()[-300:]}")
    return done.stdout + done.stderr


def _program(*places: str) -> str:
    for place in places:
        if found := shutil.which(place):
            return found
    raise Missing("not installed")


def _free_port() -> int:
    with socket.socket() as one:
        one.bind((HOST, 0))
        return int(one.getsockname()[1])


def _started(command: list[str], log: Path, port: int) -> subprocess.Popen[bytes]:
    """The process, once it listens."""
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True)
    until = time.monotonic() + 15
    while time.monotonic() < until and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection((HOST, port), timeout=1):
            return process
        time.sleep(0.05)
    process.kill()
    process.wait()
    raise Missing(f"does not start: {log.read_text(errors='replace').strip()[-300:]}")


# The servers.


def ours(site: Site) -> Peer:
    """The process of the doors as the service runs it: logins from the database, guard, fsync, claims."""
    settings = {
        "SERVICE__DATA_DIR": str(site.folder / "data"),
        "FTP__PORT": "0",
        "SFTP__PORT": "0",
        "FTP__MAX_CONNECTIONS": str(MOST),
        "FTP__MAX_CONNECTIONS_PER_ADDRESS": str(MOST),
        "FTP__MAX_STRANGERS_PER_ADDRESS": "0",
        "SFTP__MAX_CONNECTIONS": str(MOST),
        "SFTP__MAX_CONNECTIONS_PER_ADDRESS": str(MOST),
        "SFTP__MAX_STRANGERS_PER_ADDRESS": "0",
    }
    environment = {**os.environ, **{f"CWS_FILEDROP_{name}": value for name, value in settings.items()}}
    command = [sys.executable, "-m", "cws_filedrop"]
    _run([*command, "seller", "add", "alice", "--merchant-id", "M1", "--password", PASSWORD], environment=environment)
    _run([*command, "seller", "key", "add", "alice", "--file", f"{site.key}.pub"], environment=environment)
    with (site.folder / "log").open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "cws_filedrop.processes.loading", "cws_filedrop.doors"],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=out,
        )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(b"begin\n")
    process.stdin.flush()
    ready = json.loads(process.stdout.readline() or b"{}")
    if ready.get("event") != "ready":
        raise Missing(f"does not start: {ready}")
    threading.Thread(target=process.stdout.read, daemon=True).start()
    ports = {"ftp": ready["ftp"][1], "ftps": ready["ftp"][1], "sftp": ready["sftp"][1]}
    arrived = site.folder / "data" / "spool" / "arrived"
    return Peer("cws_filedrop", "", process, ports, "/inbox", "alice", str(site.key), [arrived])


_VSFTPD: Final = """listen=YES
listen_address=127.0.0.1
listen_port={port}
background=NO
anonymous_enable=YES
no_anon_password=NO
anon_root={root}
anon_upload_enable=YES
anon_umask=022
write_enable=YES
ftp_username=daemon
secure_chroot_dir={empty}
local_enable=NO
max_clients=0
max_per_ip=0
seccomp_sandbox=NO
isolate=NO
isolate_network=NO
ssl_enable=YES
allow_anon_ssl=YES
force_anon_data_ssl=NO
force_anon_logins_ssl=NO
rsa_cert_file={certificate}
ssl_ciphers=HIGH
require_ssl_reuse=NO
"""


def vsftpd(site: Site) -> Peer:
    """Anonymous: it checks no password at all, and puts no process into name spaces of its own."""
    program = _program("/opt/vsftpd/usr/sbin/vsftpd", "vsftpd", "/usr/sbin/vsftpd")
    if os.geteuid():
        raise Missing("wants root")
    uploads, port, empty = site.uploads, _free_port(), site.folder / "empty"
    empty.mkdir()
    config = site.folder / "vsftpd.conf"
    config.write_text(_VSFTPD.format(port=port, root=uploads.parent, empty=empty, certificate=site.certificate))
    process = _started([program, str(config)], site.folder / "log", port)
    version = _version([program, "-v"])
    return Peer("vsftpd", version, process, {"ftp": port, "ftps": port}, "/up", "ftp", "", [uploads])


_PROFTPD: Final = """ServerType standalone
DefaultAddress 127.0.0.1
UseIPv6 off
Port {port}
User nobody
Group nogroup
ModulePath {modules}
UseReverseDNS off
WtmpLog off
TransferLog none
SystemLog none
PidFile {folder}/pid
ScoreboardFile {folder}/scoreboard
MaxInstances none
<Global>
AuthOrder mod_auth_file.c
AuthUserFile {folder}/passwd
RequireValidShell off
DelayEngine off
AllowOverwrite on
</Global>
"""
# Beside the other, since with TLS at hand even a session that does not want it costs ten times as much.
_PROFTPD_TLS: Final = """LoadModule mod_tls.c
<VirtualHost 127.0.0.1>
Port {port}
TLSEngine on
TLSRequired off
TLSProtocol TLSv1.2 TLSv1.3
TLSECCertificateFile {certificate}
TLSECCertificateKeyFile {certificate}
TLSVerifyClient off
TLSOptions NoSessionReuseRequired
</VirtualHost>
"""


def proftpd(site: Site) -> Peer:
    """A password file of its own, hashed the cheap way; TLS if its module is there."""
    program = _program("proftpd", "/usr/sbin/proftpd")
    modules, ports = Path("/usr/lib/proftpd"), {"ftp": _free_port()}
    text = _PROFTPD.format(port=ports["ftp"], modules=modules, folder=site.folder)
    if (modules / "mod_tls.so").exists():
        ports["ftps"] = _free_port()
        text += _PROFTPD_TLS.format(port=ports["ftps"], certificate=site.certificate)
    uploads, config = site.uploads, site.folder / "proftpd.conf"
    config.write_text(text)
    hashed = _run(["openssl", "passwd", "-1", PASSWORD]).strip()
    users = site.folder / "passwd"
    users.write_text(f"alice:{hashed}:65534:65534::{uploads.parent}:/bin/false\n")
    users.chmod(0o600)
    process = _started([program, "-n", "-c", str(config)], site.folder / "log", ports["ftp"])
    return Peer("proftpd", _version([program, "-v"]), process, ports, str(uploads), "alice", "", [uploads])


_SSHD: Final = """ListenAddress 127.0.0.1
Port {port}
HostKey {folder}/host_key
PidFile none
AuthorizedKeysFile {key}.pub
StrictModes no
UsePAM no
UseDNS no
PermitRootLogin yes
PrintMotd no
MaxStartups {most}
Subsystem sftp internal-sftp
"""


def sshd(site: Site) -> Peer:
    """OpenSSH's server, a key of the user that runs the benchmark, SFTP within the process."""
    program, port = _program("sshd", "/usr/sbin/sshd"), _free_port()
    _run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(site.folder / "host_key")])
    config = site.folder / "sshd_config"
    config.write_text(_SSHD.format(port=port, folder=site.folder, key=site.key, most=MOST))
    process = _started([program, "-D", "-e", "-f", str(config)], site.folder / "log", port)
    user = _run(["id", "-un"]).strip()
    version = _run(["ssh", "-V"]).split()[0].rstrip(",").removeprefix("OpenSSH_")
    uploads = site.uploads
    return Peer("OpenSSH", version, process, {"sftp": port}, str(uploads), user, str(site.key), [uploads])


def rclone(site: Site) -> Peer:
    """`rclone serve sftp`."""
    program, port, uploads = _program("rclone"), _free_port(), site.uploads
    command = [program, "serve", "sftp", str(uploads.parent), "--addr", f"{HOST}:{port}", "--config", ""]
    command += ["--authorized-keys", f"{site.key}.pub", "--vfs-cache-mode", "off", "--dir-cache-time", "1s"]
    process = _started(command, site.folder / "log", port)
    version = _version([program, "version"])
    return Peer("rclone", version, process, {"sftp": port}, "/up", "alice", str(site.key), [uploads])


def _version(command: list[str]) -> str:
    # vsftpd writes into its standard input what others write to their output.
    words = _run(["sh", "-c", 'exec "$@" 0>&1', "sh", *command]).replace(",", " ").split()
    return next((word.removeprefix("v") for word in words if word.removeprefix("v")[:1].isdigit()), "")


SERVERS: Final = {"cws_filedrop": ours, "vsftpd": vsftpd, "proftpd": proftpd, "OpenSSH": sshd, "rclone": rclone}


@contextlib.contextmanager
def running(folder: Path, names: list[str]) -> Iterator[list[Peer]]:
    """These servers, as many as can be started; a line says which cannot."""
    key, certificate = prepared(folder)
    folder.chmod(0o755)  # for servers that change their user
    with contextlib.ExitStack() as started:
        if "OpenSSH" in names and os.geteuid() == 0 and not _CHROOT.exists():
            _CHROOT.mkdir(mode=0o755)  # sshd wants it, and Debian makes it when it starts the service
            started.callback(_CHROOT.rmdir)
        peers = []
        for name in names:
            place = folder / name
            place.mkdir()
            try:
                peer = SERVERS[name](Site(place, key, certificate))
            except Missing as why:
                print(f"{name} is left out: {why}", file=sys.stderr)
                continue
            started.callback(peer.stop)
            peers.append(peer)
        yield peers
