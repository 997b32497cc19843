"""What others do to an account while we send for it: another application's feed, a shipment confirmed by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from xml.sax.saxutils import escape

from cws_filedrop.marketplaces.sandbox import orders
from cws_filedrop.marketplaces.sandbox.operations import FEED_TYPES
from cws_filedrop.marketplaces.sandbox.rows import Fate, SandboxRows

CONTENT_TYPE: Final = "text/xml; charset=UTF-8"
USUAL_MARKETPLACE: Final = "ATVPDKIKX0DER"
USUAL_ORDER: Final = "999-0000001-0000001"
DOCUMENT: Final = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<AmazonEnvelope'
    ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:noNamespaceSchemaLocation="amzn-envelope.xsd">'
    "<Header><DocumentVersion>1.01</DocumentVersion><MerchantIdentifier>{merchant}</MerchantIdentifier></Header>"
    "<MessageType>OrderFulfillment</MessageType><Message><MessageID>1</MessageID><OrderFulfillment>"
    "<AmazonOrderID>{order}</AmazonOrderID><FulfillmentDate>2026-01-01T00:00:00Z</FulfillmentDate>"
    "</OrderFulfillment></Message></AmazonEnvelope>\n"
)


def feed(rows: SandboxRows, wanted: Mapping[str, Any]) -> dict[str, str]:
    """A feed of another application of the account's: {"account"}, and if need be "type", "marketplace_ids", "document"
    (XML; without one it confirms order `order_id`) and "seconds" (created so much later). Returns its id.

    Raises: LookupError, TypeError, ValueError when it makes no sense.
    """
    account, kind = str(wanted["account"]), str(wanted.get("type", FEED_TYPES[0]))
    order = escape(str(wanted.get("order_id", USUAL_ORDER)))
    body = str(wanted.get("document") or DOCUMENT.format(merchant=escape(account), order=order))
    document = rows.add_document(account, CONTENT_TYPE)
    rows.store(document, body.encode())
    markets = [str(one) for one in wanted.get("marketplace_ids", [USUAL_MARKETPLACE])]
    number = rows.add_feed(account, kind, markets, document, Fate(later_seconds=float(wanted.get("seconds", 0))))
    return {"feed_id": rows.feed_id(number)}


@dataclass(frozen=True, slots=True)
class ManualShipment:
    """A package that somebody confirmed at Amazon's own site."""

    account: str
    order_id: str
    items: Mapping[str, int]
    tracking: str
    carrier: str

    @classmethod
    def of(cls, wanted: Mapping[str, Any]) -> ManualShipment:
        """Out of JSON: account, order_id, items (units by item), and if there are any tracking and carrier.

        Raises: LookupError, TypeError, ValueError, AttributeError when it makes no sense.
        """
        items = {str(code): int(units) for code, units in wanted["items"].items()}
        tracking, carrier = str(wanted.get("tracking", "")), str(wanted.get("carrier", ""))
        return cls(str(wanted["account"]), str(wanted["order_id"]), items, tracking, carrier)


def ship(rows: SandboxRows, by_hand: ManualShipment) -> None:
    """Ship it; the ledger, which is of feeds, has nothing of it."""
    head, now = (by_hand.account, by_hand.order_id), rows.now()
    shipped = [(*head, item, by_hand.tracking, units) for item, units in by_hand.items.items()]
    parcels = [(*row[:4], by_hand.carrier, "", row[4], now) for row in shipped]
    with rows.state.write() as connection:
        connection.executemany(orders.SHIP, shipped)
        connection.executemany(orders.PARCEL, parcels)
