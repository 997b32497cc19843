"""One zip that proves what became of an order: what was dropped when, by whom and from where, what was sent to Amazon
and answered, what its own order showed, what people decided. Made for commands, pages and API alike.

Whole files and documents hold other orders, too; `only_this_order` packs extracts instead, for readers who must not see
other orders. What the order book knows of a buyer is never in it. The same state makes the same zip, byte for byte: it
does not tell when it was made.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, BinaryIO, Final

from cws_filedrop.errors import NotPossible, expected
from cws_filedrop.marketplaces.seller_site import order_url
from cws_filedrop.reports import evidence as words
from cws_filedrop.service_context import ServiceContext
from cws_filedrop.store.feeds import lines_sent, read_backs
from cws_filedrop.store.feeds.lines_sent import SentLine
from cws_filedrop.store.lists import work_lists
from cws_filedrop.store.orders import order_book
from cws_filedrop.store.sellers import sellers
from cws_filedrop.store.uploads import uploads
from cws_filedrop.store.users import decisions
from cws_filedrop.store.users.decisions import Who
from cws_filedrop.views.evidence import feed_members, members, upload_members
from cws_filedrop.views.evidence.members import ZipMember
from cws_filedrop.views.evidence.upload_members import Evidence, plain

EVIDENCE: Final = "order.evidence"
VERSION: Final = 1
ALL: Final = 10_000  # decisions: far more than an order ever has
DAWN: Final = "1980-01-01T00:00:00.000Z"  # no zip knows an earlier moment


@dataclass(frozen=True, slots=True)
class EvidenceRequest:
    """Which order, and whether the zip is for readers who must not see other orders."""

    account_id: int
    order_id: str
    only_this_order: bool = False

    @property
    def file_name(self) -> str:
        """What the zip is called."""
        return f"evidence-{members.safe(self.order_id)}{'-extract' if self.only_this_order else ''}.zip"


@dataclass(frozen=True, slots=True)
class EvidencePackage:
    """A zip, in a file without a name that is gone when it is closed."""

    file: BinaryIO
    size: int
    sha256: str


def packed(context: ServiceContext, order: EvidenceRequest, *, folder: Path, who: Who) -> EvidencePackage:
    """The zip, made on the filesystem of a folder; that it was made, and for whom, is kept as a decision.

    Raises: NotPossible when nothing is known of the order; OSError.
    """
    file = TemporaryFile(dir=folder)  # noqa: SIM115 - whoever gets it closes it
    try:
        sha256 = pack(context, order, file)
        size = file.seek(0, os.SEEK_END)
        file.seek(0)
    except BaseException:
        file.close()
        raise
    about = work_lists.about_order(order.account_id, order.order_id)
    what, now = f"{order.file_name}, SHA-256 {sha256}", context.clock()
    decisions.add(context.db, who, what=EVIDENCE, about=about, detail=what, now=now)
    return EvidencePackage(file, size, sha256)


def pack(context: ServiceContext, order: EvidenceRequest, target: BinaryIO) -> str:
    """Write the zip to an empty file; its SHA-256. Raises: NotPossible, OSError."""
    evidence, parts = collected(context, order)
    body = json.dumps(evidence, indent=2, ensure_ascii=False, default=str) + "\n"
    # Not the clock's moment: the same state makes the same bytes.
    latest = max([DAWN, *(part.at for part in parts), *(event["at"] for event in evidence["history"])])
    own = [ZipMember("evidence.json", latest, body.encode(errors="replace"))]
    own.append(ZipMember("README.txt", latest, words.text(evidence).encode(errors="replace")))
    members.write(target, [*own, *parts])
    target.seek(0)
    return members.digest_of_file(target)


def collected(context: ServiceContext, order: EvidenceRequest) -> tuple[dict[str, Any], list[ZipMember]]:
    """What is known of an order, as plain values, and the files to go with it. Raises: NotPossible."""
    lines = lines_sent.of_order(context.db, order.account_id, order.order_id)
    with context.db.read() as connection:
        known = order_book.get_in(connection, order.account_id, order.order_id)
    if known is None and not lines:
        raise NotPossible(f"nothing is known of an order {order.order_id}")
    of_uploads = list(_uploads(context, order, lines))
    of_feeds = list(_feeds(context, order, lines))
    evidence: dict[str, Any] = {"version": VERSION, "only_this_order": order.only_this_order}
    evidence["marketplace"] = str(context.marketplace)
    evidence["order"] = _order(context, order, known)
    evidence["uploads"], evidence["feeds"] = [one.facts for one in of_uploads], [one.facts for one in of_feeds]
    back = read_backs.read_back(context.db, order.account_id, order.order_id)
    evidence["read_back"] = None if back is None else asdict(back)
    about = work_lists.about_order(order.account_id, order.order_id)
    evidence["decided"] = plain(
        [one for one in decisions.listing(context.db, about=about, limit=ALL) if one.what != EVIDENCE]
    )
    evidence["history"] = [] if known is None else [asdict(one) for one in order_book.history(context.db, known.no)]
    return evidence, [member for one in (*of_uploads, *of_feeds) for member in one.members]


def _uploads(context: ServiceContext, order: EvidenceRequest, lines: Sequence[SentLine]) -> Iterator[Evidence]:
    for upload_id, some in groupby(lines, lambda line: line.upload_id):
        upload = expected(uploads.get(context.db, upload_id), f"upload {upload_id} of a line")
        yield upload_members.of_upload(context, upload, list(some), only_this_order=order.only_this_order)


def _feeds(context: ServiceContext, order: EvidenceRequest, lines: Sequence[SentLine]) -> Iterator[Evidence]:
    numbers = {line.feed_no for line in lines if line.feed_no is not None}
    for feed in lines_sent.feeds(context.db, numbers):
        carried = [line for line in lines if line.feed_no == feed.no]
        yield feed_members.of_feed(context, feed, carried, only_this_order=order.only_this_order)


def _order(context: ServiceContext, order: EvidenceRequest, known: order_book.Order | None) -> dict[str, Any]:
    account = sellers.account(context.db, order.account_id)
    facts: dict[str, Any] = {"order_id": order.order_id, "merchant_id": account.merchant_id}
    facts |= {"marketplace_id": account.marketplace_id}
    facts["amazon_url"] = order_url(account.marketplace_id, order.order_id)
    if known is not None:
        left_out = ("no", "account_id", "amazon_order_id")
        facts |= {name: value for name, value in asdict(known).items() if name not in left_out}
    facts["lines"] = [] if known is None else [asdict(one) for one in order_book.lines(context.db, known.no)]
    return facts
