"""A line with a tab, a quote or a line end too many or too few says what the clean line says, or nothing at all."""

from __future__ import annotations

from itertools import chain
from random import Random

import pytest
from formats.pollution import POLLUTIONS, Table, sent, tables

CASES = [(table, empty, surplus) for table in tables() for empty in range(3) for surplus in range(3)]


def polluted(table: Table, empty: int, surplus: int, *, alone: bool) -> tuple[int, list[str]]:
    """How many lines were polluted, and what of them was sent otherwise than the clean lines say."""
    random = Random(f"{table.name} {empty} {surplus}")
    count, wrong = 0, []
    numbers = iter(range(1, 10**6))

    def line() -> list[str]:
        return [*table.row(random, next(numbers), empty=empty), *[""] * surplus]

    clean: list[list[str]] = []
    dirty: list[list[str]] = []
    names: list[str] = []
    for name, pollute in POLLUTIONS.items():
        for at in range(len(table.columns) + surplus):
            before, cells, behind = line(), line(), line()
            joined = [table.separator.join(row) for row in (before, cells, behind)]
            lines = pollute(cells, at, table.separator, joined[2])
            if lines is None:
                continue
            count += 1
            clean.append(joined)
            dirty.append([joined[0], *lines, joined[2]])
            names.append(f"{name} at {at}")
    if not alone:
        clean, dirty = [list(chain.from_iterable(clean))], [list(chain.from_iterable(dirty))]
        names = ["all in one file"]
    for name, good, bad in zip(names, clean, dirty, strict=True):
        says = sent(table, good, surplus)
        if empty < 2:  # with two, some profiles lack what they need
            assert len(says) >= len(good) * 0.9, f"{table.name}: the clean lines are sent"
        wrong += [f"{table.name} {empty} {surplus} {name}: {row}" for row in sent(table, bad, surplus) - says]
    return count, wrong


@pytest.mark.parametrize(("table", "empty", "surplus"), CASES, ids=lambda one: getattr(one, "name", str(one)))
def test_of_many_polluted_lines_in_a_file_none_is_sent_otherwise(table: Table, empty: int, surplus: int) -> None:
    count, wrong = polluted(table, empty, surplus, alone=False)
    assert count > 30
    assert not wrong


@pytest.mark.long
@pytest.mark.parametrize(("table", "empty", "surplus"), CASES, ids=lambda one: getattr(one, "name", str(one)))
def test_a_polluted_line_among_clean_ones_is_not_sent_otherwise(table: Table, empty: int, surplus: int) -> None:
    _, wrong = polluted(table, empty, surplus, alone=True)
    assert not wrong


def test_the_table_has_thousands_of_lines() -> None:
    random = Random(1)
    count = 0
    for table, empty, surplus in CASES:
        cells = table.row(random, 1, empty=empty) + [""] * surplus
        made = (p(cells, at, table.separator, "") for p in POLLUTIONS.values() for at in range(len(cells)))
        count += sum(1 for one in made if one is not None)
    assert count >= 5_000
