"""`cws-filedrop demo`: the main job once, on the sample files, with embedded defaults and a real FTP client."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cws_filedrop.cli.terminal.shared import stop


def demo(
    samples: Annotated[Path, typer.Option(help="folder of files to drop")] = Path("sample_files"),
    data: Annotated[Path | None, typer.Option(help="data folder [default: a temporary one]")] = None,
    serve: Annotated[bool, typer.Option("--serve", help="keep serving afterwards")] = False,
    every: Annotated[bool, typer.Option("--all", help="show every file, not only the first and the sums")] = False,
) -> None:
    """Start everything, drop the sample files by FTP, show what became of every line."""
    from cws_filedrop.cli.demo.running import demonstrate, samples_in

    names = samples_in(samples) if samples.is_dir() else []
    if not names:
        raise stop(f"{samples} holds no sample files; name a folder with --samples", 2)
    if not demonstrate(names, data, serve=serve, every=every):
        raise typer.Exit(1)
