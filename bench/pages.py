"""What a page costs with a year behind it: `python -m bench.pages [LINES] [UPLOADS]`.

A database is filled with uploads, lines, orders and their history as the service leaves them; then every page is asked
for again and again, in this process, through the whole application. The aim is 95 of 100 answers within 200 ms.
"""

from __future__ import annotations

import asyncio
import random
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import httpx

from bench.convert import machine
from cws_filedrop import log
from cws_filedrop.credentials import passwords
from cws_filedrop.drop.home import Homes
from cws_filedrop.drop.spool import Spool
from cws_filedrop.gate.guard import Guard
from cws_filedrop.model import Account, Role, Seller
from cws_filedrop.service_context import ServiceContext
from cws_filedrop.settings import Settings
from cws_filedrop.store.database import Database, default_url, insert_many, stamp
from cws_filedrop.store.lists.charts import percentile
from cws_filedrop.store.schema import FEEDS, LINES, ORDER_HISTORY, ORDERS, UPLOADS, VERDICT_COUNTS
from cws_filedrop.store.sellers import sellers
from cws_filedrop.store.uploads import lines, uploads
from cws_filedrop.store.users import users
from cws_filedrop.web import app
from cws_filedrop.web.site import web_context

NOW: Final = datetime(2026, 11, 22, 12, tzinfo=UTC)
SEED: Final = 5
SELLERS: Final = 40
DAYS: Final = 30
ASKED: Final = 40
AIM_SECONDS: Final = 0.2
PASSWORD: Final = "correct-horse-9"
SHARES: Final = (  # (verdict, code, how many of 1,000 lines)
    ("confirmed", "", 940),
    ("confirmed-warning", "A-18041", 10),
    ("duplicate", "O05", 20),
    ("updated", "", 10),
    ("rejected", "D02", 10),
    ("rejected", "T01", 5),
    ("unconfirmed", "A-18028", 4),
    ("unconfirmed", "A-18021", 1),
)


def fill(context: ServiceContext, lines: int, files: int) -> list[str]:
    """The rows of a month; ids of the uploads."""
    context.db.create()
    accounts = []
    for number in range(SELLERS):
        seller = Seller(0, f"seller{number}", Account(0, f"M{number}", "A1PA6795UKMFR9"))
        sellers.add(context.db, seller, password_hash="", now=NOW)
        accounts.append(sellers.find(context.db, seller.name))
    chance, each = random.Random(SEED), lines // files
    verdicts = [(verdict, code) for verdict, code, share in SHARES for _ in range(share)]
    ids, order_no = [], 0
    for number in range(files):
        owner = accounts[chance.randrange(SELLERS)]
        assert owner is not None
        at = NOW - timedelta(seconds=(files - number) * DAYS * 86_400 / files)
        upload_id = f"{at:%Y%m%d-%H%M%S}-{number % 28**3 + 28**3:04d}"[:20]
        ids.append(upload_id)
        order_no = _upload(context, upload_id, owner, at, chance.choices(verdicts, k=each), order_no)
    for number in range(20):  # some that wait for a person
        with context.db.write() as connection:
            chosen = UPLOADS.c.id == ids[-1 - number]
            connection.execute(UPLOADS.update().where(chosen).values(state="held"))
    with context.db.write() as connection:
        connection.exec_driver_sql("ANALYZE")
    return ids


def _upload(
    context: ServiceContext,
    upload_id: str,
    owner: Seller,
    at: datetime,
    fared: Sequence[tuple[str, str]],
    order_no: int,
) -> int:
    begun, answered, done = (stamp(at + timedelta(seconds=seconds)) for seconds in (0, 0.4, 95))
    account = owner.account.id
    orders = [
        f"026-{(order_no + place) // 10_000_000:07d}-{(order_no + place) % 10_000_000:07d}"
        for place in range(len(fared))
    ]
    tallies: dict[tuple[str, str], int] = {}
    for one in fared:
        tallies[one] = tallies.get(one, 0) + 1
    with context.db.write() as connection:
        feed = connection.execute(
            FEEDS.insert()
            .values(account_id=account, cause=upload_id, state="settled", opened_at=begun, line_count=len(fared))
            .values(message_count=len(fared), submitted_at=answered, settled_at=done, amazon_feed_id=str(order_no))
            .returning(FEEDS.c.no)
        ).scalar_one()
        row: dict[str, Any] = {"id": upload_id, "seller_id": owner.id, "account_id": account, "folder": "inbox"}
        row |= {"name": f"shipped-{at:%Y-%m-%d-%H}.txt", "door": "sftp", "client": "192.0.2.7", "grade": "whole"}
        row |= {"evidence": "closed by the client", "arrived_at": begun, "size": len(fared) * 90, "state": "done"}
        row |= {"sha256": f"{order_no:064x}", "line_count": len(fared), "answered_at": answered, "done_at": done}
        connection.execute(UPLOADS.insert().values(row))
        names = ("upload_id", "line", "account_id", "order_id", "amazon_order_id", "order_item_id", "tracking")
        insert_many(
            connection,
            LINES,
            (*names, "verdict", "code", "message", "feed_no", "message_id"),
            [
                (
                    upload_id,
                    place + 2,
                    account,
                    order,
                    order,
                    "",
                    f"1Z{order_no + place:012d}",
                    *fared[place],
                    "Amazon's words" if fared[place][1] else "",
                    feed,
                    place + 1,
                )
                for place, order in enumerate(orders)
            ],
        )
        insert_many(
            connection,
            ORDERS,
            (
                "no",
                "account_id",
                "amazon_order_id",
                "state",
                "created_at",
                "changed_at",
                "latest_ship_date",
                "tracking_number",
            ),
            [
                (
                    order_no + place + 1,
                    account,
                    order,
                    "unconfirmed" if fared[place][0] == "unconfirmed" else "shipped",
                    begun,
                    done,
                    done,
                    f"1Z{order_no + place:012d}",
                )
                for place, order in enumerate(orders)
            ],
        )
        insert_many(
            connection,
            ORDER_HISTORY,
            ("order_no", "at", "who", "state", "what", "upload_id", "line"),
            [
                (order_no + place + 1, begun, "seller", "shipped", "shipped", upload_id, place + 2)
                for place in range(len(orders))
            ],
        )
        insert_many(
            connection,
            VERDICT_COUNTS,
            ("upload_id", "verdict", "code", "line_count"),
            [(upload_id, *key, many) for key, many in tallies.items()],
        )
    return order_no + len(fared)


def pages(ids: Sequence[str]) -> dict[str, str]:
    """What is asked for, by name."""
    upload, order = ids[len(ids) // 2], "026-0000000-0500000"
    return {
        "now": "/",
        "uploads": "/uploads",
        "uploads of a seller": "/uploads?seller=seller7",
        "uploads by part of a name": "/uploads?q=2026-11-0",
        "uploads by order number": f"/uploads?q={order}",
        "uploads by tracking number": "/uploads?q=1Z000000500000",
        "uploads by code": "/uploads?code=D02",
        "uploads with unconfirmed lines": "/uploads?verdict=unconfirmed",
        "one upload": f"/uploads/{upload}",
        "orders": "/orders",
        "orders in a state": "/orders?state=unconfirmed",
        "an order found": f"/orders?q={order}",
        "orders by tracking number": "/orders?q=1Z000000500000",
        "unconfirmed": "/unconfirmed",
        "held": "/held",
        "sellers": "/sellers",
        "one seller": "/sellers/seller7",
        "feeds": "/feeds",
        "charts, 24 hours": "/charts",
        "charts, 30 days": "/charts?range=month",
        "charts of a seller": "/charts?range=month&seller=seller7",
    }


def sellers_pages(upload: str, order: str) -> dict[str, str]:
    """What a seller asks for, by name."""
    return {
        "a seller's: now": "/my",
        "a seller's: results": "/my/uploads",
        "a seller's: one upload": f"/my/uploads/{upload}",
        "a seller's: orders": "/my/orders",
        "a seller's: one order": f"/my/orders/{order}",
        "a seller's: STATUS.txt": "/my/status.txt",
    }


async def figures(context: ServiceContext, ids: Sequence[str]) -> AsyncIterator[str]:
    """The rows of the table."""
    users.add(context.db, "root", password_hash=passwords.hashed(PASSWORD), role=Role.ADMIN, now=NOW)
    office = web_context.open_web_context(context, Guard(context.settings.guard))
    upload, order, account, owner = _somebodys(context, ids)
    sellers.change(context.db, owner, {"password_hash": passwords.hashed(PASSWORD)})
    yield "| page | p50 ms | p95 ms | slowest ms | KB |"
    yield "|---|---:|---:|---:|---:|"
    through = httpx.ASGITransport(app.build(office))
    for name, kind, asked in (
        ("root", "operator", pages(ids) | {"one order": f"/orders/{account}/{order}"}),
        (owner, "seller", sellers_pages(upload, order)),
    ):
        async with httpx.AsyncClient(transport=through, base_url="http://pages") as client:
            await client.post("/login", data={"name": name, "password": PASSWORD, "kind": kind})
            for title, path in asked.items():
                yield await _row(client, title, path)
    took = []
    for _ in range(ASKED):  # what is kept for some seconds would hide what it costs
        begun = time.perf_counter()
        size = len(office.metrics.fresh())
        took.append((time.perf_counter() - begun) * 1000)
    yield _told("/metrics", took, size)


async def _row(client: httpx.AsyncClient, title: str, path: str) -> str:
    took, size = [], 0
    for _ in range(ASKED):
        begun = time.perf_counter()
        answer = await client.get(path)
        took.append((time.perf_counter() - begun) * 1000)
        assert answer.status_code == 200, (path, answer.status_code)
        size = len(answer.content)
    return _told(title, took, size)


def _told(title: str, took: Sequence[float], size: int) -> str:
    usual, most = percentile(took, 0.5), percentile(took, 0.95)
    late = " (too slow)" if most > AIM_SECONDS * 1000 else ""
    return f"| {title} | {usual:.0f} | {most:.0f}{late} | {max(took):.0f} | {size // 1000} |"


def _somebodys(context: ServiceContext, ids: Sequence[str]) -> tuple[str, str, int, str]:
    """An upload, an order in it, and whose they are: account and seller."""
    found = uploads.get(context.db, ids[len(ids) // 2])
    assert found is not None
    return found.id, next(lines.of_upload(context.db, found.id))[0].order_id, found.account_id, found.seller


async def show(context: ServiceContext, ids: Sequence[str]) -> None:
    """Ask, print."""
    async for line in figures(context, ids):
        print(line, flush=True)


def main(lines: int = 1_000_000, files: int = 5_000) -> None:
    """Fill, ask, print."""
    log.configure("error")
    print(f"On {machine()}, {lines:,} lines in {files:,} uploads:\n")
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        context = ServiceContext(
            Settings(), Database(default_url(root)), Spool(root / "spool"), Homes(root / "homes"), lambda: NOW
        )
        begun = time.perf_counter()
        ids = fill(context, lines, files)
        print(f"(filled in {time.perf_counter() - begun:.0f} s)\n", file=sys.stderr)
        asyncio.run(show(context, ids))
        context.db.close()


if __name__ == "__main__":
    main(*(int(text) for text in sys.argv[1:]))
