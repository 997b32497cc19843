"""Is a ship method slow or fast (reference: fillz, "Orders")? "Standard" anywhere in it, in any case, is slow."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

_SLOW: Final = "standard"


class Speed(StrEnum):
    """How soon a buyer expects the parcel."""

    SLOW = "slow"
    FAST = "fast"


def speed(ship_method: str) -> Speed | None:
    """The speed of a ship method; None where there is none."""
    if not ship_method.strip():
        return None
    return Speed.SLOW if _SLOW in ship_method.casefold() else Speed.FAST
