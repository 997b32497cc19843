"""A PostgreSQL of a test's own, reached by a socket in a folder of its own; where its programs are at hand."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

OWNER = "postgres"


def missing() -> str:
    """Why there can be none ("" = there can). In CI that is a failure."""
    if programs() is None:
        return "there is no initdb of PostgreSQL on this machine"
    return "" if find_spec("psycopg") else "psycopg is not installed"


def programs() -> Path | None:
    """The folder of initdb and the others."""
    found = shutil.which("initdb")
    if found:
        return Path(found).resolve().parent
    return max(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name), default=None)


def _as_somebody() -> dict[str, Any]:
    """It does not run as root."""
    if os.geteuid() != 0:
        return {}
    names = {one.pw_name for one in pwd.getpwall()}
    account = pwd.getpwnam("postgres" if "postgres" in names else "nobody")
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


@dataclass(frozen=True)
class Postgres:
    """A server that runs."""

    bin: Path
    folder: Path

    def url(self, name: str) -> str:
        return f"postgresql+psycopg://{OWNER}@/{name}?host={self.folder}"

    def run(self, program: str, *given: object, stdin: bytes = b"") -> bytes:
        """What one of its programs says."""
        command = [self.bin / program, "-h", self.folder, "-U", OWNER, *map(str, given)]
        return subprocess.run(command, input=stdin, capture_output=True, timeout=120, check=True).stdout

    def wait_until_ready(self, server: subprocess.Popen[bytes]) -> None:
        """Return when it answers."""
        pause, asked = threading.Event(), [self.bin / "pg_isready", "-q", "-h", self.folder]
        for _ in range(2_000):
            if subprocess.run(asked, timeout=60, check=False).returncode == 0:
                return
            assert server.poll() is None, (self.folder / "log").read_text()
            pause.wait(0.05)
        raise TimeoutError("PostgreSQL did not start")

    def create(self, name: str, *, like: str = "template1") -> str:
        """A new database, a copy of another; its URL. By SQL, since starting a program takes longer than that."""
        import psycopg  # an extra of ours, and not at hand everywhere

        with psycopg.connect(f"host={self.folder} user={OWNER} dbname=postgres", autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{like}" STRATEGY FILE_COPY'.encode())
        return self.url(name)

    def restore(self, name: str, dump: bytes) -> str:
        """A new database out of a dump; its URL."""
        self.create(name)
        self.run("psql", "-q", "-v", "ON_ERROR_STOP=1", "-d", name, stdin=dump)
        return self.url(name)

    def dump(self, name: str) -> bytes:
        """A database, as text."""
        lines = self.run("pg_dump", "--no-owner", "--no-privileges", name).splitlines(keepends=True)
        return b"".join(
            line for line in lines if not line.startswith((b"\\restrict", b"\\unrestrict"))
        )  # old ones choke


@contextmanager
def postgres() -> Iterator[Postgres]:
    """One that ends with the block."""
    bin_, how = programs(), _as_somebody()
    assert bin_ is not None
    with tempfile.TemporaryDirectory(prefix="pg-") as name:
        folder = Path(name)
        if how:
            os.chown(folder, how["user"], how["group"])
        data = folder / "data"
        options = ["-c", "listen_addresses=", "-c", "fsync=off", "-c", "max_connections=300", "-k", folder]
        quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.STDOUT, "check": True, "cwd": "/"}
        made = ["initdb", "-D", data, "-U", OWNER, "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"]
        subprocess.run([bin_ / made[0], *made[1:]], timeout=120, **quiet, **how)
        # It ends with this process, however that ends: pg_ctl would leave it behind when a run is killed.
        tied = ["setpriv", "--pdeathsig", "QUIT"] if shutil.which("setpriv") else []
        with (folder / "log").open("wb") as log:
            said: dict[str, Any] = {"stdout": log, "stderr": subprocess.STDOUT, "cwd": "/"}
            server = subprocess.Popen([*tied, bin_ / "postgres", "-D", data, *options], **said, **how)
        found = Postgres(bin_, folder)
        try:
            found.wait_until_ready(server)
            yield found
        finally:
            server.send_signal(signal.SIGQUIT)  # at once; nothing in it is wanted any more
            server.wait(60)
