"""Operators get what was sent to Amazon and what it answered, byte for byte; and see what Amazon's own order showed."""

from __future__ import annotations

import hashlib
import io
from dataclasses import replace
from pathlib import Path

import pytest
from pipeline.shop import ITEM, ORDER, OTHER, Shop, shipped
from web.site import Site

from cws_filedrop.drop.archive import ArchivedName, FeedFileKind
from cws_filedrop.marketplaces.orders_api import AmazonItem, AmazonOrder, AmazonPackage
from cws_filedrop.model import Role
from cws_filedrop.orders.reading_back import judged
from cws_filedrop.store.feeds import feeds, read_backs
from cws_filedrop.store.lists import work_lists
from cws_filedrop.store.users import decisions
from cws_filedrop.views.evidence import packing
from cws_filedrop.web.site.security import HEADERS

DOCUMENT, REPORT = b"<AmazonEnvelope>sent</AmazonEnvelope>\n", "<Report>gelesen: \xfc</Report>".encode("latin-1")


def sent(site: Site) -> tuple[str, int]:
    """An upload whose feed has both its papers."""
    shop = Shop(site.context, look_after=site.clock() - site.clock())
    upload_id = shop.drop(shipped(), shipped(order=OTHER))
    _, feed_no = shop.answered({})
    feed = feeds.get(site.context.db, feed_no)
    papers = {FeedFileKind.DOCUMENT: DOCUMENT, FeedFileKind.REPORT: REPORT}
    hashes = {kind: site.context.archive.keep(feed.day, feed_no, kind, papers[kind]).sha256 for kind in FeedFileKind}
    feeds.change(
        site.context.db,
        feed_no,
        document_sha256=hashes[FeedFileKind.DOCUMENT],
        report_sha256=hashes[FeedFileKind.REPORT],
        intent_at="x",
    )
    return upload_id, feed_no


@pytest.mark.parametrize(("kind", "content"), [("document", DOCUMENT), ("report", REPORT)])
def test_both_are_to_be_had_as_they_went_over_the_wire(site: Site, kind: str, content: bytes) -> None:
    upload_id, feed_no = sent(site)
    viewer = site.operator(Role.VIEWER)
    for page in (f"/uploads/{upload_id}", "/feeds"):
        assert f'href="/feeds/{feed_no}/{kind}"' in viewer.get(page).text
    answer = viewer.get(f"/feeds/{feed_no}/{kind}")
    assert (answer.status_code, answer.content) == (200, content)
    assert answer.headers["content-type"] == "application/xml"
    assert answer.headers["content-disposition"] == f'attachment; filename="feed-{feed_no}.{kind}.xml"'
    assert answer.headers["x-content-type-options"] == HEADERS["X-Content-Type-Options"]


@pytest.mark.parametrize("path", ["/feeds/99/document", "/feeds/1/original"])
def test_what_there_is_not_is_said_so(site: Site, path: str) -> None:
    sent(site)
    assert site.operator().get(path).status_code == 404


def test_why_something_is_not_there_is_said(site: Site) -> None:
    _, feed_no = sent(site)
    browser = site.operator()
    feeds.change(site.context.db, feed_no, document_sha256="", report_sha256="")  # as of a feed of an earlier version
    text = browser.text("/feeds")
    assert "no document: sent before documents were kept" in text
    assert "no report: read before reports were kept" in text
    assert browser.get(f"/feeds/{feed_no}/document").status_code == 404
    feeds.change(site.context.db, feed_no, document_sha256="0" * 64, report_document_id="-")
    text = browser.text("/feeds")
    assert "no document: not kept any more; such files are kept for 400 days" in text
    assert "no report: Amazon gave none" in text
    feeds.change(site.context.db, feed_no, state="open", intent_at=None, document_sha256="", report_document_id="")
    text = browser.text("/feeds")
    assert "no document: not sent yet, no report: Amazon has not answered yet" in text


def test_a_damaged_one_is_not_given_out(site: Site) -> None:
    _, feed_no = sent(site)
    feed = feeds.get(site.context.db, feed_no)
    path: Path = site.context.archive.path(ArchivedName(feed.day, feed_no, FeedFileKind.REPORT, feed.report_sha256))
    path.write_bytes(b"other bytes of that length or so")
    answer = site.operator().get(f"/feeds/{feed_no}/report")
    assert (answer.status_code, "is damaged" in answer.text) == (500, True)


def test_no_seller_is_led_to_them(site: Site) -> None:
    upload_id, feed_no = sent(site)
    anna = site.seller()
    assert f"/feeds/{feed_no}" not in anna.get(f"/my/uploads/{upload_id}").text
    assert anna.look(f"/feeds/{feed_no}/document").status_code == 404


def test_an_order_shows_what_amazons_own_order_showed(site: Site) -> None:
    sent(site)
    browser = site.operator()
    path = f"/orders/1/{ORDER}"
    assert "Amazon's own order is looked for soon." in browser.text(path)
    site.clock.wait(minutes=30)
    package = AmazonPackage("Y0000001K", "Yodel", "2026-11-22T10:00:00+00:00", ((ITEM, 2),))
    order = AmazonOrder(ORDER, "SHIPPED", (AmazonItem(ITEM, 3, 2, 1),), (package,))
    for found in (None, replace(order, packages=()), order):
        due = read_backs.next_due(site.context.db, now=site.clock(), not_of=())
        assert due is not None
        due = replace(due, amazon_order_id=ORDER)
        look = judged(due, read_backs.told(site.context.db, due), found, now=site.clock())
        read_backs.looked(site.context.db, due, look, now=site.clock())
        text = browser.text(path)
        if found is None:
            assert "Amazon knew no such order when it was asked last, 2026-11-22 12:30:00 UTC." in text
    assert "Amazon's own order was SHIPPED when it was looked at last, 2026-11-22 12:30:00 UTC." in text
    assert f"Y0000001K by Yodel, shipped 2026-11-22 10:00:00 UTC: {ITEM} × 2" in text
    assert f"{ITEM}: 2 of 3 shipped, 1 cancelled" in text


@pytest.mark.parametrize(("fields", "name"), [({}, ""), ({"only": "1"}, "-extract")])
def test_all_that_proves_an_order_is_one_download_and_written_down(
    site: Site, fields: dict[str, str], name: str
) -> None:
    sent(site)
    browser = site.operator(Role.OPERATOR)
    path = f"/orders/1/{ORDER}"
    assert f'action="{path}/evidence"' in browser.get(path).text
    answer = browser.post(f"{path}/evidence", **fields)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/zip")
    assert answer.headers["content-disposition"] == f'attachment; filename="evidence-{ORDER}{name}.zip"'
    assert answer.headers["content-length"] == str(len(answer.content))
    target = io.BytesIO()
    packing.pack(site.context, packing.EvidenceRequest(1, ORDER, only_this_order=bool(fields)), target)
    assert target.getvalue() == answer.content, "the command makes the same"
    (deed,) = decisions.listing(site.context.db, about=work_lists.about_order(1, ORDER))
    assert (deed.who, deed.what) == ("operator", "order.evidence")
    assert hashlib.sha256(answer.content).hexdigest() in deed.detail
    assert f"operator: order.evidence evidence-{ORDER}{name}.zip" in browser.text(path)


def test_evidence_of_nothing_and_for_nobody_else(site: Site) -> None:
    sent(site)
    browser = site.operator()
    assert browser.post("/orders/1/026-0000000-0000000/evidence").status_code == 404
    assert site.operator(Role.VIEWER).post(f"/orders/1/{ORDER}/evidence").status_code == 403
    assert browser.post(f"/orders/9/{ORDER}/evidence").status_code == 404
    assert browser.submit(f"/orders/1/{ORDER}/evidence").status_code == 403, "without the session's token"
    assert site.seller().post(f"/orders/1/{ORDER}/evidence").status_code == 404
    assert decisions.listing(site.context.db, about=work_lists.about_order(1, ORDER)) == []
