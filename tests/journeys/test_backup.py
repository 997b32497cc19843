"""A service is backed up while it works, destroyed, and restored: nothing is sent twice, nothing is called good that is
not, and every line that its sellers have, or drop again, gets its answer."""

from __future__ import annotations

import json
import shutil
import signal
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from running import Running, Sandbox, amazon_file, order_ids, wait_for

from cws_filedrop.cli.backup import manifest


class Campaign:
    """A service with an Amazon that outlives it."""

    def __init__(self, folder: Path, **settings: object) -> None:
        self.folder = folder
        self.amazon = Sandbox(folder)
        self.service = Running(
            folder,
            WEB__ENABLED=True,
            MARKETPLACE__ENDPOINT=self.amazon.endpoint,
            **{"MARKETPLACE__LOOKUP_SECONDS": 0.1, "ORDERS__UNKNOWN_HOURS": 0.002, **settings},
        )
        self.uploads: dict[str, str] = {}

    def drop(self, orders: list[str], *, name: str = "") -> str:
        upload = self.service.drop("anna", name or f"{orders[0]}.txt", amazon_file(orders))
        self.uploads[orders[0]] = upload
        return upload

    def verdicts(self, upload: str) -> list[str]:
        return [row["verdict"] for row in self.service.result("anna", upload)]

    def backup(self, *options: str) -> Path:
        to = self.folder / "backup"
        done = self.service.command("backup", *options, str(to))
        assert done.returncode == 0, done.stderr
        return to

    def destroy(self) -> None:
        self.service.stop(signal.SIGKILL)
        wait_for(self._gone, what="the end of all of it")

    def _gone(self) -> bool:
        """Its other processes end a moment after it."""
        shutil.rmtree(self.service.data, ignore_errors=True)
        return not self.service.data.exists()

    def standing(self) -> dict[str, object]:
        stopped: dict[str, object] = json.loads(self.service.command("status", "--json").stdout)["stopped_accounts"]
        return stopped

    def sent(self, orders: list[str]) -> list[int]:
        found = Counter(row["order_id"] for row in self.amazon.ledger())
        return [found[order] for order in orders]


@pytest.fixture
def campaign(tmp_path: Path) -> Iterator[Campaign]:
    campaign = Campaign(tmp_path)
    campaign.service.add_seller("anna")
    campaign.service.start()
    yield campaign
    if campaign.service.process is not None and campaign.service.process.process.poll() is None:
        campaign.service.stop()
    campaign.amazon.stop()


def is_ready(service: Running) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"{service.pages}/readyz", timeout=30) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_destroyed_in_the_middle_of_a_campaign(campaign: Campaign) -> None:
    done, filled, queued, later, lost, new = (order_ids(3, start=10 * number) for number in range(6))
    service, amazon = campaign.service, campaign.amazon
    assert campaign.verdicts(campaign.drop(done)) == ["confirmed"] * 3
    amazon.fault("createFeedDocument", "fail", times=4)
    first = campaign.drop(filled)
    wait_for(lambda: "filled" in service.command("feed", "list", "--json").stdout, what="a feed that waits")
    second = campaign.drop(queued)
    wait_for(lambda: service.find("anna", second, "receipt"), what="its receipt")
    to = campaign.backup()
    for upload in (first, second, campaign.drop(later)):  # all of this is sent after the backup
        assert campaign.verdicts(upload) == ["confirmed"] * 3
    campaign.drop(lost)
    campaign.destroy()

    assert service.command("restore", str(to)).returncode == 0
    assert "restored from the backup of" in str(campaign.standing())
    service.start()
    again = [campaign.drop(orders, name=f"again-{orders[0]}.txt") for orders in (later, lost, new)]
    for upload in (first, second, *again):
        assert campaign.verdicts(upload) == ["confirmed"] * 3
    everything = [*done, *filled, *queued, *later, *lost, *new]
    assert campaign.sent(everything) == [1] * len(everything)


def test_nothing_was_sent_since_the_backup(campaign: Campaign) -> None:
    orders, more = order_ids(2, start=900), order_ids(2, start=950)
    assert campaign.verdicts(campaign.drop(orders)) == ["confirmed"] * 2
    to = campaign.backup()
    campaign.destroy()
    assert campaign.service.command("restore", str(to)).returncode == 0
    campaign.service.start()
    assert campaign.verdicts(campaign.drop(more)) == ["confirmed"] * 2
    assert campaign.standing() == {}, "the pause has ended by itself"
    assert campaign.verdicts(campaign.drop(orders, name="again.txt")) == ["duplicate"] * 2
    assert campaign.sent([*orders, *more]) == [1] * 4


def test_an_operator_ends_the_pause(tmp_path: Path) -> None:
    campaign = Campaign(tmp_path, MARKETPLACE__LOOKUP_SECONDS=1000)
    campaign.service.add_seller("anna")
    orders = order_ids(2, start=980)
    to = campaign.backup("--with-keys")
    shutil.rmtree(campaign.service.data)
    assert campaign.service.command("restore", str(to)).returncode == 0
    with campaign.service.started():
        upload = campaign.drop(orders)
        wait_for(lambda: campaign.service.find("anna", upload, "receipt"), what="its receipt")
        assert "nothing is sent" in str(campaign.standing())
        code, parts = is_ready(campaign.service)
        assert (code, "restored from the backup of" in parts) == (503, True)
        assert campaign.sent(orders) == [0, 0]
        done = campaign.service.command("restore", "end-pause", "--why", "nothing was sent")
        assert done.stdout == "sending goes on for 1 accounts\n"
        assert campaign.verdicts(upload) == ["confirmed"] * 2
    assert campaign.service.command("restore", "end-pause").returncode == 1
    campaign.amazon.stop()


def test_a_backup_says_what_is_wrong_with_it(tmp_path: Path) -> None:
    service = Running(tmp_path)
    service.add_seller("anna")
    to = tmp_path / "backup"
    assert service.command("backup", str(to)).returncode == 0
    assert service.command("backup", "verify", str(to)).returncode == 0
    again = service.command("backup", str(to))
    assert (again.returncode, "is not empty" in again.stderr) == (2, True)
    there = service.command("restore", str(to))
    assert (there.returncode, "is not empty" in there.stderr) == (2, True)
    with (to / "database.db").open("r+b") as file:
        file.write(b"another beginning")
    done = service.command("backup", "verify", str(to), "--json")
    assert done.returncode == 1
    assert json.loads(done.stdout)["faults"][0] == "database.db is not what it was"
    shutil.rmtree(service.data)
    refused = service.command("restore", str(to))
    assert (refused.returncode, "database.db is not what it was" in refused.stderr) == (1, True)
    assert not service.data.exists()
    (to / manifest.NAME).unlink()
    assert "not finished" in service.command("backup", "verify", str(to)).stderr
