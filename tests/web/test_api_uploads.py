"""Files that are handed in by the API: taken whole or not at all, and what becomes of them."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from web.api_kit import GOOD, Site, site_on

from cws_filedrop.drop.claims import Drop
from cws_filedrop.drop.home import Folder
from cws_filedrop.drop.spool import Spool
from cws_filedrop.model import NO_LIMITS, Allowance, Door, Grade, Policy, UploadState
from cws_filedrop.store.doors import audit
from cws_filedrop.store.sellers import sellers
from cws_filedrop.store.uploads import idempotency_keys, uploads
from cws_filedrop.web.site.handing_in import handing_in

UNUSABLE = b"nothing\tof\tuse\n1\t2\t3\n"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with site_on(tmp_path) as made:
        yield made


@pytest.mark.parametrize("path", ["/uploads", "/orders/confirm"])
def test_the_body_is_the_file(site: Site, path: str) -> None:
    answer = site.call("POST", path, content=GOOD, headers={"x-file-name": "shipped%20%C3%A9.txt"})
    assert answer.status_code == 202
    told = answer.json()
    assert answer.headers["location"] == f"/api/v1/uploads/{told['id']}"
    file = {"name": "shipped é.txt", "folder": "inbox", "size": len(GOOD)}
    assert told == {"id": told["id"], "state": "arrived", "marketplace": "sandbox"} | file
    assert site.arrived == [told["id"]]
    claim = site.context.spool.claim_of(told["id"])
    assert (claim.door, claim.grade, claim.client) == (Door.HTTP, Grade.WHOLE, "127.0.0.1")
    assert site.context.spool.data_path(told["id"]).read_bytes() == GOOD
    assert claim.sha256 == hashlib.sha256(GOOD).hexdigest()
    (entry,) = audit.listing(site.context.db)
    assert (entry.event, entry.door, entry.upload_id) == ("upload", "http", told["id"])


def test_a_form_holds_the_file(site: Site) -> None:
    content = GOOD * 100_000
    answer = site.call("POST", "/orders/confirm", files={"file": ("C:\\drops\\shipped.txt", content)}, data={"a": "b"})
    assert answer.status_code == 202
    assert answer.json()["name"] == "shipped.txt"
    assert site.context.spool.data_path(answer.json()["id"]).read_bytes() == content


def test_the_header_names_the_file_of_a_form_too(site: Site) -> None:
    answer = site.call("POST", "/uploads", files={"file": ("a.txt", GOOD)}, headers={"x-file-name": "b.txt"})
    assert answer.json()["name"] == "b.txt"


def test_a_file_without_a_name_gets_one(site: Site) -> None:
    assert site.call("POST", "/uploads", content=GOOD).json()["name"] == "upload-20261122-120000.txt"


def test_a_rehearsal_goes_to_test(site: Site) -> None:
    answer = site.hand_in(query="?test=true")
    assert answer.json()["folder"] == "test"
    found = site.get(f"/uploads/{site.work(answer.json()['id'])}").json()
    assert (found["folder"], found["state"]) == ("test", "done")


def test_where_it_points_to_it_is_at_once_and_later_too(site: Site) -> None:
    where = site.hand_in().headers["location"].removeprefix("/api/v1")
    first = site.get(where)
    assert (first.status_code, first.json()["state"], first.json()["verdicts"]) == (200, "arrived", {})
    site.work(first.json()["id"])
    later = site.get(where).json()
    assert (later["state"], later["verdicts"]) == ("waiting", {"queued": 1, "rejected": 1})
    assert [one["code"] for one in later["issues"]] == ["C01", "O03"]
    assert set(first.json()) == set(later)


def test_a_file_that_cannot_be_used_is_not_taken(site: Site) -> None:
    answer = site.hand_in(UNUSABLE)
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert "order-id" in answer.json()["detail"]
    assert (site.spooled(), site.arrived) == ([], [])


@pytest.mark.parametrize("content", [b"", b"\xff\xd8\xff\xe0 a picture"])
def test_nor_what_is_no_file_of_orders(site: Site, content: bytes) -> None:
    assert site.hand_in(content).status_code == 422
    assert site.spooled() == []


@pytest.mark.parametrize("name", ["a.part", ".hidden", "..", "%2Fetc", "a%00b", "x" * 300, "~$a.txt"])
def test_what_is_no_name(site: Site, name: str) -> None:
    assert site.hand_in(name=name).status_code == 422
    assert site.spooled() == []


def test_a_file_that_is_too_large(tmp_path: Path) -> None:
    with site_on(tmp_path, limits={"upload_bytes": len(GOOD)}) as site:
        assert site.hand_in().status_code == 202
        before = site.spooled()
        answer = site.hand_in(GOOD + b"x")
        assert (answer.status_code, "nothing was taken" in answer.json()["detail"]) == (413, True)
        assert site.spooled() == before


@pytest.mark.parametrize(
    ("allowance", "status"),
    [(Allowance(file_bytes=10), 413), (Allowance(files_an_hour=1), 429), (Allowance(kept_bytes=1), 507)],
)
def test_more_than_the_seller_may(tmp_path: Path, allowance: Allowance, status: int) -> None:
    with site_on(tmp_path, allowance=allowance) as site:
        (site.context.home("anna").path / "outbox" / "old.txt").write_text("kept")
        first = site.hand_in()
        answer = first if first.status_code != 202 else site.hand_in()
        assert answer.status_code == status
        assert ("retry-after" in answer.headers) == (status == 429)


def test_no_room_on_the_disk(tmp_path: Path) -> None:
    with site_on(tmp_path, limits={"free_bytes": 1 << 60}) as site:
        answer = site.hand_in()
        assert (answer.status_code, answer.headers["retry-after"]) == (507, "300")
        assert site.spooled() == []


def send_badly(site: Site, headers: dict[str, str], *pieces: bytes) -> httpx.Response:
    async def pieces_of() -> AsyncIterator[bytes]:
        for piece in pieces:
            yield piece

    return site.call("POST", "/uploads", content=pieces_of(), headers=headers)


def test_fewer_bytes_than_were_announced(site: Site) -> None:
    answer = send_badly(site, {"content-length": "1000"}, GOOD)
    assert (answer.status_code, site.spooled(), site.arrived) == (400, [], [])


def test_a_form_that_breaks_off(site: Site) -> None:
    form = b'--b\r\ncontent-disposition: form-data; name="file"; filename="a.txt"\r\n\r\n' + GOOD
    for content in (form, form + b"\r\n--b", b"", b"--x\r\n", form.replace(b"--b", b"b", 1)):
        answer = send_badly(site, {"content-type": "multipart/form-data; boundary=b"}, content)
        assert answer.status_code == 400, content
    assert site.spooled() == []
    whole = send_badly(site, {"content-type": "multipart/form-data; boundary=b"}, form + b"\r\n--b--\r\n")
    assert whole.status_code == 202
    assert send_badly(site, {"content-type": "multipart/form-data"}, form).status_code == 400


def test_a_form_of_several_files_or_none(site: Site) -> None:
    several = {"one": ("a.txt", GOOD), "two": ("b.txt", GOOD)}
    assert site.call("POST", "/uploads", files=several).status_code == 400
    assert site.call("POST", "/uploads", files={"file": (None, "text")}).status_code == 400
    assert site.spooled() == []


def test_a_client_that_leaves_in_the_middle(site: Site) -> None:
    said: list[Any] = [
        {"type": "http.request", "body": GOOD, "more_body": True},
        {"type": "http.disconnect"},
    ]
    answers: list[Any] = []

    async def receive() -> Any:
        return said.pop(0) if said else {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        answers.append(message)

    token = f"Bearer {site.tokens['anna']}".encode()
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/api/v1/uploads",
        "raw_path": b"/api/v1/uploads",
        "query_string": b"",
        "headers": [(b"authorization", token)],
        "client": ("127.0.0.1", 5),
        "server": ("drop", 80),
        "scheme": "http",
        "http_version": "1.1",
        "root_path": "",
    }
    asyncio.run(site.app(scope, receive, send))
    assert (site.spooled(), site.arrived) == ([], [])


# The same key is the same upload.


def test_the_same_key_again_is_the_same_upload(site: Site) -> None:
    first, again = (site.hand_in(headers={"idempotency-key": "k1"}) for _ in range(2))
    assert first.json() == again.json()
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert len(site.arrived) == 1
    assert site.hand_in(who="bert", headers={"idempotency-key": "k1"}).json()["id"] != first.json()["id"]


def test_a_key_for_another_file_is_a_mistake(site: Site) -> None:
    site.hand_in(headers={"idempotency-key": "k1"})
    assert site.hand_in(GOOD + b"026-1520163-6049105\tshipped\n", headers={"idempotency-key": "k1"}).status_code == 422
    assert site.hand_in(name="b.txt", headers={"idempotency-key": "k1"}).status_code == 422
    assert site.hand_in(query="?test=true", headers={"idempotency-key": "k1"}).status_code == 422
    assert len(site.arrived) == 1


def test_a_key_is_free_after_a_day_and_after_a_refusal(site: Site) -> None:
    assert site.hand_in(UNUSABLE, headers={"idempotency-key": "k1"}).status_code == 422
    first = site.hand_in(headers={"idempotency-key": "k1"})
    site.clock.wait(hours=24, seconds=1)
    again = site.hand_in(headers={"idempotency-key": "k1"})
    assert [first.status_code, again.status_code] == [202, 202]
    assert first.json()["id"] != again.json()["id"]


@pytest.mark.parametrize("where", ["nowhere", "landed", "arrived", "recorded"])
def test_a_key_whose_upload_was_taken_as_the_service_died(site: Site, where: str) -> None:
    """Killed after the file was safe, before the key said which upload it became."""
    incoming = handing_in(site.context).begin(Drop("anna", Folder.INBOX, "a.txt", Door.HTTP, ""), NO_LIMITS)
    incoming.write(GOOD)
    idempotency_keys.begin(site.context.db, 1, "k1", digest=incoming.digest, now=site.clock())
    taken = ""
    if where == "landed":
        other = site.context.settings.data / "other"
        other.write_bytes(GOOD)
        taken = site.context.spool.land(other, incoming.what, size=len(GOOD)).upload_id
        incoming.drop()
    elif where == "nowhere":
        incoming.drop()
    else:
        taken = incoming.take().upload_id
        if where == "recorded":
            site.work(taken)
            with site.context.db.write() as connection:
                connection.execute(
                    uploads.UPLOADS.update().values(
                        arrived_at=site.clock().isoformat(timespec="milliseconds")[:23] + "Z"
                    )
                )
    answer = site.hand_in(headers={"idempotency-key": "k1"})
    assert answer.status_code == 202
    assert (answer.json()["id"] == taken) == (where != "nowhere")
    assert site.hand_in(headers={"idempotency-key": "k1"}).json()["id"] == answer.json()["id"]


# What a dead process leaves behind.


def test_leftovers_of_a_dead_process_are_removed_and_a_living_ones_stay(site: Site) -> None:
    (site.context.spool.root / "handed" / "dead").write_bytes(b"half a file")
    alive = handing_in(site.context).begin(Drop("anna", Folder.INBOX, "a.txt", Door.HTTP, ""), NO_LIMITS)
    alive.write(GOOD)
    handing_in(site.context)
    assert len(site.spooled()) == 1
    claim = alive.take()
    assert site.context.spool.data_path(claim.upload_id).read_bytes() == GOOD


def test_the_doors_may_take_it_over_as_they_are_opened_again(site: Site) -> None:
    class Racing(Spool):
        def land(self, *args: Any, **more: Any) -> Any:
            claim = super().land(*args, **more)
            Spool.grade(self, claim.upload_id, Grade.DOUBTFUL, "the doors were quicker")
            return claim

    taking = handing_in(replace(site.context, spool=Racing(site.context.spool.root)))
    incoming = taking.begin(Drop("anna", Folder.INBOX, "a.txt", Door.HTTP, ""), NO_LIMITS)
    incoming.write(GOOD)
    claim = incoming.take()
    arrival = site.context.spool.arrival(claim.upload_id)
    assert arrival is not None
    assert arrival.grade is Grade.DOUBTFUL


# Lists, lines, files.


def test_uploads_come_in_pages_newest_first(site: Site) -> None:
    made = [site.drop(name=f"{number}.txt") for number in range(5)]
    seen, where = [], "/uploads?limit=2&state=done"
    while where:
        answer = site.get(where)
        seen += [one["id"] for one in answer.json()["uploads"]]
        where = answer.links["next"]["url"].removeprefix("/api/v1") if "next" in answer.links else ""
    assert seen == [one for one in reversed(made) if one != made[0]]  # the first waits for Amazon
    assert [one["id"] for one in site.get("/uploads?state=waiting").json()["uploads"]] == [made[0]]


def test_lines_by_page_verdict_and_code(site: Site) -> None:
    rows = b"".join(b"wrong%d\tshipped\n" % number for number in range(5))
    upload_id = site.drop(GOOD + rows)
    first = site.get(f"/uploads/{upload_id}/lines?limit=4")
    assert [one["line"] for one in first.json()["lines"]] == [2, 3, 4, 5]
    rest = site.get(first.links["next"]["url"].removeprefix("/api/v1"))
    assert [one["line"] for one in rest.json()["lines"]] == [6, 7, 8]
    assert "next" not in rest.links
    (queued,) = site.get(f"/uploads/{upload_id}/lines?verdict=queued").json()["lines"]
    assert (queued["line"], queued["order_id"]) == (2, "026-1520163-6049104")
    assert len(site.get(f"/uploads/{upload_id}/lines?code=O03").json()["lines"]) == 6
    assert site.get(f"/uploads/{upload_id}/lines?code=O0").json()["lines"] == []


def test_the_files_of_an_upload(site: Site) -> None:
    upload_id = site.drop()
    receipt = site.get(f"/uploads/{upload_id}/receipt")
    assert receipt.headers["content-type"].startswith("text/tab-separated-values")
    assert upload_id in receipt.text
    assert f"a.{upload_id}.receipt.txt" in receipt.headers["content-disposition"]
    assert "wrong" in site.get(f"/uploads/{upload_id}/rejected").text
    assert site.get(f"/uploads/{upload_id}/result").status_code == 404  # Amazon has not answered
    same = site.get(f"/uploads/{upload_id}/receipt", headers={"if-none-match": receipt.headers["etag"]})
    assert (same.status_code, same.content) == (304, b"")


def test_an_outbox_that_leads_elsewhere_is_not_followed(site: Site, tmp_path: Path) -> None:
    upload_id = site.drop()
    outbox = site.context.home("anna").path / "outbox"
    (receipt,) = outbox.glob("*.receipt.txt")
    secret = tmp_path / "secret"
    secret.write_text("a secret")
    receipt.unlink()
    receipt.symlink_to(secret)
    assert site.get(f"/uploads/{upload_id}/receipt").status_code == 404


def test_a_held_upload_is_released_once(site: Site) -> None:
    policy = {"policy": sellers.policy_text(Policy(on_error="hold-file"))}
    sellers.change(site.context.db, "anna", policy)
    upload_id = site.drop()
    assert site.get(f"/uploads/{upload_id}").json()["state"] == "held"
    site.arrived.clear()
    assert site.call("POST", f"/uploads/{upload_id}/release").status_code == 202
    assert site.arrived == [upload_id]
    assert site.call("POST", f"/uploads/{upload_id}/release").status_code == 409
    site.work(upload_id)
    assert site.get(f"/uploads/{upload_id}").json()["state"] == "waiting"
    found = uploads.get(site.context.db, upload_id)
    assert found is not None
    assert found.evidence.endswith("released by the seller (API)")


@pytest.mark.parametrize("state", [UploadState.CUT, UploadState.FAILED, UploadState.DONE])
def test_what_is_not_held_is_an_operators_to_release(site: Site, state: UploadState) -> None:
    upload_id = site.drop()
    uploads.set_state(site.context.db, upload_id, state)
    answer = site.call("POST", f"/uploads/{upload_id}/release")
    assert (answer.status_code, json.loads(answer.content)["title"]) == (409, "Conflict")
