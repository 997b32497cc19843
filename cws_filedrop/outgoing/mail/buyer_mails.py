"""Mails to buyers: one for each package of an order whose shipment Amazon has confirmed, where the seller asked for it.

None for lines of status "shipped & no confirm", none for orders whose buyers the order book does not know (any more).
Nothing of buyers is logged.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from cws_filedrop import log
from cws_filedrop.model import MailKind
from cws_filedrop.notify.letters import write as letter
from cws_filedrop.outgoing.mail.notes import Topic
from cws_filedrop.service_context import ServiceContext
from cws_filedrop.store.database import DatabaseUnavailable
from cws_filedrop.store.feeds import feeds
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
        return []


def _drafts(context: ServiceContext, feed_no: int) -> Iterator[Draft]:
    feed = feeds.get(context.db, feed_no)
    wanting = [
        one.id for one in sellers.everyone(context.db) if one.account.id == feed.account_id and one.mailing.buyers
    ]
    packages: dict[Package, list[ShippedLine]] = {}
    for one in buyers.shipped(context.db, feed_no, wanting):
        packages.setdefault(package(one), []).append(one)
    loud = {key: found for key, found in packages.items() if not any(one.quiet for one in found)}
    people = buyers.of_orders(context.db, feed.account_id, {key[0] for key in loud})
    for key, found in loud.items():
        person = people.get(key[0])
        if person is not None and person.cells.get("buyer-email", "").strip():
            yield _draft(feed.account_id, key, found, person)


def package(shipped: ShippedLine) -> Package:
    """What is one package to its buyer: what has the same tracking number, else what left the same day."""
    if shipped.tracking:
        return shipped.order, shipped.tracking, "", ""
    return shipped.order, "", shipped.day, shipped.message


def _draft(account_id: int, key: Package, found: Sequence[ShippedLine], person: buyers.Buyer) -> Draft:
    ident = hashlib.sha256("|".join(key).encode()).hexdigest()[:32]
    made = letter("buyer", _values(found, person))
    recipient = person.cells["buyer-email"].strip()
    draft_key = f"buyer:{account_id}:{ident}"
    seller_id = found[0].seller_id
    return Draft(
        draft_key, MailKind.BUYER, recipient, made.subject, made.text, made.html, seller_id, order_no=person.order_no
    )


def _values(found: Sequence[ShippedLine], person: buyers.Buyer) -> dict[str, Any]:
    first = found[0]
    return {
        "order_id": first.order,
        "name": person.cells.get("buyer-name", ""),
        "items": list(_items(found, person.items)),
        "carrier": first.carrier,
        "tracking": first.tracking,
        "day": first.day,
    }


def _items(found: Sequence[ShippedLine], names: Mapping[str, tuple[str, int | None]]) -> Iterator[dict[str, Any]]:
    """What is in the package; nothing when a name is missing, or it is an order of which nobody knows what is in it."""
    chosen = {one.item: one.quantity for one in found}
    if "" in chosen:
        chosen = dict.fromkeys(names, "")
    if all(names.get(item, ("", None))[0] for item in chosen):
        for item, quantity in chosen.items():
            name, ordered = names[item]
            yield {"name": name, "quantity": quantity or ordered or ""}
