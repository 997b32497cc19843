"""Arrivals in the spool -> rows of uploads."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from functools import partial
from typing import Final

from cws_filedrop import log
from cws_filedrop.drop.claims import Claim
from cws_filedrop.drop.spool import Arrival
from cws_filedrop.model import Seller
from cws_filedrop.outgoing.hooks import events
from cws_filedrop.service_context import ServiceContext
from cws_filedrop.store.sellers import sellers
from cws_filedrop.store.uploads import uploads

LOG: Final = log.get(__name__)


def record(context: ServiceContext, upload_ids: Iterable[str]) -> dict[str, int]:
    """Record, then move out of the doors' way: in this order, so that a crash after any of them is harmless.

    Returns the sizes, by id, of those that waited for it.
    """
    found = {one: arrival for one in upload_ids if (arrival := context.spool.arrival(one)) is not None}
    claims = [claim for one in found if (claim := claim_of(context, one)) is not None]
    owners = sellers.by_name(context.db, {claim.seller for claim in claims})
    for claim in claims:
        if claim.seller not in owners:
            LOG.error("upload.seller_not_found", upload=claim.upload_id, seller=claim.seller)
    known = [claim for claim in claims if claim.seller in owners]
    if known:
        rows = [_row(claim, owners[claim.seller]) for claim in known]
        told = partial(events.received, now=context.clock(), marketplace=context.marketplace)
        uploads.arrive(context.db, rows, beside=told)
    for claim in known:
        _accept(context, found[claim.upload_id])
        LOG.info("upload.accepted", upload=claim.upload_id, seller=claim.seller, bytes=claim.size)
    return {claim.upload_id: claim.size for claim in known}


def claim_of(context: ServiceContext, upload_id: str) -> Claim | None:
    """The claim of an upload; None when it cannot be read."""
    try:
        return context.spool.claim_of(upload_id)
    except OSError:
        LOG.exception("upload.claim_not_read", upload=upload_id)
        return None


def _accept(context: ServiceContext, arrival: Arrival) -> None:
    # Where there are several workers, another may do the same, on the doors' word or on its round.
    with suppress(*(() if context.db.is_sqlite else (FileNotFoundError,))):
        context.spool.accept(arrival)


def _row(claim: Claim, seller: Seller) -> dict[str, object]:
    """The columns of an upload that are known before anyone has read it."""
    return {
        "id": claim.upload_id,
        "seller_id": seller.id,
        "account_id": seller.account.id,
        "folder": str(claim.folder),
        "name": claim.name,
        "door": str(claim.door),
        "client": claim.client,
        "grade": str(claim.grade),
        "evidence": claim.evidence,
        "arrived_at": claim.arrived_at,
        "size": claim.size,
    }
