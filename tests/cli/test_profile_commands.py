"""`seller profile …`, and `check` and `convert` by a profile."""

from __future__ import annotations

from pathlib import Path

import pytest
from cli.commands import NOW, SAMPLES, Command

from cws_filedrop.formats import known_profiles

OWN = SAMPLES / "profiles" / "shipstation.csv"
TEXT = '[columns]\norder-id = "Order - Number"\ntracking = "Shipment - Tracking Number"\n[constants]\ncarrier = "UPS"\n'


@pytest.fixture
def seller(command: Command) -> str:
    assert command("seller", "add", "anna", "--merchant-id", "M1").code == 0
    return "anna"


def test_a_profile_is_suggested_tried_and_set(command: Command, seller: str) -> None:
    said = command("seller", "profile", "suggest", OWN, "--output", "shop.toml")
    assert (said.code, said.err) == (0, "")
    assert "wrote shop.toml" in said.out
    checked = command("check", OWN, "--profile", "shop.toml", "--now", NOW, "--json").json()
    assert (checked["format"], checked["summary"]) == ("profile shop", {"queued": 2, "rejected": 2})
    assert command("seller", "profile", "set", seller, "shop.toml").out == "added  shop\n"
    shown = command("seller", "profile", "show", "ANNA", "shop")
    assert shown.out == Path("shop.toml").read_text()
    found = command("seller", "profile", "list", seller, "--json").json()
    assert (found["version"], found["seller"], [one["name"] for one in found["profiles"]]) == (1, "anna", ["shop"])


def test_a_suggestion_goes_to_standard_output(command: Command) -> None:
    said = command("seller", "profile", "suggest", OWN)
    assert said.out.startswith("# A first profile, made of shipstation.csv.")
    assert 'order-id = "Order - Number"\n' in said.out


def test_known_ones_can_be_set_under_another_name_replaced_and_removed(command: Command, seller: str) -> None:
    assert command("seller", "profile", "set", seller, "shipstation", "--as", "depot").out == "added  depot\n"
    Path("x.toml").write_text(TEXT)
    assert command("seller", "profile", "set", seller, "x.toml", "--as", "depot").out == "replaced  depot\n"
    assert command("seller", "profile", "show", seller, "depot").out == TEXT
    assert "depot" in command("seller", "profile", "list", seller).out
    assert command("seller", "profile", "remove", seller, "depot").out == "depot is removed\n"
    assert command("seller", "profile", "remove", seller, "depot").code == 1
    said = command("seller", "profile", "show", seller, "depot")
    assert (said.code, said.err) == (1, "cws-filedrop: anna has no profile depot\n")


def test_known_ones_are_listed_and_printed(command: Command) -> None:
    found = command("seller", "profile", "known", "--json").json()["profiles"]
    assert [one["name"] for one in found] == list(known_profiles.names())
    assert all(one["source"].startswith("https://") and one["title"] for one in found)
    assert "ShipStation" in command("seller", "profile", "known").out
    assert command("seller", "profile", "known", "sendcloud").out == known_profiles.text("sendcloud")
    assert command("seller", "profile", "known", "nope").code == 1


@pytest.mark.parametrize(("file", "name"), [("My Shop (2).toml", "my-shop-2"), ("é.toml", "own")])
def test_a_profile_is_called_as_its_file(command: Command, seller: str, file: str, name: str) -> None:
    Path(file).write_text(TEXT)
    assert command("seller", "profile", "set", seller, file).out == f"added  {name}\n"
    listed = command("seller", "list", "--json").json()["sellers"]
    assert [one["profiles"] for one in listed] == [[name]]


def test_convert_takes_a_profile(command: Command) -> None:
    said = command("convert", OWN, "--out", "out", "--profile", "shipstation", "--now", NOW, "--json")
    assert (said.code, said.json()["summary"]) == (1, {"queued": 2, "rejected": 2})
    rejected = Path("out/rejected.txt").read_bytes()
    again = Path("again.csv")
    again.write_bytes(rejected.replace(b"9.61E+21", b"961673705775").replace(b"114-77,", b"114-7777777-7777777,"))
    checked = command("check", again, "--profile", "shipstation", "--now", NOW, "--json").json()
    assert (checked["summary"], checked["file_issues"]) == ({"queued": 2}, [])


def test_without_its_profile_the_file_is_refused(command: Command) -> None:
    assert command("check", OWN, "--now", NOW, "--json").json()["file_issues"][0]["code"] == "F03"


def test_standard_files_are_read_as_ever(command: Command) -> None:
    said = command("check", SAMPLES / "shipped-today.txt", "--profile", "shipstation", "--now", NOW, "--json")
    assert (said.code, said.json()["format"]) == (0, "amazon-shipping-confirmation")


def test_dates_and_carriers_are_read_as_the_profile_says(command: Command) -> None:
    Path("a.csv").write_text("No,Parcel,By,Day\n026-1520163-6049104,ABC12345678,Kurier,03/11/2026\n")
    head = '[columns]\norder-id = "No"\ntracking = "Parcel"\ncarrier = "By"\nship-date = "Day"\n'
    Path("p.toml").write_text(f'[file]\ndate_order = "day-first"\n{head}[carriers]\nkurier = "GLS"\n')
    told = command("convert", "a.csv", "--out", "o", "--profile", "p.toml", "--date-order", "month-first", "--now", NOW)
    assert told.code == 0, told
    document = Path("o/feed-0001.xml").read_text()
    assert "<CarrierCode>GLS</CarrierCode>" in document
    assert "2026-11-03" in document
    Path("p.toml").write_text(f'[file]\ndate_order = "year-first"\n{head}')
    checked = command("check", "a.csv", "--profile", "p.toml", "--date-order", "month-first", "--now", NOW, "--json")
    assert "D06" in [issue["code"] for issue in checked.json()["lines"][0]["issues"]]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("check", OWN, "--profile", "nope"), "give a TOML file or one of aftership, easypost"),
        (("check", OWN, "--profile", "bad.toml"), "profile bad: [columns] names no order-id"),
        (("convert", OWN, "--out", "o", "--profile", "bad.toml"), "profile bad: [columns] names no order-id"),
        (("check", OWN, "--profile", "binary.toml"), "it is not written in UTF-8"),
        (("seller", "profile", "set", "anna", "bad.toml"), "profile bad: [columns] names no order-id"),
        (("seller", "profile", "set", "anna", "shipstation", "--as", "My Shop"), "use up to 40 small letters"),
        (("seller", "profile", "suggest", "nope.csv"), "No such file"),
        (("seller", "profile", "suggest", OWN, "--output", "no/x.toml"), "No such file"),
    ],
)
def test_what_cannot_be_used_is_said_in_words(command: Command, arguments: tuple[object, ...], words: str) -> None:
    Path("bad.toml").write_text('[columns]\ntracking = "x"\n')
    Path("binary.toml").write_bytes(b"\xff\xfe\x00")
    said = command(*arguments)
    assert said.code == 2
    assert words in said.err


@pytest.mark.parametrize("name", ["empty.csv", "sheet.xlsx"])
def test_what_is_no_sample_is_said_in_words(command: Command, name: str) -> None:
    Path("empty.csv").write_bytes(b"")
    Path("sheet.xlsx").write_bytes((SAMPLES / "codes" / "F02.xlsx").read_bytes())
    said = command("seller", "profile", "suggest", name)
    assert (said.code, said.out) == (1, "")
    assert f"cws-filedrop: {name}: F0" in said.err


def test_who_is_not_there_has_no_profiles(command: Command, seller: str) -> None:
    for arguments in (("set", "ben", "shipstation"), ("list", "ben"), ("show", "ben", "x"), ("remove", "ben", "x")):
        said = command("seller", "profile", *arguments)
        assert (said.code, said.err) == (1, "cws-filedrop: there is no seller named ben\n")
