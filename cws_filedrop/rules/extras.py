"""M01, M02, N01, P01: ship method, cash on delivery, ship-from address. Knows lengths and no carriers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import numpy as np

from cws_filedrop.rules.columns import Mask, Sheet, Spread, constant
from cws_filedrop.rules.findings import Findings, Trouble

METHOD: Final = "ship-method"
COD: Final = "cod-collection-method"
DIRECT_PAYMENT: Final = "DirectPayment"
LONGEST: Final = 50
JOIN: Final = "\x1f"
COUNTRY: Final = re.compile(r"[A-Za-z]{2}")
# The address in template order: what to call each part, and what the feed takes of it (docs/amazon.md#1-fulfillment).
ADDRESS: Final = {
    "ship-from-name": ("name", 50),
    "ship-from-line1": ("first address line", 60),
    "ship-from-line2": ("second address line", 60),
    "ship-from-line3": ("third address line", 60),
    "ship-from-city": ("city", 50),
    "ship-from-county": ("county", 50),
    "ship-from-state": ("state", 50),
    "ship-from-postal-code": ("postal code", 50),
    "ship-from-country": ("country", 2),
}
NEEDED: Final = ("ship-from-name", "ship-from-line1", "ship-from-country")


def ship_methods(sheet: Sheet, findings: Findings, *, shipped: Mask, tracked: Mask) -> Spread:
    """The ship method of each row; it is sent only with a tracking number, in the rows that are `tracked`."""
    typed = sheet[METHOD].distinct
    given = typed.given
    sent = given & tracked
    findings.add_where("M01", METHOD, shipped & given & ~tracked & ~sheet["tracking-number"].given)
    long = [("M02", str(len(text))) if len(text) > LONGEST else None for text in typed.texts]
    findings.add_troubles(METHOD, typed, long, sent)
    if (sent == given).all():
        return typed
    return Spread(np.where(sent, typed.codes, len(typed.texts)).astype(np.int32), [*typed.texts, ""])


def own_methods(sheet: Sheet) -> Spread:
    """The ship methods that rows give, sent or not."""
    typed = sheet[METHOD].distinct
    return Spread(typed.codes, [text if len(text) <= LONGEST else "" for text in typed.texts])


def _payment(text: str) -> bool:
    return text.casefold() == DIRECT_PAYMENT.casefold()


def cash_on_delivery(sheet: Sheet, findings: Findings, shipped: Mask) -> Spread:
    """DirectPayment in the rows that ask for it, in any case."""
    typed = sheet[COD].distinct
    wrong: list[Trouble | None] = [("P01", "") if text and not _payment(text) else None for text in typed.texts]
    findings.add_troubles(COD, typed, wrong, shipped)
    return Spread(typed.codes, [DIRECT_PAYMENT if _payment(text) else "" for text in typed.texts])


def _address_trouble(parts: Sequence[str]) -> tuple[str, str] | None:
    """The first column that makes an address unusable, and in what way."""
    for (column, (what, longest)), part in zip(ADDRESS.items(), parts, strict=True):
        if column in NEEDED and not part:
            return column, f"the {what} is missing"
        if column == "ship-from-country" and not COUNTRY.fullmatch(part):
            return column, f"the {what} is not given by two letters"
        if len(part) > longest:
            return column, f"the {what} is longer than {longest} characters"
    return None


def _addresses(sheet: Sheet) -> tuple[np.ndarray[tuple[int, ...], np.dtype[np.int32]], list[tuple[str, ...]]]:
    """The distinct addresses, and for each row which of them it has."""
    rows = np.zeros(sheet.size, np.int64)
    addresses: list[tuple[str, ...]] = [()]
    # Column by column, two numbers joined to one: nine columns of few texts each, and no row is looked at in Python.
    for column in ADDRESS:
        cells = sheet[column].distinct
        joined = rows * len(cells.texts) + cells.codes
        present, rows = np.unique(joined, return_inverse=True)
        addresses = [
            (*addresses[at // len(cells.texts)], cells.texts[at % len(cells.texts)]) for at in present.tolist()
        ]
    return rows.astype(np.int32), addresses


def ship_from(sheet: Sheet, findings: Findings, shipped: Mask) -> Spread:
    """The ship-from address of each row, joined; left out, with a warning, where it is incomplete."""
    if all(sheet[column].blank for column in ADDRESS):
        return constant("", sheet.size)
    rows, addresses = _addresses(sheet)
    troubles = [_address_trouble(parts) if any(parts) else None for parts in addresses]
    good = [any(parts) and trouble is None for parts, trouble in zip(addresses, troubles, strict=True)]
    joined = Spread(rows, [_joined(parts) if fine else "" for parts, fine in zip(addresses, good, strict=True)])
    for column in ADDRESS:
        here = [("N01", trouble[1]) if trouble and trouble[0] == column else None for trouble in troubles]
        findings.add_troubles(column, joined, here, shipped)
    return joined


def _joined(parts: Sequence[str]) -> str:
    return JOIN.join([*parts[:-1], parts[-1].upper()])
