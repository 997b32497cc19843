"""The sandbox as a process: what survives kill -9, how it starts and how it ends."""

from __future__ import annotations

import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from marketplaces.market_kit import Child, document, message, submit, wait_for

from cws_filedrop.errors import ConfigError, RemoteError
from cws_filedrop.marketplaces.amazon import FeedsClient, FeedStatus
from cws_filedrop.marketplaces.sandbox import SandboxServerSettings, Server


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def begin(stack: ExitStack, data: Path, *arguments: str) -> tuple[Child, FeedsClient]:
    child = Child(data, "--rate-scale", "1000000", *arguments)
    stack.callback(child.kill)
    return child, stack.enter_context(child.client())


def ask(child: Child, path: str) -> Any:
    return httpx.get(f"{child.endpoint}/sandbox/{path}", timeout=60, trust_env=False).json()


def written(folder: Path) -> int:
    return (folder / "amazon.db-wal").stat().st_mtime_ns


def test_kill_9_loses_nothing_that_was_answered(tmp_path: Path, stack: ExitStack) -> None:
    start = datetime.now(UTC) - timedelta(minutes=1)
    child, client = begin(stack, tmp_path / "amazon.db", "--processing-seconds", "0")
    done = submit(client, document(message(1)))
    assert client.get_feed(done).status is FeedStatus.DONE
    submit(client, document(message(2)))
    document_id, url, _ = client.create_feed_document()
    client.upload(url, document(message(3)))
    child.kill()

    child, client = begin(stack, tmp_path / "amazon.db", "--processing-seconds", "0")
    assert len(client.get_feeds(start)) == 2
    report_id = client.get_feed(done).result_document_id
    assert report_id is not None
    assert client.get_report(report_id)
    third = client.create_feed(document_id)
    assert client.get_feed(third).status is FeedStatus.DONE
    assert [row["message_id"] for row in ask(child, "ledger")["messages"]] == [1, 2, 3]


def test_kill_9_in_the_middle_of_processing_does_it_once(tmp_path: Path, stack: ExitStack) -> None:
    child, client = begin(stack, tmp_path / "amazon.db", "--processing-seconds", "0")
    feed_id = submit(client, document(*(message(number) for number in range(1, 10_001))))

    def look() -> None:
        with suppress(RemoteError):
            client.get_feed(feed_id)

    before = written(tmp_path)
    looking = threading.Thread(target=look)
    looking.start()
    wait_for(lambda: written(tmp_path) != before)  # the call was counted; what is due is being processed
    child.kill()
    looking.join(60)
    child, client = begin(stack, tmp_path / "amazon.db")
    assert client.get_feed(feed_id).status is FeedStatus.DONE
    assert ask(child, "ledger/summary") == {"lines": 10_000, "different": 10_000, "more_than_once": []}


def test_time_passes_for_a_feed(tmp_path: Path, stack: ExitStack) -> None:
    _, client = begin(stack, tmp_path / "amazon.db", "--processing-seconds", "0.2", "--gzip")
    feed_id = submit(client, document(message(1)))
    feed = wait_for(lambda: feed if (feed := client.get_feed(feed_id)).status is FeedStatus.DONE else None)
    assert feed.result_document_id is not None
    assert client.get_report(feed.result_document_id).startswith(b"<?xml")


def test_sigterm_ends_it_well(tmp_path: Path, stack: ExitStack) -> None:
    child, client = begin(stack, tmp_path / "amazon.db")
    client.create_feed_document()
    assert child.kill(signal.SIGTERM) == 0


def test_it_ends_with_its_parent(tmp_path: Path, stack: ExitStack) -> None:
    child, _ = begin(stack, tmp_path / "amazon.db", "--watch-stdin")
    child.process.send_signal(signal.SIGINT)  # Ctrl-C is the parent's affair
    assert ask(child, "health")["status"] == "ok"
    assert child.process.stdin is not None
    child.process.stdin.close()
    assert child.wait() == 0


def test_it_says_why_it_cannot_start(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        child = Child(tmp_path / "amazon.db", "--port", str(taken.getsockname()[1]))
        assert "cannot listen" in child.said["error"]
        assert child.wait() == 2


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    data = tmp_path / "amazon.db"
    data.write_bytes(b"this is no database, but long enough to be looked at as if it were one" * 100)
    with pytest.raises(ConfigError, match="cannot use"):
        Server(SandboxServerSettings(data)).start()


def test_stopping_twice_is_harmless(tmp_path: Path) -> None:
    server = Server(SandboxServerSettings(tmp_path / "amazon.db")).start()
    server.stop()
    server.stop()
