"""The first rows of a file -> its heading row: of a standard layout, or of one of the seller's own (profiles).

Headings spelled exactly as in a standard layout mean that layout. Else the file is read by the profile whose headings
are all there; of several such, by the one that names most headings. Else a standard layout is tried with other
spellings. May not know bytes, nor the lines below the headings.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from cws_filedrop.errors import FileRejected
from cws_filedrop.formats import header, split
from cws_filedrop.formats.claims import FORMATS, ORDER_FORMATS, reading
from cws_filedrop.formats.header import Header, HeadingRow
from cws_filedrop.formats.layout import Format
from cws_filedrop.formats.profile import telling_column
from cws_filedrop.formats.spelling import listed, nearest, plain
from cws_filedrop.model import Issue, Profile
from cws_filedrop.rules import catalogue

Lines = Sequence[tuple[int, str]]


class Fit(NamedTuple):
    """How a profile fits a row: the cell numbers of each rule column that it finds, and the columns it misses."""

    profile: Profile
    row: HeadingRow
    found: dict[str, list[int]]
    missing: list[str]


def recognised(lines: Lines, wanted: Mapping[str, Format], profiles: Sequence[Profile]) -> Header:
    """The heading row among the first lines of a file (line number, text).

    Raises: FileRejected F01, F03, F04, F05 or F06.
    """
    if not profiles or wanted is not FORMATS:
        return header.find(lines, wanted)
    fits = [fit for line in lines for profile in profiles for fit in _fits(profile, line)]
    row = _claimed([fit for fit in fits if not fit.missing])
    if row is not None and not _is_standard(row[0].row.cells):
        return _understood(row, lines)
    try:
        return header.find(lines, wanted)
    except FileRejected as error:
        raise _better(error, fits) from error


def _fits(profile: Profile, line: tuple[int, str]) -> Iterator[Fit]:
    delimiters = (profile.delimiter,) if profile.delimiter else split.DELIMITERS
    for row in header.rows(line, delimiters):
        spelled = [plain(cell) for cell in row.cells]
        found: dict[str, list[int]] = {}
        for column, names in profile.columns:
            places = ([at for at, cell in enumerate(spelled) if cell == plain(name)] for name in names)
            if there := next(filter(None, places), None):
                exact = [at for at in there if row.cells[at] in names]
                found[column] = exact if len(exact) == 1 else there
        columns = [column for column, _ in profile.columns]
        yield Fit(profile, row, found, [one for one in columns if one not in found and one not in profile.optional])


def _claimed(fits: Sequence[Fit]) -> list[Fit] | None:
    """In the first row that any profile fits: the profiles that name the most of its headings; several when tied."""
    if not fits:
        return None
    first = min(fit.row.line for fit in fits)
    here = [fit for fit in fits if fit.row.line == first]
    most = max(len(fit.found) for fit in here)
    return [fit for fit in here if len(fit.found) == most]


def _is_standard(cells: Sequence[str]) -> bool:
    """Are all headings that some standard layout requires there, spelled exactly as it spells them?"""
    layouts = (*FORMATS.values(), *ORDER_FORMATS.values())
    return any(
        all(heading in cells for heading, column in layout.headings.items() if column in layout.required)
        for layout in layouts
    )


def _understood(fits: Sequence[Fit], lines: Lines) -> Header:
    profile, row, found, _ = fits[0]
    if len(others := list(dict.fromkeys(fit.profile.name for fit in fits))) > 1:
        raise FileRejected(catalogue.issue("F06", detail=f"profiles={listed(others)}"))
    header.check_width(row)
    if repeated := [places for places in found.values() if len(places) > 1]:
        raise FileRejected(*(_repeated(row, places) for places in repeated))
    columns = {places[0]: column for column, places in found.items()}
    for heading, _ in profile.leave_out:
        for number in (at for at, cell in enumerate(row.cells) if plain(cell) == plain(heading)):
            columns.setdefault(number, telling_column(profile, heading))
    read = tuple(columns.get(number, "") for number in range(len(row.cells)))
    notes = tuple(_notes(profile, row, found, above=[number for number, _ in lines if number < row.line]))
    return Header(_format(profile, row, found), row, read, (), notes, profile)


def _repeated(row: HeadingRow, places: Sequence[int]) -> Issue:
    numbers = listed([str(place + 1) for place in places])
    return catalogue.issue("F04", column=row.cells[places[0]], detail=f"columns {numbers}")


def _format(profile: Profile, row: HeadingRow, found: Mapping[str, Sequence[int]]) -> Format:
    named = {column: row.cells[places[0]] for column, places in found.items()}
    headings = {named.get(column, names[0]): column for column, names in profile.columns}
    required = frozenset(column for column, _ in profile.columns) - profile.optional
    return Format(f"profile {profile.name}", headings, required)


def _notes(profile: Profile, row: HeadingRow, found: Mapping[str, object], *, above: Sequence[int]) -> Iterator[str]:
    yield f'The file was read by your profile "{profile.name}".'
    if absent := [names[0] for column, names in profile.columns if column not in found]:
        yield f"It names headings that this file does not have: {listed(absent)}."
    if others := sum(1 for cell in row.cells if cell) - len(found):
        yield f"Columns that it does not name were left out: {others:,}."
    if above:
        yield header.above_note(row)


def _better(error: FileRejected, fits: Sequence[Fit]) -> FileRejected:
    """The error to report: what the nearest profile misses, if it is nearer than every standard layout."""
    best = max(fits, key=lambda fit: (len(fit.found), -len(fit.missing)), default=None)
    if best is None or not best.found or not best.missing:
        return error
    known = max(len(reading(one, fit.row.cells)) for fit in fits for one in FORMATS.values())
    if known >= len(best.found):
        return error
    taken = {place for places in best.found.values() for place in places}
    others = [cell for place, cell in enumerate(best.row.cells) if cell and place not in taken]
    names = {column: spellings[0] for column, spellings in best.profile.columns}
    absent = [names[column] for column in best.missing]
    return FileRejected(*(catalogue.issue("F03", column=name, detail=nearest(name, others)) for name in absent))
