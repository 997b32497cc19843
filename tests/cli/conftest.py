from __future__ import annotations

import sys
from pathlib import Path

import pytest
from cli.commands import Command, Said

from cws_filedrop.cli import main


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Command:
    """Give a command in an empty folder, with nothing set in the environment."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("NO_COLOR", "1")
    for name in ("FORCE_COLOR", "CWS_FILEDROP_CONFIG", "CWS_SELLER_PASSWORD"):
        monkeypatch.delenv(name, raising=False)

    def give(*arguments: object) -> Said:
        monkeypatch.setattr(sys, "argv", ["cws-filedrop", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main.run()
        said = capsys.readouterr()
        assert ended.value.code is None or isinstance(ended.value.code, int)
        return Said(ended.value.code or 0, said.out, said.err)

    return give
