"""Certificates: made, kept, renewed, replaced while the door is open, refused when they cannot be used."""

from __future__ import annotations

import datetime as dt
import os
import shutil
import socket
import ssl
import stat
from pathlib import Path

import pytest
import structlog
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from transports.authority import Authority
from transports.doors_kit import Place, put, wait_for
from transports.tls_kit import log_in, tls_door, trusting

from cws_filedrop.door_settings import TlsSettings
from cws_filedrop.errors import ConfigError
from cws_filedrop.gate import certificates
from cws_filedrop.transports.ftp.door import FtpDoor
from cws_filedrop.transports.ftp.tls import Tls, open_tls

NOW = dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC)


def shown(door: FtpDoor) -> x509.Certificate:
    """The certificate that a client sees."""
    address = door.implicit_address
    assert address is not None
    with socket.create_connection(address, timeout=60) as plain, trusting().wrap_socket(plain) as connection:
        der = connection.getpeercert(binary_form=True)
    assert der is not None
    return x509.load_der_x509_certificate(der)


def host_of(door: FtpDoor) -> str:
    names = shown(door).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return names.get_values_for_type(x509.DNSName)[0]


def complain_once(door: FtpDoor, host: str) -> None:
    """Wait until it was said that the new certificate cannot be used; the old one still is."""

    def complaints() -> list[str]:
        assert host_of(door) == host
        return [event["log_level"] for event in events if event["event"] == "tls.certificate_refused"]

    with structlog.testing.capture_logs() as events:
        wait_for(complaints)
        assert complaints() == ["error"]


# Our own.


def test_made_on_the_first_start(place: Place) -> None:
    door = tls_door(place, names="ftp.example.com, 192.0.2.7 bücher.example")
    path = place.data / "tls" / "ftp-tls.pem"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert os.listdir(path.parent) == [path.name]
    certificate = shown(door)
    extensions = certificate.extensions
    names = extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["ftp.example.com", "xn--bcher-kva.example", "localhost"]
    assert [str(one) for one in names.get_values_for_type(x509.IPAddress)] == ["192.0.2.7", "127.0.0.1", "::1"]
    assert extensions.get_extension_for_class(x509.BasicConstraints).value.ca is False
    lasts = certificate.not_valid_after_utc - certificate.not_valid_before_utc
    assert lasts == dt.timedelta(days=825)
    assert door.tls is not None
    assert (door.tls.fingerprint, door.tls.expiry) == certificates.seen_by_clients(path)


def test_kept_over_restarts(place: Place) -> None:
    first = shown(tls_door(place))
    assert shown(tls_door(place)) == first


def test_clients_that_trust_it_can_check_the_name(place: Place) -> None:
    door = tls_door(place, names="ftp.example.com")
    context = ssl.create_default_context(cafile=str(place.data / "tls" / "ftp-tls.pem"))
    session = log_in(door, context=context)
    assert put(session, "/inbox/a.txt", b"1").startswith("226")
    session.quit()


@pytest.mark.parametrize(
    ("days", "made"), [(0, False), (700, False), (779, True), (824, True), (900, True), (-30, True)]
)
def test_renewed_when_it_nears_its_end(tmp_path: Path, days: int, made: bool) -> None:
    path = tmp_path / "own.pem"
    assert certificates.keep_self_signed(path, "", now=NOW)
    before = path.read_bytes()
    assert certificates.keep_self_signed(path, "", now=NOW + dt.timedelta(days=days)) is made
    assert (path.read_bytes() != before) is made


def test_made_anew_for_another_name(tmp_path: Path) -> None:
    path = tmp_path / "own.pem"
    assert certificates.keep_self_signed(path, "a.example", now=NOW)
    assert not certificates.keep_self_signed(path, "a.example", now=NOW)
    assert not certificates.keep_self_signed(path, "", now=NOW)
    assert certificates.keep_self_signed(path, "a.example b.example", now=NOW)


@pytest.mark.parametrize("damage", [b"", b"not a certificate", b"-----BEGIN CERTIFICATE-----\nAAAA\n"])
def test_made_anew_when_damaged(tmp_path: Path, damage: bytes) -> None:
    path = tmp_path / "own.pem"
    path.write_bytes(damage)
    assert certificates.keep_self_signed(path, "", now=NOW)
    assert certificates.seen_by_clients(path)


def test_a_key_of_another_certificate_is_no_key(tmp_path: Path) -> None:
    path, other = tmp_path / "own.pem", tmp_path / "other.pem"
    certificates.keep_self_signed(path, "", now=NOW)
    certificates.keep_self_signed(other, "", now=NOW)
    mixed = path.read_bytes().split(b"-----BEGIN PRIVATE")[0] + b"-----BEGIN PRIVATE"
    path.write_bytes(mixed + other.read_bytes().split(b"-----BEGIN PRIVATE")[1])
    assert certificates.keep_self_signed(path, "", now=NOW)


@pytest.mark.parametrize("names", ["a..example", "x" * 70, "ex ample.com," + "y" * 64])
def test_names_that_cannot_be(tmp_path: Path, names: str) -> None:
    with pytest.raises(ConfigError, match=r"\[tls\] names: .* is not a host name"):
        certificates.keep_self_signed(tmp_path / "own.pem", names, now=NOW)


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(ConfigError, match=r"\[tls\] no certificate can be made in"):
        open_tls(TlsSettings(), tmp_path / "file")


# Those given.


def test_the_chain_is_sent(place: Place, tmp_path: Path) -> None:
    root = Authority("root")
    certificate, key = Authority("between", parent=root).issue(tmp_path, "localhost")
    door = tls_door(place, certificate=str(certificate), key=str(key))
    pem = root.certificate.public_bytes(serialization.Encoding.PEM).decode()
    context = ssl.create_default_context(cadata=pem)
    address = door.implicit_address
    assert address is not None
    with (
        socket.create_connection(address, timeout=60) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as connection,
    ):
        assert connection.version() == "TLSv1.3"
    assert not (place.data / "tls").exists()


def test_key_and_certificate_in_one_file(place: Place, tmp_path: Path) -> None:
    certificate, key = Authority("root").issue(tmp_path, "one.example")
    both = tmp_path / "both.pem"
    both.write_bytes(key.read_bytes() + certificate.read_bytes())
    assert host_of(tls_door(place, certificate=str(both))) == "one.example"


def test_a_new_one_is_used_without_a_restart(place: Place, tmp_path: Path) -> None:
    root = Authority("root")
    certificate, key = root.issue(tmp_path, "old.example")
    door = tls_door(place, certificate=str(certificate), key=str(key), session_reuse="accept")
    session = log_in(door)
    assert host_of(door) == "old.example"
    new_certificate, new_key = root.issue(tmp_path, "new.example")
    shutil.copy(new_certificate, certificate)
    complain_once(door, "old.example")  # the key does not belong to it yet
    os.replace(new_key, key)
    wait_for(lambda: host_of(door) == "new.example")
    assert put(session, "/inbox/a.txt", b"1").startswith("226")  # who came before is served on
    session.quit()


@pytest.mark.parametrize("damage", ["gone", "empty", "broken", "folder"])
def test_a_broken_new_one_is_not_used(place: Place, tmp_path: Path, damage: str) -> None:
    certificate, key = Authority("root").issue(tmp_path, "old.example")
    door = tls_door(place, certificate=str(certificate), key=str(key))
    certificate.unlink()
    if damage == "folder":
        certificate.mkdir()
    elif damage != "gone":
        certificate.write_bytes(b"" if damage == "empty" else b"-----BEGIN CERTIFICATE-----\n!\n")
    complain_once(door, "old.example")


def test_our_own_is_made_again_when_it_is_lost(place: Place) -> None:
    door = tls_door(place)
    before = shown(door)
    (place.data / "tls" / "ftp-tls.pem").unlink()
    wait_for(lambda: shown(door) != before)


@pytest.mark.parametrize("what", ["missing", "garbage", "other key", "locked", "key alone"])
def test_what_cannot_be_used_is_said_at_the_start(tmp_path: Path, what: str, capfd: pytest.CaptureFixture[str]) -> None:
    certificate, key = Authority("root").issue(tmp_path, "a.example")
    if what == "missing":
        certificate.unlink()
    elif what == "garbage":
        certificate.write_bytes(b"nothing")
    elif what == "other key":
        key = Authority("root").issue(tmp_path, "b.example")[1]
    elif what == "locked":
        loaded = serialization.load_pem_private_key(key.read_bytes(), None)
        locked = serialization.BestAvailableEncryption(b"secret")
        key.write_bytes(loaded.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, locked))
    given = TlsSettings(certificate="" if what == "key alone" else str(certificate), key=str(key))
    with pytest.raises(ConfigError, match=r"\[tls\] certificate"):
        Tls(given, tmp_path / "tls")
    assert "phrase" not in "".join(capfd.readouterr()), "nobody was asked for one"
