"""What every command may use: the chosen settings, tables on the terminal, ways to end. Imports nothing heavy."""

from __future__ import annotations

import getpass
import json
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Final

import typer

from cws_filedrop import config
from cws_filedrop.errors import ConfigError
from cws_filedrop.formatting import printable
from cws_filedrop.settings import Settings

LONGEST_MERCHANT_ID: Final = 50
TONES: Final = {"good": "green", "odd": "yellow", "bad": "red"}
END_OR_KEEP: Final = typer.Option(
    "--end-tokens/--keep-tokens", help="switch API tokens off, too, or leave them on [default: asked, else left on]"
)
DEFAULT_CONFIG: Final = Path("cws_filedrop.toml")


class GlobalOptions:
    """The options that stood before the command's name; of the process, since typer hands them to no command."""

    config: Path | None = None
    closers: ClassVar[list[Callable[[], None]]] = []  # called when the command ends, the last one first


def settings() -> Settings:
    """Settings from the chosen file (or ./cws_filedrop.toml when it is there) and the environment."""
    path = GlobalOptions.config or (DEFAULT_CONFIG if DEFAULT_CONFIG.exists() else None)
    return config.load(path, os.environ)


@dataclass(frozen=True, slots=True)
class Coloured:
    """A text for a table, in the colour of good, odd, bad or plain news."""

    text: str
    tone: str


def must_exist(chosen: Settings) -> None:
    """Raises: ConfigError when there is no data yet."""
    if not chosen.database.url and not (chosen.data / "cws_filedrop.db").exists():
        raise ConfigError(f"{chosen.data} holds no data yet; `cws-filedrop serve` or `seller add` makes it")


def close_all() -> None:
    """Close what the command opened, the last one first."""
    while GlobalOptions.closers:
        GlobalOptions.closers.pop()()


def merchant_id(text: str) -> str:
    """The merchant id, if a feed document can name it.

    Raises: typer.Exit with code 2 otherwise.
    """
    if not text.strip() or len(text) > LONGEST_MERCHANT_ID or not text.isprintable():
        raise stop(f"--merchant-id {text!r}: 1 to {LONGEST_MERCHANT_ID} characters, as Seller Central shows it", 2)
    return text


def show_json(value: object) -> None:
    """One JSON document on standard output."""
    text = json.dumps(value, indent=2, ensure_ascii=False, default=str)
    typer.echo("".join(one if one.isprintable() or one == "\n" else json.dumps(one)[1:-1] for one in text))


def show_table(title: str, headings: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A table for people."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    title = printable(title)
    table = Table(title=Text(title), title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for row in rows:
        # As texts, since what stands in a cell may look like markup: a file's name may hold brackets.
        cells = (cell if isinstance(cell, Coloured) else Coloured(str(cell), "plain") for cell in row)
        table.add_row(*(Text(printable(cell.text), TONES.get(cell.tone, "")) for cell in cells))
    if table.row_count:
        Console().print(table, highlight=False)
    else:
        Console().print(Text(title, "italic"), Text("\n none\n"), sep="\n", highlight=False)


def write_bytes(content: bytes, path: Path | None) -> None:
    """Some bytes into a file, or on standard output. Raises: typer.Exit with code 2 when it cannot be written."""
    if path is None:
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
        return
    try:
        path.write_bytes(content)
    except OSError as error:
        raise stop(f"--out {path}: {error.strerror}", 2) from error


def given_password() -> str:
    """A password from standard input; typed unseen where that is a terminal."""
    return getpass.getpass("password: ") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\r\n")


def stop(message: str, code: int = 1) -> typer.Exit:
    """Print why on standard error, and return what the caller is to raise: so a checker sees where a function ends."""
    typer.echo("\n".join(map(printable, f"cws-filedrop: {message}".split("\n"))), err=True)
    return typer.Exit(code)
