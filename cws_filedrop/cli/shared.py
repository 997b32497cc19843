"""What several commands use: the settings that were chosen, an opened database, tables on the terminal."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, ClassVar, Final

import typer

from cws_filedrop import config
from cws_filedrop.errors import ConfigError
from cws_filedrop.settings import Settings

LONGEST_MERCHANT_ID: Final = 50
DEFAULT_CONFIG: Final = Path("cws_filedrop.toml")


class Chosen:
    """What stood before the command's name."""

    config: Path | None = None
    opened: ClassVar[list[Any]] = []  # databases, to be closed when the command ends


def settings() -> Settings:
    """Settings from the chosen file (or ./cws_filedrop.toml when it is there) and the environment."""
    path = Chosen.config or (DEFAULT_CONFIG if DEFAULT_CONFIG.exists() else None)
    return config.load(path, os.environ)


def database(chosen: Settings, *, create: bool = False) -> Any:
    """The `Database` of the settings.

    Raises: ConfigError when there is none yet and `create` is not asked for.
    """
    from cws_filedrop.store.database import Database, default_url

    if not create:
        must_exist(chosen)
    try:
        chosen.data.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"[service] data_dir: {chosen.data} cannot be made: {error.strerror}") from error
    db = Database(chosen.database.url or default_url(chosen.data))
    Chosen.opened.append(db)
    db.create()
    return db


def desk(chosen: Settings) -> Any:
    """A `Desk` on the settings' data. Raises: ConfigError when there is no data yet."""
    from cws_filedrop.pipeline.desk import open_desk

    database(chosen)
    opened = open_desk(chosen)
    Chosen.opened.append(opened.db)
    return opened


def coloured(text: str, tone: str) -> Any:
    """A text for a table, in the colour of good, odd, bad or plain news."""
    from rich.text import Text

    return Text(text, {"good": "green", "odd": "yellow", "bad": "red"}.get(tone, ""))


def must_exist(chosen: Settings) -> None:
    """Raises: ConfigError when there is no data yet."""
    if not chosen.database.url and not (chosen.data / "cws_filedrop.db").exists():
        raise ConfigError(f"{chosen.data} holds no data yet; `cws-filedrop serve` or `seller add` makes it")


def seller_id(db: Any, name: str) -> int:
    """The id of the seller of that name. Raises: typer.Exit with code 1 when there is none."""
    from cws_filedrop.store import sellers

    seller = sellers.find(db, name)
    if seller is None:
        raise stop(f"there is no seller named {name.lower()}")
    return seller.id


def close_all() -> None:
    """Close the databases that the command opened."""
    while Chosen.opened:
        Chosen.opened.pop().close()


def merchant_id(text: str) -> str:
    """The merchant id, if a feed document can name it.

    Raises: typer.Exit with code 2 otherwise.
    """
    if not text.strip() or len(text) > LONGEST_MERCHANT_ID or not text.isprintable():
        raise stop(f"--merchant-id {text!r}: 1 to {LONGEST_MERCHANT_ID} characters, as Seller Central shows it", 2)
    return text


def show_json(value: object) -> None:
    """One JSON document on standard output."""
    typer.echo(json.dumps(value, indent=2, ensure_ascii=False, default=str))


def show_table(title: str, headings: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """A table for people."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for row in rows:
        # As texts, since what stands in a cell may look like markup: a file's name may hold brackets.
        table.add_row(*(cell if isinstance(cell, Text) else Text(str(cell)) for cell in row))
    if table.row_count:
        Console().print(table)
    else:
        Console().print(f"[italic]{title}[/]\n\n none\n", highlight=False)


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


def stop(message: str, code: int = 1) -> typer.Exit:
    """Say why on standard error; raise what is returned."""
    typer.echo(f"cws-filedrop: {message}", err=True)
    return typer.Exit(code)
