"""Which layout a row of headings belongs to: exactly one may claim it. `FORMATS` say what was shipped, `ORDER_FORMATS`
what was ordered.

May not know where the row is in a file or how it was split.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from cws_filedrop.formats import (
    amazon_order_report,
    amazon_shipping_confirmation,
    fillz_confirmation,
    fillz_orders,
)
from cws_filedrop.formats.layout import Format
from cws_filedrop.formats.spelling import distance, plain

FORMATS: Final[dict[str, Format]] = {
    one.name: one for one in (fillz_confirmation.FORMAT, amazon_shipping_confirmation.FORMAT)
}
ORDER_FORMATS: Final[dict[str, Format]] = {one.name: one for one in (amazon_order_report.FORMAT, fillz_orders.FORMAT)}
# The headings by which they are recognised (plain spelling).
ORDER_FILES: Final = {
    name: frozenset(plain(heading) for heading, column in one.headings.items() if column in one.required)
    for name, one in ORDER_FORMATS.items()
}
# Files that are neither, by headings of theirs (plain spelling) that none of the others has all of.
RESULT: Final = frozenset({"line", "verdict", "code", "message"})
ALL_ORDERS: Final = frozenset({"amazon-order-id", "purchase-date", "order-status"})
ORDER_MARKS: Final = frozenset({"purchase-date", "payments-date", "special-comments"})

Reading = dict[int, tuple[str, int]]  # cell number -> (heading it is read as, how far it is spelled from that)


def reading(layout: Format, cells: Sequence[str]) -> Reading:
    """Which cells of a row a layout recognises, and as which of its headings."""
    known = {plain(heading): heading for heading in (*layout.headings, *layout.ignored)}
    read: Reading = {}
    for number, cell in enumerate(cells):
        if (heading := known.get(plain(cell))) is not None:
            read[number] = (heading, distance(cell, heading))
    return read


def claimants(cells: Sequence[str]) -> list[str]:
    """Names of the layouts (order files too) that claim a row of headings."""
    readings = {name: reading(layout, cells) for name, layout in FORMATS.items()}
    claiming = {name: needed for name in FORMATS if (needed := _needed(name, readings[name])) is not None}
    # A claim that a rival explains at least as well is dropped. Where both explain each other nobody would be left:
    # then all of them stand, and the caller refuses the file as ambiguous rather than guess.
    standing = [
        name
        for name, needed in claiming.items()
        if not any(_explains(readings[other], needed) for other in claiming if other != name)
    ]
    headings = {plain(cell) for cell in cells}
    orders = [name for name, marks in ORDER_FILES.items() if marks <= headings]
    return (standing or list(claiming)) + orders


def order_file(cells: Iterable[str]) -> str:
    """The name of the order file that a row of headings looks like, or ""."""
    headings = {plain(cell) for cell in cells}
    for name, marks in ORDER_FILES.items():
        if marks <= headings:
            return name
    return "an order report" if headings & ORDER_MARKS else ""


def something_else(cells: Iterable[str]) -> str:
    """What a row of headings plainly belongs to besides order files and files of shipped orders, as the kind of F06."""
    headings = {plain(cell) for cell in cells}
    if headings >= RESULT:
        return "result"
    return "all-orders" if headings >= ALL_ORDERS and "order-item-id" not in headings else ""


def beside(cells: Iterable[str]) -> frozenset[str]:
    """What an order file has beside the columns of a confirmation, in plain spelling; empty for other files.

    Sellers fill the columns of a confirmation into the order file and drop it back.
    """
    headings = {plain(cell) for cell in cells}
    found = [ORDER_FORMATS[name] for name, marks in ORDER_FILES.items() if marks <= headings]
    return frozenset(plain(heading) for one in found for heading in (*one.headings, *one.ignored))


def _needed(name: str, read: Reading) -> Reading | None:
    """The best-spelled cell of each required heading, or None if one is missing."""
    layout = FORMATS[name]
    best: dict[str, tuple[int, int]] = {}
    for number, (heading, far) in read.items():
        if layout.headings.get(heading) in layout.required and far < best.get(heading, (0, far + 1))[1]:
            best[heading] = (number, far)
    if len(best) < len(layout.required):
        return None
    return {number: (heading, far) for heading, (number, far) in best.items()}


def _explains(read: Reading, needed: Reading) -> bool:
    """Does this reading account for everything a rival's claim rests on, spelled at least as well?

    So `ship_date` beside `status` is the confirmation file's own column, and not Amazon's `ship-date` misspelled;
    but `ship-date` beside `status` is claimed by both.
    """
    return all(number in read and read[number][1] <= far for number, (_, far) in needed.items())
