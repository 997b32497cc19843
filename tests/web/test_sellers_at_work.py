"""What sellers hand in, set and make on their pages; and that nothing of another seller's is ever there."""

from __future__ import annotations

import httpx
import pytest
from pipeline.contexts import read
from web.scenes import busy
from web.site import HASH, Browser, Site

from cws_filedrop.drop.audit_events import AuditEventKind
from cws_filedrop.model import Account, DateOrder, MailEvent, Mailing, Policy, Seller
from cws_filedrop.store.sellers import sellers, tokens
from cws_filedrop.store.uploads import uploads
from cws_filedrop.store.users import decisions

FILE = b"order-id\tstatus\n026-1520163-6049104\tshipped\n"
PAGES = ("/my", "/my/uploads", "/my/orders", "/my/templates", "/my/connect", "/my/tokens", "/my/settings")


def another(site: Site) -> Browser:
    """Ben, who has another account."""
    sellers.add(site.context.db, Seller(0, "ben", Account(0, "M2")), password_hash=HASH, now=site.clock())
    return site.browser().login("ben", kind="seller")


def hand_in(browser: Browser, name: str = "a.txt", content: bytes = FILE, **fields: str) -> httpx.Response:
    """As the page's script does."""
    given = {"csrf": browser.csrf, **fields}
    return browser._client.post(
        "/my/upload", data=given, files={"file": (name, content)}, headers={"Accept": "application/json"}
    )


@pytest.mark.parametrize("path", PAGES)
def test_every_page_answers_empty_and_full(site: Site, path: str) -> None:
    anna = site.seller()
    assert anna.get(path).status_code == 200
    busy(site)
    assert anna.get(path).status_code == 200


def test_a_file_is_taken_told_of_and_read(site: Site) -> None:
    anna = site.seller()
    answer = hand_in(anna, "C:\\today\\über.txt")
    assert answer.status_code == 202, answer.text
    upload_id = answer.json()["id"]
    assert site.arrived == [upload_id]
    claim = site.context.spool.claim_of(upload_id)
    assert (claim.seller, claim.name, claim.door, claim.grade) == ("anna", "über.txt", "http", "whole")
    assert site.context.spool.data_path(upload_id).read_bytes() == FILE
    assert [one.event for one in site.deeds] == [AuditEventKind.LOGIN, AuditEventKind.UPLOAD]


def test_a_rehearsal_goes_into_the_test_folder(site: Site) -> None:
    anna = site.seller()
    claim = site.context.spool.claim_of(hand_in(anna, test="1").json()["id"])
    assert str(claim.folder) == "test"


def test_without_script_the_page_is_shown_again(site: Site) -> None:
    anna = site.seller()
    answer = anna._client.post("/my/upload", data={"csrf": anna.csrf}, files={"file": ("a.txt", FILE)})
    assert (answer.status_code, answer.headers["location"]) == (303, "/my")
    assert "a.txt is safe here, as upload" in anna.text("/my")


@pytest.mark.parametrize(
    ("name", "content", "status", "words"),
    [
        ("a.xlsx", b"PK\x03\x04 rubbish", 422, "cannot be used"),
        ("a.txt", b"one\ttwo\n1\t2\n" * 5, 422, ""),
        (".hidden", FILE, 422, "not a name"),
        ("a.txt", b"x" * 2_000_000, 413, "larger"),
    ],
)
def test_what_cannot_be_used_is_refused_in_words_and_not_taken(
    site: Site, name: str, content: bytes, status: int, words: str
) -> None:
    anna = site.seller()
    sellers.change(site.context.db, "anna", {"allowance": '{"file_bytes": 1000000}'})
    anna.login("anna", kind="seller")
    answer = hand_in(anna, name, content)
    assert answer.status_code == status, answer.text
    assert words in answer.json()["text"]
    assert site.arrived == []
    assert list((site.context.spool.root / "handed").iterdir()) == []


def test_nothing_is_taken_without_the_sessions_token_or_from_an_operator(site: Site) -> None:
    anna, operator = site.seller(), site.operator()
    assert hand_in(anna, csrf="wrong").status_code == 403
    assert hand_in(operator).status_code == 404
    assert hand_in(site.browser()).status_code == 303
    assert site.arrived == []


def test_settings_are_kept_and_the_session_goes_on(site: Site) -> None:
    anna = site.seller()
    wanted = {"to": "a@example.com, b@example.com", "events": "errors", "buyers": "1", "date_order": "day-first"}
    assert anna.post("/my/settings", **wanted).status_code == 303
    seller = sellers.find(site.context.db, "anna")
    assert seller is not None
    assert seller.mailing == Mailing(("a@example.com", "b@example.com"), (MailEvent.ERRORS,), True)
    assert seller.policy == Policy(date_order=DateOrder.DAY_FIRST)
    assert "a@example.com, b@example.com" in anna.get("/my/settings").text
    (did,) = decisions.listing(site.context.db, about="anna")
    assert (did.who, did.what) == ("seller anna", "seller.settings")
    assert anna.post("/my/settings", to="no address").status_code == 400
    assert anna.post("/my/settings", date_order="backwards").status_code == 400
    assert anna.post("/my/settings", events="rubbish").status_code == 400
    assert sellers.find(site.context.db, "anna") == seller


def test_a_token_is_shown_once_works_at_the_api_and_ends_when_it_is_removed(site: Site) -> None:
    anna = site.seller()
    assert anna.post("/my/tokens", label="ware\u200bhouse").status_code == 409
    page = anna.post("/my/tokens", label="warehouse").text
    token = page.split('id="fresh">')[1].split("<")[0]
    assert token not in anna.get("/my/tokens").text
    (kept,) = tokens.listing(site.context.db, 1)

    def ask() -> int:
        return httpx.get(f"{site.url}/api/v1/uploads", headers={"Authorization": f"Bearer {token}"}).status_code

    assert ask() == 200
    assert anna.post(f"/my/tokens/{kept.id}/disable").status_code == 303
    assert ask() == 401
    assert anna.post(f"/my/tokens/{kept.id}/enable").status_code == 303
    assert ask() == 200
    assert another(site).post(f"/my/tokens/{kept.id}/remove").status_code == 404
    assert anna.post(f"/my/tokens/{kept.id}/remove").status_code == 303
    assert ask() == 401


def test_a_session_opens_nothing_at_the_api(site: Site) -> None:
    anna = site.seller()
    assert anna.look("/api/v1/uploads").status_code == 401


def test_the_site_file_and_the_settings_are_its_own(site: Site) -> None:
    anna = site.seller()
    assert "<User>anna</User>" in anna.get("/my/connect/filezilla.xml").text
    assert "2222" in anna.text("/my/connect")


def test_nothing_of_another_sellers_is_there(site: Site) -> None:
    names = busy(site)
    anna, ben = site.seller(), another(site)
    folder = site.context.home("anna").path / "orders/created"
    (folder / "new.txt").write_bytes(b"x")
    assert anna.get("/my/orders/files/created/new.txt").content == b"x"
    assert anna.get(f"/my/orders/{names['order']}").status_code == 200
    upload, held = names["upload"], names["held"]
    paths = [f"/my/uploads/{upload}", f"/my/orders/{names['order']}", "/my/orders/files/created/new.txt"]
    paths += [f"/my/uploads/{upload}/files/{kind}" for kind in ("receipt", "result", "unconfirmed", "original")]
    paths += ["/my/orders/files/created/..%2f..%2f..%2fanna%2forders%2fcreated%2fnew.txt"]
    for path in paths:
        answer = ben.get(path)
        assert answer.status_code == 404, path
        assert names["order"] not in answer.text
    assert ben.post(f"/my/uploads/{held}/release").status_code == 404
    found = uploads.get(site.context.db, held)
    assert found is not None
    assert found.state == "held"
    for path in PAGES:
        text = ben.get(path).text
        assert not [one for one in names.values() if one in text], path
    for query in (names["order"], upload, "1.txt"):
        assert "/my/uploads/2" not in ben.get(f"/my/uploads?q={query}").text


def test_what_was_handed_in_is_read_as_by_any_door(site: Site) -> None:
    anna = site.seller()
    upload_id = hand_in(anna).json()["id"]
    arrival = site.context.spool.arrival(upload_id)
    assert arrival is not None
    site.context.spool.accept(arrival)
    row = {"id": upload_id, "seller_id": 1, "account_id": 1, "folder": "inbox", "name": "a.txt", "door": "http"}
    row |= {"client": "", "grade": "whole", "evidence": "", "arrived_at": "2026-11-22T12:00:00.000Z", "size": 1}
    uploads.arrive(site.context.db, [row])
    assert read(site.context, upload_id).outcome.counts == {"queued": 1}
    assert "1 waiting" in anna.text("/my")
