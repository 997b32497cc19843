"""A sample of a seller's own layout -> a first profile for it, as TOML with a remark wherever it is a guess.

Columns are recognised by their headings and their contents: order numbers, tracking numbers, days, carriers. A
suggestion always loads; a person reviews it. May not know files or disks.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Final, NamedTuple

from cws_filedrop.formats import profile
from cws_filedrop.formats.claims import FORMATS, claimants
from cws_filedrop.formats.names import NAMES
from cws_filedrop.formats.profile import DELIMITERS, STATUSES, heading_of
from cws_filedrop.formats.spelling import nearest, plain
from cws_filedrop.rules.carriers import is_none, is_other, shipped_table

SURE: Final = 1.2  # heading and cells together point to it, or one of them beyond doubt
LEAST: Final = 0.62
SHOWN_VALUES: Final = 12
ORDER_ID: Final = re.compile(r"\w{3}-\w{7}-\w{7}")
ITEM_ID: Final = re.compile(r"[0-9]{14}")
QUANTITY: Final = re.compile(r"[1-9][0-9]{0,3}")
TRACKING: Final = re.compile(r"1Z[0-9A-Z]{16}|[A-Z]{2}[0-9]{9}[A-Z]{2}|TBA[0-9]{9,12}|J[JV]D[0-9]{14,20}|9[0-9]{19,25}")
LONG_NUMBER: Final = re.compile(r"(?=(?:[A-Z]*[0-9]){8})[A-Z0-9]{8,34}")
DAY: Final = re.compile(r"(?:[0-9]{4}[-/]?[0-9]{2}[-/]?[0-9]{2}|[0-9]{1,2}[-/.][0-9]{1,2}[-/.][0-9]{4})(?:[T ].*)?")
DAY_OR_MONTH: Final = re.compile(r"([0-9]{1,2})[-/]([0-9]{1,2})[-/][0-9]{4}.*")
TOGETHER: Final = re.compile(r"[12][0-9]{7}(?:[T ]?[0-9]{6})?")

NEEDED: Final = ("order-id", "tracking-number", "carrier-code", "ship-date")


class Sample(NamedTuple):
    """The beginning of a file: its separator, its heading row, and some rows below it."""

    delimiter: str
    headings: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True)
class Guess:
    """One of our columns, the heading that may stand for it, and how sure that is."""

    column: str
    heading: str
    cells: tuple[str, ...]
    score: float


def suggest(sample: Sample, *, of: str) -> str:
    """A first profile for files like this sample; `of` is the sample's name.

    Raises: ConfigError when the headings lead nowhere, such as when there are none.
    """
    guesses = {guess.column: guess for guess in _guesses(sample)}
    if "order-item-id" not in guesses:
        guesses.pop("quantity", None)  # without an item to go with it would not be sent
    text = "\n".join(_lines(sample, guesses, of)) + "\n"
    profile.parse(text, "suggested")
    return text


def _guesses(sample: Sample) -> Iterator[Guess]:
    """The best heading for each of our columns; none is used twice, and the surest guess takes its heading first."""
    columns = [
        (heading, tuple(row[place] for row in sample.rows if place < len(row) and row[place]))
        for place, heading in enumerate(sample.headings)
        if heading and heading.isprintable()
    ]
    scored = [
        Guess(column, heading, cells, _alike(heading, NAMES[column]) + _filled(column, cells))
        for column in NAMES
        for heading, cells in columns
    ]
    taken: set[str] = set()
    for guess in sorted(scored, key=lambda one: -one.score):
        least = 0.0 if guess.column == "order-id" else LEAST
        if guess.score >= least and not taken & {guess.column, plain(guess.heading)}:
            taken |= {guess.column, plain(guess.heading)}
            yield guess


def _alike(heading: str, names: Iterable[str]) -> float:
    """How close a heading is to the usual ones: 1 for the same, at most 0.8 for a merely similar one."""
    typed = " ".join(re.findall(r"[^\W_]+|#", heading.casefold()))
    if typed in names:
        return 1.0
    words = set(typed.split())
    held = max((0.8 for name in names if " " in name and set(name.split()) <= words), default=0.0)
    last = 0.65 if set(typed.split()[-1:]) & set(names) else 0.0
    return max(held, last, 0.8 * max(SequenceMatcher(None, typed, name).ratio() ** 2 for name in names))


def _filled(column: str, cells: Sequence[str]) -> float:
    """How well cells fit what the column holds: 1 when all do, below 0 when they cannot be it."""
    looks = LOOKS.get(column)
    if looks is None or not cells:
        return 0.0
    fitting = sum(looks(cell) for cell in cells) / len(cells)
    if column == "status" and fitting < 0.3:
        return -1.0  # every line with a status we do not know would be rejected
    return fitting if fitting >= 0.5 or column in ("order-id", "carrier-code") else fitting - 0.3


def _tracking(cell: str) -> float:
    text = cell.replace(" ", "").upper()
    return 1.0 if TRACKING.fullmatch(text) else 0.7 if LONG_NUMBER.fullmatch(text) else 0.0


def _matches(pattern: re.Pattern[str], worth: float) -> Callable[[str], float]:
    return lambda cell: worth if pattern.fullmatch(cell) else 0.0


LOOKS: Final[dict[str, Callable[[str], float]]] = {
    "order-id": _matches(ORDER_ID, 1.5),
    "order-item-id": _matches(ITEM_ID, 0.9),
    "tracking-number": _tracking,
    "carrier-code": lambda cell: 0.9 if _is_carrier(cell) else 0.0,
    "ship-date": _matches(DAY, 0.7),
    "quantity": _matches(QUANTITY, 0.3),
    "status": lambda cell: 0.6 if profile.folded_status(cell) in STATUSES else 0.0,
}


def _is_carrier(cell: str) -> bool:
    return not is_none(cell) and (is_other(cell) or shipped_table().find(cell, {}) is not None)


def _lines(sample: Sample, guesses: dict[str, Guess], of: str) -> Iterator[str]:
    yield f"# A first profile, made of {of}. Look it over, above all where it says unsure, and try it:"
    yield "# cws-filedrop check FILE --profile THIS_FILE"
    if any(name in FORMATS for name in claimants(sample.headings)):
        yield "# Such files are understood without a profile, too; it is needed only if other columns are meant."
    yield from ("", "[file]", *_about_file(sample, guesses))
    yield from ("", "[columns]", *_about_columns(guesses))
    named = {plain(guess.heading) for guess in guesses.values()}
    if others := [repr(heading) for heading in sample.headings if heading and plain(heading) not in named]:
        yield f"# not used: {', '.join(others)}"
    if "status" in guesses:
        yield from ("", "[statuses]", *_about_statuses(guesses["status"]))
    if "carrier-code" in guesses:
        yield from _about_carriers(guesses["carrier-code"])


def _about_file(sample: Sample, guesses: dict[str, Guess]) -> Iterator[str]:
    words = {mark: word for word, mark in DELIMITERS.items()}
    yield f'delimiter = "{words[sample.delimiter]}"'
    if "ship-date" in guesses:
        yield _date_order(guesses["ship-date"].cells)


def _date_order(cells: Sequence[str]) -> str:
    found = [(int(match[1]), int(match[2])) for cell in cells if (match := DAY_OR_MONTH.fullmatch(cell))]
    if not found:
        written = any(TOGETHER.fullmatch(cell) for cell in cells)
        return 'date_order = "year-first"' + ("  # 20261122 is read as 2026-11-22" if written else "")
    if any(first > 12 for first, _ in found):
        return 'date_order = "day-first"'
    if any(second > 12 for _, second in found):
        return 'date_order = "month-first"'
    return '# date_order = "day-first"  # unsure: or "month-first"; no day in the sample tells'


def _about_columns(guesses: dict[str, Guess]) -> Iterator[str]:
    for column in NAMES:
        if column in guesses:
            guess = guesses[column]
            doubt = "" if guess.score >= SURE else f"  # unsure: it holds {_example(guess.cells)}"
            yield f"{heading_of(column)} = {_toml(guess.heading)}{doubt}"
        elif column in NEEDED:
            yield f'# {heading_of(column)} = ""  # unsure: no heading looks like it'


def _example(cells: Sequence[str]) -> str:
    return f"{next(iter(cells))!a}"[:60] if cells else "nothing in the sample"


def _about_statuses(guess: Guess) -> Iterator[str]:
    yield f"# what the file says = one of ours: {', '.join(STATUSES)}; lines with another status are rejected"
    for text in list(dict.fromkeys(profile.folded_status(cell) for cell in guess.cells))[:SHOWN_VALUES]:
        if text.isprintable():
            known = text in STATUSES
            yield f"{_toml(text)} = {_toml(text)}" if known else f'# {_toml(text)} = "shipped"  # unsure'


def _about_carriers(guess: Guess) -> Iterator[str]:
    names = dict.fromkeys(cell for cell in guess.cells if cell.isprintable() and not _is_carrier(cell))
    if not names:
        return
    yield from ("", "[carriers]", "# what the file says = a code of Amazon's list; others are sent as Other + name")
    for name in list(names)[:SHOWN_VALUES]:
        near = nearest(name, sorted(shipped_table().codes)) or "USPS"
        yield f"# {_toml(name)} = {_toml(near)}  # unsure"


def _toml(text: str) -> str:
    """A text in quotes as TOML has them."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
