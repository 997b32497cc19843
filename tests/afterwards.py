"""What comes after a test and takes its time."""

from __future__ import annotations

import threading
from collections.abc import Callable


def afterwards(work: Callable[[], object]) -> None:
    """Do it beside the next test. An HTTP server waits a fifth of a second before it stops, and no test needs that."""
    threading.Thread(target=work, name="afterwards").start()
