"""The files for a server: units, proxies and the container, each checked by the program that reads it where that is
installed."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
from pathlib import Path

import pytest
from running import Process, Running

from cws_filedrop.processes import notifying

DEPLOY = Path(__file__).parents[2] / "deploy"
UNITS = sorted((DEPLOY / "systemd").iterdir())
MOST_EXPOSED = 2.0  # of 10, by systemd-analyze security


def program(name: str) -> str:
    path = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
    if path is None:
        pytest.skip(f"not at hand: {name}")
    return path


def said(*words: object, environment: dict[str, str] | None = None) -> tuple[int, str]:
    done = subprocess.run(
        list(map(str, words)), env={**os.environ, **(environment or {})}, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def units(tmp_path: Path) -> list[Path]:
    """The units, with programs that there are on this machine."""
    for unit in UNITS:
        text = unit.read_text().replace("/opt/cws-filedrop/bin/cws-filedrop", "/bin/true")
        (tmp_path / unit.name).write_text(text)
    return sorted(tmp_path.iterdir())


def test_systemd_finds_no_fault_with_the_units(units: list[Path]) -> None:
    code, words = said(program("systemd-analyze"), "verify", "--man=no", "--recursive-errors=no", *units)
    ours = [line for line in words.splitlines() if "cws-filedrop" in line]
    assert (code, ours) == (0, []), words


def test_the_unit_is_hardened(units: list[Path]) -> None:
    (unit,) = [one for one in units if one.name == "cws-filedrop.service"]
    tool = program("systemd-analyze")
    code, words = said(tool, "security", "--offline=true", "--no-pager", f"--threshold={MOST_EXPOSED * 10:.0f}", unit)
    found = re.search(r"exposure level for cws-filedrop\.service: ([\d.]+)", words)
    assert found is not None, words
    assert (code, float(found[1]) <= MOST_EXPOSED) == (0, True), words


def heard(listener: socket.socket, wanted: bytes) -> None:
    """Wait for a word to systemd."""
    listener.settimeout(120)
    while listener.recv(4096) != wanted:
        pass


def test_systemd_is_told_that_it_is_ready_alive_and_stopping(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "notify"))
        told = {notifying.SOCKET: str(tmp_path / "notify"), notifying.WATCHDOG: "200000"}
        service = Running(tmp_path)
        process = Process(["cws_filedrop", "serve"], service.environment | told, tmp_path / "service.log")
        heard(listener, b"READY=1")
        assert process.said("^pages|^SFTP"), "doors are open"
        heard(listener, b"WATCHDOG=1")
        os.kill(process.process.pid, signal.SIGTERM)
        heard(listener, b"STOPPING=1")
        assert process.stop() == 0


def test_without_systemd_nothing_is_said() -> None:
    assert notifying.SOCKET not in os.environ
    assert notifying.alive_seconds() is None
    notifying.say("READY=1")


def test_nginx_takes_its_file(tmp_path: Path) -> None:
    nginx = program("nginx")
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    made = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=drop", "-keyout", key, "-out", certificate]
    assert said(program("openssl"), *made)[0] == 0
    text = (DEPLOY / "proxies/nginx.conf").read_text()
    for name, meant in (("/etc/ssl/drop.example.com.pem", certificate), ("/etc/ssl/drop.example.com.key", key)):
        text = text.replace(name, str(meant))
    (tmp_path / "whole.conf").write_text(f"events {{}}\nhttp {{\naccess_log off;\n{text}\n}}\n")
    code, words = said(nginx, "-t", "-q", "-c", tmp_path / "whole.conf", "-g", f"pid {tmp_path}/pid;")
    assert (code, "[emerg]" in words) == (0, False), words


def test_haproxy_takes_its_file() -> None:
    code, words = said(program("haproxy"), "-c", "-f", DEPLOY / "proxies/haproxy.cfg")
    assert (code, "[ALERT]" in words) == (0, False), words


def test_caddy_takes_its_file(tmp_path: Path) -> None:
    place = {"HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)}
    words = ["validate", "--config", DEPLOY / "proxies/Caddyfile", "--adapter", "caddyfile"]
    code, answer = said(program("caddy"), *words, environment=place)
    assert code == 0, answer


def test_what_the_container_names_is_there() -> None:
    """No container can be built without a daemon or network; what its steps name is looked at instead."""
    text = (DEPLOY / "container/Containerfile").read_text()
    root = DEPLOY.parent
    assert (root / "constraints.txt").exists()
    assert "\npostgres =" in (root / "setup.cfg").read_text()
    assert re.search(r"^USER (?!root|0\b)", text, re.MULTILINE)
    names = re.findall(r"CWS_FILEDROP_([A-Z]+)__([A-Z_]+)=", text)
    names += re.findall(r"CWS_FILEDROP_([A-Z]+)__([A-Z_]+):", (DEPLOY / "container/compose.yaml").read_text())
    settings = (root / "docs/settings.md").read_text()
    assert len(names) > 5
    assert [name for section, name in names if f"`{name.lower()}`" not in settings] == []
