"""An upload of which a key does not say whether it was taken, since the service was killed just then: look for it."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator
from datetime import timedelta

from cws_filedrop.drop.claims import Claim, Drop
from cws_filedrop.model import Door, Seller
from cws_filedrop.pipeline.desk import Desk
from cws_filedrop.store import uploads
from cws_filedrop.store.database import moment, stamp
from cws_filedrop.store.handed_in import Earlier

BLOCK_BYTES = 1 << 20


def find(desk: Desk, seller: Seller, what: Drop, earlier: Earlier) -> str:
    """The id of what was taken under a key, by its bytes; "" when nothing was."""
    for upload_id in _candidates(desk, seller, what, earlier):
        with contextlib.suppress(FileNotFoundError):
            if _digest(desk, upload_id, what) == earlier.digest:
                return upload_id
    return ""


def _candidates(desk: Desk, seller: Seller, what: Drop, earlier: Earlier) -> Iterator[str]:
    """Uploads of that name that came by HTTP at about that time; in the order they move, so that none is missed."""
    spool = desk.spool
    yield from (upload_id for upload_id, claim in spool.landed() if claim is not None and _fits(claim, what))
    for arrival in spool.arrivals():
        with contextlib.suppress(FileNotFoundError):
            if _fits(spool.claim_of(arrival.upload_id), what):
                yield arrival.upload_id
    at = moment(earlier.at)
    until = stamp(at + timedelta(minutes=5))
    for upload in uploads.between(desk.db, seller.id, stamp(at - timedelta(minutes=5)), until):
        if upload.door == Door.HTTP and (upload.folder, upload.name) == (what.folder, what.name):
            yield upload.id


def _fits(claim: Claim, what: Drop) -> bool:
    return (claim.seller, claim.folder, claim.name, claim.door) == (what.seller, what.folder, what.name, Door.HTTP)


def _digest(desk: Desk, upload_id: str, what: Drop) -> str:
    """As `Parcel.digest` has it."""
    found = hashlib.sha256(f"{what.folder}\0{what.name}\0".encode("utf-8", "surrogatepass"))
    landed = desk.spool.landed_data(upload_id)
    path = landed if landed.is_file() else desk.spool.data_path(upload_id)
    with path.open("rb") as file:
        while block := file.read(BLOCK_BYTES):
            found.update(block)
    return found.hexdigest()
