"""The settings of the sandbox."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cws_filedrop.reports.marketplace import SANDBOX_FEED

QUEUED_SHARE: Final = 1 / 3  # of the processing time a feed waits in the queue, where it can still be cancelled


@dataclass(frozen=True, slots=True)
class SandboxServerSettings:
    """Where its file is, where it listens, how fast it is. `clock` returns seconds since 1970.

    An accepted shipment shows in its order (getOrder) `show_after_seconds` after its feed was processed. Ids of feeds
    begin with `feed_prefix`, so that nobody takes one for Amazon's, which are numbers; with "" it plays Amazon to the
    letter.
    """

    data: Path
    host: str = "127.0.0.1"
    port: int = 0
    rate_scale: float = 1.0
    processing_seconds: float = 0.5
    gzip_reports: bool = False
    show_after_seconds: float = 0.0
    feed_prefix: str = SANDBOX_FEED
    clock: Callable[[], float] = time.time
