"""What a queued line sends to Amazon, packed into one text for column `shipment` of `lines`: a version, then the cells.

A text without a version is older than versions, and has the cells of version 1. Whoever changes the columns of
SHIPMENTS or CANCELLATIONS has to write a new version, and to keep reading earlier ones with the columns they had: lines
may be queued while the service is upgraded.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple, Protocol

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from cws_filedrop.errors import Impossible
from cws_filedrop.rules.cancelling import Cancellation
from cws_filedrop.store.uploads import claims
from cws_filedrop.store.uploads.claims import ShipmentKey
from cws_filedrop.tables import CANCELLATION_COLUMNS, SHIPMENT_COLUMNS, TEXT, arrow

_CELL: Final = "\x1e"  # no cell holds it: control characters are rejected (L02)
_MARK: Final = "v"  # a version begins with it, and no order number does, which is the first cell
_VERSION: Final = f"{_MARK}1"


class Packed(Protocol):
    """A row of `lines` that sends something to Amazon."""

    @property
    def upload_id(self) -> str: ...
    @property
    def line(self) -> int: ...
    @property
    def shipment(self) -> str: ...


class PackedLine(NamedTuple):
    """Such a row as a plain value, for callers that have no database row."""

    upload_id: str
    line: int
    shipment: str


def pack(shipments: pd.DataFrame) -> tuple[list[str], list[ShipmentKey]]:
    """SHIPMENTS rows as one text each, and what each claims."""
    cells = {name: arrow(shipments[name]) for name in SHIPMENT_COLUMNS}
    return pc.binary_join_element_wise(_VERSION, *cells.values(), _CELL).to_pylist(), claims.keys(cells)


def pack_cancellation(cancellation: Cancellation) -> str:
    """What Amazon is to cancel as one text."""
    return _CELL.join((_VERSION, cancellation.amazon_order_id, cancellation.reason, " ".join(cancellation.items)))


def unpack(rows: Sequence[Packed]) -> pd.DataFrame:
    """SHIPMENTS of what `pack` made; index 0..n-1. Raises: Impossible, naming a line that cannot be read."""
    return _unpacked(rows, SHIPMENT_COLUMNS)


def unpack_cancellations(rows: Sequence[Packed]) -> pd.DataFrame:
    """CANCELLATIONS of what `pack_cancellation` made; index 0..n-1. Raises: Impossible, as `unpack` does."""
    return _unpacked(rows, CANCELLATION_COLUMNS)


def order_of(row: Packed) -> str:
    """Amazon's number of the order that a row is about."""
    first, _, rest = row.shipment.partition(_CELL)
    return rest.partition(_CELL)[0] if first == _VERSION else first


def _unpacked(rows: Sequence[Packed], columns: Sequence[str]) -> pd.DataFrame:
    texts: Any = pa.array([row.shipment for row in rows], pa.string())
    known: Any = pc.starts_with(texts, _VERSION + _CELL)
    if not pc.all(known).as_py():
        _refuse(rows, pc.and_not(pc.starts_with(texts, _MARK), known), "an unknown version")
        texts = pc.if_else(known, texts, pc.binary_join_element_wise(_VERSION, texts, _CELL))
    cells: Any = pc.split_pattern(texts, _CELL)
    width = 1 + len(columns)
    _refuse(rows, pc.not_equal(pc.list_value_length(cells), pa.scalar(width)), f"not {len(columns)} cells")
    flat = cells.flatten()
    places = {name: pa.array(range(place, len(flat), width), pa.int64()) for place, name in enumerate(columns, 1)}
    return pd.DataFrame({name: pd.Series(flat.take(place), dtype=TEXT) for name, place in places.items()})


def _refuse(rows: Sequence[Packed], odd: Any, why: str) -> None:
    place = pc.index(odd, True).as_py()
    if place >= 0:
        row = rows[place]
        raise Impossible(f"line {row.line} of upload {row.upload_id} is queued in a form that cannot be read: {why}")
