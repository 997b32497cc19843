"""Error values and truth values of spreadsheets in all languages; they are data, in `data/spreadsheet-errors.tsv`."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from typing import Final

# In any language: LibreOffice's codes, a column that was too narrow, and Excel's errors in a language not listed.
CODED: Final = re.compile(r"[^\W\d_]{2,9}\.? ?: ?5[0-9]{2}|#{3,}|[#!][¡¿]?[^\W\d_][\w/.]{0,22}[!?]")


@cache
def _values() -> dict[str, str]:
    rows = files("cws_filedrop.rules").joinpath("data", "spreadsheet-errors.tsv").read_text(encoding="utf-8")
    cells = [row.split("\t") for row in rows.splitlines() if not row.startswith("#")]
    return {shown.casefold(): kind for kind, shown, _ in cells}


def is_error(text: str) -> bool:
    """Is the cell an error value, such as #N/A, #NV or Err:502?"""
    return _values().get(text.casefold()) == "error" or CODED.fullmatch(text) is not None


def is_logical(text: str) -> bool:
    """Is the cell a truth value, such as TRUE or FALSCH?"""
    return _values().get(text.casefold()) == "logical"
