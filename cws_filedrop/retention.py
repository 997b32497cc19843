"""Deletes what is past its retention: answers in the outbox, the uploads they came from, documents sent to and received
from Amazon, unfinished uploads.

What was sent stays in the database for ever: a shipment that is dropped again years later must not be sent twice.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from cws_filedrop import log
from cws_filedrop.drop import disk
from cws_filedrop.drop.home import Folder, UploadStage
from cws_filedrop.orders import drop_folder
from cws_filedrop.service_context import ServiceContext
from cws_filedrop.store.doors import audit, audit_exports
from cws_filedrop.store.feeds import order_reports, read_backs
from cws_filedrop.store.orders import order_lists
from cws_filedrop.store.outgoing import hooks, mails
from cws_filedrop.store.uploads import uploads
from cws_filedrop.store.uploads.uploads import Upload

LOG: Final = log.get(__name__)
UNFINISHED_DAYS: Final = 7  # for which an unfinished upload can be resumed
AT_ONCE: Final = 200


def sweep(context: ServiceContext) -> int:
    """Delete everything past its retention; returns how many uploads that were."""
    removed = 0
    for upload in _old(context):
        _forget(context, upload)
        removed += 1
    limit = time.time() - UNFINISHED_DAYS * 86_400
    for home in context.homes.known():
        for folder in Folder:
            for leftover in home.unfinished(folder, UploadStage.CUT, UploadStage.PART).values():
                if leftover.path.stat().st_mtime < limit:
                    disk.remove(leftover.path)
    if removed:
        LOG.info("retention.removed", uploads=removed)
    _forget_buyers(context)
    _forget_documents(context)
    mails.forget(context.db, before=context.clock() - timedelta(days=context.settings.mail.keep_days))
    hooks.forget(context.db, before=context.clock() - timedelta(days=context.settings.hooks.keep_days))
    order_reports.forget(
        context.db, before=context.clock() - timedelta(days=context.settings.service.keep_results_days)
    )
    _forget_audit(context)
    _forget_dropped(context)
    return removed


def _forget_audit(context: ServiceContext) -> None:
    """The trail itself; where an export has not taken all of that yet, an entry says how much is missing."""
    before, target = context.clock() - timedelta(days=context.settings.audit.keep_days), context.settings.audit.export
    missing = audit_exports.unexported(context.db, target, before=before) if target else 0
    audit.forget(context.db, before=before)
    if missing:
        LOG.error("audit.lost", entries=missing)
        audit.add(context.db, [audit.gap(context.clock(), missing, f"removed before they were exported to {target}")])


def _forget_documents(context: ServiceContext) -> None:
    """Documents that prove a shipment, once it can no longer be disputed."""
    before = context.clock() - timedelta(days=context.settings.service.keep_documents_days)
    if files := context.archive.forget(before=f"{before:%Y%m%d}"):
        LOG.info("retention.documents_removed", files=files)
    read_backs.forget(context.db, before=before)


def _forget_buyers(context: ServiceContext) -> None:
    """Names and addresses, in the order book and in order files (docs/domain.md#10-orders)."""
    before = context.clock() - timedelta(days=context.settings.orders.keep_buyers_days)
    orders = order_lists.forget_buyers(context.db, before=before)
    mails.forget_buyers(context.db)
    for home in context.homes.known():
        for file in home.path.glob("orders/*/*.txt"):
            if file.stat().st_mtime < before.timestamp():
                disk.remove(file)
    if orders:
        LOG.info("retention.buyers_forgotten", orders=orders)


def _forget_dropped(context: ServiceContext) -> None:
    """Order files that operators dropped. Last, since their folder may be unreachable."""
    before = context.clock() - timedelta(days=context.settings.orders.keep_buyers_days)
    if files := drop_folder.forget(context, before=before):
        LOG.info("retention.order_files_removed", files=files)


def _old(context: ServiceContext) -> Iterator[Upload]:
    """Finished uploads that are older than `keep_results_days`."""
    last_day = f"{context.clock() - timedelta(days=context.settings.service.keep_results_days):%Y%m%d}"
    ids = []
    for upload_id in context.spool.accepted():
        if upload_id[:8] >= last_day:
            break
        ids.append(upload_id)
    for start in range(0, len(ids), AT_ONCE):
        page = uploads.some(context.db, ids[start : start + AT_ONCE])
        yield from (upload for upload in page if upload.state in uploads.FINISHED)


# The upload's own folder last: it is what the next sweep finds it by, if this one is killed.
def _forget(context: ServiceContext, upload: Upload) -> None:
    for answer in (context.homes.root / upload.seller / "outbox").glob(f"*.{upload.id}.*"):
        disk.remove(answer)
    directory = context.spool.path(upload.id)
    shutil.rmtree(directory)
    if not any(directory.parent.iterdir()):
        disk.remove_directory(directory.parent)
