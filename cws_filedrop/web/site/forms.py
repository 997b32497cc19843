"""What may stand in a form and in a path. A zero byte may not: PostgreSQL keeps none."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import Form, Path

LARGEST: Final = 2**31 - 1
NO_ZERO: Final = r"^[^\x00]*$"

Text = Annotated[str, Form(max_length=1000, pattern=NO_ZERO)]
Number = Annotated[int, Path(ge=0, le=LARGEST)]


def whole(text: str, *, digits: int = 9) -> int | None:
    """A whole number of so many digits at most; None for what is none."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= digits else None
