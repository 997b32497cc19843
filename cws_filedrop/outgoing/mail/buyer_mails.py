"""Mails to buyers: one for each package whose shipment Amazon has confirmed, where the seller asked for them.

No mail for lines of status "shipped & no confirm", nor for orders whose buyer the order book does not know (any more);
and none at all about what the sandbox confirmed, since nobody may hear of a shipment by a rehearsal.
Nothing of buyers is logged.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from cws_filedrop import log
from cws_filedrop.model import MailKind
from cws_filedrop.notify.letters import Letter
from cws_filedrop.notify.letters import write as letter
from cws_filedrop.outgoing.mail.notes import Topic
from cws_filedrop.reports.marketplace import MarketplaceKind, is_sandbox_feed
from cws_filedrop.service_context import ServiceContext
from cws_filedrop.store.database import DatabaseUnavailable
from cws_filedrop.store.feeds import feeds
from cws_filedrop.store.feeds.feeds import FeedRow
from cws_filedrop.store.orders import buyers
from cws_filedrop.store.orders.buyers import ShippedLine
from cws_filedrop.store.outgoing import mails
from cws_filedrop.store.outgoing.mails import Draft, Note
from cws_filedrop.store.sellers import sellers

LOG: Final = log.get(__name__)
Package = tuple[str, str, str, str]  # order, tracking number; without one: day, items


def write(context: ServiceContext) -> int:
    """Queue the mails about shipments that Amazon has confirmed; how many."""
    queued = 0
    for note in mails.untold(context.db, Topic.SHIPPED):
        queued += mails.tell(context.db, [note], _guarded(context, note), now=context.clock())
    if queued:
        LOG.info("mail.buyers_queued", mails=queued)
    return queued


def _guarded(context: ServiceContext, note: Note) -> list[Draft]:
    try:
        return list(_drafts(context, int(note.about)))
    except DatabaseUnavailable:
        raise
    except Exception as error:  # without its words: they may hold what was to be written
        LOG.error("mail.not_written", note=note.key, error=type(error).__name__)
        return []  # the note counts as told: it would fail again, and keep other buyers' mails from leaving


def _drafts(context: ServiceContext, feed_no: int) -> Iterator[Draft]:
    feed = feeds.get(context.db, feed_no)
    wanting = [
        one.id for one in sellers.everyone(context.db) if one.account.id == feed.account_id and one.mailing.buyers
    ]
    packages: dict[Package, list[ShippedLine]] = {}
    for line in buyers.shipped(context.db, feed_no, wanting):
        packages.setdefault(package(line), []).append(line)
    mailed = {key: lines for key, lines in packages.items() if not any(line.quiet for line in lines)}
    if packages and _is_rehearsed(context, feed):
        LOG.warning("mail.buyers_spared", feed=feed_no, packages=len(packages))
        return
    people = buyers.of_orders(context.db, feed.account_id, {key[0] for key in mailed})
    for key, lines in mailed.items():
        person = people.get(key[0])
        if person is not None and person.cells.get("buyer-email", "").strip():
            written = letter("buyer", _values(lines, person), context.marketplace)
            yield _draft(feed.account_id, key, lines, person, written)


def _is_rehearsed(context: ServiceContext, feed: FeedRow) -> bool:
    """Was it the sandbox that took the feed?"""
    return context.marketplace is MarketplaceKind.SANDBOX or is_sandbox_feed(feed.amazon_feed_id)


def package(shipped: ShippedLine) -> Package:
    """What is one package to its buyer: what has the same tracking number, else what left the same day."""
    if shipped.tracking:
        return shipped.order, shipped.tracking, "", ""
    return shipped.order, "", shipped.day, shipped.message


def _draft(
    account_id: int, package: Package, lines: Sequence[ShippedLine], person: buyers.Buyer, written: Letter
) -> Draft:
    digest = hashlib.sha256("|".join(package).encode()).hexdigest()[:32]
    recipient, key = person.cells["buyer-email"].strip(), f"buyer:{account_id}:{digest}"
    text = (written.subject, written.text, written.html)
    return Draft(key, MailKind.BUYER, recipient, *text, lines[0].seller_id, order_no=person.order_no)


def _values(lines: Sequence[ShippedLine], person: buyers.Buyer) -> dict[str, Any]:
    first = lines[0]
    return {
        "order_id": first.order,
        "name": person.cells.get("buyer-name", ""),
        "items": list(_items(lines, person.items)),
        "carrier": first.carrier,
        "tracking": first.tracking,
        "day": first.day,
    }


def _items(lines: Sequence[ShippedLine], names: Mapping[str, tuple[str, int | None]]) -> Iterator[dict[str, Any]]:
    """What is in the package; nothing when a name is missing, or it is an order of which nobody knows what is in it."""
    chosen = {line.item: line.quantity for line in lines}
    if "" in chosen:
        chosen = dict.fromkeys(names, "")
    if all(names.get(item, ("", None))[0] for item in chosen):
        for item, quantity in chosen.items():
            name, ordered = names[item]
            yield {"name": name, "quantity": quantity or ordered or ""}
