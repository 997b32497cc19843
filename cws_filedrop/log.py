"""Structured log: dotted past-tense events with fields; ids of upload, seller and feed bound by context.

Never file content, never secrets.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TextIO

import structlog

from cws_filedrop.log_files import LogFile

bound = structlog.contextvars.bound_contextvars
FIRST: Final = ("timestamp", "level", "event")


@dataclass(frozen=True, slots=True)
class LogFolder:
    """Where the log of a process is kept: in `folder`, under the process's name; no files when `size` is 0."""

    folder: Path
    process: str
    size: int
    kept: int


def get(name: str) -> Any:
    """A logger; call `.info("upload.claimed", upload=..., bytes=...)`."""
    return structlog.get_logger(name)


def configure(
    level: str = "info", *, json: bool = False, stream: TextIO | None = None, files: LogFolder | None = None
) -> None:
    """Send all logging, ours and the libraries', to a stream (standard error) and to files, one event a line."""
    chain: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    out = stream or sys.stderr
    to_stream: logging.Handler = logging.StreamHandler(out)
    to_stream.setFormatter(_formatter(chain, _json() if json else _words(colours=out.isatty())))
    file, trouble = _file(files)
    if file is not None:
        file.setFormatter(_formatter(chain, _json()))
    root = logging.getLogger()
    for handler in root.handlers:
        if isinstance(handler, LogFile):
            handler.close()
    root.handlers[:] = [to_stream, *([file] if file is not None else [])]
    root.setLevel(level.upper())
    structlog.configure(
        processors=[*chain, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    if trouble is not None and files is not None:
        get(__name__).warning("log.file_not_opened", folder=str(files.folder), why=trouble)


def _file(files: LogFolder | None) -> tuple[LogFile | None, str | None]:
    """The file, or why there is none: the service runs without a log rather than not at all."""
    if files is None or files.size <= 0:
        return None, None
    try:
        return LogFile(files.folder, files.process, size=files.size, kept=files.kept), None
    except OSError as error:
        return None, str(error)


def _formatter(chain: Sequence[Any], render: Sequence[Any]) -> logging.Formatter:
    meta = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    return structlog.stdlib.ProcessorFormatter(foreign_pre_chain=chain, processors=[meta, *render])


def _json() -> list[Any]:
    return [structlog.processors.format_exc_info, _in_order, structlog.processors.JSONRenderer()]


def _in_order(_logger: object, _method: str, fields: MutableMapping[str, Any]) -> dict[str, Any]:
    """Put time, level and event before the other fields."""
    return {name: fields.pop(name, "") for name in FIRST} | dict(fields)


def _words(*, colours: bool) -> list[Any]:
    plain = structlog.dev.plain_traceback
    return [structlog.dev.ConsoleRenderer(colors=colours, pad_event_to=0, exception_formatter=plain)]
