"""Order reports that operators put into a folder: whole ones are imported once, and reported; nothing is lost."""

from __future__ import annotations

import gzip
import io
import json
import os
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import pytest
import structlog
from pipeline.contexts import NOW, context_on

from cws_filedrop import retention
from cws_filedrop.drop import disk
from cws_filedrop.orders import drop_folder
from cws_filedrop.orders.drop_folder import OrderDropFolder
from cws_filedrop.periodic import RETRY_SECONDS
from cws_filedrop.service_context import ServiceContext
from cws_filedrop.store.orders import order_book

REPORT = (
    "order-id\torder-item-id\tpurchase-date\tship-service-level\tbuyer-name\n"
    "111-1111111-1111111\t00000000000001\t2026-11-20T10:00:00Z\tStandard\tBob\n"
    "222-2222222-2222222\t00000000000002\t2026-11-21T10:00:00Z\tStandard\tEve\n"
)
KEPT = "report.20261122-120000.txt"


@dataclass
class Operator:
    """Who puts files into the folder, with a clock at hand."""

    context: ServiceContext
    now: float = 100.0
    drops: OrderDropFolder = field(init=False)

    def __post_init__(self) -> None:
        self.begin_anew()

    def begin_anew(self) -> None:
        """As after a crash: nothing is remembered."""
        self.drops = OrderDropFolder(self.context, clock=lambda: self.now)

    @property
    def folder(self) -> Path:
        return self.context.settings.order_drops / "anna"

    def put(self, name: str = "report.txt", content: bytes = REPORT.encode()) -> Path:
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / name).write_bytes(content)
        return self.folder / name

    def look(self) -> int:
        """Once to see what is there, and once after the settle time."""
        seen = self.drops.look()
        self.now += self.context.settings.folder.settle_seconds
        return seen + self.drops.look()

    def orders(self) -> list[str]:
        return sorted(one.amazon_order_id for one in order_book.listing(self.context.db, 1))

    def tree(self) -> list[str]:
        """Every file below the seller's folder."""
        return sorted(str(path.relative_to(self.folder)) for path in self.folder.rglob("*") if not path.is_dir())


@pytest.fixture
def operator(tmp_path: Path) -> Operator:
    return Operator(context_on(tmp_path))


@pytest.fixture
def events() -> Iterator[list[dict[str, object]]]:
    with structlog.testing.capture_logs() as found:
        yield found  # type: ignore[misc]


def done(name: str = KEPT, where: str = "done") -> list[str]:
    return [f"{where}/{name}", f"{where}/{name}.import.json", f"{where}/{name}.import.txt"]


def test_every_seller_has_a_folder_there(operator: Operator) -> None:
    assert operator.look() == 0
    assert operator.folder.is_dir()
    assert operator.context.settings.order_drops == operator.context.settings.data / "order-files"


def test_a_report_is_imported_and_moved_to_done_beside_its_report(operator: Operator) -> None:
    operator.put()
    assert operator.look() == 1
    assert operator.orders() == ["111-1111111-1111111", "222-2222222-2222222"]
    assert operator.tree() == done()
    assert (operator.folder / "done" / KEPT).read_text() == REPORT
    told = (operator.folder / f"done/{KEPT}.import.txt").read_text()
    assert f"{KEPT}: 2 lines of amazon-order-report" in told
    assert "orders       2 new, 0 changed, 0 as before" in told
    found = json.loads((operator.folder / f"done/{KEPT}.import.json").read_text())
    assert (found["version"], found["seller"], found["imported"], found["lines"]) == (1, "anna", True, 2)
    assert found["orders"] == {"new": 2, "changed": 0, "unchanged": 0}
    assert operator.look() == 0


@pytest.mark.parametrize("name", ["orders.csv", "orders.zip", "orders.gz", "orders", "ORDERS.TXT", "a b.tsv"])
def test_any_name_and_packed_files_too(operator: Operator, name: str) -> None:
    body = REPORT.encode()
    if name.endswith(".zip"):
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr("orders.txt", body)
        body = packed.getvalue()
    operator.put(name, gzip.compress(body) if name.endswith(".gz") else body)
    assert operator.look() == 1
    assert len(operator.orders()) == 2


def test_lines_that_are_left_out_are_told_with_their_remedy(operator: Operator) -> None:
    operator.put(content=REPORT.replace("00000000000002", "2").encode())
    assert operator.look() == 1
    assert operator.orders() == ["111-1111111-1111111"]
    told = (operator.folder / f"done/{KEPT}.import.txt").read_text()
    assert "left out     1 lines" in told
    assert 'line 3: I01 "2" is not an order-item-id' in told
    assert "Copy the order-item-id from Amazon's order report again" in told


def test_a_file_that_is_no_order_report_goes_to_failed_with_the_reason(operator: Operator) -> None:
    operator.put(content=b"order-id\tstatus\n111-1111111-1111111\tshipped\n")
    operator.put("empty.txt", b"")
    assert operator.look() == 2
    assert operator.tree() == [*done("empty.20261122-120000.txt", "failed"), *done(where="failed")]
    told = (operator.folder / f"failed/{KEPT}.import.txt").read_text()
    assert "not imported" in told
    assert "Use an order report as Amazon gives it" in told
    found = json.loads((operator.folder / "failed/empty.20261122-120000.txt.import.json").read_text())
    assert (found["imported"], [one["code"] for one in found["file_issues"]]) == (False, ["F01"])


def test_files_of_one_name_in_one_second_do_not_overwrite_each_other(operator: Operator) -> None:
    for _ in range(2):
        operator.put()
        assert operator.look() == 1
    assert [name for name in operator.tree() if ".import." not in name] == [
        "done/report.20261122-120000-2.txt",
        f"done/{KEPT}",
    ]
    again = json.loads((operator.folder / "done/report.20261122-120000-2.txt.import.json").read_text())
    assert again["orders"] == {"new": 0, "changed": 0, "unchanged": 2}


def test_a_name_as_long_as_can_be(operator: Operator) -> None:
    operator.put("ä" * 125 + ".txt")
    assert operator.look() == 1
    assert len(operator.tree()) == 3


# What is not imported.


def test_a_file_that_still_grows_waits(operator: Operator) -> None:
    path = operator.put(content=REPORT.encode()[:200])
    operator.drops.look()
    operator.now += 0.9
    path.write_bytes(REPORT.encode())
    operator.drops.look()
    operator.now += 0.9
    assert operator.drops.look() == 0
    assert operator.tree() == ["report.txt"]
    operator.now += 0.1
    assert operator.drops.look() == 1
    assert len(operator.orders()) == 2


@pytest.mark.parametrize("name", [".hidden", "report.txt.part", "report.filepart", "~$report.xls", "Thumbs.db"])
def test_names_of_unfinished_files_and_litter_stay(operator: Operator, name: str) -> None:
    operator.put(name)
    assert operator.look() == 0
    assert operator.tree() == [name]


def test_no_link_is_followed(operator: Operator, tmp_path: Path) -> None:
    operator.look()
    (tmp_path / "secret.txt").write_text(REPORT)
    (operator.folder / "link.txt").symlink_to(tmp_path / "secret.txt")
    os.mkfifo(operator.folder / "pipe.txt")
    assert operator.look() == 0
    assert operator.tree() == ["link.txt", "pipe.txt"]
    assert operator.orders() == []


def test_a_sellers_folder_that_is_a_link_is_left_alone(operator: Operator, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/report.txt").write_text(REPORT)
    operator.folder.parent.mkdir()
    operator.folder.symlink_to(tmp_path / "elsewhere")
    assert operator.look() == 0
    assert os.listdir(tmp_path / "elsewhere") == ["report.txt"]


def test_nothing_is_moved_into_a_link_to_elsewhere(
    operator: Operator, tmp_path: Path, events: list[dict[str, object]]
) -> None:
    path = operator.put()
    (tmp_path / "elsewhere").mkdir()
    (operator.folder / drop_folder.IN_WORK).symlink_to(tmp_path / "elsewhere")
    assert operator.look() == 0
    assert path.exists()
    assert os.listdir(tmp_path / "elsewhere") == []
    assert [one["event"] for one in events] == ["order_drops.file_failed"]


def test_a_folder_of_no_seller_is_told_of_once(operator: Operator, events: list[dict[str, object]]) -> None:
    stranger = operator.context.settings.order_drops / "ana"
    stranger.mkdir(parents=True)
    (stranger / "report.txt").write_text(REPORT)
    for _ in range(3):
        assert operator.look() == 0
    told = [one for one in events if one["event"] == "order_drops.seller_not_found"]
    assert [one["folder"] for one in told] == ["ana"]
    assert os.listdir(stranger) == ["report.txt"]


def test_case_does_not_matter_in_a_sellers_name(operator: Operator) -> None:
    folder = operator.context.settings.order_drops / "Anna"
    folder.mkdir(parents=True)
    (folder / "report.txt").write_text(REPORT)
    assert operator.look() == 1
    assert len(operator.orders()) == 2


def test_trouble_with_one_file_keeps_no_other_from_being_imported(
    operator: Operator, events: list[dict[str, object]], monkeypatch: pytest.MonkeyPatch
) -> None:
    operator.put("a.txt", REPORT.replace("111-1111111-1111111", "333-3333333-3333333").encode())
    operator.put("b.txt")
    importing, broken = drop_folder.import_file, ["a.20261122-120000.txt"]

    def breaks(*args: object, **values: object) -> object:
        if values["file_name"] in broken:
            raise RuntimeError("the disk is full")
        return importing(*args, **values)  # type: ignore[arg-type]

    monkeypatch.setattr(drop_folder, "import_file", breaks)
    assert operator.look() == 1
    assert operator.orders() == ["111-1111111-1111111", "222-2222222-2222222"]
    assert operator.look() == 0
    failed = [one for one in events if one["event"] == "order_drops.file_failed"]
    assert [one["file"] for one in failed] == ["a.20261122-120000.txt"], "it is not tried again at once"
    broken.clear()
    operator.now += RETRY_SECONDS
    assert operator.look() == 1
    assert "333-3333333-3333333" in operator.orders()


# Crashes, and other processes.


class Killed(BaseException):
    """The process is gone."""


OPERATIONS = ("move", "sync_directory", "sync_path", "write_soon")


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("number", range(1, 13))
def test_a_crash_at_any_moment_loses_nothing_and_reports_once(
    operator: Operator, monkeypatch: pytest.MonkeyPatch, number: int, after: bool
) -> None:
    operator.put()
    operator.drops.look()
    operator.now += 1.0
    calls: list[str] = []

    def dying(name: str) -> object:
        really = getattr(disk, name)

        def call(*args: object, **named: object) -> None:
            calls.append(name)
            if len(calls) < number or after:
                really(*args, **named)
            if len(calls) == number:
                raise Killed

        return call

    with monkeypatch.context() as patched:
        for name in OPERATIONS:
            patched.setattr(disk, name, dying(name))
        try:
            operator.drops.look()
        except Killed:
            assert len(calls) == number
        else:
            assert len(calls) < number
            assert number > 10, "the last numbers are beyond the last operation"
    operator.begin_anew()
    operator.look()
    assert operator.orders() == ["111-1111111-1111111", "222-2222222-2222222"]
    assert operator.tree() == done()
    (order, _) = order_book.listing(operator.context.db, 1)
    assert [one.what for one in order_book.history(operator.context.db, order.no)] == ["imported"]


def test_what_another_process_has_in_hand_is_left_to_it(operator: Operator) -> None:
    operator.put()
    working = operator.folder / drop_folder.IN_WORK
    working.mkdir()
    os.rename(operator.folder / "report.txt", working / KEPT)
    with drop_folder._locked(working / KEPT) as source:
        assert source is not None
        assert operator.look() == 0
        assert operator.tree() == [f"{drop_folder.IN_WORK}/{KEPT}"]
    assert operator.look() == 1


# Retention.


def test_files_that_name_buyers_are_removed_after_their_time(operator: Operator) -> None:
    operator.put()
    operator.put("bad.txt", b"nothing\n")
    operator.look()
    young = replace(operator.context, clock=lambda: NOW + timedelta(days=29))
    retention.sweep(young)
    assert len(operator.tree()) == 6
    (operator.folder / "done/by-hand.txt").write_text("put there by somebody")
    os.utime(operator.folder / "done/by-hand.txt", (NOW.timestamp(),) * 2)
    retention.sweep(replace(operator.context, clock=lambda: NOW + timedelta(days=31)))
    assert operator.tree() == []


def test_what_waits_is_never_removed_and_links_lead_nowhere(operator: Operator, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / KEPT).write_text("not ours")
    path = operator.put()
    (operator.folder / "done").symlink_to(tmp_path / "elsewhere")
    os.utime(path, (1, 1))
    assert drop_folder.forget(operator.context, before=NOW + timedelta(days=31)) == 0
    assert path.exists()
    assert (tmp_path / "elsewhere" / KEPT).exists()
