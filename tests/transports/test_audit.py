"""The audit trail: what was done and what was refused, by every door; and what a flood of guesses comes to."""

from __future__ import annotations

import ftplib
import threading
from collections.abc import Sequence

import paramiko
import pytest
from transports.doors_kit import PASSWORD, connect, put, wait_for
from transports.sftp_kit import SftpPlace, client, door, lent_keys, loaded_keys, place, session, ssh

from cws_filedrop.drop.audit_events import AuditEvent, AuditEventKind
from cws_filedrop.gate.audit import Audit, AuditEntry
from cws_filedrop.transports.sftp.door import SftpDoor

__all__ = ["client", "door", "lent_keys", "loaded_keys", "place"]


@pytest.fixture
def deeds(place: SftpPlace) -> list[AuditEvent]:
    deeds: list[AuditEvent] = []
    place.intake.witness = deeds.append
    return deeds


def events(deeds: list[AuditEvent]) -> list[str]:
    return [str(deed.event) for deed in deeds]


def test_a_visit_by_ftp(place: SftpPlace, deeds: list[AuditEvent]) -> None:
    (place.home().path / "outbox" / "a.receipt.txt").write_bytes(b"x")
    with connect(place.ftp_door()) as visit:
        visit.sendcmd("CLNT FileZilla 3")
        put(visit, "/inbox/a.txt.part", b"12345")
        visit.rename("/inbox/a.txt.part", "/inbox/a.txt")
        visit.retrbinary("RETR /outbox/a.receipt.txt", lambda _: None)
        visit.delete("/outbox/a.receipt.txt")
        with pytest.raises(ftplib.error_perm):
            put(visit, "/a.txt", b"1")
        with pytest.raises(ftplib.error_perm):
            visit.size("/inbox/nothing.txt")
    wait_for(lambda: "logout" in events(deeds))
    assert events(deeds) == ["login", "rename", "upload", "download", "delete", "refused", "logout"]
    upload, refused, logout = deeds[2], deeds[5], deeds[6]
    assert (upload.seller, upload.door, upload.name, upload.size) == ("acme", "ftp", "inbox/a.txt", 5)
    assert upload.upload_id
    assert "550 Upload into /inbox" in refused.detail
    assert logout.client == "FileZilla 3"
    assert {deed.address for deed in deeds} == {"127.0.0.1"}
    assert not any(PASSWORD in str(deed) for deed in deeds)


def test_a_visit_by_sftp(place: SftpPlace, door: SftpDoor, deeds: list[AuditEvent]) -> None:
    (place.home().path / "outbox" / "a.receipt.txt").write_bytes(b"x")
    with session(door) as visit:
        with visit.open("/inbox/a.txt", "w") as file:
            file.write(b"12345")
        with visit.open("/outbox/a.receipt.txt") as file:
            file.read()
        visit.remove("/outbox/a.receipt.txt")
        with pytest.raises(OSError, match="Upload into /inbox"):
            visit.open("/a.txt", "w")
    wait_for(lambda: "logout" in events(deeds))
    assert events(deeds) == ["login", "upload", "download", "delete", "refused", "logout"]
    assert deeds[0].client.startswith("paramiko")
    assert {(deed.seller, deed.door) for deed in deeds} == {("acme", "sftp")}


def test_refused_logins_with_the_name_that_was_tried(place: SftpPlace, door: SftpDoor, deeds: list[AuditEvent]) -> None:
    with pytest.raises(ftplib.error_perm):
        connect(place.ftp_door(), "Nobody", "guess")
    with pytest.raises(paramiko.AuthenticationException), ssh(door, "nobody", "guess"):
        pass
    assert [(deed.event, deed.seller, deed.door) for deed in deeds] == [
        (AuditEventKind.LOGIN_REFUSED, "nobody", "ftp"),
        (AuditEventKind.LOGIN_REFUSED, "nobody", "sftp"),
    ]
    assert all("wrong user name or password" in deed.detail and "guess" not in deed.detail for deed in deeds)


class Kept:
    """A trail that may fail for a while."""

    def __init__(self) -> None:
        self.entries: list[AuditEntry] = []
        self.broken = False
        self.asked = threading.Event()

    def add(self, entries: Sequence[AuditEntry]) -> None:
        self.asked.set()
        if self.broken:
            raise OSError("locked")
        self.entries += entries


def test_entries_are_kept_in_order_and_again_when_that_failed() -> None:
    kept = Kept()
    kept.broken = True
    audit = Audit(kept)
    audit.start()
    audit.note(AuditEvent(event=AuditEventKind.LOGIN, seller="a"))
    assert kept.asked.wait(60)
    audit.note(AuditEvent(event=AuditEventKind.LOGIN, seller="b"))
    kept.broken = False
    audit.stop()
    assert [entry.what.seller for entry in kept.entries] == ["a", "b"]


def test_a_flood_of_refused_logins_is_counted_and_nothing_else_is_lost() -> None:
    kept = Kept()
    audit = Audit(kept)
    refused = AuditEvent(event=AuditEventKind.LOGIN_REFUSED, seller="x", address="192.0.2.1", detail="no")
    for number in range(5_000):
        audit.note(refused)
        if number % 1000 == 0:
            audit.note(AuditEvent(event=AuditEventKind.UPLOAD, seller="acme", name=str(number)))
    audit.start()
    audit.stop()
    assert sum(entry.times for entry in kept.entries if entry.what.event is AuditEventKind.LOGIN_REFUSED) == 5_000
    assert len(kept.entries) < 2_100
    uploads = [entry.what.name for entry in kept.entries if entry.what.event is AuditEventKind.UPLOAD]
    assert uploads == ["0", "1000", "2000", "3000", "4000"]


def test_nothing_in_an_entry_plays_tricks() -> None:
    kept = Kept()
    audit = Audit(kept)
    audit.note(
        AuditEvent(
            event=AuditEventKind.REFUSED, seller="\x1b[2J", name="a\r\nb", detail="x" * 2000, client="\u202eevil"
        )
    )
    audit.start()
    audit.stop()
    (entry,) = kept.entries
    assert all(text.isprintable() for text in (entry.what.seller, entry.what.name, entry.what.client))
    assert len(entry.what.detail) <= 500
