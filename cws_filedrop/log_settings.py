"""Logging of a process, as the settings want it."""

from __future__ import annotations

import sys

from cws_filedrop import log
from cws_filedrop.settings import Settings


def configure(settings: Settings, process: str, *, child: bool = False) -> None:
    """Log to the stream that the settings name, and to the process's own files.

    A child talks to its parent on standard output, so its log always goes to standard error.
    """
    service = settings.service
    stream = sys.stdout if service.log_stream == "stdout" and not child else sys.stderr
    files = log.LogFolder(settings.logs, process, service.log_file_bytes, service.log_files)
    log.configure(service.log_level, json=service.log_json, stream=stream, files=files)
