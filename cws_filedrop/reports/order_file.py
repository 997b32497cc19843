"""Orders -> the file a seller works from: the ancestor's columns, one row per order line, those of an order together.

Tab-delimited, UTF-8, CRLF. Whatever buyers typed is disarmed, since people open these files in spreadsheets.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from cws_filedrop.reports import table
from cws_filedrop.tables import PEOPLE_COLUMNS

HOW_TO: Final = (
    "How to use this file: type shipped into the column status of what you sent, fill in tracking, carrier and "
    "ship_date, and drop the file into inbox. Leave the rest as it is; lines that are not filled in are left out."
)
_TYPED_BY_OTHERS = frozenset({*PEOPLE_COLUMNS, "item-name"})


def order_file(rows: Iterable[Mapping[str, object]], columns: Mapping[str, str]) -> bytes:
    """The whole file, with a line on top that says how to use it. `columns` has the rule column (ORDER_COLUMNS,
    PEOPLE_COLUMNS) of each heading; `rows` are by rule column, and a missing one is empty.
    """
    lines = ([_cell(row, column) for column in columns.values()] for row in rows)
    body = "".join("\t".join(line) + table.END for line in lines)
    return (HOW_TO + table.END).encode() + table.heading(list(columns)) + body.encode(errors="replace")


def _cell(row: Mapping[str, object], column: str) -> str:
    text = str(value) if (value := row.get(column)) is not None else ""
    return table.plain(text) if column in _TYPED_BY_OTHERS else table.unbroken(text)
