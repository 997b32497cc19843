"""Pages hear that something changed, and nothing else has to wait for that."""

from __future__ import annotations

import threading

import httpx
from pipeline.contexts import put
from web.site import Site


def test_a_page_hears_of_what_another_process_commits(site: Site) -> None:
    browser = site.operator()
    heard: list[str] = []
    opened, changed = threading.Event(), threading.Event()

    def listen() -> None:
        with browser._client.stream("GET", "/live", timeout=httpx.Timeout(30)) as stream:
            assert stream.headers["content-type"].startswith("text/event-stream")
            for line in stream.iter_lines():
                if line.startswith("event: "):
                    heard.append(line)
                    (opened if line == "event: open" else changed).set()
                if len(heard) > 2:
                    return

    thread = threading.Thread(target=listen, daemon=True)
    thread.start()
    assert opened.wait(60)
    assert changed.wait(60), "what there was before it listened is new to it"
    changed.clear()
    put(site.context, b"order-id\tstatus\n")  # the beacon has a connection of its own, and holds up nobody
    assert changed.wait(60)
    thread.join(60)
    assert heard == ["event: open", "event: changed", "event: changed"]


def test_nobody_listens_who_is_not_logged_in(site: Site) -> None:
    assert site.browser().look("/live").status_code == 303
