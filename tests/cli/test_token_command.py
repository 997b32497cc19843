"""`cws-filedrop seller token`."""

from __future__ import annotations

import json
from pathlib import Path

from running import Running


def test_a_token_from_its_beginning_to_its_end(tmp_path: Path) -> None:
    shop = Running(tmp_path)
    shop.add_seller("anna")
    made = json.loads(shop.command("seller", "token", "add", "Anna", "--label", "stock", "--json").stdout)
    assert made["token"].startswith("cwsfd_")
    assert shop.command("seller", "token", "add", "anna", "--label", "st\u200bock").returncode == 2
    shown = shop.command("seller", "token", "list", "anna", "--json").stdout
    assert made["token"] not in shown
    (token,) = json.loads(shown)["tokens"]
    assert (token["id"], token["label"], token["enabled"], token["used_at"]) == (made["id"], "stock", True, None)
    assert shop.command("seller", "token", "disable", "anna", str(made["id"])).returncode == 0
    assert not json.loads(shop.command("seller", "token", "list", "anna", "--json").stdout)["tokens"][0]["enabled"]
    assert shop.command("seller", "token", "enable", "anna", str(made["id"])).returncode == 0
    assert shop.command("seller", "token", "remove", "anna", str(made["id"])).returncode == 0
    gone = shop.command("seller", "token", "remove", "anna", str(made["id"]))
    assert (gone.returncode, gone.stderr) == (1, f"cws-filedrop: anna has no token {made['id']}\n")
