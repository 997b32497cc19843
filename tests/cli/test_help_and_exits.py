"""Every command explains itself, and ends with the exit code that was promised."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import children
import pytest
import typer
from cli.commands import SAMPLES, Command

from cws_filedrop.cli.main import app
from cws_filedrop.cli.terminal import shared
from cws_filedrop.errors import Impossible


def commands(of: typer.Typer = app, before: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """Every command and group of commands, as it is typed."""
    found = [before]
    for one in of.registered_commands:
        assert one.callback is not None
        found.append((*before, one.name or one.callback.__name__))
    for group in of.registered_groups:
        assert group.typer_instance is not None
        found += commands(group.typer_instance, (*before, str(group.name)))
    return found


def test_the_commands_are_found() -> None:
    found = {" ".join(words) for words in commands()}
    assert {"", "check", "convert", "init", "serve", "demo", "status", "seller add", "seller list"} <= found
    assert {"seller remove", "upload list", "upload show", "feed list", "feed retry", "feed adopt"} <= found


@pytest.mark.parametrize("words", commands(), ids=" ".join)
@pytest.mark.parametrize("option", ["--help", "-h"])
def test_every_command_explains_itself(command: Command, words: tuple[str, ...], option: str) -> None:
    said = command(*words, option)
    assert said.code == 0
    assert "Usage: " in said.out
    assert said.err == ""


@pytest.mark.parametrize("words", [(), ("seller",), ("upload",), ("feed",)], ids=" ".join)
def test_a_group_without_a_command_shows_what_there_is(command: Command, words: tuple[str, ...]) -> None:
    said = command(*words)
    assert said.code == 2
    assert "Usage: " in said.out + said.err


@pytest.mark.parametrize("words", [("bogus",), ("check",), ("check", "a", "b"), ("check", "a", "--bogus")])
def test_what_is_not_understood_is_wrong_use(command: Command, words: tuple[str, ...]) -> None:
    said = command(*words)
    assert said.code == 2
    assert "Usage: " in said.err


def test_the_version_is_that_of_the_package(command: Command) -> None:
    said = command("--version")
    assert (said.code, said.out) == (0, f"{version('cws_filedrop')}\n")


def test_the_real_command_ends_with_its_exit_code(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "cws_filedrop", "status"],
        env={**os.environ, "CWS_FILEDROP_SERVICE__DATA_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith(f"cws-filedrop: {tmp_path} holds no data yet")


@pytest.mark.parametrize("fault", [ZeroDivisionError, Impossible])
def test_a_bug_is_called_a_bug(command: Command, monkeypatch: pytest.MonkeyPatch, fault: type[Exception]) -> None:
    def broken(*_: object) -> None:
        raise fault("our own fault")

    monkeypatch.setattr("cws_filedrop.cli.offline.check.examined", broken)
    said = command("check", SAMPLES / "shipped-today.txt")
    assert said.code == 3
    assert f"{fault.__name__}: our own fault" in said.err
    assert said.err.endswith("cws-filedrop: this is a bug; please report the lines above\n")


def test_ctrl_c_is_told_apart(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("cws_filedrop.cli.offline.check.examined", interrupted)
    assert command("check", SAMPLES / "shipped-today.txt").code == 130


def test_a_reader_who_goes_away_is_no_bug(tmp_path: Path) -> None:
    path = tmp_path / "many.txt"
    path.write_text("order-id\tstatus\n" + "4711\tshipped\n" * 3_000)
    process = children.start(
        [sys.executable, "-m", "cws_filedrop", "check", str(path), "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    with process.stdout, process.stderr:
        process.stdout.read(1)
        process.stdout.close()
        told = process.stderr.read()
    assert process.wait(60) == 1
    assert b"Traceback" not in told


def test_heavy_libraries_are_loaded_only_by_commands_that_need_them() -> None:
    heavy = ("dbos", "httpx", "lxml", "pandas", "pyarrow", "sp_api", "sqlalchemy")
    program = f"import sys, cws_filedrop.cli.main; print([name for name in {heavy!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "[]\n"


def test_what_cannot_be_seen_is_spelled_out(capsys: pytest.CaptureFixture[str]) -> None:
    name = "a\u202e\u200b\x1b[31m\n[b]x[/]"
    shared.show_table(f"of {name}", ("name",), [(name,)])
    shared.show_table(f"of {name}", ("name",), [])
    shared.show_json({"name": name})
    shared.stop(f"no {name}")
    said = capsys.readouterr()
    assert said.out.count("\\u202e\\u200b\\x1b[31m\\n[b]x[/]") == 3
    assert json.loads(said.out[said.out.index("{") :]) == {"name": name}
    assert said.err == "cws-filedrop: no a\\u202e\\u200b\\x1b[31m\n[b]x[/]\n"
