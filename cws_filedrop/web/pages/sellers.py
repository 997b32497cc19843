"""Sellers: all of them at a glance, and one with its folders, drops, rhythm, limits and logins."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import Response

from cws_filedrop.drop.allowance import kept_bytes, waiting_files
from cws_filedrop.drop.home import Folder, Home, Stage, visible_files
from cws_filedrop.pipeline import deciding
from cws_filedrop.pipeline.deciding import Impossible, Who
from cws_filedrop.store import audit, guard, order_lists, searching, sellers, uploads, usage, work_lists
from cws_filedrop.store.searching import Wanted
from cws_filedrop.web import office as offices
from cws_filedrop.web import svg, visitors
from cws_filedrop.web.forms import Text
from cws_filedrop.web.frame import framed
from cws_filedrop.web.rendering import go

router: Final = APIRouter()
SHOWN_FILES: Final = 100
SHOWN_LATE: Final = 50
OVERDUE_DAYS: Final = 14
RHYTHM_WEEKS: Final = 4
DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@dataclass(frozen=True, slots=True)
class Entry:
    """A file in a folder of a seller's. `changed` is seconds since 1970."""

    name: str
    size: int
    changed: float


@router.get("/sellers")
def everyone(request: Request, session: visitors.Viewer) -> Response:
    """Every seller: when it dropped last, what waits, what is wrong."""
    here = offices.of(request)
    rows = usage.by_seller(here.desk.db, since=here.desk.clock() - timedelta(days=1))
    return framed(request, "sellers.html", session, rows=rows)


@router.get("/sellers/{name}")
def one(request: Request, session: visitors.Viewer, name: str) -> Response:
    """One seller."""
    here = offices.of(request)
    desk, now = here.desk, here.desk.clock()
    found = sellers.find(desk.db, name)
    if found is None:
        raise visitors.NotThere
    home = Home(found.name, desk.homes.root / found.name)
    late = order_lists.late(
        desk.db,
        found.account.id,
        before=now + timedelta(hours=desk.settings.orders.late_hours),
        since=now - timedelta(days=OVERDUE_DAYS),
        limit=SHOWN_LATE,
    )
    return framed(
        request,
        "seller.html",
        session,
        seller=found,
        access=sellers.access(desk.db, found.name, now),
        folders=folders(home),
        uploads=searching.uploads(desk.db, Wanted(), seller_id=found.id, limit=15),
        counts=uploads.counts(desk.db, found.id),
        rhythm_chart=svg.week(
            "Files by weekday and hour",
            DAYS,
            usage.rhythm(desk.db, found.id, since=now - timedelta(weeks=RHYTHM_WEEKS)),
        ),
        unconfirmed=work_lists.unconfirmed(desk.db, account_id=found.account.id, limit=SHOWN_LATE),
        late=late,
        limits=_limits(desk, found, home),
        audit=audit.listing(desk.db, seller=found.name, limit=30),
        banned=_bans(desk.db, found.name, now.timestamp()),
    )


def folders(home: Home) -> list[tuple[str, list[Entry], int]]:
    """What lies in a seller's folders: name, the newest files, how many there are."""
    found = []
    for folder in Folder:
        waiting = [(name, home.folder(folder) / name) for name in home.waiting(folder)]
        growing = [(name, kept.path) for name, kept in home.unfinished(folder, *Stage).items()]
        found.append((str(folder), waiting + growing))
    for name in ("outbox", "orders/created", "orders/modified"):
        directory = home.path / name
        found.append((name, [(file, directory / file) for file in visible_files(directory)]))
    return [(name, _entries(files), len(files)) for name, files in found]


def _entries(files: list[tuple[str, Path]]) -> list[Entry]:
    found = []
    for name, path in files:
        try:
            kept = path.lstat()
        except OSError:  # collected meanwhile
            continue
        found.append(Entry(name, kept.st_size, kept.st_mtime))
    return sorted(found, key=lambda entry: entry.changed, reverse=True)[:SHOWN_FILES]


def _limits(desk: Any, seller: Any, home: Home) -> list[tuple[str, int, int]]:
    """What is used of each limit there is: (name, used, most)."""
    allowance, found = seller.allowance, []
    if allowance.files_an_hour:
        used = usage.uploads_since(desk.db, seller.id, since=desk.clock() - timedelta(hours=1))
        found.append(("files in an hour", used, allowance.files_an_hour))
    if allowance.kept_bytes:
        found.append(("bytes kept", kept_bytes(home), allowance.kept_bytes))
    if allowance.waiting_files:
        found.append(("files that wait", waiting_files(home), allowance.waiting_files))
    return found


def _bans(db: Any, name: str, now: float) -> list[Any]:
    """Addresses that are kept out and were tried from with this seller's name lately."""
    tried = {row.address for row in audit.listing(db, seller=name, event="login-refused", limit=200)}
    return [record for record in guard.banned(db, now) if record.who in tried]


@router.post("/guard/unban", dependencies=[visitors.Meant])
def unban(request: Request, session: visitors.Operator, address: Text, wanted: Text = "") -> Response:
    """Let an address try again."""
    try:
        deciding.unban(offices.of(request).desk, address, who=Who(session.name, visitors.address(request)))
    except Impossible as why:
        raise visitors.Refused(f"Nothing was done: {why}.", 409) from None
    where = f"/sellers/{wanted}" if wanted.isalnum() else "/"
    return go(request, where, f"{address} may try again.")
