"""Encrypted uploads that break off: what the last bytes of a data connection prove."""

from __future__ import annotations

import socket
import ssl
import struct

import pytest
from transports.doors_kit import Place, begin, wait_for
from transports.dying_client import LINE
from transports.tls_kit import log_in, tls_door, trusting

from cws_filedrop.model import Grade
from cws_filedrop.transports.ftp.tls_channel import is_bare_end


def end_of(connection: socket.socket, *, reset: bool) -> None:
    if reset:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize(("reset", "grade"), [(False, Grade.DOUBTFUL), (True, Grade.CUT)], ids=["ended", "reset"])
def test_an_end_without_close_notify(place: Place, version: ssl.TLSVersion, reset: bool, grade: Grade) -> None:
    session = log_in(tls_door(place, ftp={"grace_seconds": 5}), context=trusting(version))
    connection = begin(session, "STOR /inbox/a.txt", LINE * 20)
    wait_for(lambda: session.size("/inbox/a.txt") == len(LINE) * 20)
    end_of(connection, reset=reset)
    assert session.getline()[:3] == ("426" if reset else "226")
    session.close()
    (claim,) = place.wait_for_claims(1)
    assert (claim.grade, claim.size) == (grade, len(LINE) * 20)


def test_both_connections_break_off(place: Place) -> None:
    session = log_in(tls_door(place))
    connection = begin(session, "STOR /inbox/a.txt", LINE * 20)
    wait_for(lambda: session.size("/inbox/a.txt") == len(LINE) * 20)
    session.close()
    end_of(connection, reset=True)
    assert place.wait_for_claims(1)[0].grade is Grade.CUT


def test_a_record_that_was_tampered_with_is_never_part_of_an_upload(place: Place) -> None:
    session = log_in(tls_door(place))
    connection = begin(session, "STOR /inbox/a.txt", LINE * 20)
    wait_for(lambda: session.size("/inbox/a.txt") == len(LINE) * 20)
    socket.socket.sendall(connection, b"\x17\x03\x03\x00\x20" + bytes(32))
    assert session.getline()[:3] == "426"
    (claim,) = place.wait_for_claims(1)
    assert (claim.grade, claim.size) == (Grade.CUT, len(LINE) * 20)
    connection.close()
    session.close()


def told(kind: type[ssl.SSLError], number: int, reason: str | None) -> ssl.SSLError:
    """An error as Python raises it while it reads."""
    error = kind(number, reason)
    error.reason = reason  # type: ignore[assignment]
    return error


@pytest.mark.parametrize(
    ("error", "bare"),
    [
        (told(ssl.SSLEOFError, ssl.SSL_ERROR_EOF, "UNEXPECTED_EOF_WHILE_READING"), True),
        (told(ssl.SSLError, ssl.SSL_ERROR_SSL, "UNEXPECTED_EOF_WHILE_READING"), True),
        (told(ssl.SSLEOFError, ssl.SSL_ERROR_EOF, None), False),
        (told(ssl.SSLError, ssl.SSL_ERROR_SSL, "DECRYPTION_FAILED_OR_BAD_RECORD_MAC"), False),
        (ConnectionResetError(104, "reset"), False),
    ],
    ids=["ended", "ended, told by Python 3.11.2", "reset", "tampered with", "reset in plain words"],
)
def test_a_bare_end_is_told_from_a_break(error: OSError, bare: bool) -> None:
    assert is_bare_end(error) is bare
