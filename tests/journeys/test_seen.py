"""What Amazon accepted is read back from its orders, and the result in the outbox says so."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from running import Running, rows, wait_for

FILE = (
    "order-id\tstatus\ttracking\tcarrier\n"
    "026-1111111-0000001\tshipped\tY0000001K\tYodel\n"
    "026-1111111-0000002\tshipped\tY0000002K\tYodel\n"
    "026-0000404-0000003\tshipped\tY0000003K\tYodel\n"
)


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    running = Running(tmp_path, ORDERS__READ_BACK_MINUTES=0.001)
    running.add_seller("anna")
    yield running.start()
    running.stop()


def test_the_result_says_what_was_seen(running: Running) -> None:
    running.ftp("anna").quit()
    (running.home("anna") / "inbox" / "a.txt").write_text(FILE)

    def messages() -> list[str]:
        found = [name for name in running.outbox("anna") if name.endswith(".result.txt")]
        return (
            [row["message"] for row in rows((running.home("anna") / "outbox" / found[0]).read_bytes())] if found else []
        )

    seen = "the sandbox accepted it; Amazon was told nothing | The sandbox's own order shows this package"
    told = wait_for(lambda: found if (found := messages())[:2] == [seen, seen] else [], what="both sightings")
    assert "own order" not in told[2]

    def status() -> tuple[list[str], list[str]]:
        kept = json.loads((running.home("anna") / "STATUS.json").read_bytes())
        return kept["missing"], [one["order_id"] for one in kept["unconfirmed"]]

    wait_for(lambda: status() == ([], ["026-0000404-0000003"]), what="the status file, which is written a little later")
