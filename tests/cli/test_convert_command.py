"""`convert FILE --out DIR`: documents and reports, the same every time."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from cli.commands import NOW, SAMPLES, Command
from cws_filedrop.schemas import ORDER_FULFILLMENT, read
from lxml import etree
from running import rows

GOOD = SAMPLES / "shipped-today.txt"
MIXED = SAMPLES / "fillz-mixed-good-and-bad.txt"
SCHEMA = etree.XMLSchema(etree.fromstring(read(ORDER_FULFILLMENT)))


def files(folder: Path) -> dict[str, bytes]:
    """What lies in a folder."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def document(folder: Path, number: int = 1) -> etree._Element:
    """A feed document, which satisfies the schema."""
    found = etree.fromstring((folder / f"feed-{number:04d}.xml").read_bytes())
    SCHEMA.assertValid(found)
    return found


def test_a_good_file(command: Command) -> None:
    said = command("convert", GOOD, "--out", "out", "--now", NOW)
    assert said.code == 0
    assert said.out == "shipped-today.txt: 6 lines (queued 6), 1 documents in out\n"
    assert set(files(Path("out"))) == {"feed-0001.xml", "result.txt", "receipt.txt"}
    assert len(document(Path("out")).findall("Message")) == 6
    assert [row["verdict"] for row in rows(Path("out/result.txt").read_bytes())] == ["queued"] * 6


def test_bad_lines_are_problems_found(command: Command) -> None:
    said = command("convert", MIXED, "--out", "out", "--now", NOW)
    assert said.code == 1
    assert set(files(Path("out"))) == {"feed-0001.xml", "result.txt", "receipt.txt", "rejected.txt"}
    assert len(document(Path("out")).findall("Message")) == 2
    assert [row["error-code"] for row in rows(Path("out/rejected.txt").read_bytes())] == ["S01", "O03", "O01"]
    verdicts = [row["verdict"] for row in rows(Path("out/result.txt").read_bytes())]
    assert verdicts == ["queued", "rejected", "rejected", "rejected", "queued"]


def test_for_machines(command: Command) -> None:
    said = command("convert", MIXED, "--out", "out", "--now", NOW, "--json")
    assert said.code == 1
    assert said.json() == {
        "version": 1,
        "file": MIXED.name,
        "out": "out",
        "documents": 1,
        "line_count": 5,
        "summary": {"queued": 2, "rejected": 3},
    }


@pytest.mark.parametrize("name", ["shipped-today.txt", "fillz-mixed-good-and-bad.txt", "ten-thousand-lines.txt.gz"])
def test_two_runs_give_the_same_bytes(command: Command, name: str) -> None:
    for out in ("one", "two"):
        command("convert", SAMPLES / name, "--out", out, "--now", NOW)
    assert files(Path("one")) == files(Path("two"))
    assert "feed-0001.xml" in files(Path("one"))


def test_a_second_run_replaces_what_the_first_one_left(command: Command) -> None:
    command("convert", SAMPLES / "ten-thousand-lines.txt.gz", "--out", "out", "--now", NOW)
    assert "feed-0002.xml" in files(Path("out"))
    assert command("convert", GOOD, "--out", "out", "--now", NOW).code == 0
    command("convert", GOOD, "--out", "fresh", "--now", NOW)
    assert files(Path("out")) == files(Path("fresh"))


def test_every_document_satisfies_the_schema(command: Command) -> None:
    command("convert", SAMPLES / "ten-thousand-lines.txt.gz", "--out", "out", "--now", NOW)
    names = sorted(name for name in files(Path("out")) if name.startswith("feed-"))
    documents = [document(Path("out"), number) for number in range(1, len(names) + 1)]
    numbers = [int(found.text or "") for one in documents for found in one.iter("MessageID")]
    queued = [row for row in rows(Path("out/result.txt").read_bytes()) if row["verdict"] == "queued"]
    assert len(documents) > 1
    assert numbers == list(range(1, len(queued) + 1))


def test_a_folder_that_holds_other_files_is_left_alone(command: Command, tmp_path: Path) -> None:
    (tmp_path / "letters.doc").write_text("dear all")
    (tmp_path / "result.txt").write_text("of an earlier run")
    said = command("convert", GOOD, "--out", tmp_path)
    assert said.code == 2
    assert said.err == f"cws-filedrop: {tmp_path} holds other files (letters.doc); name an empty folder\n"
    assert files(tmp_path) == {"letters.doc": b"dear all", "result.txt": b"of an earlier run"}


def test_the_merchant_is_named_in_the_documents(command: Command) -> None:
    command("convert", GOOD, "--out", "out", "--now", NOW, "--merchant-id", "A1<&B")
    assert document(Path("out")).findtext("Header/MerchantIdentifier") == "A1<&B"


def test_days_are_read_in_the_sellers_time_zone(command: Command) -> None:
    dates = {}
    for zone in ("UTC", "Asia/Tokyo", "America/Los_Angeles"):
        command("convert", GOOD, "--out", "out", "--now", NOW, "--time-zone", zone)
        text = document(Path("out")).findtext(".//FulfillmentDate") or ""
        dates[zone] = re.sub(r".*(Z|[+-]\d\d:\d\d)$", r"\1", text)
    assert dates == {"UTC": "Z", "Asia/Tokyo": "+09:00", "America/Los_Angeles": "-08:00"}


def test_the_moment_decides_what_is_in_the_future(command: Command) -> None:
    assert command("convert", GOOD, "--out", "out", "--now", "2026-11-22T12:00:00+01:00").code == 0
    assert command("convert", GOOD, "--out", "out", "--now", "2026-11-01").code == 1
    assert {row["code"] for row in rows(Path("out/result.txt").read_bytes())} == {"D03"}


def test_a_file_of_no_known_format_leaves_a_result_that_says_so(command: Command) -> None:
    said = command("convert", SAMPLES / "codes" / "F06.txt", "--out", "out", "--now", NOW)
    assert said.code == 1
    assert said.err.startswith("cws-filedrop: F06.txt: F06: ")
    assert set(files(Path("out"))) == {"result.txt", "receipt.txt"}
    assert [row["code"] for row in rows(Path("out/result.txt").read_bytes())] == ["F06"]


def test_a_file_that_does_not_exist_makes_no_folder(command: Command) -> None:
    said = command("convert", "nosuch.txt", "--out", "out")
    assert said.code == 2
    assert said.err == "cws-filedrop: nosuch.txt: No such file or directory\n"
    assert not Path("out").exists()


def test_without_a_folder_it_is_wrong_use(command: Command) -> None:
    said = command("convert", GOOD)
    assert said.code == 2
    assert "--out" in said.err


def test_a_folder_that_cannot_be_made_is_wrong_use(command: Command) -> None:
    Path("out").write_text("a file")
    said = command("convert", GOOD, "--out", "out")
    assert said.code == 2
    assert said.err.startswith("cws-filedrop: out")


def test_a_run_that_was_stopped_does_not_stop_the_next_one(command: Command) -> None:
    Path("out").mkdir()
    for name in ("result.txt.part", "feed-0001.xml.part"):
        Path("out", name).write_bytes(b"half")
    assert command("convert", GOOD, "--out", "out", "--now", NOW).code == 0
    assert set(files(Path("out"))) == {"feed-0001.xml", "result.txt", "receipt.txt"}


def test_a_file_of_no_known_format_for_machines(command: Command) -> None:
    said = command("convert", SAMPLES / "codes" / "F06.txt", "--out", "out", "--now", NOW, "--json")
    assert said.code == 1
    assert said.json()["file"] == "F06.txt"


def test_a_merchant_id_that_no_document_can_hold_is_wrong_use(command: Command) -> None:
    said = command("convert", GOOD, "--out", "out", "--now", NOW, "--merchant-id", "x" * 51)
    assert said.code == 2
    assert "--merchant-id" in said.err
