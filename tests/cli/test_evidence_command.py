"""`order evidence`, and the second name of `orders`."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path

import pytest
from cli.commands import Command
from pipeline.shop import ORDER
from pipeline.trade import Trade, shipped, trading


@pytest.fixture
def sent(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Trade:
    monkeypatch.setenv("CWS_FILEDROP_SERVICE__DATA_DIR", str(tmp_path / "data"))
    with trading(tmp_path) as trade:
        trade.knows(ORDER)
        trade.drop(shipped())
        trade.send()
        trade.read_back()
    capsys.readouterr()  # what it logged
    return trade


def test_it_is_written_where_one_stands_or_where_one_says(command: Command, sent: Trade, tmp_path: Path) -> None:
    said = command("order", "evidence", ORDER, "--seller", "Anna")
    path = tmp_path / f"evidence-{ORDER}.zip"
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    assert (said.code, said.out) == (0, f"{path.name}: {path.stat().st_size:,} bytes, SHA-256 {sha256}\n")
    assert command("orders", "evidence", ORDER, "--seller", "anna", "--out", "x.zip").code == 0
    assert (tmp_path / "x.zip").read_bytes() == path.read_bytes()
    assert command("order", "evidence", ORDER, "--seller", "anna", "--only-this-order").code == 0
    with zipfile.ZipFile(tmp_path / f"evidence-{ORDER}-extract.zip") as packed:
        assert packed.testzip() is None
        assert any(name.endswith("/lines.txt") for name in packed.namelist())


def _files(folder: Path) -> list[str]:
    """What lies there, but for what SQLite puts beside the sandbox's database and removes again."""
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith("amazon.db"))


def test_what_it_cannot_do_is_said_and_no_file_is_left(command: Command, sent: Trade, tmp_path: Path) -> None:
    before = _files(tmp_path)
    said = command("order", "evidence", "026-0000000-0000000", "--seller", "anna")
    assert (said.code, said.err) == (1, "cws-filedrop: nothing is known of an order 026-0000000-0000000\n")
    said = command("order", "evidence", ORDER, "--seller", "nobody")
    assert (said.code, said.err) == (1, "cws-filedrop: there is no seller nobody\n")
    said = command("order", "evidence", ORDER, "--seller", "anna", "--out", "no/such/x.zip")
    assert (said.code, said.err) == (2, "cws-filedrop: --out no/such/x.zip: No such file or directory\n")
    assert _files(tmp_path) == before


def test_the_group_has_two_names_and_is_listed_once(command: Command, sent: Trade) -> None:
    one, other = (command(name, "show", ORDER, "--seller", "anna", "--json").json() for name in ("order", "orders"))
    assert one == other
    assert one["order"]["read_back"]["shown"]["packages"][0]["tracking"] == "Y0000001K"
    listed = [line.split()[1] for line in command("--help").out.splitlines() if line.startswith("│ order")]
    assert listed == ["orders"]
    shown = command("order", "show", ORDER, "--seller", "anna").out
    assert "The sandbox's own order at 2026-11-22" in shown
    assert "Y0000001K" in shown
