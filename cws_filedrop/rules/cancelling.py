"""S03: cancelled rows that give a reason, for sellers who want such orders cancelled at Amazon (OrderAcknowledgement).

Amazon cancels by item and wants a reason from its list (docs/amazon.md#3-cancelling). Whole orders only: part of an
order is cancelled by an adjustment, which refunds money and has no place in a file of shipments.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import Final, NamedTuple

import numpy as np

from cws_filedrop.model import OrderState
from cws_filedrop.rules.book import KnownOrder
from cws_filedrop.rules.booked import NamedOrders
from cws_filedrop.rules.columns import Column, Mask, Sheet
from cws_filedrop.rules.findings import Findings
from cws_filedrop.rules.items import ITEM_ID
from cws_filedrop.rules.statuses import RequestedStatuses

COLUMN: Final = "cancel-reason"
REASONS: Final = (
    "NoInventory",
    "ShippingAddressUndeliverable",
    "CustomerExchange",
    "BuyerCanceled",
    "GeneralAdjustment",
    "CarrierCreditDecision",
    "RiskAssessmentInformationNotValid",
    "CarrierCoverageFailure",
    "CustomerReturn",
    "MerchandiseNotReceived",
    "CannotVerifyInformation",
    "PricingError",
    "RejectOrder",
    "WeatherDelay",
)
NEAR: Final = 0.7


def _folded(text: str) -> str:
    """The text without case, blanks and punctuation, and with the American spelling of "cancelled"."""
    return "".join(letter for letter in text.casefold() if letter.isalnum()).replace("cancelled", "canceled")


_BY_FOLDED: Final = {_folded(reason): reason for reason in REASONS}


class Cancellation(NamedTuple):
    """An order for Amazon to cancel: all its item codes, and the reason as Amazon spells it."""

    line: int
    amazon_order_id: str
    reason: str
    items: tuple[str, ...]


def check(
    sheet: Sheet, findings: Findings, requested: RequestedStatuses, named: NamedOrders, items: Column, *, wanted: bool
) -> dict[int, Cancellation]:
    """What to cancel at Amazon, by row; what cannot be cancelled is noted. Nothing unless the seller wants it."""
    if not wanted or COLUMN not in sheet:
        return {}
    cells = sheet[COLUMN]
    rows = np.flatnonzero(cells.given & requested.kinds.having(lambda kind: kind == "cancelled"))
    ids, own = named.ids.texts(rows), items.texts(rows)
    cancellations: dict[int, Cancellation] = {}
    for row, text, order_id, item in zip(rows.tolist(), cells.texts(rows), ids, own, strict=True):
        order, reason = named.found[row], _BY_FOLDED.get(_folded(text), "")
        codes, trouble = _items(order, item) if reason else ((), _near(text))
        if trouble is not None:
            findings.add("S03", COLUMN, np.array([row]), trouble)
        elif order is None or order.state is not OrderState.CANCELLED:  # else Amazon was asked before
            cancellations[row] = Cancellation(int(sheet.index[row]), order_id, reason, codes)
    return cancellations


def _near(text: str) -> str:
    near = get_close_matches(_folded(text)[:60], list(_BY_FOLDED), n=1, cutoff=NEAR)
    return _BY_FOLDED[near[0]] if near else ""


def _items(order: KnownOrder | None, own: str) -> tuple[tuple[str, ...], str | None]:
    """All item codes of an order, or (as a detail of S03) why they are not known."""
    known = tuple(sorted(order.items)) if order else ()
    if own and set(known) - {own}:
        return (), f"part={len(known)}"
    if known:
        return known, None
    return ((own,), None) if ITEM_ID.fullmatch(own) else ((), "items")


def mask(cancellations: dict[int, Cancellation], size: int) -> Mask:
    """The rows with a cancellation to send."""
    rows = np.zeros(size, np.bool_)
    rows[list(cancellations)] = True
    return rows
