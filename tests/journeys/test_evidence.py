"""A seller drops files with a real client; Amazon disputes an order later, and one command packs what proves it."""

from __future__ import annotations

import hashlib
import json
import subprocess
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from running import PASSWORD, Running, wait_for

from cws_filedrop.feeds.schema import DocumentKind, validate

HEADINGS = "order-id\tstatus\ttracking\tcarrier\n"
CONFIRMED, CORRECTED, REFUSED, OTHER = (
    "026-1111111-0000001",
    "026-1111111-0000002",
    "026-0000404-0000003",
    "026-1111111-0000004",
)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    service = Running(tmp_path_factory.mktemp("service"), ORDERS__READ_BACK_MINUTES=0.001)
    service.add_seller("anna")
    yield service.start()
    service.stop()


@pytest.fixture(scope="module")
def dropped(service: Running) -> dict[str, bytes]:
    """Two files, by curl; the bytes of each upload."""
    first = "".join(
        f"{order}\tshipped\tY000000{n}K\tYodel\n" for n, order in enumerate((CONFIRMED, CORRECTED, REFUSED))
    )
    second = f"{CORRECTED}\tshipped\tY0000008K\tYodel\n{OTHER}\tshipped\tY0000009K\tYodel\n"
    found = {}
    for name, rows in (("monday.txt", first), ("tuesday.txt", second)):
        content = (HEADINGS + rows).encode()
        path = service.folder / name
        path.write_bytes(content)
        before = set(ids(service))
        host, port = service.address
        login = ["--user", f"anna:{PASSWORD}", "--upload-file", str(path)]
        subprocess.run(["curl", "--silent", *login, f"ftp://{host}:{port}/inbox/"], check=True, timeout=60)
        (upload_id,) = wait_for(lambda before=before: set(ids(service)) - before, what="the upload")
        service.result("anna", upload_id)
        found[upload_id] = content
    for order in (CONFIRMED, CORRECTED):
        wait_for(lambda order=order: seen(service, order), what=f"Amazon's own order {order}")
    return found


def ids(service: Running) -> list[str]:
    return [one["id"] for one in json.loads(service.command("upload", "list", "--json").stdout)["uploads"]]


def seen(service: Running, order: str) -> bool:
    shown = json.loads(service.command("order", "show", order, "--seller", "anna", "--json").stdout)["order"]
    return bool(shown["read_back"]) and shown["read_back"]["state"] == "seen"


@dataclass
class Opened:
    """A zip that was packed by the command, checked and opened by the usual tools."""

    folder: Path
    told: dict[str, Any]
    readme: str

    def named(self, pattern: str) -> list[Path]:
        return sorted(self.folder.glob(pattern))


def opened(service: Running, folder: Path, order: str, *options: str) -> Opened:
    path = folder / "evidence.zip"
    done = service.command("order", "evidence", order, "--seller", "anna", "--out", str(path), *options)
    assert done.returncode == 0, done.stderr
    assert hashlib.sha256(path.read_bytes()).hexdigest() in done.stdout
    inside = folder / "inside"
    with zipfile.ZipFile(path) as packed:
        packed.extractall(inside)
    subprocess.run(["sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS"], cwd=inside, check=True, timeout=60)
    listed = {line.split("  ", 1)[1] for line in (inside / "SHA256SUMS").read_text().splitlines()}
    there = {str(one.relative_to(inside)) for one in inside.rglob("*") if one.is_file()}
    assert there - listed == {"SHA256SUMS"}
    return Opened(inside, json.loads((inside / "evidence.json").read_bytes()), (inside / "README.txt").read_text())


def test_a_confirmed_order(service: Running, dropped: dict[str, bytes], tmp_path: Path) -> None:
    found = opened(service, tmp_path, CONFIRMED)
    monday = next(iter(dropped))
    (upload,), (feed,) = found.told["uploads"], found.told["feeds"]
    (original,) = found.named(f"uploads/{monday}/monday.txt")
    assert original.read_bytes() == dropped[monday]
    assert upload["file"] == {
        "path": f"uploads/{monday}/monday.txt",
        "sha256": hashlib.sha256(dropped[monday]).hexdigest(),
        "matches": True,
        "why": "",
    }
    events = {one["event"]: one for one in upload["session"]}
    assert {"login", "upload"} <= set(events)
    assert (events["upload"]["address"], events["upload"]["size"]) == ("127.0.0.1", len(dropped[monday]))
    assert (upload["grade"], upload["door"]) == ("whole", "ftp")
    (line,) = upload["lines"]
    assert (line["line"], line["text"]) == (2, f"{CONFIRMED}\tshipped\tY0000000K\tYodel")
    assert line["shipment"]["tracking-number"] == "Y0000000K"
    document, report = (
        folder / f"feeds/{feed['no']}.{kind}.xml"
        for folder, kind in ((found.folder, "document"), (found.folder, "report"))
    )
    validate(document.read_bytes())
    validate(report.read_bytes(), DocumentKind.PROCESSING_REPORT)
    assert hashlib.sha256(document.read_bytes()).hexdigest() == feed["document"]["sha256"]
    (number,) = feed["message_ids"]
    assert f"<MessageID>{number}</MessageID><OrderFulfillment><AmazonOrderID>{CONFIRMED}" in document.read_text()
    assert {path.name.split(".")[-2] for path in found.named(f"uploads/{monday}/monday.*.txt")} == {
        "receipt",
        "result",
        "unconfirmed",
    }
    assert found.told["read_back"]["shown"]["packages"][0]["tracking"] == "Y0000000K"
    assert [one["state"] for one in found.told["history"]] == ["shipped"]
    assert "package Y0000000K" in found.readme


def test_a_corrected_order(service: Running, dropped: dict[str, bytes], tmp_path: Path) -> None:
    found = opened(service, tmp_path, CORRECTED)
    assert [one["id"] for one in found.told["uploads"]] == list(dropped)
    lines = [one["lines"][0] for one in found.told["uploads"]]
    assert [(one["verdict"], one["tracking"]) for one in lines] == [
        ("confirmed", "Y0000001K"),
        ("confirmed", "Y0000008K"),
    ]
    assert "Y0000001K before" in lines[1]["message"]
    assert len(found.named("feeds/*.document.xml")) == len(found.named("feeds/*.report.xml")) == 2
    assert "instead of Y0000001K" in found.readme


def test_a_refused_order_for_somebody_outside(service: Running, dropped: dict[str, bytes], tmp_path: Path) -> None:
    found = opened(service, tmp_path, REFUSED, "--only-this-order")
    (result,) = found.told["feeds"][0]["results"]
    assert result["result"] == "Error"
    assert f"Error {result['code']} about message" in found.readme
    assert found.told["order"]["state"] == "unconfirmed"
    (lines,) = found.named("uploads/*/lines.txt")
    assert lines.read_text().splitlines() == [HEADINGS.rstrip("\n"), f"{REFUSED}\tshipped\tY0000002K\tYodel"]
    assert [path for path in found.folder.rglob("*.*") if CONFIRMED in path.read_text()] == []
    (report,) = found.named("feeds/*.report.xml")
    validate(report.read_bytes(), DocumentKind.PROCESSING_REPORT)
    assert report.read_text().count("<Result>") == 1
    asked = service.command("feed", "show", str(found.told["feeds"][0]["no"]), "--json")
    kept = {one["kind"]: one["sha256"] for one in json.loads(asked.stdout)["kept"]}
    assert kept["report"] == found.told["feeds"][0]["report"]["sha256"]
