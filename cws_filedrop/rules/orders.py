"""O01, O02, O03: the order number of a row. Knows Amazon's form of it, not the order book."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

import numpy as np
import pandas as pd

from cws_filedrop.rules.columns import Column, Mask, Sheet
from cws_filedrop.rules.findings import Findings, Trouble
from cws_filedrop.rules.forms import Form, match
from cws_filedrop.rules.spreadsheets.values import is_error

AMAZON_ID: Final = re.compile(r"[A-Za-z0-9]{3}-[A-Za-z0-9]{7}-[A-Za-z0-9]{7}")  # docs/amazon.md#1-fulfillment
AMAZON_FORM: Final = Form("***-*******-*******")
ROUNDED: Final = re.compile(r"[0-9]([.,][0-9]*)?[eE]\+?[0-9]{1,3}")
DATE: Final = re.compile(
    r"[0-9]{4}[-/.][0-9]{1,2}[-/.][0-9]{1,2}( .*)?|[0-9]{1,2}[-/.][0-9]{1,2}[-/.]([0-9]{2}|[0-9]{4})( .*)?"
    r"|[0-9]{1,2}[-. ][A-Za-z]{3,4}\.?[-. ]([0-9]{2}|[0-9]{4})|[A-Za-z]{3}[-. ][0-9]{2,4}"
)
AROUND: Final = re.compile(r"^[^A-Za-z0-9]+|[^A-Za-z0-9]+$")  # quotes, brackets, a full stop
BARE: Final = re.compile(r"[0-9]{17}")
GROUPS: Final = re.compile(r"[0-9]+([^0-9A-Za-z][0-9]+)+")
OWN_DIGITS: Final = 10  # this many digits or more, in groups, were meant to be Amazon's number


def _written(characters: str) -> str:
    return f"{characters[:3]}-{characters[3:10]}-{characters[10:]}"


def damage(text: str) -> str | None:
    """What is wrong with an order number that was meant to be Amazon's, as the kind of O02; None if it was not."""
    if ROUNDED.fullmatch(text):
        return "rounded"
    if is_error(text):
        return "error"
    if DATE.fullmatch(text):
        return "date"
    inner = AROUND.sub("", text)
    if AMAZON_ID.fullmatch(inner):
        return f"around={inner}"
    if BARE.fullmatch(text):
        return f"hyphens={_written(text)}"
    plain = re.sub(r"[\W_]", "", unicodedata.normalize("NFKC", text))
    if len(plain) == 17 and BARE.fullmatch(plain):
        return f"dashes={_written(plain)}"
    if not text.isprintable() or (GROUPS.fullmatch(text) and len(plain) >= OWN_DIGITS):
        return ""
    return None


def restored(text: str) -> str:
    """The order number with its hyphens put back; "" if missing hyphens are not all that is wrong with the text."""
    if AMAZON_ID.fullmatch(text):
        return ""
    kind, _, found = (damage(text) or "").partition("=")
    return found if kind in ("hyphens", "dashes", "around") else ""


def names(lines: pd.DataFrame) -> list[str]:
    """The names to look up in the order book for some lines of a file, each once."""
    typed = dict.fromkeys(Sheet(lines)["order-id"].distinct.texts)
    typed |= dict.fromkeys(map(restored, typed))
    return [name for name in typed if name]


def trouble(text: str) -> Trouble:
    """Why a text that is not an Amazon order number cannot be used."""
    if not text.strip():
        return ("O01", "")
    kind = damage(text)
    return ("O03", "own") if kind is None else ("O02", kind)


def amazon(column: Column) -> Mask:
    """The rows that have an Amazon order number."""
    return match(column, AMAZON_FORM)


def check(
    sheet: Sheet, findings: Findings, *, unknown_orders: str, settled: Mask | None = None, current: bool = False
) -> None:
    """Note O01, O02 and O03 for orders that are in no order book; `settled` marks the rows of the others.

    `current` if the book should hold the order.
    """
    column = sheet["order-id"]
    good = amazon(column)
    others = np.ones(sheet.size, np.bool_) if settled is None else ~settled
    rows = np.flatnonzero(~good & others)
    found = [trouble(text) for text in column.texts(rows)]
    for code in ("O01", "O02", "O03"):
        chosen = [at for at, one in enumerate(found) if one[0] == code]
        findings.add(code, "order-id", rows[chosen], [found[at][1] for at in chosen])
    if unknown_orders == "reject":
        findings.add_where("O03", "order-id", good & others)
    elif current:
        findings.add_where("O03", "order-id", good & others, "unlisted")
