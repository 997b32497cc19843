"""`status`, `upload …` and `feed …` on what a real service left behind."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cli.commands import SAMPLES, Command
from running import PASSWORD, Running

from cws_filedrop.credentials import passwords
from cws_filedrop.drop.claims import Drop
from cws_filedrop.drop.home import Folder
from cws_filedrop.drop.spool import Spool
from cws_filedrop.model import Account, Door, FeedState, Grade, Seller
from cws_filedrop.store.database import Database, default_url
from cws_filedrop.store.feeds import feeds
from cws_filedrop.store.sellers import sellers

MIXED = SAMPLES / "fillz-mixed-good-and-bad.txt"
UNUSABLE = SAMPLES / "codes" / "F06.txt"


class Past:
    """A service that ran, answered two uploads of anna's, and was stopped."""

    def __init__(self, folder: Path) -> None:
        running = Running(folder)
        self.data = running.data
        self.data.mkdir()
        with self.database() as db:
            db.create()
            anna = Seller(0, "anna", Account(0, "M1"))
            sellers.add(db, anna, password_hash=passwords.hashed(PASSWORD), now=datetime.now(UTC))
        running.start()
        try:
            self.mixed = running.drop("anna", "mixed.txt", MIXED.read_bytes())
            self.unusable = running.drop("anna", "unusable.txt", UNUSABLE.read_bytes())
            for upload in (self.mixed, self.unusable):
                running.result("anna", upload)
        finally:
            code = running.stop()
        assert code == 0

    def database(self) -> Opened:
        """Its database, for a while."""
        return Opened(self.data)


class Opened:
    """A database that is closed in the end."""

    def __init__(self, data: Path) -> None:
        self._db = Database(default_url(data))

    def __enter__(self) -> Database:
        return self._db

    def __exit__(self, *_: object) -> None:
        self._db.close()


@pytest.fixture(scope="module")
def past(tmp_path_factory: pytest.TempPathFactory) -> Past:
    """One run for all tests here."""
    return Past(tmp_path_factory.mktemp("past"))


@pytest.fixture
def on(past: Past, command: Command, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Commands on that data folder."""
    monkeypatch.setenv("CWS_FILEDROP_SERVICE__DATA_DIR", str(past.data))
    return command


@pytest.fixture
def stopped(past: Past) -> Iterator[int]:
    """The number of the feed, which somebody must look at."""
    with past.database() as db:
        (feed,) = feeds.listing(db)
        feeds.change(db, feed.no, state=FeedState.STOPPED, note="two feeds would fit")
        yield feed.no
        feeds.change(db, feed.no, state=FeedState.SETTLED, note="", amazon_feed_id=feed.amazon_feed_id)


def words(text: str) -> list[list[str]]:
    """The words of each line."""
    return [line.split() for line in text.splitlines()]


def test_status_for_machines(on: Command) -> None:
    said = on("status", "--json")
    assert said.code == 0
    assert said.json() == {
        "version": 1,
        "marketplace": "sandbox",
        "uploads": {"done": 1, "rejected": 1},
        "sellers": {"anna": {"done": 1, "rejected": 1}},
        "feeds_in_flight": [],
        "stopped_feeds": [],
        "stopped_accounts": {},
        "restored_accounts": {},
        "failed_uploads": [],
        "mails": {},
        "order_look_ups": {},
        "aside": {"held": [], "cut": [], "failed": []},
    }


def test_status_for_people(on: Command) -> None:
    said = on("status")
    assert said.code == 0
    assert ["done", "1"] in words(said.out)
    assert ["anna", "rejected", "1"] in words(said.out)
    assert "Needs an operator" not in said.out


def test_status_when_something_needs_an_operator(on: Command, stopped: int) -> None:
    said = on("status")
    assert said.code == 1
    assert ["feed", str(stopped), "two", "feeds", "would", "fit"] in words(said.out)
    told = on("status", "--json")
    assert told.code == 1
    (feed,) = told.json()["stopped_feeds"]
    assert (feed["no"], feed["state"], feed["lines"], feed["note"]) == (stopped, "stopped", 2, "two feeds would fit")


def test_uploads_are_listed_newest_first(on: Command, past: Past) -> None:
    said = on("upload", "list", "--json")
    found = said.json()
    assert (said.code, found["version"]) == (0, 1)
    assert [(one["id"], one["name"], one["state"]) for one in found["uploads"]] == [
        (past.unusable, "unusable.txt", "rejected"),
        (past.mixed, "mixed.txt", "done"),
    ]
    listed = words(on("upload", "list").out)
    (mixed,) = [row for row in listed if row[:3] == [past.mixed, "anna", "mixed.txt"]]
    assert " ".join(mixed[3:]) == "3 of 5 rejected 5"


@pytest.mark.parametrize(
    ("options", "names"),
    [
        (("--state", "done"), ["mixed.txt"]),
        (("--state", "held"), []),
        (("--seller", "Anna"), ["unusable.txt", "mixed.txt"]),
        (("--seller", "nobody"), []),
        (("--limit", "1"), ["unusable.txt"]),
    ],
)
def test_uploads_are_picked(on: Command, options: tuple[str, ...], names: list[str]) -> None:
    said = on("upload", "list", "--json", *options)
    assert said.code == 0
    assert [one["name"] for one in said.json()["uploads"]] == names


@pytest.mark.parametrize(("option", "value"), [("--state", "lost"), ("--limit", "0")])
def test_a_pick_that_makes_no_sense_is_wrong_use(on: Command, option: str, value: str) -> None:
    said = on("upload", "list", option, value)
    assert said.code == 2
    assert option in said.err


def test_one_upload_is_shown(on: Command, past: Past) -> None:
    said = on("upload", "show", past.mixed, "--json")
    found = said.json()
    assert (said.code, found["version"]) == (0, 1)
    assert found["verdicts"] == {"confirmed": 2, "rejected": 3}
    upload = found["upload"]
    assert (upload["id"], upload["seller"], upload["line_count"], upload["waiting"]) == (past.mixed, "anna", 5, 0)
    assert (upload["size"], upload["grade"], upload["state"]) == (MIXED.stat().st_size, "whole", "done")
    for_people = words(on("upload", "show", past.mixed).out)
    assert ["name", "mixed.txt"] in for_people
    assert ["rejected", "3"] in for_people


def test_the_story_of_an_upload(on: Command, past: Past) -> None:
    found = on("upload", "show", past.mixed, "--json").json()
    assert found["recorded"] is True
    story = found["story"]
    assert [step["at"] for step in story] == sorted(step["at"] for step in story)
    told = [step["what"] for step in story]
    for what in ("upload at ftp", "graded whole", "receipt delivered", "feed 1 opened", "given to Amazon"):
        assert what in told
    assert told[-1] == "every line has its answer"
    assert all(set(step) == {"at", "what", "detail", "tone"} for step in story)
    (came,) = [step for step in story if step["what"] == "upload at ftp"]
    assert came["detail"].startswith("127.0.0.1")
    (given,) = [step for step in story if step["what"] == "given to Amazon"]
    assert re.fullmatch(r"feed 1 is Amazon's SANDBOX-\d+", given["detail"])


def test_the_story_for_people(on: Command, past: Past) -> None:
    said = on("upload", "show", past.mixed)
    rows = [line.split(maxsplit=2) for line in said.out.splitlines()]
    assert "What happened" in said.out
    assert [row[2].split("  ")[0] for row in rows if row and re.match(r"\d{4}-\d\d-\d\d$", row[0])][-1] == (
        "every line has its answer"
    )
    assert "spool" not in said.out


@pytest.mark.parametrize("graded", [True, False], ids=["graded", "landed"])
def test_an_upload_that_is_in_the_spool_alone_is_shown(on: Command, past: Past, tmp_path: Path, graded: bool) -> None:
    (tmp_path / "came").write_bytes(b"order-id\tstatus\n")
    spool = Spool(past.data / "spool")
    drop = Drop("anna", Folder.INBOX, "[b]odd[/].txt", Door.SFTP, "192.0.2.7")
    claim = spool.land(tmp_path / "came", drop, size=16)
    place = past.data / "spool" / "landed" / claim.upload_id
    if graded:
        spool.grade(claim.upload_id, Grade.WHOLE, "the client closed it")
        place = past.data / "spool" / "arrived" / f"{claim.upload_id}.whole"
    try:
        for_people, said = on("upload", "show", claim.upload_id), on("upload", "show", claim.upload_id, "--json")
    finally:
        shutil.rmtree(place)
    assert (said.code, for_people.code) == (0, 0)
    found = said.json()
    assert (found["recorded"], found["verdicts"]) == (False, {})
    upload = found["upload"]
    assert (upload["seller"], upload["door"], upload["state"], upload["size"]) == ("anna", "sftp", "arrived", 16)
    told = [(step["what"], step["detail"]) for step in found["story"]]
    assert told[0][0] == "came by sftp"
    assert (("graded whole", "the client closed it") in told) == graded
    assert ["name", "[b]odd[/].txt"] in words(for_people.out)
    assert for_people.out.endswith("It lies safe in the spool; the worker has not recorded it yet.\n")
    assert on("upload", "show", claim.upload_id).code == 1, "it is there no more"


@pytest.mark.parametrize("text", ["..", "../../keys", "20261122-013042-k7f3/..", ""])
def test_what_is_no_id_is_not_looked_for(on: Command, text: str) -> None:
    assert on("upload", "show", text).code == 1


def test_an_upload_that_is_not_there_is_an_expected_failure(on: Command) -> None:
    said = on("upload", "show", "20261122-013042-k7f3")
    assert said.code == 1
    assert said.err == "cws-filedrop: there is no upload 20261122-013042-k7f3\n"


def test_feeds_are_listed(on: Command) -> None:
    said = on("feed", "list", "--json")
    (feed,) = said.json()["feeds"]
    assert said.code == 0
    assert (feed["state"], feed["line_count"], feed["message_count"]) == ("settled", 2, 2)
    assert feed["amazon_feed_id"]
    (row,) = [line for line in words(on("feed", "list").out) if feed["amazon_feed_id"] in line]
    assert row[:4] == [str(feed["no"]), "settled", "2", feed["amazon_feed_id"]]


def test_feeds_are_picked_by_state(on: Command) -> None:
    assert len(on("feed", "list", "--state", "settled", "--json").json()["feeds"]) == 1
    assert on("feed", "list", "--state", "stopped", "--json").json()["feeds"] == []


@pytest.mark.parametrize("words", [("retry", "1"), ("adopt", "1", "999")], ids=" ".join)
def test_a_feed_that_is_not_stopped_is_left_alone(on: Command, words: tuple[str, ...]) -> None:
    before = on("feed", "list", "--json").out
    said = on("feed", *words)
    assert said.code == 1
    assert said.err == "cws-filedrop: feed 1 is not stopped\n"
    assert on("feed", "list", "--json").out == before


@pytest.mark.parametrize("words", [("retry", "77"), ("adopt", "77", "999")], ids=" ".join)
def test_a_feed_that_is_not_there_is_an_expected_failure(on: Command, words: tuple[str, ...]) -> None:
    said = on("feed", *words)
    assert said.code == 1
    assert said.err.startswith("cws-filedrop: ")


def test_a_stopped_feed_goes_on(on: Command, stopped: int) -> None:
    said = on("feed", "retry", stopped)
    assert (said.code, said.out) == (0, f"feed {stopped} goes on\n")
    (feed,) = on("feed", "list", "--json").json()["feeds"]
    assert feed["state"] == "submitted"
    assert on("status").code == 0


def test_a_stopped_feed_is_named(on: Command, stopped: int) -> None:
    said = on("feed", "adopt", stopped, "987654")
    assert (said.code, said.out) == (0, f"feed {stopped} is 987654\n")
    (feed,) = on("feed", "list", "--json").json()["feeds"]
    assert (feed["state"], feed["amazon_feed_id"]) == ("submitted", "987654")
