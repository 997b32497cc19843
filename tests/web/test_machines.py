"""Whether the service lives and is ready, for machines that ask without a login."""

from __future__ import annotations

from web.site import Site

from cws_filedrop.store.feeds import feeds
from cws_filedrop.store.outgoing import alarms


def test_it_lives_while_the_pages_answer(site: Site) -> None:
    answer = site.browser().look("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_it_is_ready_when_every_part_is(site: Site) -> None:
    browser = site.browser()
    before = browser.look("/readyz")
    assert before.status_code == 503
    assert before.json()["parts"]["doors"] == {"ok": False, "why": "it has given no sign of life"}
    for who in ("worker on x", "doors on x"):
        alarms.beat(site.context.db, who, now=site.clock())
    assert browser.look("/readyz").status_code == 200
    feeds.stop_account(site.context.db, 1, "no credentials")
    answer = browser.look("/readyz").json()
    assert [name for name, part in answer["parts"].items() if not part["ok"]] == ["marketplace"]
    feeds.stop_account(site.context.db, 1, "")
    site.clock.wait(minutes=2)
    assert browser.look("/readyz").json()["parts"]["worker"]["why"] == "silent for 120 seconds"


def test_alarms_are_shown_and_counted(site: Site) -> None:
    found = [alarms.AlarmFinding("disk:bytes", alarms.AlarmKind.DISK, "bytes run short", "Make room.")]
    alarms.renew(site.context.db, found, now=site.clock())
    browser = site.operator()
    assert "Bytes run short. Make room." in browser.text("/")
    assert "Bytes run short" in browser.text("/alarms")
    assert 'href="/alarms"' in browser.get("/").text
    alarms.renew(site.context.db, [], now=site.clock())
    assert "All is well." in browser.text("/alarms")
