"""The audit trail as JSON lines in a file and at syslog: in order, nothing left out, and nobody waits for it."""

from __future__ import annotations

import json
import os
import socket
import threading
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pipeline.contexts import NOW, context_on

from cws_filedrop import config, retention
from cws_filedrop.door_settings import AuditSettings
from cws_filedrop.errors import ConfigError
from cws_filedrop.gate.floods import FURTHER
from cws_filedrop.outgoing.audit.export import AuditExport
from cws_filedrop.outgoing.audit.lines import line
from cws_filedrop.outgoing.audit.targets import Exported, LinesFile
from cws_filedrop.service_context import ServiceContext
from cws_filedrop.store.database import stamp
from cws_filedrop.store.doors import audit, audit_exports
from cws_filedrop.store.doors.audit import AuditRow


def context_to(folder: Path, export: str) -> ServiceContext:
    """A context whose trail is exported there; nothing is in it yet."""
    context = context_on(folder)
    settings = replace(context.settings, audit=AuditSettings(export=export))
    return replace(context, settings=settings)


def row(name: str, event: str = "upload", **changes: Any) -> AuditRow:
    plain = AuditRow(stamp(NOW), event, "anna", "192.0.2.7", "ftp", "", name, "", 5, "", 1)
    return replace(plain, **changes)


def happened(context: ServiceContext, *names: str) -> None:
    audit.add(context.db, [row(name) for name in names])


def hand_on(export: AuditExport) -> None:
    """Two rounds: the first one only looks how far it may go."""
    export.round()
    export.round()


def names(lines: str) -> list[str]:
    return [json.loads(one)["name"] for one in lines.splitlines()]


def test_each_entry_is_a_line_of_a_file_that_others_cannot_read(tmp_path: Path) -> None:
    file = tmp_path / "audit.jsonl"
    context = context_to(tmp_path, f"file:{file}")
    export = AuditExport(context)
    happened(context, "a\nb.txt", "Käse.txt")
    export.round()
    assert not file.exists(), "an entry of a transaction under way may still come before these"
    export.round()
    first, second = (json.loads(one) for one in file.read_text().splitlines())
    assert first == {"id": 1, "at": stamp(NOW), "event": "upload", "seller": "anna", "address": "192.0.2.7"} | {
        "door": "ftp",
        "client": "",
        "name": "a\nb.txt",
        "upload_id": "",
        "size": 5,
        "detail": "",
        "times": 1,
    }
    assert second["name"] == "Käse.txt"
    assert file.stat().st_mode & 0o777 == 0o600


def test_it_goes_on_where_it_stopped_after_a_restart_and_after_a_rotation(tmp_path: Path) -> None:
    file = tmp_path / "audit.jsonl"
    context = context_to(tmp_path, f"file:{file}")
    AuditExport(context)
    happened(context, *(str(number) for number in range(1_200)))
    hand_on(AuditExport(context))
    file.rename(tmp_path / "audit.1")
    happened(context, "later")
    hand_on(AuditExport(context))
    assert names((tmp_path / "audit.1").read_text()) == [str(number) for number in range(1_200)]
    assert names(file.read_text()) == ["later"]


def test_a_target_that_is_away_misses_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "away"
    context = context_to(tmp_path, f"file:{folder}/audit.jsonl")
    export = AuditExport(context)
    happened(context, "a")
    export.round()
    for _ in range(3):
        with pytest.raises(OSError, match="No such file"):
            export.round()
    happened(context, "b")
    folder.mkdir()
    hand_on(export)
    assert names((folder / "audit.jsonl").read_text()) == ["a", "b"]


def test_half_a_line_that_a_kill_left_spoils_no_other(tmp_path: Path) -> None:
    file = tmp_path / "audit.jsonl"
    file.write_text('{"id": 1, "at"')
    context = context_to(tmp_path, f"file:{file}")
    export = AuditExport(context)
    happened(context, "a")
    hand_on(export)
    assert names(file.read_text().split("\n", 1)[1]) == ["a"]


def test_a_full_disk_is_a_failure_and_not_silence() -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("no /dev/full")
    with pytest.raises(OSError, match="No space left"):
        LinesFile(full).write([Exported(row("a"), line(1, row("a")))])


def test_a_count_is_exported_when_its_minute_is_over_and_in_its_place(tmp_path: Path) -> None:
    file = tmp_path / "audit.jsonl"
    context = context_to(tmp_path, f"file:{file}")
    export = AuditExport(context)
    further = row("", "login-refused", detail=FURTHER, times=7)
    with context.db.write() as connection:
        audit.add_in(connection, [row("a")])
        audit.add_up_in(connection, [further])
        audit.add_in(connection, [row("b")])
    hand_on(export)
    assert names(file.read_text()) == ["a"]
    with context.db.write() as connection:
        audit.add_up_in(connection, [replace(further, times=5)])
    later = replace(context, clock=lambda: NOW + timedelta(seconds=76))
    hand_on(AuditExport(later))
    told = [json.loads(one) for one in file.read_text().splitlines()]
    assert [(one["name"], one["times"]) for one in told] == [("a", 1), ("", 12), ("b", 1)]


def test_what_is_removed_before_it_could_be_exported_leaves_a_gap(tmp_path: Path) -> None:
    context = context_to(tmp_path, f"file:{tmp_path}/away/audit.jsonl")
    AuditExport(context)
    happened(context, "a", "b", "c")
    later = NOW + timedelta(days=401)
    retention.sweep(replace(context, clock=lambda: later))
    (gap,) = audit.listing(context.db)
    assert (gap.event, gap.times) == ("gap", 3)
    assert "before they were exported to file:" in gap.detail
    (tmp_path / "away").mkdir()
    hand_on(AuditExport(replace(context, clock=lambda: later)))
    (told,) = (tmp_path / "away/audit.jsonl").read_text().splitlines()
    assert json.loads(told)["event"] == "gap"


def test_a_new_target_begins_with_what_comes(tmp_path: Path) -> None:
    context = context_to(tmp_path, f"file:{tmp_path}/audit.jsonl")
    happened(context, "before")
    export = AuditExport(context)
    happened(context, "after")
    hand_on(export)
    assert names((tmp_path / "audit.jsonl").read_text()) == ["after"]


def test_the_syslog_of_this_machine(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as log:
        log.bind(str(tmp_path / "log"))
        context = context_to(tmp_path, f"syslog:{tmp_path}/log")
        export = AuditExport(context)
        audit.add(context.db, [row("a"), row("", "login-refused"), row("", "gap")])
        hand_on(export)
        told = [log.recv(65_536).decode() for _ in range(3)]
    assert [one.partition("{")[0] for one in told] == [f"<{priority}>cws_filedrop: " for priority in (86, 85, 84)]
    assert names(told[0].partition(": ")[2]) == ["a"]


class SyslogServer:
    """A server by TCP; `deaf`: it takes connections and drops them unread."""

    def __init__(self, *, deaf: bool = False) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.deaf, self.taken = deaf, b""
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    @property
    def port(self) -> int:
        return int(self.listener.getsockname()[1])

    def _serve(self) -> None:
        while True:
            try:
                there, _ = self.listener.accept()
            except OSError:
                return
            with there:
                while not self.deaf and (some := there.recv(65_536)):
                    self.taken += some

    def frames(self) -> list[str]:
        """The messages, by the lengths they announce."""
        rest, found = self.taken, []
        while rest:
            length, _, rest = rest.partition(b" ")
            found.append(rest[: int(length)].decode())
            rest = rest[int(length) :]
        return found

    def close(self) -> None:
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join(60)


def test_a_syslog_server_and_one_that_drops_what_it_was_sent(tmp_path: Path) -> None:
    server = SyslogServer(deaf=True)
    context = context_to(tmp_path, f"syslog:127.0.0.1:{server.port}")
    try:
        export = AuditExport(context)
        happened(context, *("x" * 400 for _ in range(400)))
        export.round()
        with pytest.raises(OSError, match=r"reset|not connected|Broken pipe"):
            export.round()
        assert audit_exports.position(context.db, context.settings.audit.export) == 0
        server.deaf = False
        hand_on(export)
    finally:
        server.close()
    frames = server.frames()
    assert len(frames) == 400
    head, _, body = frames[0].partition(" - audit - ")
    assert head == f"<86>1 2026-11-22T12:00:00.000+00:00 {socket.gethostname()} cws_filedrop"
    assert json.loads(body)["id"] == 1


@pytest.mark.parametrize("place", ["file:", "syslog:host", "syslog:host:0", "syslog:host:99999", "http://x", "journal"])
def test_no_place_at_all_is_refused_in_words(place: str) -> None:
    with pytest.raises(ConfigError, match="write file:PATH, syslog or syslog:HOST:PORT"):
        config.load(None, {"CWS_FILEDROP_AUDIT__EXPORT": place})


def test_a_full_spool_of_its_own_is_no_reason_to_hold_a_door_up(tmp_path: Path) -> None:
    """Entries are kept in the database by whoever saw them; the export only reads there."""
    context = context_to(tmp_path, f"file:{tmp_path}/away/audit.jsonl")
    AuditExport(context)
    happened(context, *("x" for _ in range(5_000)))
    assert audit_exports.unexported(context.db, context.settings.audit.export, before=NOW + timedelta(1)) == 5_000
    assert not os.path.exists(tmp_path / "away")
