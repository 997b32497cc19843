"""What is kept, and for how long: answers in the outbox, the bytes they came from, what Amazon was told and answered,
broken-off uploads.

The database keeps what was sent for ever: a shipment that is dropped again years later must not go twice.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from cws_filedrop import log
from cws_filedrop.drop import disk
from cws_filedrop.drop.home import Folder, Stage
from cws_filedrop.pipeline import order_drops
from cws_filedrop.pipeline.desk import Desk
from cws_filedrop.store import audit, hooks, mails, order_lists, pulls, sightings, uploads
from cws_filedrop.store.uploads import Upload

LOG: Final = log.get(__name__)
UNFINISHED_DAYS: Final = 7  # that a broken-off upload can be resumed
AT_ONCE: Final = 200


def sweep(desk: Desk) -> int:
    """Remove what is older than it need be; how many uploads that were."""
    removed = 0
    for upload in _old(desk):
        _forget(desk, upload)
        removed += 1
    limit = time.time() - UNFINISHED_DAYS * 86_400
    for home in desk.homes.known():
        for folder in Folder:
            for leftover in home.unfinished(folder, Stage.CUT, Stage.PART).values():
                if leftover.path.stat().st_mtime < limit:
                    disk.remove(leftover.path)
    if removed:
        LOG.info("retention.removed", uploads=removed)
    _forget_buyers(desk)
    _forget_documents(desk)
    mails.forget(desk.db, before=desk.clock() - timedelta(days=desk.settings.mail.keep_days))
    hooks.forget(desk.db, before=desk.clock() - timedelta(days=desk.settings.hooks.keep_days))
    pulls.forget(desk.db, before=desk.clock() - timedelta(days=desk.settings.service.keep_results_days))
    audit.forget(desk.db, before=desk.clock() - timedelta(days=desk.settings.audit.keep_days))
    _forget_dropped(desk)
    return removed


def _forget_documents(desk: Desk) -> None:
    """What would prove a shipment, once nobody can dispute it any more."""
    before = desk.clock() - timedelta(days=desk.settings.service.keep_documents_days)
    if files := desk.archive.forget(before=f"{before:%Y%m%d}"):
        LOG.info("retention.documents_removed", files=files)
    sightings.forget(desk.db, before=before)


def _forget_buyers(desk: Desk) -> None:
    """Names and addresses, in the order book and in order files (docs/domain.md#10-orders)."""
    before = desk.clock() - timedelta(days=desk.settings.orders.keep_buyers_days)
    orders = order_lists.forget_buyers(desk.db, before=before)
    mails.forget_buyers(desk.db)
    for home in desk.homes.known():
        for file in home.path.glob("orders/*/*.txt"):
            if file.stat().st_mtime < before.timestamp():
                disk.remove(file)
    if orders:
        LOG.info("retention.buyers_forgotten", orders=orders)


def _forget_dropped(desk: Desk) -> None:
    """Order files that operators dropped. Last of all: their folder may be out of reach, and that is no reason to keep
    anything else."""
    before = desk.clock() - timedelta(days=desk.settings.orders.keep_buyers_days)
    if files := order_drops.forget(desk, before=before):
        LOG.info("retention.order_files_removed", files=files)


def _old(desk: Desk) -> Iterator[Upload]:
    """Uploads of which everything has been said, long ago."""
    last_day = f"{desk.clock() - timedelta(days=desk.settings.service.keep_results_days):%Y%m%d}"
    ids = []
    for upload_id in desk.spool.accepted():
        if upload_id[:8] >= last_day:
            break
        ids.append(upload_id)
    for start in range(0, len(ids), AT_ONCE):
        found = uploads.some(desk.db, ids[start : start + AT_ONCE])
        yield from (upload for upload in found if upload.state in uploads.FINISHED)


def _forget(desk: Desk, upload: Upload) -> None:
    for answer in (desk.homes.root / upload.seller / "outbox").glob(f"*.{upload.id}.*"):
        disk.remove(answer)
    directory = desk.spool.path(upload.id)
    shutil.rmtree(directory)
    if not any(directory.parent.iterdir()):
        disk.remove_directory(directory.parent)
