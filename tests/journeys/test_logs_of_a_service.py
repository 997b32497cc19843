"""What a real service logs: into files of each process and one stream, with ids by which an upload can be followed."""

from __future__ import annotations

import json
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from running import Process, Running, amazon_file, order_ids, wait_for


@dataclass
class Story:
    """An upload from the first to the last that is logged of it, and what was told meanwhile to one who watched."""

    service: Running
    upload: str
    watched: list[str]


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    """A service whose log goes to standard output; it has ended in good order."""
    folder = tmp_path_factory.mktemp("service")
    running = Running(folder, SERVICE__LOG_STREAM="stdout", SERVICE__LOG_JSON=True, WEB__ENABLED=True)
    running.add_seller("anna")
    running.start()
    watching = ["cws_filedrop", "logs", "--follow", "--json", "--event", "upload"]
    follower = Process(watching, running.environment, folder / "follower.txt")
    upload = running.drop("anna", "shipped.txt", amazon_file(order_ids(3)))
    running.result("anna", upload)
    wait_for(lambda: "upload.read" in "".join(follower.lines), what="the follower")
    assert follower.stop(signal.SIGINT) == 130
    assert running.stop() == 0
    return Story(running, upload, follower.lines)


def lines(running: Running, name: str) -> list[dict[str, Any]]:
    """What stands in a log file."""
    return [json.loads(line) for line in (running.data / "logs" / name).read_text().splitlines()]


def test_an_upload_is_followed_through_all_processes(story: Story) -> None:
    service, upload = story.service, story.upload
    told = service.command("logs", "--upload", upload, "--json")
    assert told.returncode == 0, told.stderr
    found = [json.loads(line) for line in told.stdout.splitlines()]
    assert [line["event"] for line in found] == ["upload.arrived", "upload.accepted", "upload.read"]
    assert {line["seller"] for line in found} == {"anna"}
    assert [json.loads(line) for line in story.watched if upload in line] == found

    feed = service.command("logs", "--feed", "1", "--json").stdout.splitlines()
    events = [json.loads(line)["event"] for line in feed]
    assert events == ["amazon.document_uploaded", "amazon.feed_created", "feed.submitted", "feed.settled"]

    seen = service.command("logs", "--seller", "anna", "--lines", "1")
    assert "upload.read" in seen.stdout
    assert "worker" in seen.stdout


def test_each_process_has_its_file_and_the_stream_has_everything(story: Story) -> None:
    service = story.service
    files = {path.name for path in (service.data / "logs").glob("*.log")}
    assert {"worker.log", "doors.log", "sandbox.log"} <= files
    assert all(path.stat().st_mode & 0o077 == 0 for path in (service.data / "logs").iterdir())
    assert "upload.arrived" in {line["event"] for line in lines(service, "doors.log")}
    assert "upload.read" in {line["event"] for line in lines(service, "worker.log")}
    assert "sandbox.feed_processed" in {line["event"] for line in lines(service, "sandbox.log")}
    assert service.process is not None
    shown = [json.loads(line)["event"] for line in service.process.lines if line.startswith("{")]
    assert {"upload.arrived", "upload.read", "sandbox.feed_processed", "ftp.closed"} <= set(shown)
    assert (service.folder / "service.log").read_text() == "", "nothing is left for standard error"


def test_a_large_file_is_read_by_a_process_that_logs_for_itself(tmp_path: Path) -> None:
    running = Running(tmp_path, SERVICE__HEAVY_BYTES=1000)
    running.add_seller("anna")
    running.start()
    try:
        upload = running.drop("anna", "large.txt", amazon_file(order_ids(100)))
        running.result("anna", upload)
    finally:
        assert running.stop() == 0
    (read,) = [line for line in lines(running, "reader-large.log") if line["event"] == "upload.read"]
    assert (read["upload"], read["seller"]) == (upload, "anna")
    assert "upload.read" in (tmp_path / "service.log").read_text(), "the usual stream is standard error"


def test_without_log_files_there_are_none(tmp_path: Path) -> None:
    running = Running(tmp_path, SERVICE__LOG_FILE_BYTES=0)
    running.add_seller("anna")
    running.start()
    assert running.stop() == 0
    assert not (running.data / "logs").exists()
    said = running.command("logs")
    assert (said.returncode, "unless log_file_bytes is 0" in said.stderr) == (1, True)
