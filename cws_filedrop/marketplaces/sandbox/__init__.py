"""The sandbox: a built-in server that plays Amazon (Feeds, Orders, Reports, Login with Amazon); needs no credentials.

With it the whole service can be tried, tested and demonstrated without an account, by the very client that talks to
Amazon; it knows nothing of uploads and sellers. It answers as Amazon does where that is known (shapes from Amazon's
models, codes and habits from docs/amazon.md); where it is not, the answer is the sandbox's own choice, and the module
says so. A client that sends anything twice, too often or badly formed shall be found out here, and not at Amazon.

Accounts: any client id and secret are accepted. A refresh token `sandbox-NAME` is the account NAME; any other is an
account of its own. A refresh token that begins with `revoked` is refused (invalid_grant), and so is the client secret
`wrong` (invalid_client).

What becomes of a message depends on what it looks like, so that refusals can be shown at will:

    order id XXX-0000404-XXXXXXX     Error 18028    the order is not known
    order id XXX-0000409-XXXXXXX     Error 18021    nothing is left to ship
    order id XXX-0000422-XXXXXXX     Error 18181    the tracking number has an invalid format
    order id XXX-0000299-XXXXXXX     Warning 18181  the tracking number does not look like the carrier's; accepted
    tracking number BAD...           Error 18181
    tracking number ODD...           Warning 18181  accepted
    same order, item and tracking
    number as accepted before        Error 18021    already confirmed (an item of an order that was confirmed whole with
                                                    that tracking number, too)
    MerchantOrderID                  Error 18028    no order was ever acknowledged

Everything else is accepted: every well-formed Amazon order exists. POST /sandbox/orders loads a book instead
(`{"account": "NAME", "orders": [{"order_id": "...", "items": {"01234567890123": 2}}]}`); then only its orders and items
are known, and more units than are left are Error 18021. A document that is not well-formed gets 5000 and 5002 (50001
when it is empty or ends early), one that breaks the schema or uses a MessageID twice gets 25; both as MessageID 0, and
nothing of it is processed.

getOrder (2026-01-01) knows the orders of a loaded book, and those for which something was shipped; what was shipped
shows as soon as its feed is processed, or `show_after_seconds` later. An item may be loaded with cancelled units:
`{"01234567890123": {"units": 2, "cancelled": 1}}`.

A report GET_FLAT_FILE_ACTIONABLE_ORDER_DATA_SHIPPING (2021-06-30) lists what of the loaded book is left to ship, in its
30 columns; its document is handed out for a restricted data token only. What else is to be in it is loaded with the
order, all of it optional: `purchase_date`, `latest_ship_date`, `ship_service_level`, `buyer` (an object of the
report's columns buyer-*, recipient-name and ship-*), and with an item `sku` and `name`.

Every answer has the Date of the sandbox's own clock. Under /sandbox, JSON in and out:

    GET health                    that it answers; how many feeds there are, and how many faults have struck
    GET ledger                    `messages`: every line that was ever processed, with its outcome; `taken`: what was
                                  taken of each order, item and package; `twice`: what was sent again after that.
                                  Filters: order, account, feed, outcome, after
    GET ledger/summary            lines, distinct ones, those that came more than once
    POST, DELETE orders           load a book, as above; remove all books
    GET, POST, DELETE faults      what goes wrong with the next calls, such as {"operation": "createFeed", "kind":
                                  "late", "seconds": 8}; module `faults` lists the kinds
    GET, POST, DELETE behaviour   how it behaves until told otherwise, such as {"clock_skew_seconds": 180}; module
                                  `behaviour` lists what there is
    POST feeds                    a feed of another application: {"account": "NAME"}; more in module `by_others`
    POST shipments                a package confirmed by hand: {"account": "NAME", "order_id": "...", "items":
                                  {"01234567890123": 1}, "tracking": "...", "carrier": "..."}; of fewer units than the
                                  loaded book has, the order is partly shipped
"""

from __future__ import annotations

from cws_filedrop.marketplaces.sandbox.server import Server, serve
from cws_filedrop.marketplaces.sandbox.settings import SandboxServerSettings

__all__ = ["SandboxServerSettings", "Server", "serve"]
