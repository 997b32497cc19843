"""Uploads in a seller's own layout: read by its profiles, small and large; refused lines; rehearsals."""

from __future__ import annotations

import io
from pathlib import Path

from pipeline.contexts import NOW, context_on, outbox, put, read

from cws_filedrop.examine import examine
from cws_filedrop.model import UploadState, Verdict
from cws_filedrop.pipeline import large
from cws_filedrop.pipeline import outbox as delivering
from cws_filedrop.service_context import ServiceContext
from cws_filedrop.store.feeds import feeds, filling, settling
from cws_filedrop.store.feeds.feeds import RateLimit
from cws_filedrop.store.feeds.settling import Settlement
from cws_filedrop.store.sellers import profiles, sellers
from cws_filedrop.store.uploads import lines, uploads
from cws_filedrop.upload_outcome import UsedProfile

FREE = RateLimit("createFeed", lambda arrival, now: (now, 0.0))
TEXT = '[columns]\norder-id = "Order"\ntracking = "Parcel"\n[constants]\ncarrier = "UPS"\n'
FILE = b'Order,Notes,Parcel\r\n026-1520163-6049104,"two\r\nlines",1Z999AA10123456784\r\n026-1520163-6049105,,none\r\n'


def context_with_profile(folder: Path, text: str = TEXT) -> ServiceContext:
    context = context_on(folder)
    keep(context, text)
    return context


def keep(context: ServiceContext, text: str) -> None:
    seller = sellers.find(context.db, "anna")
    assert seller is not None
    profiles.put(context.db, seller.id, "shop", text, now=NOW)


def verdicts(context: ServiceContext, upload_id: str) -> list[tuple[int, str, str]]:
    return [(row.line, row.verdict, row.code) for piece in lines.of_upload(context.db, upload_id) for row in piece]


WANTED = [(2, Verdict.QUEUED, ""), (4, Verdict.REJECTED, "T03")]


def test_a_small_file_is_read_by_the_sellers_profile(tmp_path: Path) -> None:
    context = context_with_profile(tmp_path)
    upload_id = put(context, FILE, name="shop.csv")
    done = read(context, upload_id)
    assert done.state is UploadState.WAITING
    assert (done.outcome.format, done.outcome.profile) == ("profile shop", UsedProfile("shop", TEXT))
    assert verdicts(context, upload_id) == WANTED
    delivering.answer(context, [done])
    found = outbox(context, upload_id)
    assert b"format      profile shop\r\n" in found["receipt"]
    assert found["rejected"].startswith(b"Order,Notes,Parcel,error-code,")
    assert b"026-1520163-6049105,,none,T03,Parcel," in found["rejected"]


def test_a_large_file_is_read_the_same(tmp_path: Path) -> None:
    context = context_with_profile(tmp_path)
    upload_id = put(context, FILE, name="shop.csv")
    upload = uploads.get(context.db, upload_id)
    assert upload is not None
    assert large.read(context, upload).state is UploadState.WAITING
    assert verdicts(context, upload_id) == WANTED


def test_without_the_profile_the_file_is_refused(tmp_path: Path) -> None:
    context = context_on(tmp_path)
    upload_id = put(context, FILE, name="shop.csv")
    assert read(context, upload_id).state is UploadState.REJECTED


def test_a_rehearsal_is_read_by_the_profile(tmp_path: Path) -> None:
    context = context_with_profile(tmp_path)
    upload_id = put(context, FILE, name="shop.csv", folder="test")
    done = read(context, upload_id)
    delivering.answer(context, [done])
    found = outbox(context, upload_id)
    assert done.outcome.counts == {"queued": 1, "rejected": 1}
    assert b"<CarrierCode>UPS</CarrierCode>" in found["feed-0001.xml"]


def test_lines_that_amazon_refuses_come_back_though_the_profile_is_gone(tmp_path: Path) -> None:
    context = context_with_profile(tmp_path)
    upload_id = put(context, FILE, name="shop.csv")
    read(context, upload_id)
    seller = sellers.find(context.db, "anna")
    assert seller is not None
    keep(context, TEXT.replace("Parcel", "Another"))
    profiles.remove(context.db, seller.id, "shop")
    turn = feeds.take_turn(context.db, 1, cause="t", now=NOW, second_after_seconds=1200, rate_limit=FREE)
    assert turn.feed_no is not None
    filling.fill(context.db, turn.feed_no, limit=100, number=lambda table: table.index.to_series() + 1)
    feeds.submitted(context.db, turn.feed_no, amazon_feed_id="F1", now=NOW)
    refusal = {1: (Verdict.UNCONFIRMED, "A-18028", "unknown order")}
    settling.settle(context.db, turn.feed_no, Settlement(Verdict.CONFIRMED, "", "", refusal), now=NOW)
    upload = uploads.get(context.db, upload_id)
    assert upload is not None
    assert delivering.publish(context, [upload]) == []
    _, line, more, _ = outbox(context, upload_id)["unconfirmed"].decode().split("\r\n")
    assert line == '026-1520163-6049104,"two'
    assert more.startswith('lines",1Z999AA10123456784,A-18028,,unknown order,')


def test_the_same_line_far_apart_is_found_with_its_line_number(tmp_path: Path) -> None:
    context = context_with_profile(tmp_path)
    lines_ = [f'026-1520163-{number:07},"a\nb",1Z999AA10123456784\n' for number in range(60_000)]
    source = io.BytesIO(f"Order,Notes,Parcel\n{''.join(lines_)}{lines_[7]}".encode())
    seller = sellers.find(context.db, "anna")
    assert seller is not None
    judging = context.judging(seller.policy, NOW, seller.profiles)
    pieces = list(examine(source, file_name="a.csv", context=judging).pieces())
    assert len(pieces) > 1
    messages = {
        line: [issue.message for issue in issues] for piece in pieces for line, issues in piece.issues_by_line.items()
    }
    assert messages == {120_002: ["This line says the same as line 16."]}
    assert pieces[-1].verdicts.loc[120_002] == Verdict.DUPLICATE
