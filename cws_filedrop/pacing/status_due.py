"""Sellers whose status file is out of date: whoever changes what it shows adds them, and the worker rewrites it."""

from __future__ import annotations

from typing import Final

from cws_filedrop.pacing.wake_set import WakeSet

STATUS_DUE: Final[WakeSet[str]] = WakeSet()
