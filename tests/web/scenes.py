"""A desk with something on every page."""

from __future__ import annotations

from datetime import timedelta

from pipeline.contexts import put, read
from pipeline.shop import ITEM, ORDER, OTHER, SECOND, Shop
from web.api_kit import Site as ApiSite
from web.site import Site

from cws_filedrop.drop.archive import FeedFileKind
from cws_filedrop.model import AlarmKind
from cws_filedrop.pipeline import outbox
from cws_filedrop.service_context import ServiceContext
from cws_filedrop.store.database import stamp
from cws_filedrop.store.doors import audit
from cws_filedrop.store.doors.audit import AuditRow
from cws_filedrop.store.feeds import feeds
from cws_filedrop.store.outgoing import alarms
from cws_filedrop.store.outgoing.alarms import AlarmFinding
from cws_filedrop.store.schema import UPLOADS, VERDICT_COUNTS
from cws_filedrop.store.uploads import uploads

LATE = "026-1520163-0000009"


def busy(site: Site | ApiSite) -> dict[str, str]:
    """Orders confirmed, refused, late; uploads done, held, waiting, rejected; a feed that is stopped. Names of some."""
    shop = Shop(site.context)
    report = "order-id\torder-item-id\tpurchase-date\tship-service-level\tsku\tquantity-purchased\tpromise-date\n"
    due = "2026-11-22T18:00:00Z"
    rows = [
        f"{order}\t{item}\t2026-11-20T10:00:00Z\tStandard\t{sku}\t{many}\t{due}\n"
        for order, item, sku, many in ((ORDER, ITEM, "BLUE-MUG", 2), (LATE, SECOND, "RED-MUG", 1))
    ]
    shop.imports_text(report + "".join(rows))
    done = shop.drop(
        f"{ORDER}\tshipped\t\t\tY0000001K\tYodel\t", f"{OTHER}\tshipped\t\t\t\t\t", "4711\tshipped\t\t\t\t\t"
    )
    shop.answered({2: ("A-18028", "Your order cannot be found using Merchant ID M1")})
    mass = "order-id\tstatus\ttracking\tcarrier\n" + "".join(
        f"026-1520163-{number:07}\tshipped\tY0000001K\tYodel\n" for number in range(30)
    )
    held = put(site.context, mass.encode(), name="shipments of a very long week with a long name 2026-11-22.txt")
    read(site.context, held)
    refused = put(site.context, b"these\tare\tno\tcolumns\n1\t2\t3\t4\n", name="wrong.txt")
    read(site.context, refused)
    waiting = shop.drop("026-7777777-0000001\tshipped\t\t\t\t\t")
    _, number = shop.submitted()
    feeds.change(site.context.db, number, state="stopped", note="Amazon answered 403 Unauthorized to createFeed")
    found = uploads.some(site.context.db, [done, held, refused, waiting])
    assert outbox.answer(site.context, found) == []
    entry = {"seller": "anna", "address": "192.0.2.7", "door": "sftp", "client": "WinSCP", "name": "", "size": None}
    now = stamp(site.clock())
    told = [("login", "", ""), ("upload", "inbox/1.txt", done), ("login-refused", "", "")]
    rows = [
        AuditRow(at=now, event=event, **entry | {"name": name}, upload_id=upload_id, detail="", times=1)
        for event, name, upload_id in told
    ]
    audit.add(site.context.db, rows)
    wrong = [
        AlarmFinding("stopped-feed:2", AlarmKind.STUCK_FEED, "feed 2 with 1 lines is stopped", "Retry it: page Feeds."),
        AlarmFinding("disk:bytes", AlarmKind.DISK, "bytes of the data folder's disk run short", "Make room."),
    ]
    keep_papers(site.context)
    alarms.renew(site.context.db, wrong, now=site.clock())
    alarms.renew(site.context.db, wrong[:1], now=site.clock())
    site.clock.wait(minutes=40)
    return {"upload": done, "held": held, "order": OTHER}


def keep_papers(context: ServiceContext) -> None:
    """What was sent with each feed, and what Amazon answered."""
    for feed in feeds.listing(context.db):
        papers = (
            (FeedFileKind.DOCUMENT, b"<AmazonEnvelope>sent</AmazonEnvelope>"),
            (FeedFileKind.REPORT, b"<Report>read</Report>"),
        )
        document, report = (context.archive.keep(feed.day, feed.no, kind, body).sha256 for kind, body in papers)
        feeds.change(context.db, feed.no, document_sha256=document, report_sha256=report)


def the_day_before(site: Site) -> None:
    """Uploads of a working day, answered one after the other: what charts are drawn of."""
    begun = site.clock() - timedelta(hours=20)
    came: list[dict[str, object]] = []
    tallies: list[dict[str, object]] = []
    for number in range(40):
        at = begun + timedelta(minutes=29 * number)
        upload_id = f"{at:%Y%m%d-%H%M%S}-{number % 8 + 22}aa"
        answered, done = (
            stamp(at + timedelta(seconds=seconds)) for seconds in (0.3 + number % 7 / 5, 60 + number % 11 * 9)
        )
        came.append(
            {"id": upload_id, "seller_id": 1, "account_id": 1, "folder": "inbox", "name": f"shipped-{number}.txt"}
            | {"door": "sftp", "client": "192.0.2.7", "grade": "whole", "evidence": "", "arrived_at": stamp(at)}
            | {"size": 900 * number, "state": "done", "line_count": 200, "answered_at": answered, "done_at": done}
        )
        counts = {
            ("confirmed", ""): 150 + number * 3,
            ("rejected", "D02"): number % 9,
            ("unconfirmed", "A-18028"): number % 4,
        }
        tallies += [
            {"upload_id": upload_id, "verdict": verdict, "code": code, "line_count": many}
            for (verdict, code), many in counts.items()
            if many
        ]
    with site.context.db.write() as connection:
        connection.execute(UPLOADS.insert(), came)
        connection.execute(VERDICT_COUNTS.insert(), tallies)
