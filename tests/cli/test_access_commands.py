"""`seller key …`, `seller set`, `seller passwd --clear`, `guard …`: how sellers may log in."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cli.commands import Command
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from cws_filedrop.credentials import passwords
from cws_filedrop.model import Allowance
from cws_filedrop.store.database import Database, default_url
from cws_filedrop.store.doors import guard
from cws_filedrop.store.doors.guard import FailureRecord
from cws_filedrop.store.sellers import keys, sellers
from cws_filedrop.store.sellers.sellers import Access


@pytest.fixture(autouse=True)
def anna(command: Command) -> None:
    assert command("seller", "add", "anna", "--merchant-id", "M1", "--password", "right-horse-9").code == 0


def access() -> Access | None:
    db = Database(default_url(Path("data").absolute()))
    try:
        return sellers.access(db, "anna", datetime.now(UTC))
    finally:
        db.close()


def public_key(comment: str = "") -> str:
    raw = Ed25519PrivateKey.generate().public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    return f"{raw.decode()} {comment}".rstrip()


def test_keys_are_added_listed_and_removed(command: Command) -> None:
    first, second = public_key("office"), public_key("warehouse")
    Path("keys").write_text(f"# ours\n{second}\n")
    assert command("seller", "key", "add", "ANNA", first).code == 0
    assert command("seller", "key", "add", "anna", "--file", "keys").code == 0
    found = command("seller", "key", "list", "anna", "--json").json()["keys"]
    assert [one["comment"] for one in found] == ["office", "warehouse"]
    before = access()
    assert command("seller", "key", "remove", "anna", found[0]["fingerprint"]).code == 0
    after = access()
    assert before is not None
    assert after is not None
    assert after.version > before.version
    db = Database(default_url(Path("data").absolute()))
    kind_and_text = " ".join(second.split()[:2])
    assert keys.holds(db, after.seller_id, found[1]["fingerprint"], kind_and_text)
    assert not keys.holds(db, after.seller_id, found[1]["fingerprint"], "ssh-ed25519 other")
    assert not keys.holds(db, after.seller_id, found[0]["fingerprint"], found[0]["key"])
    db.close()


def test_a_key_twice_is_one_key(command: Command) -> None:
    key = public_key()
    command("seller", "key", "add", "anna", key)
    assert "there already" in command("seller", "key", "add", "anna", key).out
    assert len(command("seller", "key", "list", "anna", "--json").json()["keys"]) == 1


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("seller", "key", "add", "anna", "nonsense"), 2, "no public key found"),
        (("seller", "key", "add", "anna"), 2, "--file"),
        (("seller", "key", "add", "anna", "--file", "nosuch.pub"), 2, "nosuch.pub"),
        (("seller", "key", "list", "nobody"), 1, "no seller named nobody"),
        (("seller", "key", "remove", "anna", "SHA256:x"), 1, "has no key"),
        (("seller", "set", "anna"), 2, "nothing to change"),
        (("seller", "set", "anna", "--networks", "office"), 2, "192.0.2.0/24"),
        (("seller", "set", "anna", "--expires", "tomorrow"), 2, "2026-12-31"),
        (("guard", "unban", "192.0.2.1"), 1, "nothing is held against"),
    ],
)
def test_mistakes_are_told_in_words(command: Command, words: tuple[str, ...], code: int, said: str) -> None:
    found = command(*words)
    assert (found.code, said in found.err) == (code, True), found.err


def test_a_clear_text_password_is_another_one_and_can_be_taken_away(command: Command) -> None:
    shown = re.search(r"^password (\S+)$", command("seller", "passwd", "anna", "--clear").out, re.MULTILINE)
    found = access()
    assert shown is not None
    assert found is not None
    assert passwords.matches(found.clear_password_hash, shown[1])
    assert passwords.matches(found.password_hash, "right-horse-9")
    assert command("seller", "passwd", "anna", "--no-clear").code == 0
    left = access()
    assert left is not None
    assert left.clear_password_hash is None


def test_networks_and_expiry_are_kept(command: Command) -> None:
    assert command("seller", "set", "anna", "--networks", "192.0.2.7/24, 2001:db8::/32").code == 0
    found = access()
    assert found is not None
    assert found.networks == "192.0.2.0/24 2001:db8::/32"
    assert command("seller", "set", "anna", "--expires", "2020-01-01").code == 0
    assert access() is None
    assert command("seller", "set", "anna", "--expires", "", "--networks", "").code == 0
    again = access()
    assert again is not None
    assert again.networks == ""


def test_bans_are_shown_and_lifted(command: Command) -> None:
    db = Database(default_url(Path("data").absolute()))
    guard.save(db, [FailureRecord("address", "192.0.2.1", 0.0, time.time(), time.time() + 600, 2)])
    db.close()
    assert [one["who"] for one in command("guard", "list", "--json").json()["banned"]] == ["192.0.2.1"]
    assert "192.0.2.1" in command("guard", "list").out
    assert command("guard", "unban", "192.0.2.1").code == 0
    assert command("guard", "list", "--json").json()["banned"] == []


def test_limits_are_set_one_by_one_and_taken_away(command: Command) -> None:
    assert command("seller", "set", "anna", "--file-bytes", "1000", "--connections", "3").code == 0
    assert command("seller", "set", "Anna", "--files-an-hour", "60").code == 0
    known = access()
    assert known is not None
    assert known.allowance == Allowance(file_bytes=1000, files_an_hour=60, connections=3)
    assert command("seller", "set", "anna", "--file-bytes", "0").code == 0
    (anna,) = command("seller", "list", "--json").json()["sellers"]
    assert anna["limits"] == {"files_an_hour": 60, "connections": 3}
    assert command("seller", "set", "anna", "--connections", "-1").code == 2
