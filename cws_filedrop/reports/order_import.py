"""What became of an order file that was imported, for people. Pure: from the values of `Import.as_json`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cws_filedrop.model import Issue


def text(found: Mapping[str, Any], *, most_issues: int) -> list[str]:
    """Some lines: what came in, what is new, and the first so many of the lines that were left out, with the remedy."""
    orders, lines = found["orders"], found["order_lines"]
    told = [
        f"{found['file']}: {found['lines']:,} lines of {found['format']}",
        f"  orders       {orders['new']:,} new, {orders['changed']:,} changed, {orders['unchanged']:,} as before",
        f"  order lines  {lines['new']:,} new, {lines['changed']:,} changed",
    ]
    told += [
        f"  line {taken['line']}: number {taken['number']} belongs to another order and was left out"
        for taken in found["numbers_left_out"]
    ]
    if found["refused_lines"]:
        told.append(f"  left out     {found['refused_lines']:,} lines")
    told += [
        f"  line {issue['line']}: {issue['code']} {issue['message']} {issue['remedy']}"
        for issue in found["issues"][:most_issues]
    ]
    return told


def refused(name: str, issues: Sequence[Issue]) -> list[str]:
    """The same of a file that cannot be used as a whole."""
    return [f"{name}: not imported", *(f"  {issue.code} {issue.message} {issue.remedy}" for issue in issues)]
