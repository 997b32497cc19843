"""Buyers' names, addresses and the like are in the order book and in order files, nowhere else, and not for long.

A real service on an operator's reports and a seller's files; then every file it wrote, every word it logged and every
command that shows something is searched for what only a buyer would know.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from running import Running, wait_for

from cws_filedrop import retention
from cws_filedrop.credentials.sealing import Sealing
from cws_filedrop.service_context import open_context
from cws_filedrop.settings import Settings

PERSONAL = {
    "buyer-email": "eve.bought.it@buyers.example",
    "buyer-name": "Evebuyername",
    "buyer-phone-number": "+1-555-0100-3838",
    "recipient-name": "Everecipientname",
    "ship-address-1": "77 Evestreet",
    "ship-address-2": "Evefloor 9",
    "ship-city": "Evetown",
    "ship-postal-code": "EVE99ZIP",
    "ship-phone-number": "+1-555-0100-4949",
}
ORDERS = [f"026-1111111-000000{number}" for number in range(6)]
REFUSED = "026-0000404-0000006"  # the sandbox knows no such order
HEADINGS = "\t".join(["order-id", "order-item-id", "purchase-date", "ship-service-level", *PERSONAL])


def reported(order: str, *, item: str = "") -> str:
    """A line of an order report that names the buyer."""
    return "\t".join([order, item or f"{order[-7:]:0>14}", "2026-11-20T10:00:00Z", "Standard", *PERSONAL.values()])


def report(*lines: str) -> bytes:
    return "\n".join([HEADINGS, *lines, ""]).encode()


def shipments(*rows: str, more: str = "") -> bytes:
    return "\n".join([f"order-id\tstatus\ttracking\tcarrier{more}", *rows, ""]).encode()


def told(content: bytes) -> list[str]:
    """What of a buyer is in some bytes, in any of the encodings that files have here."""
    texts = [content.decode(errors="replace"), content.decode("utf-16-le", errors="replace")]
    return [word for word in PERSONAL.values() if any(word.casefold() in text.casefold() for text in texts)]


def content(path: Path) -> bytes:
    """What is in a file; nothing, if it was a working file that has its final name by now."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        assert path.name.startswith(".delivering-")
        return b""


@dataclass
class Scene:
    """The service, and the uploads whose own bytes name a buyer."""

    running: Running
    naming: list[str]

    def files(self) -> Iterator[Path]:
        """Every file it has written, but the databases, and those that are there to tell of buyers."""
        data = self.running.data
        meant = [home / "orders" for home in (data / "homes").iterdir()]
        meant += [folder / kind for folder in (data / "order-files").iterdir() for kind in ("done", "failed")]
        for path in sorted(data.rglob("*")):
            as_dropped = path.name == "data" and path.parent.name in self.naming
            database = path.parent == data and ".db" in path.name
            if path.is_file() and not database and not as_dropped and not any(one in path.parents for one in meant):
                yield path

    def tables(self, *, opened: bool = True) -> dict[str, list[str]]:
        """What of buyers is in which table, encrypted values opened or not."""
        keys = Sealing(self.running.data / "keys" / "database.key")
        found: dict[str, list[str]] = {}
        connection = sqlite3.connect(self.running.data / "cws_filedrop.db")
        names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for name in names:
            rows = connection.execute(f'SELECT * FROM "{name}"').fetchall()
            if opened and name == "order_people":
                rows = [(keys.open(cells, "order_people.cells"),) for _, cells in rows]
            if words := told(repr(rows).encode()):
                found[name] = words
        connection.close()
        assert "order_people" in names
        return found

    def sweep(self, *, days: int) -> None:
        """Retention, so many days later."""
        settings = Settings()
        settings = replace(settings, service=replace(settings.service, data_dir=self.running.data))
        later = datetime.now(UTC) + timedelta(days=days)
        context = replace(open_context(settings), clock=lambda: later)
        retention.sweep(context)
        context.db.close()


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """The day, for those that only look."""
    yield from played(tmp_path_factory.mktemp("service"))


@pytest.fixture
def own_scene(tmp_path: Path) -> Iterator[Scene]:
    """The day, for one that goes on with it."""
    yield from played(tmp_path)


def played(folder: Path) -> Iterator[Scene]:
    """A seller's day: orders come by both ways, files are confirmed, refused, rejected, mistaken; then all is quiet."""
    running = Running(
        folder, SERVICE__LOG_LEVEL="debug", ORDERS__FILES_MINUTES=0.01, FOLDER__SETTLE_SECONDS=0.1, SFTP__ENABLED=False
    )
    running.add_seller("anna")
    running.start()
    imported(running, folder)
    yield Scene(running, dropped(running))
    if running.process is not None and running.process.process.poll() is None:
        running.stop()


def imported(running: Running, folder: Path) -> None:
    """Order reports: by command, by the drop folder, one with broken lines, one that is no report at all."""
    (folder / "report.txt").write_bytes(report(*map(reported, ORDERS[:2])))
    assert running.command("orders", "import", str(folder / "report.txt"), "--seller", "anna").returncode == 0
    drops = running.data / "order-files" / "anna"
    wait_for(drops.is_dir, what="the drop folder")
    broken = [reported(ORDERS[4], item="1"), reported(ORDERS[5])[:-5] + "\tone cell too many", reported("nonsense")]
    (drops / "more.txt").write_bytes(report(*map(reported, [*ORDERS[2:4], REFUSED]), *broken))
    (drops / "wrong.txt").write_bytes(("\t".join(PERSONAL.values()) + "\n").encode())
    wait_for(lambda: list(drops.glob("done/*.import.json")), what="the import")
    wait_for(lambda: list(drops.glob("failed/*.import.json")), what="the refusal")
    wait_for((running.home("anna") / "orders/created/latest.txt").exists, what="the order file")


def dropped(running: Running) -> list[str]:
    """The seller's files; the ids of those whose own bytes name a buyer."""
    good = [f"{order}\tshipped\tY000000{number}K\tYodel" for number, order in enumerate(ORDERS[:3])]
    refused = f"{REFUSED}\tshipped\tY0000009K\tYodel"
    mixed = running.drop(
        "anna", "mixed.txt", shipments(*good[:2], refused, "4711\tshipped\t\t", f"{ORDERS[3]}\tsent\t\t")
    )
    assert [row["verdict"] for row in running.result("anna", mixed)] == [
        "confirmed",
        "confirmed",
        "unconfirmed",
        "rejected",
        "rejected",
    ]
    more, cells = ("\t" + "\t".join(values) for values in (PERSONAL, PERSONAL.values()))
    naming = [
        running.drop("anna", "with-buyers.txt", shipments(good[2] + cells, more=more)),
        running.drop("anna", "mistaken.txt", report(*map(reported, ORDERS[:2]))),
        running.drop("anna", "list.txt", ("\t".join(PERSONAL.values()) + "\n").encode() * 3),
    ]
    verdicts = [[row["verdict"] for row in running.result("anna", upload)] for upload in naming]
    assert verdicts == [["confirmed"], ["rejected"], ["rejected"]]
    cancelled = running.drop("anna", "cancelled.txt", shipments(f"{ORDERS[3]}\tcancelled\t\t"))
    assert [row["verdict"] for row in running.result("anna", cancelled)] == ["updated"]
    for upload in (mixed, cancelled, *naming):
        wait_for(lambda upload=upload: running.find("anna", upload, "receipt"), what="a receipt")
    return naming


def test_the_data_are_there_where_they_are_meant_to_be(scene: Scene) -> None:
    """Otherwise that they are nowhere else would say nothing."""
    assert set(scene.tables()) == {"order_people"}
    assert scene.tables(opened=False) == {}, "the database alone names nobody"
    kept = set(PERSONAL.values())
    assert set(scene.tables()["order_people"]) == kept
    listed = (scene.running.home("anna") / "orders/created/latest.txt").read_bytes()
    assert set(told(listed)) == kept
    done = scene.running.data / "order-files/anna/done"
    (dropped,) = [path for path in done.glob("more.*") if ".import." not in path.name]
    assert told(dropped.read_bytes()) == list(PERSONAL.values())


def test_no_file_but_order_files_names_a_buyer(scene: Scene) -> None:
    found = {path.relative_to(scene.running.data): told(content(path)) for path in scene.files()}
    kinds = {path.name.rsplit(".", 2)[-2] for path in found if "outbox" in path.parts}
    assert kinds == {"receipt", "result", "rejected", "unconfirmed"}
    assert {path.name for path in found} >= {"STATUS.txt", "STATUS.json"}
    assert {path: words for path, words in found.items() if words} == {}


def test_reports_of_imports_do_not_repeat_what_they_read(scene: Scene) -> None:
    made = sorted(scene.running.data.glob("order-files/anna/*/*.import.*"))
    assert [path.parent.name for path in made] == ["done", "done", "failed", "failed"]
    assert {path.name: words for path in made if (words := told(path.read_bytes()))} == {}


def test_the_log_names_no_buyer(scene: Scene) -> None:
    assert scene.running.process is not None
    log = (scene.running.folder / "service.log").read_bytes() + "".join(scene.running.process.lines).encode()
    for event in (b"order_drops.imported", b"order_drops.refused", b"upload.accepted", b"orders.listed"):
        assert event in log, "the log was captured"
    assert told(log) == []


@pytest.mark.parametrize("json", [[], ["--json"]])
def test_no_command_shows_a_buyer(scene: Scene, json: list[str]) -> None:
    commands = [
        ["status"],
        ["audit"],
        ["upload", "list"],
        ["orders", "list", "--seller", "anna"],
        ["orders", "show", ORDERS[0], "--seller", "anna"],
        ["orders", "show", REFUSED, "--seller", "anna"],
        ["feed", "list"],
        ["mail", "list"],
        ["report", "commission", "--month", "2026-11"],
        *(["upload", "show", upload] for upload in scene.naming),
    ]
    for command in commands:
        said = scene.running.command(*command, *json)
        assert said.returncode == 0, said.stderr
        assert said.stdout
        assert (command, told((said.stdout + said.stderr).encode())) == (command, [])


def test_after_their_time_nothing_names_a_buyer_any_more(own_scene: Scene) -> None:
    settled = own_scene.running.command(
        "orders", "settle", REFUSED, "--seller", "anna", "--as", "cancelled", "--note", "no such order"
    )
    assert settled.returncode == 0, settled.stderr
    assert own_scene.running.stop() == 0
    own_scene.sweep(days=29)
    assert set(own_scene.tables()) == {"order_people"}
    own_scene.sweep(days=31)
    assert own_scene.tables() == {}
    left = [path for path in own_scene.running.data.rglob("*") if path.is_file() and ".db" not in path.name]
    naming = {path.parent.name for path in left if told(path.read_bytes())}
    assert naming == set(own_scene.naming), "but for the files that the seller dropped, as they came"
    own_scene.sweep(days=92)
    left = [path for path in own_scene.running.data.rglob("*") if path.is_file() and ".db" not in path.name]
    assert [path for path in left if told(path.read_bytes())] == []
    assert os.listdir(own_scene.running.home("anna") / "outbox") == []
