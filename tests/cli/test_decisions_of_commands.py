"""What commands do to sellers is written down, as is what pages do; secrets are not."""

from __future__ import annotations

from pathlib import Path

import pytest
from cli.commands import Command

from cws_filedrop.store.database import Database, default_url
from cws_filedrop.store.users import decisions

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILM+rvN+ot98qgEN796jTiQfZfG1KaT0PtFDJ/XFSqti anna@desk"
FINGERPRINT = "SHA256:"


def told(folder: Path) -> list[tuple[str, str, str, str]]:
    db = Database(default_url(folder / "data"))
    found = [(one.who, one.what, one.about, one.detail) for one in reversed(decisions.listing(db))]
    db.close()
    return found


@pytest.mark.parametrize(
    ("arguments", "what", "detail"),
    [
        (["passwd", "Anna", "--password", "s3cr3t-s3cr3t"], "password", ""),
        (["passwd", "anna", "--clear"], "clear-password", ""),
        (["passwd", "anna", "--no-clear"], "no-clear-password", ""),
        (["set", "anna", "--networks", "192.0.2.0/24"], "settings", "networks: 192.0.2.0/24"),
        (["set", "anna", "--mail", "anna@example.com"], "settings", "mails to anna@example.com; about errors"),
        (["policy", "anna", "--doubtful", "hold"], "policy", "doubtful: hold"),
        (["disable", "anna"], "disable", ""),
        (["enable", "anna"], "enable", ""),
        (["remove", "anna"], "remove", ""),
        (["key", "add", "anna", KEY], "key-add", FINGERPRINT),
        (["token", "add", "anna", "--label", "stock"], "token-add", "1 cwsfd_"),
        (["hook", "add", "anna", "https://example.com/hook"], "hook-add", "1 https://example.com/hook"),
    ],
    ids=lambda one: " ".join(one[:2]) if isinstance(one, list) else "",
)
def test_a_command_about_a_seller_is_written_down(
    command: Command, tmp_path: Path, arguments: list[str], what: str, detail: str
) -> None:
    assert command("seller", "add", "anna", "--merchant-id", "A1B2C3D4E5F6G7").code == 0
    said = command("seller", *arguments)
    assert (said.code, said.err) == (0, "")
    added, one = told(tmp_path)
    assert added == ("command line", "seller.add", "anna", "A1B2C3D4E5F6G7 in ATVPDKIKX0DER")
    assert one[:3] == ("command line", f"seller.{what}", "anna")
    assert one[3].startswith(detail)
    assert "s3cr3t" not in str(one)


def test_what_did_not_happen_is_not_written_down(command: Command, tmp_path: Path) -> None:
    assert command("seller", "add", "anna", "--merchant-id", "A1B2C3D4E5F6G7").code == 0
    assert command("seller", "disable", "bert").code == 1
    assert command("seller", "add", "anna", "--merchant-id", "A1B2C3D4E5F6G7").code == 1
    assert command("seller", "token", "remove", "anna", "7").code == 1
    assert [what for _, what, _, _ in told(tmp_path)] == ["seller.add"]
