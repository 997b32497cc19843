"""One seller as operators see it: its access, folders, drops and rhythm, what is late or not confirmed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from cws_filedrop.drop.allowance import kept_bytes, waiting_files
from cws_filedrop.drop.home import Folder, Home, UploadStage, visible_files
from cws_filedrop.model import Seller
from cws_filedrop.service_context import ServiceContext
from cws_filedrop.store.doors import audit, guard
from cws_filedrop.store.lists import searching, usage, work_lists
from cws_filedrop.store.lists.searching import UploadSearch, UploadSummary
from cws_filedrop.store.lists.work_lists import UnsettledLine
from cws_filedrop.store.orders import order_lists
from cws_filedrop.store.sellers import sellers
from cws_filedrop.store.sellers.sellers import Access
from cws_filedrop.store.uploads import uploads

SHOWN_FILES: Final = 100
SHOWN_LATE: Final = 50
SHOWN_UPLOADS: Final = 15
SHOWN_AUDIT: Final = 30
OVERDUE_DAYS: Final = 14
RHYTHM_WEEKS: Final = 4


@dataclass(frozen=True, slots=True)
class FolderEntry:
    """A file in a folder of a seller's. `changed` is seconds since 1970."""

    name: str
    size: int
    changed: float


@dataclass(frozen=True, slots=True)
class SellerOverview:
    """A seller at one moment. `access` is None while the seller may not log in; `folders` are (name, the newest files,
    how many there are); `counts` are uploads by state; `rhythm` are files by weekday (Monday first) and hour, in UTC;
    `limits` are (name, used, most); `banned` are banned addresses from which somebody tried to log in by this name."""

    seller: Seller
    access: Access | None
    folders: Sequence[tuple[str, Sequence[FolderEntry], int]]
    uploads: Sequence[UploadSummary]
    counts: Mapping[str, int]
    rhythm: Sequence[Sequence[int]]
    unconfirmed: Sequence[UnsettledLine]
    late: Sequence[Mapping[str, Any]]
    limits: Sequence[tuple[str, int, int]]
    audit: Sequence[audit.AuditRow]
    banned: Sequence[guard.FailureRecord]


def of(context: ServiceContext, seller: Seller) -> SellerOverview:
    """The seller's, at this moment."""
    db, now, account = context.db, context.clock(), seller.account.id
    home = Home(seller.name, context.homes.root / seller.name)
    soon, overdue = now + timedelta(hours=context.settings.orders.late_hours), now - timedelta(days=OVERDUE_DAYS)
    return SellerOverview(
        seller,
        access=sellers.access(db, seller.name, now),
        folders=_folders(home),
        uploads=searching.uploads(db, UploadSearch(), seller_id=seller.id, limit=SHOWN_UPLOADS),
        counts=uploads.counts(db, seller.id),
        rhythm=usage.rhythm(db, seller.id, since=now - timedelta(weeks=RHYTHM_WEEKS)),
        unconfirmed=work_lists.unconfirmed(db, account_id=account, limit=SHOWN_LATE),
        late=order_lists.late(db, account, before=soon, since=overdue, limit=SHOWN_LATE),
        limits=_limits(context, seller, home),
        audit=audit.listing(db, seller=seller.name, limit=SHOWN_AUDIT),
        banned=_bans(context, seller.name),
    )


def _folders(home: Home) -> list[tuple[str, list[FolderEntry], int]]:
    listed = []
    for folder in Folder:
        waiting = [(name, home.folder(folder) / name) for name in home.waiting(folder)]
        growing = [(name, kept.path) for name, kept in home.unfinished(folder, *UploadStage).items()]
        listed.append((str(folder), waiting + growing))
    for name in ("outbox", "orders/created", "orders/modified"):
        directory = home.path / name
        listed.append((name, [(file, directory / file) for file in visible_files(directory)]))
    return [(name, _entries(files), len(files)) for name, files in listed]


def _entries(files: list[tuple[str, Path]]) -> list[FolderEntry]:
    entries = []
    for name, path in files:
        try:
            kept = path.lstat()
        except OSError:  # collected meanwhile
            continue
        entries.append(FolderEntry(name, kept.st_size, kept.st_mtime))
    return sorted(entries, key=lambda entry: entry.changed, reverse=True)[:SHOWN_FILES]


def _limits(context: ServiceContext, seller: Seller, home: Home) -> list[tuple[str, int, int]]:
    allowance, used_limits = seller.allowance, []
    if allowance.files_an_hour:
        used = usage.uploads_since(context.db, seller.id, since=context.clock() - timedelta(hours=1))
        used_limits.append(("files in an hour", used, allowance.files_an_hour))
    if allowance.kept_bytes:
        used_limits.append(("bytes kept", kept_bytes(home), allowance.kept_bytes))
    if allowance.waiting_files:
        used_limits.append(("files that wait", waiting_files(home), allowance.waiting_files))
    return used_limits


def _bans(context: ServiceContext, name: str) -> list[guard.FailureRecord]:
    tried = {row.address for row in audit.listing(context.db, seller=name, event="login-refused", limit=200)}
    return [record for record in guard.banned(context.db, context.clock().timestamp()) if record.who in tried]
