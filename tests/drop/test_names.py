"""Which names are final, which can be used, and what the answers to a file are called."""

from __future__ import annotations

import pytest

from cws_filedrop.drop.names import clean, is_temporary, is_usable, result_name

UPLOAD = "20261122-013042-k7f3"


@pytest.mark.parametrize(
    "name",
    [
        "a.txt.part",
        "a.txt.PART",
        "a.txt.filepart",
        "a.tmp",
        ".in.a.txt",
        ".in.a.txt.",
        ".~lock.a.txt#",
        "a.txt.x7k2p9qa.partial",
        ".rclone-a.partial",
        "~$a.xlsx",
        ".hidden",
        ".DS_Store",
        "Thumbs.db",
        "THUMBS.DB",
        "desktop.ini",
    ],
)
def test_working_names_are_never_picked_up(name: str) -> None:
    assert is_temporary(name)


@pytest.mark.parametrize(
    "name", ["a.txt", "part.txt", "a.part.txt", "tmp", "part", "~a.txt", "a$.csv", "Übersicht 1.tsv"]
)
def test_final_names_are(name: str) -> None:
    assert not is_temporary(name)


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "a\nb", "a\0b", "a\x7fb", "x" * 256, "ü" * 128, "a\udcffb"])
def test_unusable_names(name: str) -> None:
    assert not is_usable(name)


@pytest.mark.parametrize("name", ["a", "ü" * 127, " a ", "a\\b", "日本.txt", ".hidden"])
def test_usable_names(name: str) -> None:
    assert is_usable(name)


@pytest.mark.parametrize("name", ["a/b", "a\nb", "a\udcffb", "x" * 300, "\n", ""])
def test_clean_makes_any_name_usable(name: str) -> None:
    assert is_usable(clean(name))


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("shipped-0412.txt", "shipped-0412"),
        ("shipped.TSV", "shipped"),
        ("a.csv", "a"),
        ("a.tab", "a"),
        ("a.zip", "a"),
        ("a.txt.gz", "a.txt"),
        ("a.xlsx", "a.xlsx"),
        ("a", "a"),
        ("a.b.c", "a.b.c"),
    ],
)
def test_result_name(name: str, stem: str) -> None:
    assert result_name(name, UPLOAD, "receipt") == f"{stem}.{UPLOAD}.receipt.txt"


@pytest.mark.parametrize("name", ["x" * 255, "x" * 251 + ".txt", "日" * 85, "é" * 127])
def test_result_name_is_never_too_long(name: str) -> None:
    made = result_name(name, UPLOAD, "unconfirmed")
    assert len(made.encode()) <= 255
    assert made.endswith(f".{UPLOAD}.unconfirmed.txt")
