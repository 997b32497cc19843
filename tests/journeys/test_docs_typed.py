"""What install.md, operate.md, api.md, hooks.md and mail.md of docs/ tell operators to type does what they say."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import docs_pages
import pytest
from notify.post_office import PostOffice
from running import PASSWORD, Running, amazon_file, order_ids, wait_for

ENDLESS = {  # what goes on until it is told to end: what it says first, and the signal that ends it
    "cws-filedrop serve": (r"^ready$", signal.SIGTERM),
    "cws-filedrop logs --follow": (r"upload\.arrived", signal.SIGINT),
}


@dataclass
class Operator:
    """An operator's shell: a folder to type in, and what stands for the names on the pages."""

    folder: Path
    environment: dict[str, str]
    meaning: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        (self.folder / "bin").mkdir()
        command = self.folder / "bin" / "cws-filedrop"
        command.write_text(f'#!/bin/sh\nexec {sys.executable} -m cws_filedrop "$@"\n')
        command.chmod(0o700)

    def type(self, text: str) -> str:
        """Run it line by line, as it is but for the names; what it printed."""
        for name, meant in self.meaning.items():
            text = text.replace(name, meant)
        return "".join(self._line(line) for line in text.splitlines())

    def _line(self, line: str) -> str:
        path = os.pathsep.join([str(self.folder / "bin"), os.environ["PATH"]])
        words = ["bash", "-eu", "-c", f"exec {line}"]
        environment = os.environ | self.environment | {"PATH": path, "PYTHONUNBUFFERED": "1", "COLUMNS": "200"}
        with (self.folder / "said.txt").open("w+") as said:
            typed = subprocess.Popen(
                words, cwd=self.folder, env=environment, stdin=subprocess.DEVNULL, stdout=said, stderr=said
            )
            try:
                if line in ENDLESS:
                    self._end(typed, *ENDLESS[line])
                code = typed.wait(100)
            finally:
                typed.kill()
                typed.wait()
        shown = (self.folder / "said.txt").read_text()
        assert code in ((0, 130) if line in ENDLESS else (0,)), f"{line}\n{shown}"
        return shown

    def _end(self, typed: subprocess.Popen[bytes], first: str, number: int) -> None:
        def said() -> bool:
            assert typed.poll() is None, self._said()
            return re.search(first, self._said(), re.MULTILINE) is not None

        wait_for(said, what=first)
        typed.send_signal(number)

    def _said(self) -> str:
        return (self.folder / "said.txt").read_text()


def told(page: str) -> list[str]:
    """The blocks of a page that are commands of ours."""
    blocks = [block.text for block in docs_pages.blocks(f"docs/{page}", "sh")]
    return [text for text in blocks if re.match("cws-filedrop ", text)]


@pytest.fixture
def operator(service: Running, tmp_path: Path) -> Operator:
    """At the machine of a running service with the seller anna, the user olga and an upload."""
    service.command("user", "add", "olga", "--role", "operator", "--password-stdin", given=f"{PASSWORD}\n")
    upload = service.drop("anna", "shipped.txt", amazon_file(order_ids(1), date="2026-11-20"))
    return Operator(tmp_path, service.environment, {"20261122-013042-k7f3": upload})


def test_operate(operator: Operator) -> None:
    trail, logs, rotate, backup = told("operate.md")
    operator.type(trail)
    assert (operator.folder / "november.jsonl").is_file()
    found = operator.type(logs)
    assert operator.meaning["20261122-013042-k7f3"] in found
    assert "key" in operator.type(rotate)
    assert "all of it is as it was made" in operator.type(backup)


def test_api(operator: Operator) -> None:
    seller, limited, user = map(operator.type, told("api.md"))
    assert "cwsfd_" in seller
    assert "cwsfd_" in limited
    assert "cwsop_" in user


def test_hooks(operator: Operator) -> None:
    add, switch_on = told("hooks.md")
    added = operator.type(add)
    assert "whsec_" in added
    operator.meaning["anna 1"] = f"anna {hook_number(added)}"  # other journeys give her hooks, too
    assert "https://example.com/hook" in operator.type(switch_on)


def hook_number(added: str) -> str:
    found = re.search(r"^hook +(\d+)$", added, re.MULTILINE)
    assert found is not None, added
    return found[1]


@pytest.fixture
def post_office() -> Iterator[PostOffice]:
    with PostOffice() as opened:
        yield opened


def test_mail(post_office: PostOffice, tmp_path: Path) -> None:
    mail = {"HOST": "localhost", "PORT": post_office.port, "SECURITY": "none", "SENDER": "Shop <ship@example.com>"}
    environment = {f"CWS_FILEDROP_MAIL__{name}": str(value) for name, value in mail.items()}
    (tried,) = told("mail.md")
    assert "took a mail to ops@example.com" in Operator(tmp_path, environment).type(tried)
    assert post_office.recipients == ["ops@example.com"]


def test_install(tmp_path: Path) -> None:
    """From nothing: settings, a seller, the service, an operator, a seller at Amazon."""
    ports = {f"CWS_FILEDROP_{door}__PORT": "0" for door in ("FTP", "SFTP", "WEB")}
    first, user, seller = told("install.md")
    operator = Operator(tmp_path, ports)
    served = operator.type(first)
    assert (tmp_path / "cws_filedrop.toml").is_file()
    assert re.search(r"^password \S+$", served, re.MULTILINE)
    assert served.endswith("stopped\n")
    assert "root" in operator.type(user)
    assert "seller   bert" in operator.type(seller)
