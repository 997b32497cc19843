"""Finds the upload of an idempotency key that does not say whether it was taken: the service was killed just then."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator
from datetime import timedelta

from cws_filedrop.drop.claims import Claim, Drop
from cws_filedrop.model import Door, Seller
from cws_filedrop.service_context import ServiceContext
from cws_filedrop.store.database import moment, stamp
from cws_filedrop.store.uploads import uploads
from cws_filedrop.store.uploads.idempotency_keys import EarlierUse

BLOCK_BYTES = 1 << 20


def find(context: ServiceContext, seller: Seller, what: Drop, earlier: EarlierUse) -> str:
    """The id of what was taken under a key, by its bytes; "" when nothing was."""
    for upload_id in _candidates(context, seller, what, earlier):
        with contextlib.suppress(FileNotFoundError):
            if _digest(context, upload_id, what) == earlier.digest:
                return upload_id
    return ""


def _candidates(context: ServiceContext, seller: Seller, what: Drop, earlier: EarlierUse) -> Iterator[str]:
    """Uploads of that name that came by HTTP at about that time; landed, spooled, recorded: in the order in which they
    move, so that none slips through between two looks."""
    spool = context.spool
    yield from (upload_id for upload_id, claim in spool.landed() if claim is not None and _fits(claim, what))
    for arrival in spool.arrivals():
        with contextlib.suppress(FileNotFoundError):
            if _fits(spool.claim_of(arrival.upload_id), what):
                yield arrival.upload_id
    at = moment(earlier.at)
    until = stamp(at + timedelta(minutes=5))
    for upload in uploads.between(context.db, seller.id, stamp(at - timedelta(minutes=5)), until):
        if upload.door == Door.HTTP and (upload.folder, upload.name) == (what.folder, what.name):
            yield upload.id


def _fits(claim: Claim, what: Drop) -> bool:
    return (claim.seller, claim.folder, claim.name, claim.door) == (what.seller, what.folder, what.name, Door.HTTP)


def _digest(context: ServiceContext, upload_id: str, what: Drop) -> str:
    """The digest of folder, name and bytes, as `IncomingFile.digest` makes it."""
    digest = hashlib.sha256(f"{what.folder}\0{what.name}\0".encode("utf-8", "surrogatepass"))
    landed = context.spool.landed_data(upload_id)
    path = landed if landed.is_file() else context.spool.data_path(upload_id)
    with path.open("rb") as file:
        while block := file.read(BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()
