"""`cws-filedrop seller hook`."""

from __future__ import annotations

import json
from pathlib import Path

from hook_receiver import receiver
from running import Running

URL = "https://example.com/hook"


def test_a_hook_from_its_beginning_to_its_end(tmp_path: Path) -> None:
    shop = Running(tmp_path, HOOKS__ALLOW_HTTP=True, HOOKS__ALLOW_PRIVATE=True)
    shop.add_seller("anna")
    with receiver() as there:
        made = shop.command("seller", "hook", "add", "anna", there.url, "--event", "order.unconfirmed", "--json")
        found = json.loads(made.stdout)
        assert found["secret"].startswith("whsec_")
        tried = shop.command("seller", "hook", "test", "ANNA", str(found["id"]), "--json")
        assert json.loads(tried.stdout) == {"version": 1, "taken": True, "answer": "200 thanks"}
        (told,) = there.told
        assert told.is_signed_with(found["secret"])
        assert told.said["type"] == "hook.test"
        there.answers = [500]
        tried = shop.command("seller", "hook", "test", "anna", str(found["id"]))
        assert (tried.returncode, tried.stderr) == (1, "cws-filedrop: not taken: 500 thanks\n")
    assert shop.command("seller", "hook", "disable", "anna", str(found["id"])).returncode == 0
    shown = shop.command("seller", "hook", "list", "anna", "--json").stdout
    assert found["secret"] not in shown
    (hook,) = json.loads(shown)["hooks"]
    assert (hook["url"], hook["events"], hook["enabled"]) == (there.url, ["order.unconfirmed"], False)
    assert shop.command("seller", "hook", "enable", "anna", str(found["id"])).returncode == 0
    assert shop.command("seller", "hook", "remove", "anna", str(found["id"])).returncode == 0
    assert shop.command("seller", "hook", "remove", "anna", str(found["id"])).returncode == 1
    assert "none" in shop.command("seller", "hook", "list", "anna").stdout


def test_what_cannot_be_a_hook_is_refused_in_words(tmp_path: Path) -> None:
    shop = Running(tmp_path)
    shop.add_seller("anna")
    refused = shop.command("seller", "hook", "add", "anna", "http://example.com/")
    assert refused.returncode == 2
    assert "only addresses that begin with https:// are called" in refused.stderr
    refused = shop.command("seller", "hook", "add", "anna", URL, "--event", "order.lost")
    assert refused.returncode == 2
    assert "upload.received, upload.answered, order.unconfirmed" in refused.stderr
    assert shop.command("seller", "hook", "add", "nobody", URL).returncode == 1
    assert shop.command("seller", "hook", "test", "anna", "7").returncode == 1
