"""I01, Q01, Q04, X01: which item of the order, how many, and their transparency codes. Knows no order book."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from cws_filedrop.rules.columns import Column, Mask, Sheet, Spread, replaced
from cws_filedrop.rules.findings import Findings, Trouble
from cws_filedrop.rules.forms import Form, match
from cws_filedrop.rules.orders import ROUNDED
from cws_filedrop.rules.spreadsheets.values import is_error

ITEM_FORM: Final = Form("#" * 14)  # docs/amazon.md#1-fulfillment
ITEM_ID: Final = re.compile(r"[0-9]{14}")
FLOAT: Final = re.compile(r"([0-9]{12,14})[.,]0+")
LOST_ZERO: Final = re.compile(r"[0-9]{13}")
QUANTITY: Final = re.compile(r"0*([1-9][0-9]{0,8})")
WHOLE: Final = re.compile(r"[+]?0*([1-9][0-9]{0,8})([.,]0+)?")
CODE_SEPARATORS: Final = re.compile(r"[,;|\s]+")
MOST_CODES: Final = 10  # docs/amazon.md#1-fulfillment


@dataclass(frozen=True)
class Items:
    """What was shipped of the order, valid for the feed where the row has no error."""

    item: Column
    quantity: Spread
    codes: Spread


def item_trouble(text: str) -> Trouble:
    """Why a text is not an order-item-id."""
    if LOST_ZERO.fullmatch(text):
        return ("I01", f"zero=0{text}")
    if is_error(text):
        return ("I01", "error")
    if found := FLOAT.fullmatch(text):
        return ("I01", f"float={found[1].zfill(14)}")
    return ("I01", "rounded" if ROUNDED.fullmatch(text) else "")


def read_ids(
    sheet: Sheet,
    findings: Findings,
    repairs: Mapping[int, str] | None = None,
    only: Mapping[int, str] | None = None,
) -> Column:
    """The order-item-ids as typed, or as `repairs` has them, by row; what is not one is noted.

    `only` has the only item of the order of some rows, to be named.
    """
    column = sheet["order-item-id"]
    repaired = repairs or {}
    rows = np.flatnonzero(column.given & ~match(column, ITEM_FORM))
    typed = zip(rows.tolist(), column.texts(rows), strict=True)
    details = [_id_detail(row, text, repaired, only or {}) for row, text in typed]
    findings.add("I01", "order-item-id", rows, details)
    return replaced(column, sheet.every, repaired) if repaired else column


def _id_detail(row: int, text: str, repaired: Mapping[int, str], only: Mapping[int, str]) -> str:
    """The detail of I01 for a text that is not an item's number."""
    if row in repaired:
        return f"repaired={repaired[row]}"
    return f"only={only[row]}" if row in only else item_trouble(text)[1]


def quantity(text: str) -> str:
    """A quantity as the feed wants it, or "" if the text is not one."""
    number = WHOLE.fullmatch(text)
    return number[1] if number else ""


def _quantity_trouble(text: str) -> Trouble | None:
    if not text or QUANTITY.fullmatch(text):
        return None
    if meant := quantity(text):
        return ("Q01", f"whole={meant}")
    return ("Q01", "error" if is_error(text) else "")


def read_quantities(sheet: Sheet, findings: Findings) -> Spread:
    """The quantities as the feed wants them; what is not one is noted."""
    typed = sheet["quantity"].distinct
    findings.add_troubles("quantity", typed, [_quantity_trouble(text) for text in typed.texts])
    return Spread(typed.codes, [quantity(text) for text in typed.texts])


def transparency(text: str) -> list[str]:
    """The transparency codes in a cell."""
    return [code for code in CODE_SEPARATORS.split(text) if code]


def _codes_trouble(text: str) -> Trouble | None:
    count = len(transparency(text))
    return ("X01", str(count)) if count > MOST_CODES else None


def _transparency_codes(sheet: Sheet, findings: Findings, shipped: Mask) -> Spread:
    typed = sheet["transparency-code"].distinct
    findings.add_troubles("transparency-code", typed, [_codes_trouble(text) for text in typed.texts], shipped)
    return Spread(typed.codes, [" ".join(transparency(text)) for text in typed.texts])


def _only_with_item(cells: Spread, has_item: Mask) -> Spread:
    """The cells in rows with an item, else "": the feed has a place for them only within an Item."""
    return Spread(np.where(has_item, cells.codes, len(cells.texts)).astype(np.int32), [*cells.texts, ""])


def read(
    sheet: Sheet,
    findings: Findings,
    shipped: Mask,
    repairs: Mapping[int, str] | None = None,
    only: Mapping[int, str] | None = None,
    settled: Mask | None = None,
) -> Items:
    """Items, quantities and transparency codes; `shipped` marks the rows that go to Amazon, `settled` those whose
    quantity without an item the order book has judged; `only` has the only item of an order, by row."""
    column = read_ids(sheet, findings, repairs, only)
    counts = read_quantities(sheet, findings)
    codes = _transparency_codes(sheet, findings, shipped)
    lost = shipped & ~column.given
    if lost.any():
        doubtful = lost if settled is None else lost & ~settled
        findings.add_where("Q04", "quantity", doubtful & counts.given)
        findings.add_where("Q04", "transparency-code", lost & codes.given, "codes")
        counts, codes = _only_with_item(counts, ~lost), _only_with_item(codes, ~lost)
    return Items(column, counts, codes)
