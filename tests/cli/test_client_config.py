"""`seller client-config`: what FileZilla imports."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
from cli.commands import Command

from cws_filedrop.cli.seller.client_config import site_file
from cws_filedrop.settings import Settings


def sites(text: str) -> list[tuple[str | None, ...]]:
    servers = ElementTree.fromstring(text).iter("Server")
    return [tuple(one.findtext(tag) for tag in ("Host", "Port", "Protocol", "User", "Logontype")) for one in servers]


def test_every_way_in_is_a_site_and_no_password_is_in_it(command: Command) -> None:
    command("seller", "add", "anna", "--merchant-id", "M1", "--password", "very-secret-9")
    said = command("seller", "client-config", "ANNA", "--host", "drop.example.com")
    assert sites(said.out) == [
        ("drop.example.com", "2222", "1", "anna", "2"),
        ("drop.example.com", "2121", "4", "anna", "2"),
    ]
    assert "very-secret-9" not in said.out


def test_it_goes_into_a_file(command: Command) -> None:
    command("seller", "add", "anna", "--merchant-id", "M1", "--password", "correct-horse-9")
    assert command("seller", "client-config", "anna", "--out", "site.xml").code == 0
    assert len(sites(Path("site.xml").read_text())) == 2


@pytest.mark.parametrize(
    ("mode", "implicit_port", "protocols"), [("off", -1, ["1", "6"]), ("auto", 990, ["1", "4", "3"])]
)
def test_the_ways_in_are_those_of_the_settings(mode: str, implicit_port: int, protocols: list[str]) -> None:
    usual = Settings()
    chosen = replace(usual, tls=replace(usual.tls, mode=mode, implicit_port=implicit_port))
    assert [one[2] for one in sites(site_file(chosen, "anna"))] == protocols


def test_nobody_has_no_sites(command: Command) -> None:
    command("seller", "add", "anna", "--merchant-id", "M1", "--password", "correct-horse-9")
    assert command("seller", "client-config", "ben").code == 1
