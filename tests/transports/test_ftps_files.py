"""Files over TLS, explicit and implicit: all that is done by plain FTP, and the same record of it."""

from __future__ import annotations

import ftplib
import io
import socket
import ssl
import struct

import pytest
from transports.doors_kit import Place, begin, connect, put, wait_for
from transports.tls_kit import ImplicitFtp, ReusingFtp, log_in, tls_door, trusting

from cws_filedrop.drop.home import Folder
from cws_filedrop.drop.intake import Intake
from cws_filedrop.model import Door, Grade
from cws_filedrop.transports.ftp.tls_session import ENDED

BOTH = pytest.mark.parametrize("kind", [ftplib.FTP_TLS, ImplicitFtp])
VERSIONS = pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
LINE = b"902-1234567-1234567\t12345678901234\t1\t2026-11-20\n"


@BOTH
@VERSIONS
def test_upload(place: Place, kind: type[ftplib.FTP_TLS], version: ssl.TLSVersion) -> None:
    session = log_in(tls_door(place), kind=kind, context=trusting(version))
    reply = put(session, "/inbox/a.txt", LINE * 9000)
    (claim,) = place.wait_for_claims(1)
    assert reply == f"226 Received {len(LINE) * 9000} bytes; upload id {claim.upload_id}."
    assert (claim.grade, claim.evidence, claim.door) == (Grade.WHOLE, ENDED, Door.FTPS)
    assert place.bytes_of(claim) == LINE * 9000
    session.quit()


def test_the_record_is_that_of_plain_ftp(place: Place) -> None:
    door = tls_door(place)
    plain, encrypted = connect(door), log_in(door)
    put(plain, "/inbox/a.txt", LINE)
    plain.quit()
    put(encrypted, "/inbox/a.txt", LINE)
    encrypted.quit()
    one, other = place.wait_for_claims(2)
    assert (one.door, other.door) == (Door.FTP, Door.FTPS)
    same = ("seller", "folder", "name", "client", "size", "grade", "cause")
    assert [getattr(one, name, None) for name in same] == [getattr(other, name, None) for name in same]
    assert place.bytes_of(one) == place.bytes_of(other) == LINE


@BOTH
def test_fifty_megabytes(place: Place, kind: type[ftplib.FTP_TLS]) -> None:
    content = LINE * (50_000_000 // len(LINE))
    place.intake = Intake(place.homes, place.spool, upload_limit_bytes=60_000_000)
    place.intake.announce_to(place.announced.append)
    session = log_in(tls_door(place), kind=kind)
    session.storbinary("STOR /inbox/big.txt", io.BytesIO(content), blocksize=1 << 20)
    (claim,) = place.wait_for_claims(1)
    assert claim.grade is Grade.WHOLE
    assert place.bytes_of(claim) == content
    (place.home().path / "outbox" / "big.txt").write_bytes(content)
    got = io.BytesIO()
    session.retrbinary("RETR /outbox/big.txt", got.write, blocksize=1 << 20)
    assert got.getvalue() == content
    session.quit()


@BOTH
@VERSIONS
def test_list_download_delete(place: Place, kind: type[ftplib.FTP_TLS], version: ssl.TLSVersion) -> None:
    session = log_in(tls_door(place), kind=kind, context=trusting(version))
    outbox = place.home().path / "outbox"
    for number in range(40):
        (outbox / f"{number}.result.txt").write_bytes(LINE * number * 50)
    assert len(session.nlst("/outbox")) == 40
    assert sorted(name for name, _ in session.mlsd("/outbox"))[0] == "0.result.txt"
    for number in (0, 39):
        got = io.BytesIO()
        session.retrbinary(f"RETR /outbox/{number}.result.txt", got.write)
        assert got.getvalue() == LINE * number * 50
        session.delete(f"/outbox/{number}.result.txt")
    assert len(list(outbox.iterdir())) == 38
    session.quit()


def test_a_slow_reader_gets_all_and_the_end_of_it(place: Place) -> None:
    session = log_in(tls_door(place))
    content = LINE * 300_000
    (place.home().path / "outbox" / "big.txt").write_bytes(content)
    connection = session.transfercmd("RETR /outbox/big.txt")
    assert connection.recv(10) == content[:10]
    assert session.sock is not None
    session.sock.settimeout(60)
    other = log_in(tls_door(place))
    put(other, "/inbox/a.txt", LINE)  # meanwhile what can be sent has been, and the rest waits
    got = io.BytesIO(content[:10])
    got.seek(10)
    while chunk := connection.recv(1 << 20):  # raises if it ends without close_notify
        got.write(chunk)
    assert got.getvalue() == content
    connection.close()
    assert session.voidresp().startswith("226")
    session.close()
    other.close()


@BOTH
def test_working_name_then_rename(place: Place, kind: type[ftplib.FTP_TLS]) -> None:
    session = log_in(tls_door(place), kind=kind)
    assert "rename it to its final name" in put(session, "/inbox/a.tmp", LINE)
    session.rename("/inbox/a.tmp", "/inbox/a.txt")
    (claim,) = place.wait_for_claims(1)
    assert (claim.name, claim.grade, claim.door) == ("a.txt", Grade.WHOLE, Door.FTPS)
    session.quit()


@BOTH
def test_resume(place: Place, kind: type[ftplib.FTP_TLS]) -> None:
    door = tls_door(place)
    session = log_in(door, kind=kind)
    connection = begin(session, "STOR /inbox/a.txt", LINE * 3)
    wait_for(lambda: session.size("/inbox/a.txt") == len(LINE) * 3)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()
    assert session.getline().startswith("426")
    session.close()
    assert place.wait_for_claims(1)[0].grade is Grade.CUT
    session = log_in(door, kind=kind)
    assert session.size("/inbox/a.txt") == len(LINE) * 3
    put(session, "/inbox/a.txt", LINE * 2, rest=len(LINE) * 3)
    session.quit()
    claim = place.wait_for_claims(2)[1]
    assert (claim.grade, place.bytes_of(claim)) == (Grade.WHOLE, LINE * 5)


def test_an_empty_file(place: Place) -> None:
    session = log_in(tls_door(place))
    put(session, "/inbox/a.txt", b"")
    (claim,) = place.wait_for_claims(1)
    assert (claim.grade, claim.size) == (Grade.WHOLE, 0)
    session.quit()


def test_active_data_connections(place: Place) -> None:
    session = log_in(tls_door(place))
    session.set_pasv(False)
    put(session, "/inbox/a.txt", LINE)
    assert session.nlst("/") == ["inbox", "orders", "outbox", "test"]
    session.quit()
    assert place.wait_for_claims(1)[0].grade is Grade.WHOLE


def test_a_client_that_never_reads_its_data_connection_is_not_reset(place: Place) -> None:
    session = log_in(tls_door(place), context=trusting(ssl.TLSVersion.TLSv1_3))
    for number in range(20):
        connection = begin(session, f"STOR /inbox/{number}.txt", LINE * 400)
        connection.close()  # no close_notify
        assert session.voidresp().startswith("226")
    session.quit()
    assert {(claim.grade, claim.size) for claim in place.wait_for_claims(20)} == {(Grade.WHOLE, len(LINE) * 400)}


def test_abort(place: Place) -> None:
    session = log_in(tls_door(place))
    connection = begin(session, "STOR /inbox/a.txt", LINE)
    wait_for(lambda: session.size("/inbox/a.txt") == len(LINE))
    assert session.abort()[:3] in ("225", "226", "426")
    connection.close()
    (claim,) = place.wait_for_claims(1)
    assert claim.grade is Grade.CUT
    session.close()


@VERSIONS
def test_session_reuse_is_accepted(place: Place, version: ssl.TLSVersion) -> None:
    session = log_in(tls_door(place), kind=ReusingFtp, context=trusting(version))
    for _ in range(3):
        connection = session.transfercmd("NLST /")
        assert isinstance(connection, ssl.SSLSocket)
        assert connection.session_reused
        assert connection.recv(1000).startswith(b"inbox")
        connection.close()
        session.voidresp()
    session.close()


@VERSIONS
@pytest.mark.parametrize("group", ["X25519", "prime256v1"])
def test_session_reuse_is_required(place: Place, version: ssl.TLSVersion, group: str) -> None:
    door = tls_door(place, session_reuse="require")
    strange = log_in(door, context=trusting(version))
    with pytest.raises((ftplib.Error, OSError)):
        put(strange, "/inbox/a.txt", LINE)
    strange.close()
    assert place.home().unfinished(Folder.INBOX) == {}
    context = trusting(version)
    if version is ssl.TLSVersion.TLSv1_3:
        context.set_ecdh_curve(group)
    session = log_in(door, kind=ReusingFtp, context=context)
    for number in range(5):
        put(session, f"/inbox/{number}.txt", LINE)
    session.quit()
    assert {claim.grade for claim in place.wait_for_claims(5)} == {Grade.WHOLE}
