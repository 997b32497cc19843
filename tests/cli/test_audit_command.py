"""`cws-filedrop audit` on what a real service kept."""

from __future__ import annotations

import ftplib
import json
from pathlib import Path

import pytest
from cli.commands import Command
from running import Running


def test_what_was_done_is_listed_newest_first(
    tmp_path: Path, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    running = Running(tmp_path)
    running.add_seller("anna")
    running.start()
    upload = running.drop("anna", "a.txt", b"order-id\tstatus\n1\tshipped\n")
    with ftplib.FTP(timeout=60) as session:
        session.connect(*running.address)
        with pytest.raises(ftplib.error_perm):
            session.login("anna", "guess")
    assert running.stop() == 0
    monkeypatch.setenv("CWS_FILEDROP_SERVICE__DATA_DIR", str(running.data))
    entries = command("audit", "--seller", "ANNA", "--json").json()["entries"]
    assert [entry["event"] for entry in entries] == ["login-refused", "logout", "upload", "login"]
    assert (entries[2]["upload_id"], entries[2]["name"], entries[2]["size"]) == (upload, "inbox/a.txt", 26)
    assert command("audit", "--event", "upload", "--json").json()["entries"] == [entries[2]]
    assert command("audit", "--address", "192.0.2.1", "--json").json()["entries"] == []
    assert command("audit", "--since", "2999-01-01", "--json").json()["entries"] == []
    assert command("audit", "--until", "2020-01-01", "--json").json()["entries"] == []
    done = command("audit", "--seller", "anna", "--export", str(tmp_path / "period.jsonl"))
    assert done.out == f"4 entries are in {tmp_path}/period.jsonl\n"
    lines = [json.loads(line) for line in (tmp_path / "period.jsonl").read_text().splitlines()]
    assert [{name: value for name, value in line.items() if name != "id"} for line in lines] == entries[::-1]
    assert [line["id"] for line in lines] == sorted(line["id"] for line in lines)
    streamed = command("audit", "--event", "upload", "--export", "-").out
    assert [json.loads(line)["upload_id"] for line in streamed.splitlines()] == [upload]
    assert command("audit", "--export", str(tmp_path / "no" / "folder")).code == 2
    shown = command("audit", "--limit", "1").out
    assert "login-refused" in shown
    assert "guess" not in shown
