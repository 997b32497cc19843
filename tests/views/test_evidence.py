"""All that proves what became of an order, as one zip: complete, checked, the same for the same state."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import subprocess
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pipeline.contexts import put, read
from pipeline.shop import ITEM, ORDER, OTHER, SECOND
from pipeline.trade import HEADINGS, UNKNOWN_TO_AMAZON, Trade, cancelled, shipped, trading

from cws_filedrop import retention
from cws_filedrop.decisions import orders_and_feeds
from cws_filedrop.drop.archive import FeedFileKind
from cws_filedrop.errors import NotPossible
from cws_filedrop.model import OrderState, Policy
from cws_filedrop.pipeline import outbox
from cws_filedrop.store.doors import audit
from cws_filedrop.store.doors.audit import AuditRow
from cws_filedrop.store.feeds import feeds
from cws_filedrop.store.lists import work_lists
from cws_filedrop.store.uploads import uploads
from cws_filedrop.store.users import decisions
from cws_filedrop.store.users.decisions import Who
from cws_filedrop.views.evidence import packing
from cws_filedrop.views.evidence.packing import EvidenceRequest

WHO = Who("olga", "192.0.2.9")
BUYER = (b"Byer", b"Secret Lane")


@pytest.fixture
def trade(tmp_path: Path) -> Iterator[Trade]:
    with trading(tmp_path, Policy(cancel_at_amazon=True)) as trade:
        trade.knows(ORDER, OTHER)
        yield trade


class Zip:
    """What was packed."""

    def __init__(self, trade: Trade, order: str = ORDER, *, only: bool = False) -> None:
        target = io.BytesIO()
        packing.pack(trade.context, EvidenceRequest(1, order, only_this_order=only), target)
        self.body = target.getvalue()
        with zipfile.ZipFile(target) as packed:
            self.files = {name: packed.read(name) for name in packed.namelist()}
            self.moments = {info.filename: info.date_time for info in packed.infolist()}
        self.told: dict[str, Any] = json.loads(self.files["evidence.json"])
        self.readme = self.files["README.txt"].decode()

    def named(self, ending: str) -> list[bytes]:
        return [content for name, content in self.files.items() if name.endswith(ending)]

    def check(self, folder: Path) -> None:
        """Every file is as it is listed."""
        folder.mkdir()
        with zipfile.ZipFile(io.BytesIO(self.body)) as packed:
            packed.extractall(folder)
        done = subprocess.run(
            ["sha256sum", "--check", "--strict", "SHA256SUMS"], cwd=folder, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        assert len(done.stdout.splitlines()) == len(self.files) - 1

    def words(self) -> str:
        return " ".join(self.readme.split())


def test_it_holds_everything_of_a_confirmed_order(trade: Trade, tmp_path: Path) -> None:
    upload_id = trade.drop(shipped(OTHER), shipped(), name="Lieferung März.txt")
    entry = {"seller": "anna", "address": "192.0.2.7", "door": "ftps", "client": "FileZilla 3.66", "detail": ""}
    seen = [
        AuditRow(at="2026-11-22T11:59:00.000Z", event="login", name="", upload_id="", size=None, times=1, **entry),
        AuditRow(
            at="2026-11-22T12:00:01.000Z", event="upload", name="inbox/a", upload_id=upload_id, size=9, times=1, **entry
        ),
    ]
    audit.add(trade.context.db, seen)
    trade.send()
    trade.read_back()
    found = Zip(trade)
    found.check(tmp_path / "open")
    content = trade.context.spool.data_path(upload_id).read_bytes()
    assert found.files[f"uploads/{upload_id}/Lieferung_M_rz.txt"] == content
    assert found.files["feeds/1.document.xml"] == trade.wire.sent[0]
    assert found.files["feeds/1.report.xml"] == trade.wire.read[0]
    assert len(found.named(f"{upload_id}.receipt.txt")) == len(found.named(f"{upload_id}.result.txt")) == 1
    (upload,), (feed,) = found.told["uploads"], found.told["feeds"]
    assert (found.told["version"], upload["name"], upload["seller"]) == (1, "Lieferung März.txt", "anna")
    assert upload["file"]["sha256"] == upload["sha256"] == hashlib.sha256(content).hexdigest()
    assert upload["file"]["matches"] is True
    assert [(one["event"], one["address"], one["client"]) for one in upload["session"]] == [
        ("login", "192.0.2.7", "FileZilla 3.66"),
        ("upload", "192.0.2.7", "FileZilla 3.66"),
    ]
    (line,) = upload["lines"]
    assert (line["line"], line["text"]) == (3, shipped())
    assert (line["verdict"], line["feed_no"], line["message_id"]) == ("confirmed", 1, 2)
    assert line["shipment"]["tracking-number"] == "Y0000001K"
    assert (feed["message_ids"], feed["amazon_feed_id"], feed["results"]) == ([2], trade.feed(1).amazon_feed_id, [])
    assert feed["document"]["sha256"] == hashlib.sha256(trade.wire.sent[0]).hexdigest()
    assert found.told["read_back"]["shown"]["packages"][0]["tracking"] == "Y0000001K"
    assert [one["what"] for one in found.told["history"]] == ["imported", "shipped with Y0000001K"]
    for words in (
        "anna dropped Lieferung März.txt by ftp: confirmed",
        "login as anna by ftps from 192.0.2.7, FileZilla 3.66",
        f"SHA-256 {upload['sha256']}",
        "the SHA-256 of the kept file was checked and is the recorded one",
        "line 3: 026-1520163-6049104 shipped",
        "in feed 1, message 2",
        "verdict: confirmed (the sandbox accepted it; Amazon was told nothing | ",
        "The sandbox's own order shows this package)",
        "MessageID 2 of 2 messages (fulfillment)",
        f"SHA-256 of all of it {feed['report']['sha256']}",
        "package Y0000001K, Yodel",
        "give this to nobody outside",
    ):
        assert words in found.words(), words


def test_corrections_duplicates_and_refusals_are_all_there_in_order(trade: Trade, tmp_path: Path) -> None:
    first = trade.drop(shipped())
    trade.send()
    correction = trade.drop(shipped(tracking="Y0000002K"))
    trade.send()
    duplicate = trade.drop(shipped(tracking="Y0000002K"))
    rejected = trade.drop(shipped(tracking="9.4E+21"))
    found = Zip(trade)
    found.check(tmp_path / "open")
    assert [(one["id"], one["lines"][0]["verdict"]) for one in found.told["uploads"]] == [
        (first, "confirmed"),
        (correction, "confirmed"),
        (duplicate, "duplicate"),
        (rejected, "rejected"),
    ]
    assert [one["no"] for one in found.told["feeds"]] == [1, 2]
    assert "O07" in found.told["uploads"][1]["lines"][0]["code"]
    assert "T01" in found.told["uploads"][3]["lines"][0]["code"]
    assert found.words().count("Amazon was told nothing of it") == 2
    assert len(found.named(f"{rejected}.rejected.txt")) == 1


def test_a_refusal_has_amazons_words_and_what_people_decided(trade: Trade) -> None:
    trade.knows(UNKNOWN_TO_AMAZON)
    upload_id = trade.drop(shipped(OTHER), shipped(UNKNOWN_TO_AMAZON))
    trade.send()
    trade.market.clock.now += 60
    orders_and_feeds.settle(
        trade.context, 1, UNKNOWN_TO_AMAZON, OrderState.SHIPPED, note="confirmed there by hand", who=WHO
    )
    decisions.add(trade.context.db, Who("olga"), what="upload.release", about=upload_id, now=trade.context.clock())
    decisions.add(trade.context.db, Who("olga"), what="feed.retry", about="1", now=trade.context.clock())
    decisions.add(trade.context.db, Who("olga"), what="user.add", about="1", now=trade.context.clock())
    found = Zip(trade, UNKNOWN_TO_AMAZON)
    (result,) = found.told["feeds"][0]["results"]
    assert (result["message_id"], result["result"]) == (2, "Error")
    assert f"Error {result['code']} about message 2" in found.readme
    assert len(found.named(".unconfirmed.txt")) == 1
    assert "olga: order.settle unconfirmed -> shipped: confirmed there by hand" in found.readme
    assert "olga: upload.release" in found.readme
    assert "olga: feed.retry" in found.readme
    assert "user.add" not in found.readme, "another 1"
    assert "192.0.2.9" not in found.body.decode("latin-1"), "where operators sit is nobody's business"


@pytest.mark.parametrize("only", [False, True])
def test_the_same_state_makes_the_same_bytes(trade: Trade, only: bool) -> None:
    trade.drop(shipped(), shipped(OTHER))
    trade.send()
    trade.read_back()
    first = Zip(trade, only=only)
    made = packing.packed(trade.context, EvidenceRequest(1, ORDER, only), folder=trade.context.settings.data, who=WHO)
    with made.file:
        assert made.file.read() == first.body
    assert (made.size, made.sha256) == (len(first.body), hashlib.sha256(first.body).hexdigest())
    (deed,) = decisions.listing(trade.context.db, about=work_lists.about_order(1, ORDER))
    name = f"evidence-{ORDER}{'-extract' if only else ''}.zip"
    assert (deed.who, deed.address, deed.what) == ("olga", "192.0.2.9", "order.evidence")
    assert deed.detail == f"{name}, SHA-256 {made.sha256}"
    trade.market.clock.now += 3600
    assert Zip(trade, only=only).body == first.body, "an hour later, and after it was packed"
    listed = list(first.files)
    assert (listed[:-1], listed[-1]) == (sorted(listed[:-1]), "SHA256SUMS")
    assert first.moments["feeds/1.document.xml"] == (2026, 11, 22, 12, 1, 0)


def test_for_somebody_outside_nothing_of_other_orders_is_in_it(trade: Trade, tmp_path: Path) -> None:
    trade.knows(UNKNOWN_TO_AMAZON)
    trade.drop(shipped(OTHER, "Y0000009K"), shipped(UNKNOWN_TO_AMAZON, "Y0000008K"), shipped(), "x\tshipped\t\t\t\t\t")
    trade.send()
    trade.read_back()
    found = Zip(trade, only=True)
    found.check(tmp_path / "open")
    others = [word.encode() for word in (OTHER, UNKNOWN_TO_AMAZON, "Y0000009K", "Y0000008K")]
    assert [name for name, content in found.files.items() for word in others if word in content] == []
    assert found.named("/lines.txt") == [(HEADINGS.rstrip("\n") + "\r\n" + shipped() + "\r\n").encode()]
    (result,) = found.named(".result.txt")
    assert [row.split(b"\t")[:2] for row in result.splitlines()] == [[b"line", b"order-id"], [b"4", ORDER.encode()]]
    assert found.named(".receipt.txt") == found.named(".rejected.txt") == []
    assert found.files["feeds/1.document.xml"].count(b"<Message>") == 1
    assert ORDER.encode() in found.files["feeds/1.document.xml"]
    assert b"<Result>" not in found.files["feeds/1.report.xml"]
    assert b"<MessagesProcessed>3<" in found.files["feeds/1.report.xml"]
    assert "only what is about this order was taken out of them" in found.words()
    assert found.told["feeds"][0]["document"]["sha256"] == hashlib.sha256(trade.wire.sent[0]).hexdigest()


@pytest.mark.parametrize("only", [False, True])
def test_no_buyer_of_the_order_book_is_in_it(trade: Trade, only: bool) -> None:
    trade.drop(shipped())
    trade.send()
    trade.read_back()
    found = Zip(trade, only=only)
    assert [name for name, content in found.files.items() for word in BUYER if word in content] == []


def test_a_file_that_has_changed_since_is_told(trade: Trade) -> None:
    upload_id = trade.drop(shipped())
    path = trade.context.spool.data_path(upload_id)
    path.write_bytes(path.read_bytes() + b"more\n")
    found = Zip(trade)
    assert found.told["uploads"][0]["file"]["matches"] is False
    assert "IS NOT the recorded one" in found.words()
    assert found.named(f"/{found.told['uploads'][0]['name']}") == [path.read_bytes()], "as it lies there"


def test_what_is_past_its_time_is_told(trade: Trade, tmp_path: Path) -> None:
    upload_id = trade.drop(shipped())
    trade.send()
    trade.read_back()
    later = trade.context.clock() + timedelta(days=200)
    retention.sweep(replace(trade.context, clock=lambda: later))
    found = Zip(trade)
    found.check(tmp_path / "open")
    (upload,) = found.told["uploads"]
    assert (upload["id"], upload["file"]["path"], upload["answers"]) == (upload_id, None, [])
    assert "not kept any more: files are kept for 90 days after they came" in found.words()
    assert "no answer of it is kept any more" in found.readme
    assert upload["lines"][0]["shipment"]["tracking-number"] == "Y0000001K"
    assert found.files["feeds/1.document.xml"] == trade.wire.sent[0], "disputes come late"
    assert found.told["read_back"]["shown"]["status"] == "SHIPPED"
    assert [name for name in Zip(trade, only=True).files if name.startswith("uploads/")] == []


def test_a_feed_of_before_documents_were_kept_is_told(trade: Trade) -> None:
    trade.drop(shipped())
    trade.send()
    feeds.change(trade.context.db, 1, document_sha256="", report_sha256="")
    found = Zip(trade)
    assert "sent before documents were kept" in found.words()
    assert "read before reports were kept" in found.words()
    assert [name for name in found.files if name.startswith("feeds/")] == []
    assert [found.told["feeds"][0][kind]["path"] for kind in FeedFileKind] == [None, None]


def test_cancellations_are_evidence_too(trade: Trade) -> None:
    trade.drop(cancelled(), cancelled(OTHER))
    trade.send()
    found = Zip(trade, only=True)
    (line,) = found.told["uploads"][0]["lines"]
    assert line["shipment"] == {
        "amazon-order-id": ORDER,
        "cancel-reason": "NoInventory",
        "order-item-codes": ITEM,
    }
    assert OTHER.encode() not in found.files["feeds/1.document.xml"]
    assert b"<StatusCode>Failure</StatusCode>" in found.files["feeds/1.document.xml"]


def test_packed_files_and_several_lines_of_an_order(trade: Trade) -> None:
    trade.knows(ORDER, item=SECOND)
    rows = (shipped(item=ITEM, quantity="2"), shipped(OTHER), shipped(tracking="Y0000002K", item=SECOND, quantity="2"))
    content = gzip.compress((HEADINGS + "".join(f"{row}\n" for row in rows)).encode())
    upload_id = put(trade.context, content, name="shipped.txt.gz")
    read(trade.context, upload_id)
    assert outbox.answer(trade.context, uploads.some(trade.context.db, [upload_id])) == []
    found = Zip(trade)
    assert found.files[f"uploads/{upload_id}/shipped.txt.gz"] == content
    assert [(line["line"], line["text"]) for line in found.told["uploads"][0]["lines"]] == [(2, rows[0]), (4, rows[2])]
    assert found.told["feeds"] == []
    (extract,) = Zip(trade, only=True).named("/lines.txt")
    assert extract.decode().splitlines() == [HEADINGS.rstrip("\n"), rows[0], rows[2]]


def test_an_order_that_was_never_dropped_and_one_that_nobody_knows(trade: Trade) -> None:
    found = Zip(trade, OTHER)
    assert (found.told["uploads"], found.told["feeds"], found.told["read_back"]) == ([], [], None)
    assert set(found.files) == {"README.txt", "evidence.json", "SHA256SUMS"}
    with pytest.raises(NotPossible, match="nothing is known of an order 026-0000000-0000000"):
        Zip(trade, "026-0000000-0000000")


def test_lines_of_an_order_that_the_book_does_not_know(trade: Trade) -> None:
    name = "026-5555555-0000001"
    trade.drop(shipped(name, "9.4E+21"))
    found = Zip(trade, name)
    assert found.told["history"] == []
    assert found.told["uploads"][0]["lines"][0]["verdict"] == "rejected"
