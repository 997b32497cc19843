"""Structured log: dotted past-tense events with fields; ids of upload, seller and feed bound by context.

Never file content, never secrets.
"""

from __future__ import annotations

import logging
import sys
from typing import Any

import structlog

bound = structlog.contextvars.bound_contextvars


def get(name: str) -> Any:
    """A logger; call `.info("upload.claimed", upload=..., bytes=...)`."""
    return structlog.get_logger(name)


def configure(level: str = "info", *, json: bool = False) -> None:
    """Send everything, ours and the libraries', to standard error: one event a line."""
    chain: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    render: Any = (
        structlog.processors.JSONRenderer()
        if json
        else structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), pad_event_to=0, exception_formatter=structlog.dev.plain_traceback
        )
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=chain,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            render,
        ]
        if json
        else [structlog.stdlib.ProcessorFormatter.remove_processors_meta, render],
    )
    stream = logging.StreamHandler(sys.stderr)
    stream.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [stream]
    root.setLevel(level.upper())
    structlog.configure(
        processors=[*chain, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
