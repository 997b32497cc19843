"""`carriers list|add|remove|import|unknown`: names are checked, kept, recorded, and read in the next file."""

from __future__ import annotations

from pathlib import Path

import pytest
from cli.commands import Command

from cws_filedrop.store.database import Database, default_url
from cws_filedrop.store.users import decisions


@pytest.fixture
def on(command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    monkeypatch.setenv("CWS_FILEDROP_SERVICE__DATA_DIR", str(tmp_path / "data"))
    assert command("seller", "add", "anna", "--merchant-id", "M1").code == 0
    return command


def kept(on: Command, *more: str) -> list[tuple[str, str]]:
    return [(one["name"], one["code"]) for one in on("carriers", "list", "--json", *more).json()["carriers"]]


def done(data: Path) -> list[tuple[str, str, str]]:
    db = Database(default_url(data))
    rows = decisions.listing(db)
    db.close()
    return [(one.what, one.about, one.detail) for one in rows if one.what.startswith("carriers.")]


def test_names_are_added_replaced_and_forgotten(on: Command) -> None:
    assert on("carriers", "add", "Schnell Kurier", "Yodel").code == 0
    assert on("carriers", "add", "schnell-kurier", "DPD").code == 0
    assert on("carriers", "add", "ヤマトの人", "YAMATO").code == 0
    assert kept(on) == [("schnell-kurier", "DPD"), ("ヤマトの人", "YAMATO")]
    assert on("carriers", "remove", "SCHNELL KURIER").code == 0
    assert kept(on) == [("ヤマトの人", "YAMATO")]
    missing = on("carriers", "remove", "Schnell Kurier")
    assert (missing.code, "not among" in missing.err) == (1, True)


def test_the_names_of_one_seller_are_its_own(on: Command) -> None:
    assert on("carriers", "add", "Van 1", "Yodel", "--seller", "Anna").code == 0
    assert (kept(on), kept(on, "--seller", "anna")) == ([], [("Van 1", "Yodel")])
    assert on("carriers", "remove", "van1", "--seller", "anna").code == 0
    assert kept(on, "--seller", "anna") == []
    assert on("carriers", "add", "Van 1", "Yodel", "--seller", "bert").code == 1


@pytest.mark.parametrize(
    ("name", "code", "words"),
    [
        ("Schnell", "Yodell", "did you mean 'Yodel'"),
        ("Schnell", "yodel", "did you mean 'Yodel'"),
        ("Schnell", "Other", "not a carrier of Amazon's list"),
        ("Schnell", "Andere", "not a carrier of Amazon's list"),
        ("ups", "DHL", "is on Amazon's list itself, as 'UPS'"),
        ("***", "DHL", "cannot be the name"),
        ("n/a", "DHL", "cannot be the name"),
        ("Sonstige", "DHL", "cannot be the name"),
        ("x" * 51, "DHL", "cannot be the name"),
    ],
)
def test_what_cannot_be_is_refused(on: Command, name: str, code: str, words: str) -> None:
    said = on("carriers", "add", name, code)
    assert said.code == 1
    assert words in said.err
    assert kept(on) == []


def test_a_file_is_taken_whole_or_not_at_all(on: Command, tmp_path: Path) -> None:
    path = tmp_path / "names.tsv"
    path.write_text("\ufeff# ours\nVan 1\tYodel\n\n Van  2 \t DPD \n", encoding="utf-8")
    assert on("carriers", "import", path).code == 0
    assert kept(on) == [("Van 1", "Yodel"), ("Van 2", "DPD")]
    path.write_text("Van 3\tYodel\nVan 4\tNo Such\n")
    bad = on("carriers", "import", path, "--replace")
    assert (bad.code, "line 2" in bad.err) == (1, True)
    assert len(kept(on)) == 2
    path.write_text("Van 3 Yodel\n")
    assert "a name, a tab and a code" in on("carriers", "import", path).err
    path.write_text("Van 3\tYodel\n")
    assert on("carriers", "import", path, "--replace").code == 0
    assert kept(on) == [("Van 3", "Yodel")]
    assert on("carriers", "import", path, "--seller", "anna").code == 0
    assert kept(on, "--seller", "anna") == [("Van 3", "Yodel")]


def test_every_change_is_recorded_with_what_it_was(on: Command, tmp_path: Path) -> None:
    path = tmp_path / "names.tsv"
    path.write_text("Van 3\tYodel\n")
    on("carriers", "add", "Van 1", "Yodel")
    on("carriers", "import", path, "--replace", "--seller", "anna")
    on("carriers", "remove", "Van 1")
    on("carriers", "add", "Van 1", "Nobody")
    assert sorted(done(tmp_path / "data")) == [
        ("carriers.add", "all sellers", "Van 1 = Yodel"),
        ("carriers.remove", "all sellers", "Van 1"),
        ("carriers.replace", "anna", "Van 3 = Yodel"),
    ]


def test_those_that_come_with_the_program_are_shown(on: Command) -> None:
    assert ("evri", "Hermes UK") in kept(on, "--shipped")


def test_nobody_used_an_unknown_name_yet(on: Command) -> None:
    assert on("carriers", "unknown", "--json").json() == {"version": 1, "days": 30, "carriers": []}
