"""A seeded generator of shipped-order files: the same seed and number of rows give the same bytes.

`python -m bench.generate ROWS > FILE`. The rows are amazon-shipping-confirmation lines: mostly one line an order, some
orders of two lines in one package; 2 % of the lines are bad, each in one of the ways sellers' files are.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import BinaryIO, Final

HEADING: Final = (
    "order-id",
    "order-item-id",
    "quantity",
    "ship-date",
    "carrier-code",
    "carrier-name",
    "tracking-number",
    "ship-method",
)
TODAY: Final = date(2026, 11, 21)  # of files that are to be the same always; what is a year old is refused
BAD_SHARE: Final = 0.02
BLOCK_ROWS: Final = 10_000
METHODS: Final = ("Standard", "Expedited", "Ground", "Second Day", "")


def ups(chance: random.Random) -> str:
    """A UPS number with its check digit."""
    body = "".join(chance.choices("0123456789ABCDEFGHJKLMNPRSTVWXY", k=6)) + f"{chance.randrange(10**9):09d}"
    values = [int(c) if c.isdigit() else (ord(c) - 63) % 10 for c in body]
    total = sum(values[0::2]) + 2 * sum(values[1::2])
    return f"1Z{body}{-total % 10}"


def usps(chance: random.Random) -> str:
    """A USPS number of 22 digits with its check digit."""
    body = f"94001{chance.randrange(10**16):016d}"
    total = 3 * sum(map(int, body[-1::-2])) + sum(map(int, body[-2::-2]))
    return f"{body}{-total % 10}"


def fedex(chance: random.Random) -> str:
    """A FedEx Express number of 12 digits with its check digit."""
    body = f"{chance.randrange(10**10, 10**11):011d}"
    total = sum(int(digit) * weight for digit, weight in zip(body, (3, 1, 7) * 4, strict=False))
    return f"{body}{total % 11 % 10}"


def other(chance: random.Random) -> str:
    """A number of a carrier that nobody lists."""
    return f"RP{chance.randrange(10**10):010d}"


CARRIERS: Final[tuple[tuple[str, str, Callable[[random.Random], str]], ...]] = (
    ("UPS", "", ups),
    ("USPS", "", usps),
    ("FedEx", "", fedex),
    ("Other", "River Post", other),
)


def _order(chance: random.Random, number: int) -> str:
    return (
        f"{chance.choice((103, 111, 112, 113, 114))}-{number // 10_000_000 + 1_000_000:07d}-{number % 10_000_000:07d}"
    )


def _cells(chance: random.Random, number: int, today: date) -> list[str]:
    code, name, tracking = CARRIERS[min(int(chance.random() * 4.2), 3)]
    item = f"{10_000_000_000_000 + number * 7 + chance.randrange(7):014d}"
    day = (today - timedelta(days=21 - chance.randrange(10, 21))).isoformat()
    quantity = "1" if chance.random() < 0.9 else str(chance.randrange(2, 6))
    return [_order(chance, number), item, quantity, day, code, name, tracking(chance), chance.choice(METHODS)]


def _spoil(chance: random.Random, cells: list[str]) -> list[str]:
    match chance.randrange(8):
        case 0:
            cells[0] = cells[0][:-1]
        case 1:
            cells[1] = cells[1][1:]
        case 2:
            cells[2] = "0"
        case 3:
            cells[3] = "2026-02-30"
        case 4:
            cells[4], cells[5] = "Other", ""
        case 5:
            cells[6] = "9.4E+21"
        case 6:
            cells[6] = "N/A"
        case _:
            cells.append("one cell too many")
    return cells


def rows(number: int, *, seed: int = 1, today: date = TODAY) -> Iterator[str]:
    """The lines of a file that was dropped on that day, the heading first, without line ends."""
    chance = random.Random(seed)
    yield "\t".join(HEADING)
    for place in range(number):
        cells = _cells(chance, place, today)
        yield "\t".join(_spoil(chance, cells) if chance.random() < BAD_SHARE else cells)


def write(out: BinaryIO, number: int, *, seed: int = 1, today: date = TODAY) -> None:
    """Write a file of `number` lines and a heading."""
    block = []
    for line in rows(number, seed=seed, today=today):
        block.append(line)
        if len(block) == BLOCK_ROWS:
            out.write(("\n".join(block) + "\n").encode())
            block = []
    if block:
        out.write(("\n".join(block) + "\n").encode())


if __name__ == "__main__":
    write(sys.stdout.buffer, int(sys.argv[1]), seed=int(sys.argv[2]) if len(sys.argv) > 2 else 1)
