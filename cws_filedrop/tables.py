"""The columnar values: column names, types, meaning and invariants of every table that modules pass to each other.

All tables are pandas frames whose text columns are Arrow strings (`TEXT`); absent text is "" and never null.
The index of LINES and SHIPMENTS, and column `line` of ISSUES, is the 1-based line number in the file as the seller
uploaded it (the header is a line; for a packed file: in the file inside the archive).
"""

from __future__ import annotations

from typing import Any, Final

import pandas as pd
import pyarrow as pa

TEXT: Final = pd.ArrowDtype(pa.string())

# LINES: the cells of one piece of a file, as the seller typed them except for surrounding blanks.
# Columns: every column of the format that the file has, under its canonical name (`formats.claims.FORMATS`), all TEXT.

# ISSUES: what rules found. One row per issue, in line order then in the catalogue's order.
ISSUE_COLUMNS: Final = ("line", "code", "column", "value", "detail")
# line    int64
# code    TEXT  key of rules.catalogue.CATALOGUE
# column  TEXT  the seller-facing canonical column name, or ""
# value   TEXT  the offending cell as typed, or ""
# detail  TEXT  the one variable part of the message beyond column and value ("line 7", "FedEx" ...), or ""

# ORDERS: what an order file says, one row per order line, normalised; every column TEXT, "" where the file is silent.
ORDER_COLUMNS: Final = (
    "amazon-order-id",  # 3-7-7
    "number",  # the service's own number for the order
    "reference",  # the seller's own
    "order-item-id",  # 14 digits
    "sku",
    "item-name",
    "quantity",  # positive whole number as text without leading zeros
    "price",
    "total-price",
    "shipping-fee",
    "purchase-date",  # moments in UTC with milliseconds, as `store.database.stamp` writes them
    "payments-date",
    "latest-ship-date",
    "ship-method",
    "sales-channel",
    "status",  # model.OrderState
    "tracking-number",
    "location",
    "cancel-request",  # does the buyer wish to cancel it: yes | no | "" = not said
)
# Whom an order is for: stored apart from it, and removed 30 days after shipment (docs/domain.md#10-orders).
PEOPLE_COLUMNS: Final = (
    "buyer-email",
    "buyer-name",
    "recipient-name",
    "ship-address-1",
    "ship-address-2",
    "ship-address-3",
    "ship-city",
    "ship-state",
    "ship-zip",
    "ship-country",
    "ship-phone",
    "buyer-phone",
    "buyer-note",
)

# SHIPMENTS: good lines that go to Amazon, normalised; every value is valid for the feed's schema as it is.
SHIPMENT_COLUMNS: Final = (
    "amazon-order-id",  # 3-7-7
    "order-item-code",  # 14 digits, or "" = the whole order
    "quantity",  # positive whole number as text without leading zeros, or ""
    "fulfillment-date",  # xsd:dateTime with zone, second precision: 2026-11-22T01:30:42Z or +01:00
    "carrier-code",  # one of Amazon's values, or "" (no tracking and no carrier given)
    "carrier-name",  # "" unless carrier-code is Other
    "ship-method",  # "" unless there is tracking
    "tracking-number",
    "cod-collection-method",  # "" or DirectPayment
    "transparency-codes",  # at most 10, joined by one space; "" if none
    "ship-from",  # "" or the nine ship_from_address_* cells joined by U+001F in template order
)

# CANCELLATIONS: orders for Amazon to cancel, normalised; every value is valid for the feed's schema as it is.
CANCELLATION_COLUMNS: Final = (
    "amazon-order-id",  # 3-7-7
    "cancel-reason",  # one of Amazon's
    "order-item-codes",  # all of the order, 14 digits each, joined by one blank
)

# LINE_KEYS: the cells by which results identify a line, for every line of the file (good or bad), as typed.
KEY_COLUMNS: Final = ("order-id", "order-item-id", "tracking")


def text(values: object) -> pd.Series[str]:
    """Values as a TEXT series (for building small tables and tests)."""
    return pd.Series(values, dtype=TEXT)


def arrow(column: Any) -> Any:
    """A text column (or a list of texts) as one contiguous Arrow string array."""
    cells: Any = pa.array(column, pa.string(), from_pandas=True)
    return cells.combine_chunks() if isinstance(cells, pa.ChunkedArray) else cells


def issues_frame(rows: list[tuple[int, str, str, str, str]]) -> pd.DataFrame:
    """ISSUES from rows whose cells are in the order of ISSUE_COLUMNS."""
    frame = pd.DataFrame(rows, columns=list(ISSUE_COLUMNS))
    types = {"line": "int64"} | dict.fromkeys(ISSUE_COLUMNS[1:], TEXT)
    return frame.astype(types)
