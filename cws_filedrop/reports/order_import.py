"""What became of an imported order file, for people. Pure: from the values of `ImportResult.as_json`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cws_filedrop.model import Issue


def text(imported: Mapping[str, Any], *, most_issues: int) -> list[str]:
    """Some lines of text: what came in, what is new, and the first `most_issues` issues of lines that were left out."""
    orders, lines = imported["orders"], imported["order_lines"]
    summary = [
        f"{imported['file']}: {imported['lines']:,} lines of {imported['format']}, written in {imported['encoding']}",
        f"  orders       {orders['new']:,} new, {orders['changed']:,} changed, {orders['unchanged']:,} as before",
        f"  order lines  {lines['new']:,} new, {lines['changed']:,} changed",
    ]
    summary += [
        f"  line {taken['line']}: number {taken['number']} belongs to another order and was left out"
        for taken in imported["numbers_left_out"]
    ]
    if imported["refused_lines"]:
        summary.append(f"  left out     {imported['refused_lines']:,} lines")
    summary += [
        f"  line {issue['line']}: {issue['code']} {issue['message']} {issue['remedy']}"
        for issue in imported["issues"][:most_issues]
    ]
    return summary


def refused(name: str, issues: Sequence[Issue]) -> list[str]:
    """The same for a file that cannot be used as a whole."""
    return [f"{name}: not imported", *(f"  {issue.code} {issue.message} {issue.remedy}" for issue in issues)]
