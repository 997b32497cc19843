"""Clean lines of every layout and profile, and what a slipped key or a broken export makes of them."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from typing import Final

from cws_filedrop.examine import examine
from cws_filedrop.formats import known_profiles
from cws_filedrop.formats.amazon_shipping_confirmation import FORMAT as AMAZON
from cws_filedrop.formats.fillz_confirmation import FORMAT as FILLZ
from cws_filedrop.model import JudgementContext, Profile
from cws_filedrop.rules.check_digits import CHECKS

NOW: Final = datetime(2026, 11, 29, 12, tzinfo=UTC)
PROFILES: Final = {name: known_profiles.known(name) for name in known_profiles.names()}
CELLS: Final[Mapping[str, tuple[str, ...]]] = {
    "status": ("shipped",),
    "ship-date": ("2026-11-26", "2026-11-27", "2026-11-28"),
    "carrier-code": ("UPS",),
    "carrier-name": ("",),
    "ship-method": ("Ground", "2nd Day Air"),
    "quantity": ("1", "2"),
    "ship-from-name": ("Warehouse",),
    "ship-from-line1": ("1 Main Street",),
    "ship-from-city": ("Springfield",),
    "ship-from-country": ("US",),
}
STATUS: Final = {"sendcloud": "outgoing", "woocommerce-ast": "1", "easypost": ""}


@dataclass(frozen=True)
class Table:
    """A layout: its headings with a note of the seller's own, and the rule column of each."""

    name: str
    headings: tuple[str, ...]
    columns: tuple[str, ...]
    separator: str
    profile: Profile | None = None

    def row(self, random: Random, number: int, *, empty: int = 0) -> list[str]:
        """A clean row, its last `empty` cells being empty."""
        cells = [self._cell(random, column, number) for column in self.columns]
        return cells[: len(cells) - empty] + [""] * empty

    def _cell(self, random: Random, column: str, number: int) -> str:
        match column:
            case "order-id":
                return f"112-{number:07d}-{random.randrange(10**7):07d}"
            case "order-item-id":
                return f"{random.randrange(10**13, 10**14)}"
            case "tracking-number":
                return ups(random)
            case "transparency-code":
                return random.choice(("", "AZ:2KNFSQ2N8NVK6XDQJ4KM2EHBTA"))
            case "status":
                return STATUS.get(self.name, "shipped")
            case "ship-date":
                day = random.choice(CELLS[column])
                return day if self.name != "woocommerce-ast" else "-".join(reversed(day.split("-")))
            case "":
                return random.choice(("", "a note"))
            case _:
                return random.choice(CELLS.get(column, ("",)))


def ups(random: Random) -> str:
    """A UPS number with its check digit."""
    body = "".join(random.choice("0123456789") for _ in range(15))
    weights = CHECKS["ups"].weights
    total = sum(int(digit) * weights[at % 2] for at, digit in enumerate(reversed(body)))
    return f"1Z{body}{-total % 10}"


def tables() -> Iterator[Table]:
    """Every layout, wide and narrow, and every profile."""
    narrow = ("order-id", "status", "tracking", "carrier", "ship_method")
    yield Table("fillz", (*FILLZ.headings, "note"), (*FILLZ.headings.values(), ""), "\t")
    yield Table("fillz-narrow", narrow, tuple(FILLZ.headings[one] for one in narrow), "\t")
    yield Table("amazon", tuple(AMAZON.headings), tuple(AMAZON.headings.values()), "\t")
    eight = tuple(AMAZON.headings)[:8]
    yield Table("amazon-eight", eight, tuple(AMAZON.headings[one] for one in eight), "\t")
    yield Table("amazon-comma", eight, tuple(AMAZON.headings[one] for one in eight), ",")
    for name, profile in PROFILES.items():
        columns = [(names[0], column) for column, names in profile.columns] + [("note", "")]
        typed = tuple(heading for heading, _ in columns)
        yield Table(name, typed, tuple(column for _, column in columns), ",", profile)


Pollute = Callable[[list[str], int, str, str], list[str] | None]  # cells, place, separator, the next line -> lines


def _tab_more(cells: list[str], at: int, separator: str, _: str) -> list[str]:
    return [separator.join([*cells[:at], "", *cells[at:]])]


def _tab_within(cells: list[str], at: int, separator: str, _: str) -> list[str] | None:
    half = len(cells[at]) // 2
    if not half:
        return None
    return [separator.join([*cells[:at], cells[at][:half], cells[at][half:], *cells[at + 1 :]])]


def _tab_fewer(cells: list[str], at: int, separator: str, _: str) -> list[str] | None:
    return _joined(cells, at, separator, "")


def _tab_to_blank(cells: list[str], at: int, separator: str, _: str) -> list[str] | None:
    return _joined(cells, at, separator, " ")


def _joined(cells: list[str], at: int, separator: str, by: str) -> list[str] | None:
    if at + 1 >= len(cells):
        return None
    return [separator.join([*cells[:at], cells[at] + by + cells[at + 1], *cells[at + 2 :]])]


def _quote_before(cells: list[str], at: int, separator: str, _: str) -> list[str]:
    return [separator.join([*cells[:at], '"' + cells[at], *cells[at + 1 :]])]


def _quote_behind(cells: list[str], at: int, separator: str, _: str) -> list[str]:
    return [separator.join([*cells[:at], cells[at] + '"', *cells[at + 1 :]])]


def _line_joined(cells: list[str], at: int, separator: str, following: str) -> list[str] | None:
    return [separator.join(cells) + separator.join(["", ""])[:at] + following] if at < 2 else None


def _line_cut(cells: list[str], at: int, separator: str, _: str) -> list[str]:
    return [separator.join(cells[:at])]


def _row_twice(cells: list[str], at: int, separator: str, _: str) -> list[str] | None:
    return [separator.join(cells)] * 2 if not at else None


POLLUTIONS: Final[dict[str, Pollute]] = {
    "tab more": _tab_more,
    "tab within": _tab_within,
    "tab fewer": _tab_fewer,
    "tab to blank": _tab_to_blank,
    "quote before": _quote_before,
    "quote behind": _quote_behind,
    "line joined": _line_joined,
    "line cut": _line_cut,
    "row twice": _row_twice,
}


def sent(table: Table, lines: list[str], surplus: int) -> set[tuple[str, ...]]:
    """What would go to Amazon of a file of these lines; heading row and clean lines have so many surplus cells."""
    heading = table.separator.join([*table.headings, *[""] * surplus])
    data = "\r\n".join([heading, *lines, ""]).encode()
    profiles = (table.profile,) if table.profile else ()
    context = JudgementContext(NOW, profiles=profiles)
    examination = examine(io.BytesIO(data), file_name="polluted.txt", context=context)
    rows: set[tuple[str, ...]] = set()
    for piece in examination.pieces():
        rows.update(piece.shipments.itertuples(index=False, name=None))
    return rows
