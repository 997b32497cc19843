"""Our own XSDs of the documents we send and read, and Amazon's carrier codes, as package data.

Hands out bytes and text; knows no XML library and compiles nothing (that is `feeds.schema`).
"""

from __future__ import annotations

from importlib.resources import files
from typing import Final

ORDER_FULFILLMENT: Final = "order_fulfillment.xsd"
ORDER_ACKNOWLEDGEMENT: Final = "order_acknowledgement.xsd"
PROCESSING_REPORT: Final = "processing_report.xsd"
CARRIER_CODES: Final = "carrier-codes.txt"


def read(name: str) -> bytes:
    """The bytes of one file of this package.

    Raises: FileNotFoundError when there is no such file.
    """
    return files(__name__).joinpath(name).read_bytes()


def carrier_codes() -> tuple[str, ...]:
    """Amazon's carrier codes, to the letter, in the order of Amazon's list (377 values)."""
    return tuple(read(CARRIER_CODES).decode("utf-8").splitlines())
