"""What sellers see, and that it is only their own."""

from __future__ import annotations

import pytest
from pipeline.contexts import NOW, put, read
from web.scenes import busy
from web.site import HASH, Site

from cws_filedrop.formats.layout import Format
from cws_filedrop.model import Account, Policy, Seller, UploadState
from cws_filedrop.store.sellers import sellers
from cws_filedrop.store.uploads import uploads
from cws_filedrop.store.users import decisions
from cws_filedrop.web.pages.my.templates import LAYOUTS, content


def test_a_seller_sees_its_uploads_and_downloads_the_files(site: Site) -> None:
    named = busy(site)
    browser = site.seller()
    assert "A-18028" in browser.text("/my")
    assert named["held"] in browser.get("/my/uploads").text
    page = browser.text(f"/my/uploads/{named['upload']}?verdict=unconfirmed")
    assert named["order"] in page
    assert "A-18028" in page
    assert "4711" not in page
    path = next((site.context.home("anna").path / "outbox").glob(f"*{named['upload']}.receipt.txt"))
    assert browser.get(f"/my/uploads/{named['upload']}/files/receipt").content == path.read_bytes()
    assert browser.get(f"/my/uploads/{named['upload']}/files/data").status_code == 404


def test_a_seller_releases_what_is_held_once(site: Site) -> None:
    named = busy(site)
    browser = site.seller()
    where = f"/my/uploads/{named['held']}/release"
    assert browser.submit(where).status_code == 403
    assert browser.post(where).status_code == 303
    found = uploads.get(site.context.db, named["held"])
    assert found is not None
    assert found.state is UploadState.ARRIVED
    assert found.evidence.endswith("released by the seller on the page")
    assert site.arrived == [named["held"]]
    assert [one.who for one in decisions.listing(site.context.db, about=named["held"])] == ["seller anna"]
    assert browser.post(where).status_code == 409


def test_what_is_anothers_is_not_there(site: Site) -> None:
    named = busy(site)
    sellers.add(site.context.db, Seller(0, "berta", Account(0, "M2"), Policy()), password_hash=HASH, now=NOW)
    browser = site.seller("berta")
    paths = [f"/my/uploads/{named['held']}", f"/my/uploads/{named['upload']}/files/receipt"]
    for path in paths:
        answer = browser.get(path)
        assert answer.status_code == 404
        assert "very long week" not in answer.text
    assert browser.post(f"/my/uploads/{named['held']}/release").status_code == 404
    for path in ("/my", "/my/uploads", f"/my/uploads?q={named['order']}"):
        assert named["upload"] not in browser.get(path).text
        assert named["order"] not in browser.text(path)


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_a_file_to_fill_in_is_accepted_as_it_is(site: Site, layout: Format) -> None:
    answer = site.seller().get(f"/my/templates/{layout.name}")
    assert answer.content == content(layout.name, NOW.date().isoformat())
    found = read(site.context, put(site.context, answer.content))
    assert found.outcome.format == layout.name
    assert found.outcome.counts == {"queued": 1}
