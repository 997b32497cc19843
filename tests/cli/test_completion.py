"""Shells complete commands, options, and names out of the database; silently, whatever is wrong."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest
from cli.commands import Command
from pipeline.contexts import context_on, put

from cws_filedrop.model import Account, FeedState, Role, Seller
from cws_filedrop.store.lists import completions
from cws_filedrop.store.schema import FEEDS
from cws_filedrop.store.sellers import sellers
from cws_filedrop.store.users import users

PATH = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
ODD = """two [b]would[/] fit: `x` $y 'z' "q" $(false)"""
Complete = Callable[..., list[str]]
BASH = """
eval "$SCRIPT"
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=()
$(complete -p cws-filedrop | sed 's/.*-F \\([^ ]*\\).*/\\1/') cws-filedrop
printf '%s\\n' "${COMPREPLY[@]}"
"""
ZSH = """
compdef() { :; }  # it would want a terminal; what it would call is called below
_arguments() { print -r -- "$1"; }
_files() { :; }
eval "$SCRIPT"
words=("$@"); CURRENT=$#
_cws_filedrop_completion
"""


@pytest.fixture
def data(tmp_path: Path) -> dict[str, str]:
    """Sellers, a user, an upload and a stopped feed; the environment that leads there."""
    context = context_on(tmp_path)
    sellers.add(context.db, Seller(0, "bob", Account(0, "M2")), password_hash="h", now=NOW)
    sellers.add(context.db, Seller(0, "annette", Account(0, "M3")), password_hash="h", now=NOW)
    users.add(context.db, "olga", password_hash="h", role=Role.ADMIN, now=NOW)
    upload = put(context, b"order-id\tstatus\n")
    with context.db.write() as connection:
        row = {"account_id": 1, "cause": "x", "state": str(FeedState.STOPPED), "opened_at": "2026-11-22T12:00:00.000Z"}
        connection.execute(FEEDS.insert().values(**row, note=ODD))
    context.db.close()
    return {"CWS_FILEDROP_SERVICE__DATA_DIR": str(context.settings.data), "UPLOAD": upload}


@pytest.fixture
def complete(data: dict[str, str], tmp_path: Path) -> Complete:
    """What bash offers after these words, the last of them half typed."""

    def ask(*words: str, more: dict[str, str] | None = None) -> list[str]:
        return in_shell("bash", ["--norc", "-c", BASH, "bash", "cws-filedrop", *words], tmp_path, data | (more or {}))

    return ask


@cache
def script(shell: str) -> str:
    """What the command prints to be put into a shell's settings."""
    words = ["cws-filedrop", "completion", shell]
    return subprocess.run(words, env={"PATH": PATH}, capture_output=True, text=True, timeout=60, check=True).stdout


def in_shell(shell: str, words: list[str], folder: Path, environment: dict[str, str]) -> list[str]:
    """The lines that a shell prints."""
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not at hand")
    done = subprocess.run(
        [shell, *words],
        env={"PATH": PATH, "HOME": str(folder), "SCRIPT": script(shell), **environment},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stderr == ""
    return [line for line in done.stdout.splitlines() if line]


def test_commands_and_options(complete: Complete) -> None:
    assert complete("se") == ["serve", "seller", "sessions"]
    assert {"add", "list", "passwd"} <= set(complete("seller", ""))
    assert "--upload" in complete("logs", "--up")


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (("seller", "passwd", ""), ["anna", "annette", "bob"]),
        (("seller", "passwd", "ann"), ["anna", "annette"]),
        (("seller", "key", "list", "B"), []),
        (("logs", "--seller", "b"), ["bob"]),
        (("upload", "list", "--seller", "an"), ["anna", "annette"]),
        (("orders", "list", "--seller", "bo"), ["bob"]),
        (("user", "disable", ""), ["olga"]),
        (("seller", "add", "an"), []),
        (("feed", "retry", ""), ["1"]),
        (("logs", "--feed", ""), ["1"]),
        (("upload", "release", ""), []),
        (("logs", "--level", "w"), ["warning"]),
        (("seller", "policy", "anna", "--on-error", ""), ["continue", "hold-file"]),
        (("seller", "add", "x", "--doubtful", ""), ["take", "hold"]),
        (("seller", "add", "x", "--time-zone", "Europe/Berl"), ["Europe/Berlin"]),
        (("seller", "set", "anna", "--mail-on", "errors,w"), ["errors,warnings"]),
        (("seller", "hook", "add", "anna", "https://example.com/", "--event", "order."), ["order.unconfirmed"]),
        (("user", "role", "olga", "op"), ["operator"]),
        (("completion", ""), ["bash", "zsh", "fish"]),
    ],
    ids=" ".join,
)
def test_values(complete: Complete, words: tuple[str, ...], found: list[str]) -> None:
    assert complete(*words) == found


def test_ids_of_uploads(complete: Complete, data: dict[str, str]) -> None:
    assert complete("upload", "show", "") == [data["UPLOAD"]]
    assert complete("upload", "show", data["UPLOAD"][:9]) == [data["UPLOAD"]]
    assert complete("logs", "--upload", "1999") == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"CWS_FILEDROP_SERVICE__DATA_DIR": "/nowhere/at/all"},
        {"CWS_FILEDROP_SERVICE__LOG_LEVEL": "loud"},
        {"CWS_FILEDROP_CONFIG": "/nowhere/settings.toml"},
        {"CWS_FILEDROP_DATABASE__URL": "nonsense"},
        {"CWS_FILEDROP_DATABASE__URL": "postgresql+psycopg://nobody@127.0.0.1:1/none"},
    ],
    ids=str,
)
def test_nothing_is_offered_and_nothing_said_when_there_is_none(complete: Complete, wrong: dict[str, str]) -> None:
    assert complete("seller", "passwd", "a", more=wrong) == []
    assert complete("logs", "--lev", more=wrong) == ["--level"]


def test_a_database_that_is_none_offers_nothing(complete: Complete, data: dict[str, str]) -> None:
    (Path(data["CWS_FILEDROP_SERVICE__DATA_DIR"]) / "cws_filedrop.db").write_bytes(b"not a database" * 1000)
    assert complete("seller", "passwd", "a") == []


def test_the_settings_file_that_was_named_counts(complete: Complete, data: dict[str, str], tmp_path: Path) -> None:
    file = tmp_path / "other.toml"
    kept = Path(data.pop("CWS_FILEDROP_SERVICE__DATA_DIR")).rename(tmp_path / "elsewhere")
    file.write_text(f'[service]\ndata_dir = "{kept}"\n')
    assert complete("seller", "passwd", "b") == []
    assert complete("--config", str(file), "seller", "passwd", "b") == ["bob"]


def test_nothing_is_made_by_asking(complete: Complete, tmp_path: Path) -> None:
    complete("seller", "passwd", "a", more={"CWS_FILEDROP_SERVICE__DATA_DIR": str(tmp_path / "new")})
    assert not (tmp_path / "new").exists()


def patient(path: Path, begun: threading.Event) -> list[tuple[str]]:
    """Sellers' names, by somebody who waits for them as sqlite3 does when nothing else is said: 5 s."""
    with closing(sqlite3.connect(path)) as connection:
        begun.set()
        return connection.execute("SELECT name FROM sellers ORDER BY name").fetchall()


def test_a_busy_database_is_not_waited_for(data: dict[str, str]) -> None:
    path, begun = Path(data["CWS_FILEDROP_SERVICE__DATA_DIR"]) / "cws_filedrop.db", threading.Event()
    with closing(sqlite3.connect(path, isolation_level=None)) as other, ThreadPoolExecutor(1) as pool:
        other.execute("PRAGMA locking_mode=EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        usual = pool.submit(patient, path, begun)
        assert begun.wait(60)
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            completions.names(f"sqlite:///{path}", "sellers", "a")
        assert not usual.done(), "others still wait"
        other.execute("COMMIT")
        other.close()
        assert usual.result() == [("anna",), ("annette",), ("bob",)]


def test_zsh(data: dict[str, str], tmp_path: Path) -> None:
    """Its own words around them; a note of a feed that looks like markup and like code breaks nothing."""

    def ask(*words: str) -> str:
        return "\n".join(in_shell("zsh", ["-f", "-c", ZSH, "zsh", "cws-filedrop", *words], tmp_path, data))

    assert '"serve"' in ask("se")
    assert ask("seller", "passwd", "ann").split('"')[1::2] == ["anna", "annette"]
    assert '"1"' in ask("feed", "retry", "")


def test_fish(data: dict[str, str], tmp_path: Path) -> None:
    def ask(typed: str) -> list[str]:
        program = f"""printf %s "$SCRIPT" | source; complete --do-complete '{typed}'"""
        lines = in_shell("fish", ["--no-config", "-c", program], tmp_path, data)
        return [line.partition("\t")[0] for line in lines]

    assert ask("cws-filedrop se") == ["seller", "serve", "sessions"]
    assert ask("cws-filedrop seller passwd ann") == ["anna", "annette"]
    assert ask("cws-filedrop feed retry ") == ["1"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_is_printed(command: Command, shell: str) -> None:
    said = command("completion", shell)
    assert (said.code, said.err) == (0, "")
    assert "_CWS_FILEDROP_COMPLETE" in said.out


def test_another_shell_is_wrong_use(command: Command) -> None:
    assert command("completion", "csh").code == 2


def test_libraries_that_take_long_are_not_loaded_for_it(data: dict[str, str]) -> None:
    heavy = ("sqlalchemy", "dbos", "pandas", "structlog", "argon2", "httpx")
    program = "import sys, atexit\nfrom cws_filedrop.cli import main\n"
    program += f"atexit.register(lambda: print([n for n in {heavy!r} if n in sys.modules], file=sys.stderr))\n"
    program = program.replace("file=sys.stderr", "file=sys.__stderr__") + "main.run()\n"
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, **data, "_CWS_FILEDROP_COMPLETE": "complete_bash"}
        | {"COMP_WORDS": "cws-filedrop\nseller\npasswd\nb", "COMP_CWORD": "3"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("bob\n", "[]\n")
