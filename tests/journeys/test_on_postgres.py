"""One journey by every door, from the drop to Amazon's answer, with all that is kept in PostgreSQL."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from journeys.client_libraries import Copy, Paramiko
from running import Running, amazon_file, order_ids, upload_id, wait_for

pytestmark = pytest.mark.postgres(only=True)
DOORS = ("ftp", "sftp", "folder", "http")


@pytest.fixture(scope="module")
def running(database_kind: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A service with all doors; `anna` has a token for the API."""
    assert database_kind
    service = Running(tmp_path_factory.mktemp("service"), WEB__ENABLED=True)
    service.add_seller("anna")
    with service.started():
        yield service


def dropped(running: Running, door: str, content: bytes, folder: Path) -> str:
    """The id of the upload, which the seller's client learns or finds in the outbox."""
    name = f"by-{door}.txt"
    path = folder / name
    path.write_bytes(content)
    match door:
        case "ftp":
            return running.drop("anna", name, content)
        case "sftp":
            Paramiko(running, "anna", "sftp", folder).put(path, f"inbox/{name}")
        case "folder":
            Copy(running, "anna", "folder", folder).put(path, f"inbox/{name}")
        case _:
            token = json.loads(running.command("seller", "token", "add", "anna", "--json").stdout)["token"]
            headers = {"Authorization": f"Bearer {token}", "Content-Type": "text/plain", "X-File-Name": name}
            wanted = urllib.request.Request(f"{running.pages}/api/v1/uploads", content, headers)
            with urllib.request.urlopen(wanted, timeout=60) as answer:
                return upload_id(answer.read().decode())
    return upload_id(wait_for(lambda: [one for one in running.outbox("anna") if one.startswith(f"by-{door}.")])[0])


@pytest.mark.parametrize("door", DOORS)
def test_what_is_dropped_by_a_door_is_confirmed(running: Running, door: str, tmp_path: Path) -> None:
    orders = order_ids(2, start=100 * DOORS.index(door))
    upload = dropped(running, door, amazon_file(orders), tmp_path)
    assert [(row["order-id"], row["verdict"]) for row in running.result("anna", upload)] == [
        (order, "confirmed") for order in orders
    ]
