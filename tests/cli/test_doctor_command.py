"""`doctor` finds what is wrong, says what to do about it, and is content with what is well."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from running import Running, Sandbox

from cws_filedrop.model import Grade
from cws_filedrop.store import migrations
from cws_filedrop.store.database import Database, default_url
from cws_filedrop.store.schema import BEATS, LINES

UPLOAD = "20261122-013042-k7f3"


@pytest.fixture
def service(tmp_path: Path) -> Running:
    service = Running(tmp_path)
    service.add_seller("anna")
    return service


def symptoms(service: Running, *options: str, own_process: bool = False) -> dict[str, dict[str, Any]]:
    """All that is not good, by what it is about."""
    done = (service.program if own_process else service.command)("doctor", "--json", *options)
    found = [one for one in json.loads(done.stdout)["checks"] if one["tone"] != "good"]
    assert done.returncode == int(any(one["tone"] == "bad" for one in found))
    assert all(one["remedy"] for one in found)
    return {one["what"]: one for one in found}


def changed(service: Running, statement: Any) -> None:
    db = Database(default_url(service.data))
    with db.write() as connection:
        connection.execute(statement)
    db.close()


def test_all_is_well(service: Running) -> None:
    assert symptoms(service) == {}
    shown = service.command("doctor").stdout
    assert "every row leads somewhere" in shown


def test_there_is_nothing_yet(tmp_path: Path) -> None:
    found = symptoms(Running(tmp_path))
    assert set(found) == {"data folder", "database"}


def test_lines_of_no_upload(service: Running) -> None:
    blank = {"order_id": "", "order_item_id": "", "tracking": "", "code": "", "message": ""}
    changed(service, LINES.insert().values(upload_id=UPLOAD, line=2, account_id=1, verdict="confirmed", **blank))
    assert "1 lines of no upload" in symptoms(service)["tables"]["words"]


def test_an_upload_that_the_database_does_not_know(service: Running) -> None:
    (service.data / "spool" / "uploads" / UPLOAD[:8] / UPLOAD).mkdir(parents=True)
    found = symptoms(service)["spool"]
    assert UPLOAD in found["words"]
    assert f"arrived/ID.{Grade.DOUBTFUL}" in found["remedy"]


def test_a_clock_that_was_set_back(service: Running) -> None:
    changed(service, BEATS.insert().values(who="worker on ship1", at="2999-01-01T00:00:00.000Z"))
    assert "worker on ship1" in symptoms(service)["clock"]["words"]


@pytest.mark.parametrize(("version", "remedy"), [("9999", "install the newer program"), ("0020", "start the service")])
def test_a_database_of_another_version(service: Running, version: str, remedy: str) -> None:
    changed(service, sa.text(f"UPDATE alembic_version SET version_num = '{version}'"))
    found = symptoms(service)["database"]
    assert (version in found["words"], migrations.HEAD in found["words"], remedy in found["remedy"]) == (True,) * 3


def test_open_to_others_and_a_full_disk(service: Running) -> None:
    os.chmod(service.data, 0o755)
    service.environment["CWS_FILEDROP_LIMITS__FREE_BYTES"] = str(1 << 60)
    found = symptoms(service)
    assert (found["privacy"]["tone"], found["disk"]["tone"]) == ("odd", "bad")


def test_amazon_is_asked(service: Running, tmp_path: Path) -> None:
    amazon = Sandbox(tmp_path)
    service.environment["CWS_FILEDROP_MARKETPLACE__ENDPOINT"] = amazon.endpoint
    assert symptoms(service, own_process=True) == {}
    amazon.fault("getFeeds", "refuse")
    assert symptoms(service, own_process=True)["Amazon for MANNA"]["tone"] == "bad"
    amazon.stop()
    assert symptoms(service, own_process=True)["Amazon for MANNA"]["tone"] == "odd"
    assert symptoms(service, "--no-amazon") == {}
