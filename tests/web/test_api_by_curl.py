"""The calls of docs/api.md, by curl, against a real HTTP server; and clients that break off for real."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import uvicorn
from running import wait_for
from web.api_kit import GOOD, Site, site_on
from web.scenes import busy

from cws_filedrop.model import Role
from cws_filedrop.store.users import decisions

PAGE = Path(__file__).parents[2] / "docs" / "api.md"
PLACE = "https://drop.example.com"
SELLERS = "# a file of shipped orders"
OPERATORS = "# how everything stands"


@contextmanager
def served(site: Site) -> Iterator[tuple[str, int]]:
    """The address of the site, served by HTTP."""
    server = uvicorn.Server(uvicorn.Config(site.app, port=0, log_level="error", lifespan="off"))
    listening = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        wait_for(lambda: server.started, what="the server")
        yield listening.getsockname()
    finally:
        server.should_exit = True
        thread.join(60)
        listening.close()


def commands(beginning: str) -> list[str]:
    """Those of the page's block that begins so."""
    (block,) = re.findall(rf"```sh\n({re.escape(beginning)}.*?)```", PAGE.read_text(), re.DOTALL)
    plain = block.replace("\\\n", " ")
    return [line for line in plain.splitlines() if line.startswith("curl")]


def test_every_call_on_the_page_is_tried() -> None:
    calls = re.findall(r"^curl ", PAGE.read_text(), re.MULTILINE)
    assert len(calls) == len(commands(SELLERS)) + len(commands(OPERATORS))


@dataclass
class Shell:
    """Runs commands against a server, in a folder, with what their variables mean."""

    folder: Path
    address: tuple[str, int]
    meaning: dict[str, str]

    def run(self, command: str) -> bytes:
        host, port = self.address
        line = command.replace(PLACE, f"http://{host}:{port}").replace("curl ", "curl -sS --fail-with-body ", 1)
        environment = os.environ | self.meaning
        done = subprocess.run(
            line, shell=True, cwd=self.folder, env=environment, capture_output=True, timeout=60, check=False
        )
        assert done.returncode == 0, (command, done.stdout, done.stderr)
        return done.stdout


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_the_calls_of_the_page(tmp_path: Path) -> None:
    (tmp_path / "shipped.txt").write_bytes(GOOD)
    with site_on(tmp_path) as site, served(site) as address:
        shell = Shell(tmp_path, address, {"TOKEN": site.tokens["anna"]})
        handed_in, form, *asking = commands(SELLERS)
        upload = json.loads(shell.run(handed_in))
        assert (upload["name"], upload["folder"]) == ("shipped.txt", "inbox")
        assert json.loads(shell.run(handed_in)) == upload
        assert json.loads(shell.run(form))["folder"] == "test"
        shell.meaning["UPLOAD"] = site.work(upload["id"])
        uploads, one, lines, receipt, orders, status = [shell.run(command) for command in asking]
        assert [found["id"] for found in json.loads(uploads)["uploads"]] == [upload["id"]]
        assert json.loads(one)["verdicts"] == {"queued": 1, "rejected": 1}
        assert [found["line"] for found in json.loads(lines)["lines"]] == [3]
        assert upload["id"] in receipt.decode()
        assert json.loads(orders) == {"orders": [], "marketplace": "sandbox"}
        assert json.loads(status)["seller"] == "anna"


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_the_operators_calls_of_the_page(tmp_path: Path) -> None:
    with site_on(tmp_path) as site, served(site) as address:
        site.add_user(Role.OPERATOR, "olga")
        named = busy(site)
        meaning = {"TOKEN": site.tokens["olga"], "UPLOAD": named["held"], "ACCOUNT": "1", "ORDER": named["order"]}
        shell = Shell(tmp_path, address, meaning)
        now, held, released, unconfirmed, settled = [json.loads(shell.run(command)) for command in commands(OPERATORS)]
        assert now["stages"]["aside"]["number"] == 1
        assert [one["id"] for one in held["uploads"]] == [named["held"]]
        assert released == {"id": named["held"], "state": "arrived", "marketplace": "sandbox"}
        assert [(one["account_id"], one["order_id"]) for one in unconfirmed["lines"]] == [(1, named["order"])]
        assert settled == {"account_id": 1, "order_id": named["order"], "state": "shipped", "marketplace": "sandbox"}
        assert [one.who for one in decisions.listing(site.context.db)] == ["olga", "olga"]


@pytest.mark.parametrize("chunked", [False, True])
def test_a_client_that_dies_in_the_middle_of_its_file(tmp_path: Path, chunked: bool) -> None:
    with site_on(tmp_path) as site, served(site) as address:
        head = "transfer-encoding: chunked" if chunked else f"content-length: {len(GOOD) + 1}"
        body = b"%x\r\n%s\r\n" % (len(GOOD), GOOD) if chunked else GOOD
        with socket.create_connection(address, 30) as client:
            client.sendall(
                f"POST /api/v1/uploads HTTP/1.1\r\nhost: drop\r\nauthorization: Bearer {site.tokens['anna']}\r\n"
                f"{head}\r\n\r\n".encode()
                + body
            )
            wait_for(lambda: len(site.spooled()) == 1, what="its first bytes")
        wait_for(lambda: site.spooled() == [], what="nothing to be left")
        assert site.arrived == []
