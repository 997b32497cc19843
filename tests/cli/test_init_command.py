"""`init`: a settings file to start from, and how the chosen settings reach a command."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest
from cli.commands import Command

from cws_filedrop import config
from cws_filedrop.errors import ConfigError
from cws_filedrop.settings import Settings

DEFAULT = Path("cws_filedrop.toml")


def test_it_writes_the_defaults_as_comments(command: Command) -> None:
    said = command("init")
    assert (said.code, said.out) == (0, "wrote cws_filedrop.toml\n")
    assert config.load(DEFAULT, {}) == Settings()
    kinds = {line[:1] for line in DEFAULT.read_text().splitlines() if line}
    assert kinds == {"#", "["}


def test_every_setting_stands_there_and_loads_when_its_mark_is_taken_away(command: Command) -> None:
    command("init", "here.toml")
    text, number = re.subn(r"^# (\w+ = )", r"\1", Path("here.toml").read_text(), flags=re.MULTILINE)
    Path("here.toml").write_text(text)
    assert number == sum(len(fields(getattr(Settings(), section.name))) for section in fields(Settings))
    assert config.load(Path("here.toml"), {}) == Settings()


def test_it_does_not_overwrite(command: Command) -> None:
    DEFAULT.write_text("# mine\n")
    said = command("init")
    assert said.code == 1
    assert said.err == "cws-filedrop: cws_filedrop.toml is there already; --force replaces it\n"
    assert DEFAULT.read_text() == "# mine\n"


def test_it_overwrites_when_told_to(command: Command) -> None:
    DEFAULT.write_text("# mine\n")
    assert command("init", "--force").code == 0
    assert "# mine" not in DEFAULT.read_text()


def test_a_folder_that_does_not_exist_is_wrong_use(command: Command) -> None:
    said = command("init", "nosuch/x.toml")
    assert said.code in {1, 2}
    assert said.err.startswith("cws-filedrop: nosuch/x.toml")


def test_the_file_in_this_folder_is_used(command: Command, tmp_path: Path) -> None:
    DEFAULT.write_text('[service]\ndata_dir = "elsewhere"\n')
    command("seller", "add", "anna", "--merchant-id", "M1")
    assert (tmp_path / "elsewhere" / "cws_filedrop.db").exists()


def test_a_named_file_goes_before_it(command: Command, tmp_path: Path) -> None:
    DEFAULT.write_text('[service]\ndata_dir = "elsewhere"\n')
    Path("named.toml").write_text('[service]\ndata_dir = "there"\n')
    command("--config", "named.toml", "seller", "add", "anna", "--merchant-id", "M1")
    assert (tmp_path / "there" / "cws_filedrop.db").exists()
    assert not (tmp_path / "elsewhere").exists()


def test_the_environment_goes_before_the_file(
    command: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    DEFAULT.write_text('[service]\ndata_dir = "elsewhere"\n')
    monkeypatch.setenv("CWS_FILEDROP_SERVICE__DATA_DIR", str(tmp_path / "environment"))
    command("seller", "add", "anna", "--merchant-id", "M1")
    assert (tmp_path / "environment" / "cws_filedrop.db").exists()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[ftp]\nprot = 1\n", "cws_filedrop.toml: [ftp] prot is not a setting; did you mean port?"),
        ('[ftp]\nport = "abc"\n', "cws_filedrop.toml: [ftp] port: 'abc' is not a whole number"),
        ("[ftpp]\n", "cws_filedrop.toml: [ftpp] is not a section; did you mean ftp?"),
        ("ftp", "cws_filedrop.toml: not valid TOML"),
    ],
)
def test_settings_that_cannot_be_used_are_wrong_use(command: Command, text: str, told: str) -> None:
    DEFAULT.write_text(text)
    said = command("status")
    assert said.code == 2
    assert said.err.startswith(f"cws-filedrop: {told}")


def test_a_settings_file_that_does_not_exist_is_wrong_use(command: Command) -> None:
    said = command("--config", "nosuch.toml", "status")
    assert said.code == 2
    assert said.err == "cws-filedrop: nosuch.toml: cannot be read: No such file or directory\n"


def test_a_database_that_is_none_is_wrong_use(command: Command) -> None:
    DEFAULT.write_text('[database]\nurl = "nonsense"\n')
    said = command("status")
    assert said.code == 2
    assert "[database] url" in said.err


def test_a_level_that_is_none_is_told_with_its_key() -> None:
    with pytest.raises(ConfigError, match="log_level"):
        config.load(None, {"CWS_FILEDROP_SERVICE__LOG_LEVEL": "loud"})
