"""Marks by which spreadsheets, and programs that write for them, keep text as text."""

from __future__ import annotations

import re
from typing import Final

# ="0034…", what some programs write so that Excel keeps a number as it is; and Excel's own mark for text, '0034…
MARKED: Final = re.compile(r"""=\s*"([^"]*)"|=\s*T\("([^"]*)"\)|'+([^\s'].*?)'?""", re.DOTALL)
NAME: Final = re.compile(r"[^\W\d_] .*")  # 't Hooft Koeriers: an apostrophe that belongs to a word


def unmarked(text: str) -> str:
    """The text within a mark that makes it text; any other text as it is."""
    found = MARKED.fullmatch(text)
    if found is None or (found[3] is not None and NAME.fullmatch(found[3])):
        return text
    return next(part for part in found.groups() if part is not None)
