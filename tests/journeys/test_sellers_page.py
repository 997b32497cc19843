"""docs/sellers.md is true: what it tells sellers to type is typed, word for word, and does what it says."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from running import PASSWORD, Running, amazon_file, order_ids, spooled, wait_for

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "sellers.md").read_text()
FIRST = "Before the first time"
PROGRAMS = {"OpenSSH: sftp and scp": "scp", "curl": "curl", "lftp": "lftp", "rclone": "rclone"}
FINGERPRINT = re.compile(r"SHA256:\S+|(?:\w\w:){31}\w\w")


class Block(NamedTuple):
    """Something to be typed, or to be run."""

    language: str
    text: str


def sections() -> dict[str, list[Block]]:
    """What is to be typed, by heading."""
    found = {}
    for section in re.split(r"^## ", PAGE, flags=re.MULTILINE)[1:]:
        heading, text = section.split("\n", 1)
        blocks = [Block(*pair) for pair in re.findall(r"^```(\w+)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)]
        if blocks:
            found[heading] = blocks
    return found


class Desk:
    """A seller's machine: a folder to type in, with the service in reach."""

    def __init__(self, service: Running, folder: Path) -> None:
        self.service = service
        self.folder = folder
        (folder / "bin").mkdir()
        command = folder / "bin" / "cws-filedrop"
        command.write_text(f'#!/bin/sh\nexec {sys.executable} -m cws_filedrop "$@"\n')
        command.chmod(0o700)
        (folder / "data").symlink_to(service.data)

    def type(self, block: Block) -> str:
        """Run it as it is, but for the names of the place; what it printed."""
        words = ["bash", "-eu", "-o", "pipefail"] if block.language in ("sh", "operator") else [sys.executable]
        script = self.folder / f"typed.{block.language}"
        script.write_text(self._here(block.text))
        path = os.pathsep.join([str(self.folder / "bin"), os.environ["PATH"]])
        home = {"HOME": str(self.folder), "RCLONE_CONFIG": str(self.folder / "rclone.conf"), "PATH": path}
        done = subprocess.run(
            [*words, str(script)],
            cwd=self.folder,
            env=os.environ | self.service.environment | home,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=100,
            check=False,
        )
        assert done.returncode == 0, f"{block.text}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def _here(self, text: str) -> str:
        ports = {
            "2121": self.service.address[1],
            "2222": self.service.sftp_address[1],
            "990": self.service.implicit_address[1],
        }
        text = re.sub(r"\b(2121|2222|990)\b", lambda found: str(ports[found[0]]), text)
        return text.replace("drop.example.com", "localhost").replace("YOUR-PASSWORD", PASSWORD)

    def new_file(self, start: int) -> bytes:
        """Something to send that was not sent before."""
        content = amazon_file(order_ids(2, start=start), date="2026-11-20")
        (self.folder / "shipped.txt").write_bytes(content)
        return content

    def has_sent(self, content: bytes) -> bool:
        """Has that arrived, whole?"""
        found = [claim for claim, body in spooled(self.service.data) if body == content]
        return any((claim["name"], claim["grade"]) == ("shipped.txt", "whole") for claim in found)


@pytest.fixture(scope="module")
def context(service: Running, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """A desk at which everything of the first section was done."""
    context = Desk(service, tmp_path_factory.mktemp("desk"))
    shown = [context.type(block) for block in sections()[FIRST]]
    told = FINGERPRINT.findall(shown[-1])
    assert len(told) == 2
    assert set(told) <= set(FINGERPRINT.findall("".join(shown[:-1])))
    context.type(sections()["OpenSSH: sftp and scp"][0])  # others use that file, too
    return context


def needs(heading: str) -> None:
    if heading in PROGRAMS and shutil.which(PROGRAMS[heading]) is None:
        pytest.skip(f"{PROGRAMS[heading]} is not installed")


SENDING = [name for name, blocks in sections().items() if any("shipped.txt" in text for _, text in blocks)]


def test_every_client_has_a_section() -> None:
    assert SENDING == ["OpenSSH: sftp and scp", "curl", "lftp", "rclone", "Python"]
    assert {"FileZilla", "WinSCP"} <= set(re.findall(r"^## (\w+)$", PAGE, re.MULTILINE))


def test_every_block_is_typed() -> None:
    assert list(sections()) == [FIRST, *SENDING, "FileZilla"]


@pytest.mark.parametrize("heading", SENDING)
def test_what_is_typed_sends_files_and_fetches_answers(context: Desk, heading: str) -> None:
    needs(heading)
    start = 1000 * (1 + SENDING.index(heading))
    earlier = context.service.drop("anna", "earlier.txt", amazon_file(order_ids(2, start=start), date="2026-11-20"))
    context.service.result("anna", earlier)
    for number, block in enumerate(sections()[heading]):
        content = context.new_file(start=start + 10 * (number + 1))
        context.type(block)
        if "shipped.txt" in block.text:
            wait_for(lambda sent=content: context.has_sent(sent), seconds=30, what=block.text)
    assert f"earlier.{earlier}.receipt.txt" in os.listdir(context.folder / "answers")
    assert f"earlier.{earlier}.result.txt" in os.listdir(context.folder / "answers")
    assert not [name for name in context.service.outbox("anna") if earlier in name]


def test_the_site_file_of_filezilla(context: Desk) -> None:
    (block,) = sections()["FileZilla"]
    context.type(block)
    assert "<Protocol>1</Protocol>" in (context.folder / "filezilla.xml").read_text()


def sentences() -> list[str]:
    table = PAGE.split("## When something is refused")[1].split("\n\n")[1]
    return re.findall(r"^\| `(.*?)` \|", table, re.MULTILINE)


def strings_of(source: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(source.read_text())):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def test_what_the_server_is_quoted_with_it_says() -> None:
    said = [text for source in (ROOT / "cws_filedrop").rglob("*.py") for text in strings_of(source)]
    assert len(sentences()) > 10
    assert [sentence for sentence in sentences() if not any(sentence in text for text in said)] == []
