"""`feed show`: a feed, and what is kept of it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from cli.commands import Command
from pipeline.trade import UNKNOWN_TO_AMAZON, Trade, shipped, trading

WHERE = "CWS_FILEDROP_SERVICE__DATA_DIR"


@pytest.fixture
def sent(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Trade:
    monkeypatch.setenv(WHERE, str(tmp_path / "data"))
    with trading(tmp_path) as trade:
        trade.drop(shipped(), shipped(UNKNOWN_TO_AMAZON))
        trade.send()
    capsys.readouterr()  # what it logged
    return trade


def test_a_feed_and_what_is_kept_of_it(command: Command, sent: Trade) -> None:
    told = command("feed", "show", 1, "--json").json()
    assert (told["version"], told["feed"]["state"], told["feed"]["line_count"]) == (1, "settled", 2)
    assert [(one["kind"], one["size"], one["why"]) for one in told["kept"]] == [
        ("document", len(sent.wire.sent[0]), ""),
        ("report", len(sent.wire.read[0]), ""),
    ]
    shown = command("feed", "show", 1).out
    assert told["kept"][0]["sha256"] in shown
    assert "submitted_at" in shown


def test_the_bytes_go_to_a_file_or_to_standard_output(command: Command, sent: Trade, tmp_path: Path) -> None:
    assert command("feed", "show", 1, "--report", "--out", "report.xml").code == 0
    assert (tmp_path / "report.xml").read_bytes() == sent.wire.read[0]
    done = subprocess.run(
        [sys.executable, "-m", "cws_filedrop", "feed", "show", "1", "--document"],
        capture_output=True,
        timeout=120,
        check=True,
    )
    assert done.stdout == sent.wire.sent[0]


def test_what_is_not_there_is_said_so(command: Command, sent: Trade) -> None:
    said = command("feed", "show", 9)
    assert (said.code, said.err) == (1, "cws-filedrop: there is no feed 9; `feed list` shows them\n")
    for path in sent.context.archive.root.glob("*/*.document.*"):
        path.unlink()
    said = command("feed", "show", 1, "--document")
    assert said.code == 1
    assert "the document of feed 1 is not there: not kept any more; such files are kept for 400 days" in said.err
    assert "not kept any more" in command("feed", "show", 1).out


@pytest.mark.parametrize("options", [["--document", "--report"], ["--json", "--report"], ["--out", "x"]])
def test_what_does_not_go_together_is_wrong_use(command: Command, sent: Trade, options: list[str]) -> None:
    assert command("feed", "show", 1, *options).code == 2
    assert command("feed", "show", 1, "--report", "--out", "no/such/folder").code == 2
