"""`cws-filedrop user token`."""

from __future__ import annotations

import json
from pathlib import Path

from running import Running

from cws_filedrop.store.database import Database, default_url
from cws_filedrop.store.users import decisions


def test_an_operators_token_from_its_beginning_to_its_end(tmp_path: Path) -> None:
    shop = Running(tmp_path)
    shop.add_user("olga", "correct-horse-9", "operator")
    made = json.loads(shop.command("user", "token", "add", "Olga", "--label", "board", "--json").stdout)
    assert made["token"].startswith("cwsop_")
    shown = shop.command("user", "token", "list", "olga", "--json").stdout
    assert made["token"] not in shown
    (token,) = json.loads(shown)["tokens"]
    assert (token["id"], token["label"], token["enabled"], token["used_at"]) == (made["id"], "board", True, None)
    number = str(made["id"])
    assert shop.command("user", "token", "disable", "olga", number).stdout == f"Token {number} is switched off.\n"
    assert not json.loads(shop.command("user", "token", "list", "olga", "--json").stdout)["tokens"][0]["enabled"]
    assert shop.command("user", "token", "enable", "olga", number).returncode == 0
    assert shop.command("user", "token", "remove", "olga", number).returncode == 0
    gone = shop.command("user", "token", "remove", "olga", number)
    assert (gone.returncode, gone.stderr) == (1, f"cws-filedrop: olga has no token {number}\n")
    nobody = shop.command("user", "token", "list", "nobody")
    assert (nobody.returncode, nobody.stderr) == (1, "cws-filedrop: there is no user nobody\n")
    db = Database(default_url(tmp_path / "data"))
    told = [(one.who, one.what, one.detail) for one in reversed(decisions.listing(db, about="olga"))][1:]
    db.close()
    about = f"{number} {made['token'][:10]}… board"
    assert told == [("command line", f"user.token-{what}", about) for what in ("add", "disable", "enable", "remove")]


def test_a_user_without_the_second_factor_that_is_required_can_have_none(tmp_path: Path) -> None:
    shop = Running(tmp_path, WEB__SECOND_FACTOR="required")
    shop.add_user("olga", "correct-horse-9", "operator")
    refused = shop.command("user", "token", "add", "olga")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "olga has no second factor, which is required here" in refused.stderr
    assert json.loads(shop.command("user", "token", "list", "olga", "--json").stdout)["tokens"] == []
