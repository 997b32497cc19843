"""SHIPMENTS to OrderFulfillment documents: which rows are one package, the bytes of its message, and where to cut.

Works on whole columns: the text of a batch is one Arrow join, and documents are slices of the joined array's own
buffer. An XML library would make several objects for every message and take many times as long; the price is that
escaping is done here, so every document is validated before it is sent. Knows neither the network nor the database.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from html import escape
from typing import Final

import numpy as np
import pandas as pd
import pyarrow as pa

from cws_filedrop.errors import Impossible
from cws_filedrop.feeds.columns import (
    Integers,
    Mask,
    Piece,
    Text,
    cells,
    element,
    empty,
    escaped,
    joined,
    numbers,
    offsets,
    only,
    replaced,
    span,
    wrapped,
)
from cws_filedrop.feeds.packages import group
from cws_filedrop.feeds.schema import validate

MAX_MESSAGES: Final = 10_000
MAX_BYTES: Final = 10 * 1024 * 1024 - 1  # Amazon asks for less than 10 MiB (docs/amazon.md#7-feeds-api)
BATCH_ROWS: Final = 50_000  # rows joined at a time: some 25 MB of text, and the fastest size measured

# The cells of ship-from in template order: the element that each becomes, and whether the schema requires it.
SHIP_FROM: Final = (
    ("Name", True),
    ("AddressFieldOne", True),
    ("AddressFieldTwo", False),
    ("AddressFieldThree", False),
    ("City", False),
    ("County", False),
    ("StateOrRegion", False),
    ("PostalCode", False),
    ("CountryCode", True),
)
UNIT_SEPARATOR: Final = "\x1f"

ENVELOPE: Final = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<AmazonEnvelope xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
    ' xsi:noNamespaceSchemaLocation="amzn-envelope.xsd">\n'
    "<Header><DocumentVersion>1.01</DocumentVersion><MerchantIdentifier>{}</MerchantIdentifier></Header>\n"
    "<MessageType>{}</MessageType>\n"
)
ENVELOPE_END: Final = b"</AmazonEnvelope>\n"


@dataclass(frozen=True, slots=True, eq=False)
class FeedDocument:
    """One feed document, ready to send, and the way back from its messages to the rows they came from.

    `message_ids` has one MessageID a row: its index holds the labels of the SHIPMENTS rows in the document, in
    message order; several rows of one package share a MessageID.
    """

    body: bytes
    first_message_id: int
    message_count: int
    message_ids: pd.Series[int]


def document(shipments: pd.DataFrame, merchant_id: str, *, first_message_id: int = 1) -> FeedDocument:
    """All shipments in one document (at least one row; at most 10,000 packages and 10 MiB).

    Raises: Impossible when they do not fit, or there are none.
    """
    made = list(documents(shipments, merchant_id, first_message_id=first_message_id))
    if len(made) != 1:
        raise Impossible(f"{len(shipments)} shipments make {len(made)} documents where one was asked for")
    return made[0]


def envelope_of(message_type: str, merchant_id: str) -> bytes:
    """The part of a document before its messages; ENVELOPE_END follows them."""
    return ENVELOPE.format(escape(merchant_id, quote=False), message_type).encode()


def documents(
    shipments: pd.DataFrame,
    merchant_id: str,
    *,
    first_message_id: int = 1,
    max_messages: int = MAX_MESSAGES,
    max_bytes: int = MAX_BYTES,
) -> Iterator[FeedDocument]:
    """Documents of at most `max_messages` messages and `max_bytes` bytes, one at a time, numbered consecutively.

    The same shipments give the same bytes. Raises: Impossible when one package alone is larger than a document.
    """
    envelope = envelope_of("OrderFulfillment", merchant_id)
    sheet = _Sheet.of(shipments, first_message_id)
    room = max_bytes - len(envelope) - len(ENVELOPE_END)
    package, rows = 0, max(BATCH_ROWS, max_messages)
    while package < sheet.package_count:
        batch = _Batch.of(sheet, package, rows)
        for first, end in _cuts(batch, max_messages, room):
            body = b"".join((envelope, batch.text(first, end), ENVELOPE_END))
            package = batch.package + end
            yield FeedDocument(
                body, sheet.message_id(batch.package + first), end - first, batch.message_ids(first, end)
            )
        if package == batch.package:  # the batch did not fill even one document: its rows are short, so take more
            rows *= 2


def checked_documents(
    shipments: pd.DataFrame, merchant_id: str, *, first_message_id: int = 1, max_messages: int = MAX_MESSAGES
) -> Iterator[FeedDocument]:
    """`documents`, each validated against our schema before it is handed out.

    Raises: Impossible for the first document that fails.
    """
    return checked(
        documents(shipments, merchant_id, first_message_id=first_message_id, max_messages=max_messages), threads=2
    )


def checked(unchecked: Iterable[FeedDocument], *, threads: int = 2, ahead: int = 4) -> Iterator[FeedDocument]:
    """The same documents in the same order, validated in `threads` threads while the next ones are built.

    Threads help since lxml releases the interpreter lock. At most `ahead` documents are read ahead, or memory would
    grow with the file. Raises: Impossible for the first document that fails.
    """
    read: deque[tuple[FeedDocument, Future[None]]] = deque()
    with ThreadPoolExecutor(threads, thread_name_prefix="feed-check") as pool:
        try:
            for made in unchecked:
                read.append((made, pool.submit(validate, made.body)))
                if len(read) > ahead:
                    yield _passed(*read.popleft())
            while read:
                yield _passed(*read.popleft())
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _passed(made: FeedDocument, check: Future[None]) -> FeedDocument:
    check.result()
    return made


# From packages to text


@dataclass(frozen=True, slots=True, eq=False)
class _Sheet:
    """Shipments in package order: `rows` are row positions, and package p has rows[starts[p]:starts[p + 1]]."""

    shipments: pd.DataFrame
    rows: Integers
    starts: Integers
    first_message_id: int

    @classmethod
    def of(cls, shipments: pd.DataFrame, first_message_id: int) -> _Sheet:
        packages = group(shipments).to_numpy()
        rows = np.argsort(packages, kind="stable")
        starts = np.flatnonzero(np.diff(packages[rows], prepend=-1))
        return cls(shipments, rows, np.append(starts, len(rows)), first_message_id)

    @property
    def package_count(self) -> int:
        return len(self.starts) - 1

    def message_id(self, package: int) -> int:
        return self.first_message_id + package


@dataclass(frozen=True, slots=True, eq=False)
class _Batch:
    """The text of some packages from number `package` on, from which documents are cut.

    `starts` are row numbers and `offsets` byte numbers within the batch, one per package and one for the end.
    """

    package: int
    is_last: bool
    starts: Integers
    offsets: Integers
    letters: memoryview
    labels: pd.Index
    first_message_id: int

    @classmethod
    def of(cls, sheet: _Sheet, package: int, row_count: int) -> _Batch:
        begin = sheet.starts[package]
        end_package = max(package + 1, int(np.searchsorted(sheet.starts, begin + row_count, side="right")) - 1)
        starts = sheet.starts[package : end_package + 1] - begin
        rows = sheet.rows[begin : begin + starts[-1]]
        first_id = sheet.message_id(package)
        text = _text(sheet.shipments.iloc[_span_of(rows)], starts, first_id)
        is_last = end_package == sheet.package_count
        ends = offsets(text)
        at = (ends - ends[0]).astype(np.int64)[starts]
        return cls(package, is_last, starts, at, span(text), sheet.shipments.index[_span_of(rows)], first_id)

    def text(self, first: int, end: int) -> memoryview:
        return self.letters[self.offsets[first] : self.offsets[end]]

    def message_ids(self, first: int, end: int) -> pd.Series[int]:
        ids = np.arange(first, end) + self.first_message_id
        per_row = np.repeat(ids, np.diff(self.starts[first : end + 1]))
        labels = self.labels[self.starts[first] : self.starts[end]]
        return pd.Series(per_row, index=labels, name="message_id")


def _span_of(rows: Integers) -> Integers | slice:
    """Row positions as a slice where they are consecutive: taking a slice copies nothing."""
    if len(rows) and rows[-1] - rows[0] == len(rows) - 1 and (np.diff(rows) == 1).all():
        return slice(int(rows[0]), int(rows[-1]) + 1)
    return rows


def _cuts(batch: _Batch, max_messages: int, room: int) -> Iterator[tuple[int, int]]:
    """Where documents begin and end in a batch; one with room for more messages is left to the next batch."""
    count = len(batch.starts) - 1
    first = 0
    while first < count:
        fitting = int(np.searchsorted(batch.offsets, batch.offsets[first] + room, side="right")) - 1
        end = min(fitting, first + max_messages)
        if end == first:
            raise Impossible(f"message {batch.first_message_id + first} alone is larger than a document may be")
        if end == count and end - first < max_messages and not batch.is_last:
            return
        yield first, end
        first = end


# The first row of a package contributes the head of its message, the last one the tail, every row its item: the texts
# of the rows, one after the other, are then the document, and no message has to be put together on its own.
def _text(shipments: pd.DataFrame, starts: Integers, first_message_id: int) -> Text:
    """The messages of packages whose rows are consecutive; a row's text is its share of the message."""
    sizes = np.diff(starts)
    ids = numbers(np.repeat(np.arange(len(sizes)) + first_message_id, sizes))
    head, tail = _head(shipments, ids), [*_ship_from(shipments), "</OrderFulfillment></Message>\n"]
    if len(sizes) == len(shipments):
        return joined([*head, *_item(shipments), *tail])
    begins, ends = _marked(starts[:-1], len(shipments)), _marked(starts[1:] - 1, len(shipments))
    # A row without an item code means the whole order: with any items its message would confirm only those.
    whole = np.repeat(np.logical_or.reduceat(empty(cells(shipments, "order-item-code")), starts[:-1]), sizes)
    item = only(~whole, _item(shipments))
    return joined([only(begins, head), item, only(ends, tail)])


def _marked(positions: Integers, count: int) -> Mask:
    mask = np.zeros(count, dtype=np.bool_)
    mask[positions] = True
    return mask


def _head(shipments: pd.DataFrame, ids: Text) -> list[Piece]:
    return [
        "<Message><MessageID>",
        ids,
        "</MessageID><OrderFulfillment><AmazonOrderID>",
        escaped(cells(shipments, "amazon-order-id")),
        "</AmazonOrderID><FulfillmentDate>",
        escaped(cells(shipments, "fulfillment-date")),
        "</FulfillmentDate>",
        *_fulfillment_data(shipments),
        *element("CODCollectionMethod", cells(shipments, "cod-collection-method")),
    ]


def _fulfillment_data(shipments: pd.DataFrame) -> list[Piece]:
    carrier, name, method, tracking = (
        cells(shipments, column) for column in ("carrier-code", "carrier-name", "ship-method", "tracking-number")
    )
    untracked = empty(tracking)
    if untracked.any():  # a method is not sent without a tracking number (docs/domain.md#4-shipments)
        method = only(~untracked, [method])
    nothing = empty(carrier) & empty(name) & untracked
    pieces = [
        *element("CarrierCode", carrier),
        *element("CarrierName", name),
        *element("ShippingMethod", method),
        *element("ShipperTrackingNumber", tracking),
    ]
    return wrapped("FulfillmentData", pieces, nothing)


def _item(shipments: pd.DataFrame) -> list[Piece]:
    """The Item of every row; a row without an item code means the whole order and has none."""
    codes = cells(shipments, "order-item-code")
    pieces = [
        *element("AmazonOrderItemCode", codes),
        *element("Quantity", cells(shipments, "quantity")),
        *_transparency_codes(cells(shipments, "transparency-codes")),
    ]
    return wrapped("Item", pieces, empty(codes))


def _transparency_codes(codes: Text) -> list[Piece]:
    """One element per code: a blank between codes becomes the end of one element and the start of the next."""
    nothing = empty(codes)
    if nothing.all():
        return []
    # Escaped before the tags go in, or the tags would be escaped too.
    several = replaced(escaped(codes), " ", "</TransparencyCode><TransparencyCode>")
    return wrapped("TransparencyCode", [several], nothing)


def _ship_from(shipments: pd.DataFrame) -> list[Piece]:
    """The ShipFromAddress of every row. A seller ships from few places, so the element is built once for each."""
    given = cells(shipments, "ship-from")
    if empty(given).all():
        return []
    places = given.dictionary_encode()
    elements = pa.array([_address(str(place)) for place in places.dictionary.to_pylist()], pa.string())
    return [elements.take(places.indices)]


def _address(place: str) -> str:
    """One ShipFromAddress. Raises: Impossible when there are more cells than the template has."""
    if not place:
        return ""
    given = place.split(UNIT_SEPARATOR)
    if any(given[len(SHIP_FROM) :]):
        raise Impossible(f"a ship-from address of {len(given)} cells; the template has {len(SHIP_FROM)}")
    given += [""] * (len(SHIP_FROM) - len(given))
    inside = (
        f"<{tag}>{escape(cell, quote=False)}</{tag}>"
        for (tag, required), cell in zip(SHIP_FROM, given, strict=False)
        if cell or required
    )
    return f"<ShipFromAddress>{''.join(inside)}</ShipFromAddress>"
