"""Databases as the program of a revision left them: every later one brings them up to date.

As a program it makes those of the newest revision, after which they are never changed:

    PYTHONPATH=.:tests python tests/store/kept_databases.py
"""

from __future__ import annotations

import sqlite3
import sys
import tempfile
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import databases
import postgres_kit
import sqlalchemy as sa
from pipeline.contexts import NOW, context_on, put, read
from pipeline.shop import FREE, ITEM, ORDER, OTHER, REPORT, SECOND, Shop, shipped

from cws_filedrop.credentials import public_keys
from cws_filedrop.errors import expected
from cws_filedrop.model import (
    SELLERS_EVENTS,
    AlarmKind,
    Grade,
    HookEvent,
    MailKind,
    OrderReportState,
    Policy,
    Role,
)
from cws_filedrop.pipeline import outbox
from cws_filedrop.rules.cancelling import REASONS
from cws_filedrop.service_context import ServiceContext
from cws_filedrop.store import migrations
from cws_filedrop.store.cluster import workers
from cws_filedrop.store.database import Database, stamp
from cws_filedrop.store.doors import audit, audit_exports, connections, guard
from cws_filedrop.store.doors.audit import AuditRow
from cws_filedrop.store.doors.guard import FailureRecord
from cws_filedrop.store.feeds import feeds, filling, order_reports, unseen
from cws_filedrop.store.lists import work_lists
from cws_filedrop.store.outgoing import alarms, hooks, mails
from cws_filedrop.store.outgoing.alarms import AlarmFinding
from cws_filedrop.store.outgoing.hooks import HookNotice
from cws_filedrop.store.outgoing.mails import Draft, Note
from cws_filedrop.store.schema import METADATA, SHARED_FOLDERS
from cws_filedrop.store.sellers import carrier_names, keys, profiles, tokens
from cws_filedrop.store.sellers.carrier_names import CarrierName
from cws_filedrop.store.sellers.keys import PublicKey
from cws_filedrop.store.uploads import idempotency_keys
from cws_filedrop.store.users import decisions, user_tokens, users, web_sessions
from cws_filedrop.store.users.decisions import Who

KEPT = Path(__file__).parent / "databases"
PACKED, CANCELLED, WAITING = "026-1520163-0000003", "026-1520163-0000004", "026-1520163-0000005"
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILM+rvN+ot98qgEN796jTiQfZfG1KaT0PtFDJ/XFSqti anna@desk"
PROFILE = '[columns]\norder-id = "Order"\ntracking = "Parcel"\n[constants]\ncarrier = "UPS"\n'
HEADINGS = "order-id\tstatus\torder-item-id\tquantity\ttracking\tcarrier\tcancel-reason\n"


def fill(context: ServiceContext) -> None:
    """Something in every table; feed 1 is settled, feed 2 at Amazon, feed 3 filled."""
    _trade(Shop(context, look_after=timedelta(minutes=30)))
    _sellers_own(context.db)
    _operators(context.db)
    _told(context.db)
    _doors(context.db)


def _trade(shop: Shop) -> None:
    report = REPORT.rstrip("\n") + "\tbuyer-name\tship-address-1\n"
    orders = ((ORDER, ITEM), (OTHER, SECOND), (PACKED, ITEM), (CANCELLED, ITEM), (WAITING, ITEM))
    buyer = "Buyer Byer\t1 Any Lane"
    shop.imports_text(
        report + "".join(f"{o}\t{i}\t2026-11-20T10:00:00Z\tStandard\tBLUE-MUG\t2\t{buyer}\n" for o, i in orders)
    )
    first = shipped(item=ITEM, quantity="1")
    _drop(shop, first, shipped("Y0000002K", order=OTHER, item=SECOND, quantity="2"), "4711\tshipped\t\t\t\t\t")
    _drop(
        shop,
        f"{PACKED}\tpacked\t\t\tY0000003K\tYodel\t",
        f"{ORDER}\tshipped & no confirm\t{ITEM}\t1\tY0000004K\tYodel\t",
    )
    shop.settled(_turn(shop, NOW), {2: ("A-18028", "Your order cannot be found")})
    _drop(shop, f"{CANCELLED}\tcancelled\t\t\t\t\t{REASONS[0]}")
    second = NOW + timedelta(hours=1)
    feeds.submitted(shop.context.db, _turn(shop, second), amazon_feed_id="F2", now=second)
    _drop(shop, shipped("Y0000005K", order=WAITING))
    _turn(shop, NOW + timedelta(hours=2))
    cut = put(shop.context, b"order-id\tship-date\n", name="cut.txt", grade=Grade.CUT)
    outbox.answer(shop.context, [read(shop.context, cut)])
    unseen.looked(shop.context.db, [(cut, 1)], free=True, shown=False, now=NOW)
    no, _ = order_reports.begin(shop.context.db, 1, now=NOW)
    order_reports.end(shop.context.db, no, OrderReportState.DONE, now=NOW, note="5 orders", outcome={"lines": 5})


def _drop(shop: Shop, *rows: str) -> None:
    shop.files += 1
    upload_id = put(shop.context, (HEADINGS + "".join(f"{row}\n" for row in rows)).encode(), name=f"{shop.files}.txt")
    outbox.answer(shop.context, [read(shop.context, upload_id)])


def _turn(shop: Shop, now: datetime) -> int:
    """The next feed, filled."""
    turn = feeds.take_turn(shop.context.db, 1, cause=f"t{now}", now=now, second_after_seconds=1200, rate_limit=FREE)
    assert turn.feed_no is not None
    filling.fill(shop.context.db, turn.feed_no, limit=100, number=lambda table: table.index.to_series() + 1)
    return turn.feed_no


def _sellers_own(db: Database) -> None:
    key = public_keys.parse(KEY)
    keys.add(db, 1, PublicKey(key.fingerprint, key.text, key.comment, stamp(NOW)), now=NOW)
    profiles.put(db, 1, "shop", PROFILE, now=NOW)
    tokens.add(db, 1, "stock", now=NOW)
    hook_id = hooks.add(db, 1, "https://example.com/hook", secret="whsec_c2VjcmV0", events=SELLERS_EVENTS, now=NOW)
    assert hook_id is not None
    with db.write() as connection:
        hooks.queue_in(connection, [(hook_id, HookNotice("upload:x", HookEvent.RECEIVED, "{}"))], now=NOW)
    with db.write() as connection:
        shared = expected(carrier_names.names(connection, ""), "the names of all sellers")
        shared.put([CarrierName("Van 1", "Yodel")], replacing=False, now=NOW)
    idempotency_keys.begin(db, 1, "key-1", digest="0" * 64, now=NOW)


def _operators(db: Database) -> None:
    users.add(db, "olga", password_hash="h", role=Role.ADMIN, now=NOW)
    with db.write() as connection:
        user_tokens.add_in(connection, 1, "board", now=NOW)
    web_sessions.begin(db, user_id=1, version=1, address="192.0.2.7", now=NOW)
    decisions.add(db, Who("olga", "192.0.2.7"), what="upload.release", about="x", detail="held", now=NOW)
    work_lists.keep(db, "x", assignee="olga", note="asked the seller", now=NOW)


def _told(db: Database) -> None:
    note = Note("upload:x:answered", "answered", "x")
    mails.note(db, [note], now=NOW)
    mails.tell(db, [note], [Draft("x:anna", MailKind.UPLOAD, "anna@example.com", "s", "t", "h", 1)], now=NOW)
    alarms.renew(db, [AlarmFinding("disk:bytes", AlarmKind.DISK, "the disk runs short", "Make room.")], now=NOW)
    alarms.beat(db, "worker", now=NOW)


def _doors(db: Database) -> None:
    came = {"seller": "anna", "address": "192.0.2.7", "door": "sftp", "client": "WinSCP"}
    audit.add(
        db, [AuditRow(at=stamp(NOW), event="login", name="", upload_id="", size=None, detail="", times=1, **came)]
    )
    audit_exports.keep(db, "syslog", 1, now=NOW)
    connections.keep(db, "doors on ship1", [came | {"id": "c1", "since": stamp(NOW), "busy": False}], ())
    guard.save(db, [FailureRecord("address", "192.0.2.9", 3.0, NOW.timestamp())])
    workers.enter(db, "ship1-1-0", host="ship1", version="0.1.0", now=NOW)
    with db.write() as connection:
        connection.execute(SHARED_FOLDERS.insert().values(name="data", mark="0" * 32))


def contents(db: Database) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table of ours."""
    with db.read() as connection:
        return {one.name: [tuple(row) for row in connection.execute(one.select())] for one in METADATA.sorted_tables}


def make(target: Path) -> list[Path]:
    """The databases of the newest revision. Raises: FileExistsError where there are such: they are never made again."""
    server = postgres_kit.missing()
    if server:
        raise SystemExit(server)
    paths = [target / f"{migrations.HEAD}{ending}" for ending in (".db", ".sql")]
    if any(path.exists() for path in paths):
        raise FileExistsError(f"{paths[0]}: what is kept is never changed")
    with tempfile.TemporaryDirectory() as folder, postgres_kit.postgres() as postgres:
        context = context_on(Path(folder), Policy(cancel_at_amazon=True))
        context.db.close()
        context = replace(context, db=Database(context.db.url))  # without keys, which would be gone afterwards
        fill(context)
        assert [name for name, rows in contents(context.db).items() if not rows] == []
        _copy(context.db, postgres.create("kept"))
        paths[1].write_bytes(postgres.dump("kept"))
        context.db.close()
        databases.close_all()
        _shrunk(context.settings.data / "cws_filedrop.db", paths[0])
    return paths


def _copy(db: Database, url: str) -> None:
    """The same rows in another database, whose own numbers go on behind them."""
    other = Database(url)
    other.create()
    with db.read() as source, other.write() as connection:
        for table in METADATA.sorted_tables:
            connection.execute(table.insert(), [dict(row) for row in source.execute(table.select()).mappings()])
            column = table.autoincrement_column
            if column is not None:
                last = sa.select(sa.func.max(column)).scalar_subquery()
                of = sa.func.pg_get_serial_sequence(table.name, column.name)
                connection.execute(sa.select(sa.func.setval(of, last)))
    other.close()


def _shrunk(source: Path, target: Path) -> None:
    """A copy with small pages, of which the many indexes leave less empty."""
    connection = sqlite3.connect(source)
    for statement in ("PRAGMA journal_mode = DELETE", "PRAGMA page_size = 512", "VACUUM"):
        connection.execute(statement)
    connection.close()
    target.write_bytes(source.read_bytes())


if __name__ == "__main__":
    KEPT.mkdir(exist_ok=True)
    print(*make(KEPT), sep="\n", file=sys.stdout)
