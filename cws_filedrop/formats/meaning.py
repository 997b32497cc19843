"""Cells of a seller's own layout -> LINES as the rules expect them: constants, statuses, days written without
separators.

Works column by column, on each distinct text once. May not know where the cells came from.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa

from cws_filedrop.formats.profile import folded_status, telling_column
from cws_filedrop.model import Profile
from cws_filedrop.tables import TEXT, arrow

UNTOUCHED: Final = frozenset(("", "new", "unconfirmed", "partly shipped"))  # what an order file says of an order
TOLD_BY: Final = frozenset(("status", "tracking-number", "ship-date"))
TOGETHER: Final = re.compile(r"([12][0-9]{3})([0-9]{2})([0-9]{2})(?:[T ]?([0-9]{2}):?([0-9]{2}):?([0-9]{2}))?")


def applied(profile: Profile, lines: pd.DataFrame, wanted: frozenset[str] | None = None) -> pd.DataFrame:
    """The lines with the profile's constants and translations, without those that it leaves out; constants only for
    wanted columns (None = all)."""
    lines = _kept(profile, lines, wanted)
    columns: dict[str, Any] = {str(name): lines[name] for name in lines.columns}
    if profile.statuses and "status" in columns:
        ours = dict(profile.statuses)
        columns["status"] = _each(columns["status"], lambda text: ours.get(folded_status(text), text))
    if profile.year_first and "ship-date" in columns:
        columns["ship-date"] = _each(columns["ship-date"], _apart)
    for column, text in profile.constants:
        if wanted is None or column in wanted:
            columns[column] = pd.arrays.ArrowExtensionArray(pa.repeat(pa.scalar(text, pa.string()), len(lines)))
    return pd.DataFrame(columns, index=lines.index, copy=False)


def filled_in(lines: pd.DataFrame) -> pd.DataFrame:
    """The lines of an order file that came back in which a seller said something: a tracking number, a status that is
    not merely how the order stood, or, where there are no statuses, a day of shipment."""
    told = ("tracking-number",) if "status" in lines else ("tracking-number", "ship-date")
    said = np.zeros(len(lines), np.bool_)
    for name in told:
        if name in lines:
            said |= (lines[name] != "").to_numpy(bool)
    if "status" in lines:
        statuses = arrow(lines["status"]).to_pylist()
        said |= np.array([folded_status(one) not in UNTOUCHED for one in statuses], np.bool_)
    return lines[said]


def _kept(profile: Profile, lines: pd.DataFrame, wanted: frozenset[str] | None) -> pd.DataFrame:
    """The lines that are shipments, and only the columns that are wanted."""
    if not profile.leave_out:
        return lines
    for heading, texts in profile.leave_out:
        name = telling_column(profile, heading)
        if name in lines.columns:
            left_out = [folded_status(text) in texts for text in arrow(lines[name]).to_pylist()]
            lines = lines[~np.array(left_out, np.bool_)]
    own = {telling_column(profile, heading) for heading, _ in profile.leave_out}
    ours = {column for column, _ in profile.columns}
    return lines[[name for name in lines.columns if name in (ours if wanted is None else wanted) or name not in own]]


def _each(column: pd.Series[str], change: Callable[[str], str]) -> pd.Series[str]:
    """The column with each distinct text changed."""
    encoded = arrow(column).dictionary_encode()
    texts = pa.array([change(text) for text in encoded.dictionary.to_pylist()], pa.string())
    return pd.Series(pd.arrays.ArrowExtensionArray(texts.take(encoded.indices)), index=column.index, dtype=TEXT)


def _apart(text: str) -> str:
    """20261122 -> 2026-11-22, and with a time 20261122153000 -> 2026-11-22 15:30:00; other texts stay as they are."""
    if (match := TOGETHER.fullmatch(text)) is None:
        return text
    year, month, day, hour, minute, second = match.groups()
    return f"{year}-{month}-{day}" + (f" {hour}:{minute}:{second}" if hour else "")
