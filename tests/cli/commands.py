"""Commands as an operator gives them, in this process: the same entry point, without the start of an interpreter."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SAMPLES = Path(__file__).parents[2] / "sample_files"
NOW = "2026-11-22T12:00:00Z"


@dataclass(frozen=True)
class Said:
    """What a command said, and its exit code."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        """Its standard output, which is one JSON document."""
        return json.loads(self.out)


Command = Callable[..., Said]
