"""`check FILE`: what would happen to a file, for people and for machines."""

from __future__ import annotations

from pathlib import Path

import pytest
from cli.commands import NOW, SAMPLES, Command

MIXED = SAMPLES / "fillz-mixed-good-and-bad.txt"
GOOD = SAMPLES / "shipped-today.txt"
UNKNOWN_FORMAT = SAMPLES / "codes" / "F06.txt"


def test_a_good_file_is_clean(command: Command) -> None:
    said = command("check", GOOD, "--now", NOW)
    assert said.code == 0
    assert said.out == (
        "shipped-today.txt: amazon-shipping-confirmation, UTF-8, 6 lines\nEvery line would be accepted: queued 6\n"
    )


def test_a_good_file_for_machines(command: Command) -> None:
    said = command("check", GOOD, "--now", NOW, "--json")
    assert said.code == 0
    found = said.json()
    assert len(found.pop("not_known")) == 2
    assert found == {
        "version": 1,
        "file": "shipped-today.txt",
        "format": "amazon-shipping-confirmation",
        "encoding": "UTF-8",
        "line_count": 6,
        "file_issues": [],
        "lines": [],
        "summary": {"queued": 6},
        "notes": [],
    }


def test_bad_lines_are_problems_found(command: Command) -> None:
    said = command("check", MIXED, "--now", NOW)
    assert said.code == 1
    assert "line 3 rejected 112-5609763-2902653" in said.out
    assert 'S01 "shiped" is not a status we know; did you mean "shipped"?' in said.out
    assert "Some lines would be rejected: rejected 3, queued 2" in said.out


def test_bad_lines_for_machines(command: Command) -> None:
    said = command("check", MIXED, "--now", NOW, "--json")
    found = said.json()
    assert said.code == 1
    assert found["summary"] == {"queued": 2, "rejected": 3}
    assert [(line["line"], line["order_id"], line["verdict"]) for line in found["lines"]] == [
        (3, "112-5609763-2902653", "rejected"),
        (4, "4711", "rejected"),
        (5, "", "rejected"),
    ]
    (issue,) = found["lines"][0]["issues"]
    assert set(issue) == {"code", "severity", "column", "value", "message", "remedy"}
    assert (issue["code"], issue["severity"], issue["column"], issue["value"]) == ("S01", "error", "status", "shiped")


def test_a_warning_is_not_a_problem(command: Command) -> None:
    said = command("check", SAMPLES / "codes" / "D05.txt", "--now", NOW, "--json")
    assert said.code == 0
    assert {issue["code"] for line in said.json()["lines"] for issue in line["issues"]} == {"D05"}


def test_a_file_of_no_known_format(command: Command) -> None:
    said = command("check", UNKNOWN_FORMAT)
    assert said.code == 1
    assert said.out.startswith("F06.txt: not usable\n")
    assert "the whole file\n  F06 " in said.out
    assert "The file as a whole would be rejected." in said.out


def test_a_file_of_no_known_format_for_machines(command: Command) -> None:
    said = command("check", UNKNOWN_FORMAT, "--json")
    found = said.json()
    assert said.code == 1
    assert [issue["code"] for issue in found["file_issues"]] == ["F06"]
    assert (found["format"], found["line_count"], found["lines"], found["summary"]) == (None, 0, [], {})


@pytest.mark.parametrize("name", ["nosuch.txt", "."])
def test_what_is_no_file_is_wrong_use(command: Command, name: str) -> None:
    said = command("check", name)
    assert said.code == 2
    assert said.err.startswith(f"cws-filedrop: {name}: ")
    assert said.out == ""


def test_only_the_first_lines_are_shown_to_people(command: Command, tmp_path: Path) -> None:
    path = tmp_path / "many.txt"
    path.write_text("order-id\tstatus\n" + "4711\tshipped\n" * 60)
    said = command("check", path)
    assert said.out.count("\nline ") == 50
    assert "and 10 more lines with something to say (--json lists them all)" in said.out
    assert len(command("check", path, "--json").json()["lines"]) == 60


def test_words_of_the_seller_are_shown_as_they_are(command: Command, tmp_path: Path) -> None:
    path = tmp_path / "[b]x.txt"
    path.write_text("order-id\tstatus\n[red]4711[/]\tshipped\n")
    said = command("check", path)
    assert said.out.startswith("[b]x.txt: fillz-confirmation")
    assert "line 2 rejected [red]4711[/]" in said.out


def test_what_a_name_hides_is_spelled_out(command: Command, tmp_path: Path) -> None:
    path = tmp_path / "a\u202etxt.\u200b.txt"
    path.write_text("order-id\tstatus\n4711\tshipped\n")
    assert command("check", path).out.startswith("a\\u202etxt.\\u200b.txt: ")
    shown = command("check", path, "--json")
    assert "a\\u202etxt.\\u200b.txt" in shown.out
    assert shown.json()["file"] == path.name


def test_the_order_of_day_and_month_decides(command: Command) -> None:
    path = SAMPLES / "codes" / "D06.txt"
    assert command("check", path, "--now", NOW).code == 1
    told = command("check", path, "--now", NOW, "--date-order", "day-first", "--json")
    assert told.code == 0
    assert "rejected" not in told.json()["summary"]


@pytest.mark.parametrize(
    ("option", "value"), [("--now", "yesterday"), ("--time-zone", "Mars/Olympus"), ("--date-order", "year-first")]
)
def test_values_that_cannot_be_used_are_wrong_use(command: Command, option: str, value: str) -> None:
    said = command("check", GOOD, option, value)
    assert said.code == 2
    assert value in said.err


BOOK = SAMPLES / "orders" / "order-book.txt"


def test_an_order_file_says_what_is_known(command: Command) -> None:
    path = SAMPLES / "orders" / "by-any-name.txt"
    alone = command("check", path, "--now", NOW, "--json").json()
    assert [line["order_id"] for line in alone["lines"]] == ["5001", "5002", "5009"]
    known = command("check", path, "--now", NOW, "--order-book", BOOK, "--json").json()
    said = [(line["order_id"], line["verdict"]) for line in known["lines"]]
    assert said == [("701-5550099-5550009", "queued"), ("5009", "rejected")], "neither is in the book"
    strict = command("check", path, "--now", NOW, "--order-book", BOOK, "--unknown-orders", "reject", "--json").json()
    assert [line["line"] for line in strict["lines"]] == [6, 7]


def test_an_order_file_that_is_none(command: Command) -> None:
    said = command("check", GOOD, "--order-book", GOOD)
    assert said.code == 2
    assert "--order-book shipped-today.txt" in said.err
    assert "not an order file" in said.err


def test_converting_by_an_order_file(command: Command, tmp_path: Path) -> None:
    path, out = SAMPLES / "orders" / "repaired.txt", tmp_path / "out"
    said = command("convert", path, "--out", out, "--now", NOW, "--order-book", BOOK, "--json")
    assert said.json()["summary"] == {"queued": 2, "rejected": 2}
    assert b"01000000000011" in (out / "feed-0001.xml").read_bytes()


# What the service would do besides.


def shipments(path: Path, *rows: str) -> Path:
    path.write_text("\n".join(["order-id\tstatus\ttracking\tcarrier", *rows]) + "\n")
    return path


def test_a_file_that_the_service_would_hold(command: Command, tmp_path: Path) -> None:
    crowd = [f"026-1520163-{n:07d}\tshipped\t1Z65CS8T0536011397\tUPS" for n in range(21)]
    found = command("check", shipments(tmp_path / "a.txt", *crowd), "--now", NOW, "--json").json()
    assert [(issue["code"], issue["severity"]) for issue in found["file_issues"]] == [("F09", "held")]
    assert "21 orders" in found["file_issues"][0]["message"]
    assert found["summary"] == {"held": 21}
    cancelled = [f"026-1520163-{n:07d}\tcancelled\t\t" for n in range(21)]
    said = command("check", shipments(tmp_path / "b.txt", *cancelled), "--now", NOW)
    assert "it cancels 21 orders" in said.out
    assert "not known here" in said.out
    few = command("check", shipments(tmp_path / "c.txt", *crowd[:20], *cancelled[:20]), "--now", NOW, "--json").json()
    assert few["file_issues"] == []


def test_it_says_what_only_the_service_knows(command: Command, tmp_path: Path) -> None:
    found = command("check", GOOD, "--now", NOW, "--json").json()
    assert ["--order-book" in words for words in found["not_known"]] == [True, False]
    assert "duplicates" in found["not_known"][1]
    known = command("check", GOOD, "--now", NOW, "--order-book", BOOK, "--json").json()
    assert len(known["not_known"]) == 1
    assert "duplicates" in command("check", GOOD, "--now", NOW).err
    assert command("check", UNKNOWN_FORMAT, "--json").json()["not_known"] == []


def test_an_order_that_a_current_order_file_does_not_hold(command: Command, tmp_path: Path) -> None:
    path = shipments(tmp_path / "a.txt", "026-1520163-6049104\tshipped\t1Z65CS8T0536011397\tUPS")
    near, old = ("2026-11-20T13:00:00Z", "2026-11-20T11:00:00Z")
    for placed, codes in ((near, ["O03"]), (old, [])):
        book = tmp_path / "book.txt"
        head = "order-id\torder-item-id\tpurchase-date\tship-service-level\tquantity-purchased\n"
        book.write_text(f"{head}026-1520163-0000001\t12345678901234\t{placed}\tStd\t1\n")
        found = command("check", path, "--now", NOW, "--order-book", book, "--json").json()
        assert [issue["code"] for line in found["lines"] for issue in line["issues"]] == codes
        assert found["summary"] == {"queued": 1}
