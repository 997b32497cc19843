"""Clients that are programs: how each is told what to do."""

from __future__ import annotations

from pathlib import Path

from journeys.client_kit import FTP, FTPS, IMPLICIT, SFTP, SLOW_BYTES, Begun, Client, Program
from running import PASSWORD, Running


class Curl(Client):
    program = "curl"

    def _curl(self, *words: object, path: str) -> list[object]:
        scheme = {FTP: "ftp", FTPS: "ftp", IMPLICIT: "ftps", SFTP: "sftp"}[self.way]
        options = ["--ssl-reqd"] if self.way == FTPS else []
        host, port = self.address
        login = ["--user", f"{self.seller}:{PASSWORD}", "--insecure"]
        return ["curl", "-sS", "--disable", *options, *login, *words, f"{scheme}://{host}:{port}{path}"]

    def put(self, source: Path, target: str) -> None:
        self.said(*self._curl("-T", source, path=target))

    def names(self, folder: str) -> set[str]:
        found = self.said(*self._curl("--list-only", path=f"{folder}/")).split("\n")
        return {name.strip() for name in found} - {""}

    def get(self, source: str, target: Path) -> None:
        self.said(*self._curl("-o", target, path=source))

    def delete(self, path: str) -> None:
        word = "rm" if self.way == SFTP else "DELE"
        self.said(*self._curl("-Q", f"{word} {path}", "-o", "/dev/null", path="/"))

    def put_and_rename(self, source: Path, working: str, target: str) -> None:
        renamed = [f"-rename {working} {target}"] if self.way == SFTP else [f"-RNFR {working}", f"-RNTO {target}"]
        self.said(*self._curl("-T", source, *(word for one in renamed for word in ("-Q", one)), path=working))

    def resume(self, source: Path, target: str) -> None:
        self.said(*self._curl("-C", "-", "-T", source, path=target))

    def begin(self, source: Path, target: str) -> Begun:
        return Program(self, *self._curl("--limit-rate", SLOW_BYTES, "-T", source, path=target))


class Lftp(Client):
    program = "lftp"

    def _lftp(self, script: str, *settings: str) -> list[object]:
        ssh = f"ssh -a -x -F none -o UserKnownHostsFile={self.folder}/hosts -o StrictHostKeyChecking=no"
        usual = {
            "net:max-retries": "2",
            "net:reconnect-interval-base": "1",
            "cmd:fail-exit": "yes",
            "ftp:ssl-allow": "no" if self.way == FTP else "yes",
            "ftp:ssl-force": "yes" if self.way == FTPS else "no",
            "ssl:verify-certificate": "no",
            "sftp:connect-program": f'"{ssh}"',
        }
        options = "".join(f"set {name} {value}; " for name, value in usual.items())
        scheme = {FTP: "ftp", FTPS: "ftp", IMPLICIT: "ftps", SFTP: "sftp"}[self.way]
        host, port = self.address
        opened = f"open -u {self.seller},{PASSWORD} {scheme}://{host}:{port}"
        return ["lftp", "--norc", "-c", f"{options}{''.join(f'set {one}; ' for one in settings)}{opened}; {script}"]

    def put(self, source: Path, target: str) -> None:
        self.said(*self._lftp(f"put {source} -o {target}"))

    def names(self, folder: str) -> set[str]:
        found = self.said(*self._lftp(f"cls -1 {folder}")).splitlines()
        return {line.rstrip("/").rpartition("/")[2] for line in found}

    def get(self, source: str, target: Path) -> None:
        self.said(*self._lftp(f"get {source} -o {target}"))

    def delete(self, path: str) -> None:
        self.said(*self._lftp(f"rm {path}"))

    def put_and_rename(self, source: Path, working: str, target: str) -> None:
        self.said(*self._lftp(f"put {source} -o {working}; mv {working} {target}"))

    def resume(self, source: Path, target: str) -> None:
        self.said(*self._lftp(f"put -c {source} -o {target}"))

    def begin(self, source: Path, target: str) -> Begun:
        return Program(self, *self._lftp(f"put {source} -o {target}", f"net:limit-rate {SLOW_BYTES}"))


class OpenSsh(Client):
    """`sftp`, with a key."""

    program = "sftp"

    def __init__(self, service: Running, seller: str, way: str, folder: Path) -> None:
        super().__init__(service, seller, way, folder)
        self.said("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / "id")
        done = service.command("seller", "key", "add", seller, "--file", str(folder / "id.pub"))
        assert done.returncode == 0, done.stderr

    def options(self) -> list[str]:
        host, port = self.address
        wanted = {
            "Port": str(port),
            "HostName": host,
            "User": self.seller,
            "IdentityFile": str(self.folder / "id"),
            "IdentitiesOnly": "yes",
            "IdentityAgent": "none",
            "BatchMode": "yes",
            "StrictHostKeyChecking": "no",
            "UserKnownHostsFile": str(self.folder / "hosts"),
            "LogLevel": "ERROR",
        }
        return ["-F", "none", *(word for name, value in wanted.items() for word in ("-o", f"{name}={value}"))]

    def _batch(self, *lines: str) -> str:
        return self.said("sftp", *self.options(), "-b", "-", "drop", text="".join(f"{line}\n" for line in lines))

    def put(self, source: Path, target: str) -> None:
        self._batch(f"put {source} {target}")

    def names(self, folder: str) -> set[str]:
        found = self._batch(f"cd {folder}", "ls -1").splitlines()
        return {line for line in found if line and not line.startswith("sftp>")}

    def get(self, source: str, target: Path) -> None:
        self._batch(f"get {source} {target}")

    def delete(self, path: str) -> None:
        self._batch(f"rm {path}")

    def put_and_rename(self, source: Path, working: str, target: str) -> None:
        self._batch(f"put {source} {working}", f"rename {working} {target}")

    def resume(self, source: Path, target: str) -> None:
        self._batch(f"reput {source} {target}")

    def begin(self, source: Path, target: str) -> Begun:
        kilobits = str(SLOW_BYTES * 8 // 1000)
        words = ["sftp", *self.options(), "-l", kilobits, "-b", "-", "drop"]
        return Program(self, *words, text=f"put {source} {target}\n")


class Scp(OpenSsh):
    """`scp -s`, which speaks SFTP. It copies, no more."""

    program = "scp"
    cannot = ("names", "delete", "put_and_rename", "resume")

    def put(self, source: Path, target: str) -> None:
        self.said("scp", *self.options(), "-s", "-p", source, f"drop:{target}")

    def get(self, source: str, target: Path) -> None:
        self.said("scp", *self.options(), "-s", "-p", f"drop:{source}", target)


class Rclone(Client):
    """It looks at what it has sent: sizes, times, checksums. It resumes nothing, but sends a whole file again."""

    program = "rclone"
    cannot = ("go on",)

    def __init__(self, service: Running, seller: str, way: str, folder: Path) -> None:
        super().__init__(service, seller, way, folder)
        host, port = self.address
        remote = {
            "TYPE": "sftp" if way == SFTP else "ftp",
            "HOST": host,
            "PORT": str(port),
            "USER": seller,
            "PASS": self.said("rclone", "obscure", PASSWORD).strip(),
            "EXPLICIT_TLS": str(way == FTPS).lower(),
            "TLS": str(way == IMPLICIT).lower(),
            "NO_CHECK_CERTIFICATE": "true",
        }
        self.environment |= {f"RCLONE_CONFIG_DROP_{name}": value for name, value in remote.items()}
        self.environment |= {"RCLONE_CONFIG": str(folder / "rclone.conf"), "RCLONE_RETRIES": "1"}

    def put(self, source: Path, target: str) -> None:
        self.said("rclone", "copyto", source, f"drop:{target}")

    def names(self, folder: str) -> set[str]:
        return set(self.said("rclone", "lsf", f"drop:{folder}").splitlines())

    def get(self, source: str, target: Path) -> None:
        self.said("rclone", "copyto", f"drop:{source}", target)

    def delete(self, path: str) -> None:
        self.said("rclone", "deletefile", f"drop:{path}")

    def put_and_rename(self, source: Path, working: str, target: str) -> None:
        self.put(source, working)
        self.said("rclone", "moveto", f"drop:{working}", f"drop:{target}")

    resume = put

    def begin(self, source: Path, target: str) -> Begun:
        return Program(self, "rclone", "copyto", "--bwlimit", f"{SLOW_BYTES}B", source, f"drop:{target}")
