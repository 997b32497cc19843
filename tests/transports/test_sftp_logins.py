"""Who gets in by SFTP, how long they may stay, and that they get SFTP and nothing else."""

from __future__ import annotations

import contextlib
import os
import socket
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

import paramiko
import pytest
from transports.doors_kit import PASSWORD, needs, run, wait_for
from transports.sftp_kit import (
    CONTENT,
    NEW,
    OK,
    Raw,
    SftpPlace,
    connect,
    door,
    lent_keys,
    loaded_keys,
    openssh_options,
    place,
    put,
    session,
    ssh,
)

from cws_filedrop.door_settings import GuardSettings, SftpSettings
from cws_filedrop.drop.audit_events import AuditEvent, AuditEventKind
from cws_filedrop.drop.claims import Cause
from cws_filedrop.errors import ConfigError
from cws_filedrop.gate.guard import Guard
from cws_filedrop.gate.logins import LATER, Logins, SellerLogin, Throttle
from cws_filedrop.model import Grade
from cws_filedrop.transports.sftp.door import SftpDoor
from cws_filedrop.transports.sftp.host_keys import host_keys

__all__ = ["door", "lent_keys", "loaded_keys", "place"]


@contextlib.contextmanager
def stranger(door: SftpDoor) -> Iterator[paramiko.Transport]:
    """A connection that has not logged in."""
    transport = paramiko.Transport(connect(door))
    try:
        transport.start_client(timeout=60)
        yield transport
    finally:
        transport.close()


class Away:
    """Raises, as a database that is being restarted does."""

    def __call__(self, *_: object) -> SellerLogin | None:
        raise ConnectionResetError("terminating connection due to administrator command")


@pytest.mark.parametrize("method", ["password", "publickey"])
def test_a_login_that_cannot_be_checked_is_not_called_wrong(tmp_path: Path, method: str) -> None:
    """The client hears that it may try again, and nothing is counted against it."""
    needs("ssh")
    place, throttle = SftpPlace(tmp_path), Throttle(failures=1)
    seen: list[AuditEvent] = []
    place.intake.witness = seen.append
    logins = Logins(Away(), place.sellers.current, throttle)
    door = SftpDoor(SftpSettings(port=0), place.intake, logins, keys=Away(), host_keys=place.host_keys)
    door.start()
    paramiko.ECDSAKey.generate().write_private_key_file(str(tmp_path / "key"))
    try:
        if method == "publickey":
            done = run("sftp", *openssh_options(door, tmp_path / "key"), "acme@127.0.0.1", input="")
            heard = done.stderr
        else:
            with stranger(door) as transport, pytest.raises(paramiko.SSHException) as refused:
                transport.auth_password("acme", PASSWORD)
            heard = str(refused.value)
            assert not isinstance(refused.value, paramiko.BadAuthenticationType)
    finally:
        door.stop(1.0)
    assert "ermission denied" not in heard
    assert method == "password" or LATER in heard
    assert throttle.wait(("acme", "127.0.0.1")) == 0
    assert [event for event in seen if event.event is AuditEventKind.LOGIN_REFUSED] == []


def make_key(kind: str, directory: Path) -> paramiko.PKey:
    """A key of a client: the same form as host keys."""
    return next(key for key in host_keys(directory) if key.get_name() == kind)


@pytest.mark.parametrize("user", ["acme", "ACME", "AcMe"])
def test_the_password_in_any_case_of_the_name(place: SftpPlace, door: SftpDoor, user: str) -> None:
    with session(door, user) as client:
        put(client, "/inbox/a.txt", CONTENT)
    assert place.claims()[0].seller == "acme"


@pytest.mark.parametrize(
    ("user", "password"),
    [
        ("acme", "wrong"),
        ("acme", ""),
        ("anonymous", PASSWORD),
        ("ftp", "me@example.com"),
        ("ac me", PASSWORD),
        ("../rival", PASSWORD),
        ("root\x00", PASSWORD),
        ("", PASSWORD),
        ("é", PASSWORD),
    ],
)
def test_wrong_logins_are_told_nothing(door: SftpDoor, user: str, password: str) -> None:
    with stranger(door) as transport:
        with pytest.raises(paramiko.AuthenticationException, match=r"^Authentication failed\.$"):
            transport.auth_password(user, password)
        assert not transport.is_authenticated()
        with pytest.raises(paramiko.SSHException):
            transport.open_session(timeout=60)


@pytest.mark.parametrize("kind", ["ssh-ed25519", "ssh-rsa"])
def test_a_public_key(place: SftpPlace, door: SftpDoor, kind: str, lent_keys: Path) -> None:
    key = make_key(kind, lent_keys)
    place.keys.allow("acme", key)
    with stranger(door) as transport:
        transport.auth_publickey("Acme", key)
        client = paramiko.SFTPClient.from_transport(transport)
        assert client is not None
        put(client, "/inbox/a.txt", CONTENT)
    assert [(claim.seller, claim.grade) for claim in place.claims()] == [("acme", Grade.WHOLE)]
    assert place.sellers.asked == []


def test_a_key_of_another_seller(place: SftpPlace, door: SftpDoor, lent_keys: Path) -> None:
    key = make_key("ssh-ed25519", lent_keys)
    place.keys.allow("rival", key)
    with stranger(door) as transport, pytest.raises(paramiko.AuthenticationException):
        transport.auth_publickey("acme", key)


def test_a_key_without_its_private_half(place: SftpPlace, door: SftpDoor, lent_keys: Path, tmp_path: Path) -> None:
    key = make_key("ssh-ed25519", lent_keys)
    place.keys.allow("acme", key)

    class Forged(paramiko.Ed25519Key):
        def asbytes(self) -> bytes:
            return key.asbytes()

    make_key("ssh-ed25519", tmp_path / "other")
    forged = Forged.from_private_key_file(str(tmp_path / "other" / "ssh_host_ed25519_key"))
    with stranger(door) as transport, pytest.raises(paramiko.AuthenticationException):
        transport.auth_publickey("acme", forged)


def test_a_key_from_an_address_it_may_not_come_from(door: SftpDoor, place: SftpPlace, lent_keys: Path) -> None:
    far = place.sftp_door()
    far._authorized = lambda name, key: SellerLogin(name, 1, networks="192.0.2.0/24")
    with stranger(far) as transport, pytest.raises(paramiko.AuthenticationException):
        transport.auth_publickey("acme", make_key("ssh-ed25519", lent_keys))


def test_six_attempts_at_most(place: SftpPlace, lent_keys: Path) -> None:
    door = place.sftp_door(brake=Throttle(failures=100))
    with stranger(door) as transport:
        for _ in range(6):
            with contextlib.suppress(paramiko.AuthenticationException):
                transport.auth_password("acme", "wrong", fallback=False)
        wait_for(lambda: not transport.is_active())
    assert len(place.sellers.asked) == 6


def test_a_slow_check_holds_up_nobody_else(place: SftpPlace, door: SftpDoor) -> None:
    with session(door) as client:
        place.sellers.hold.clear()
        with stranger(door) as transport:
            slow = threading.Thread(target=transport.auth_password, args=("rival", PASSWORD), daemon=True)
            slow.start()
            wait_for(lambda: "rival" in place.sellers.asked)
            put(client, "/inbox/a.txt", CONTENT)
            with stranger(door):
                assert slow.is_alive()
            place.sellers.hold.set()
            slow.join(60)
            assert transport.is_authenticated()


def test_a_check_that_fails_lets_nobody_in(place: SftpPlace) -> None:
    door = place.sftp_door()

    def broken(name: str, key: paramiko.PKey) -> SellerLogin | None:
        raise RuntimeError("no database")

    door._authorized = broken
    with stranger(door) as transport, pytest.raises(paramiko.AuthenticationException):
        transport.auth_publickey("acme", make_key("ssh-ed25519", place.host_keys))


def ends(connection: socket.socket) -> bool:
    """Does the server hang up before it has to be asked?"""
    connection.settimeout(60)
    try:
        while connection.recv(4096):
            pass
    except ConnectionError:
        return True
    return True


@pytest.mark.parametrize("words", [b"", b"SSH-2.0-slow\r\n", b"S"])
def test_who_does_not_log_in_is_sent_away(place: SftpPlace, words: bytes) -> None:
    door = place.sftp_door(login_timeout_seconds=0.3)
    with socket.create_connection(door.address) as connection:
        connection.sendall(words)
        assert ends(connection)
    wait_for(lambda: not door._connections)


def test_who_is_silent_is_sent_away(place: SftpPlace) -> None:
    door = place.sftp_door(idle_timeout_seconds=0.3)
    with ssh(door) as transport:
        raw = Raw(transport)
        raw.write(raw.open("/inbox/a.txt", NEW), 0, CONTENT)
        wait_for(lambda: not transport.is_active(), seconds=60)
    (claim,) = place.wait_for_claims(1)
    assert (claim.grade, claim.cause) == (Grade.CUT, Cause.STALLED)


def test_who_never_opens_a_session_is_sent_away(place: SftpPlace) -> None:
    door = place.sftp_door(idle_timeout_seconds=0.3)
    with ssh(door) as transport:
        wait_for(lambda: not transport.is_active(), seconds=60)


def test_connections_are_limited_by_address(place: SftpPlace) -> None:
    door = place.sftp_door(max_connections_per_address=2)
    with ssh(door), ssh(door), socket.create_connection(door.address) as third:
        assert ends(third)
    wait_for(lambda: not door._connections)
    with ssh(door):
        pass


def test_connections_are_limited_in_all(place: SftpPlace) -> None:
    door = place.sftp_door(max_connections=2)
    with ssh(door), ssh(door), socket.create_connection(door.address) as third:
        assert ends(third)


def test_a_right_key_passes_a_ban_and_a_right_password_does_not(place: SftpPlace) -> None:
    guard = Guard(GuardSettings(failures=100, ban_failures=3))
    door = place.sftp_door(brake=guard)
    for number in range(3):
        guard.failed((f"guess{number}", "127.0.0.1"))
    assert guard.banned("127.0.0.1")
    with connect(door) as connection:
        banned = paramiko.Transport(connection)
        banned.start_client(timeout=60)
        with pytest.raises(paramiko.BadAuthenticationType) as refused:
            banned.auth_password("acme", PASSWORD)
        assert refused.value.allowed_types == ["publickey"]
        banned.close()
    with connect(door) as connection:
        assert ends(connection), "one after the other, and not at once"
    wait_for(lambda: not door._connections)
    key = paramiko.ECDSAKey.generate()
    place.keys.allow("acme", key)
    wait_for(lambda: comes_in_with(door, key), what="the right key to be let in")
    with ssh(door):
        pass  # the name is known at that address now
    with pytest.raises(paramiko.AuthenticationException), ssh(door, "other"):
        pass


def comes_in_with(door: SftpDoor, key: paramiko.PKey) -> bool:
    with connect(door) as connection:
        transport = paramiko.Transport(connection)
        try:
            transport.start_client(timeout=60)
            transport.auth_publickey("acme", key)
            return bool(paramiko.SFTPClient.from_transport(transport))
        except (EOFError, OSError, paramiko.SSHException):
            return False
        finally:
            transport.close()


def test_strangers_leave_room_for_those_who_log_in(place: SftpPlace) -> None:
    door = place.sftp_door(max_connections=4)
    with ssh(door), contextlib.ExitStack() as opened:
        for _ in range(2):
            opened.enter_context(socket.create_connection(door.address))
        third = opened.enter_context(socket.create_connection(door.address))
        assert ends(third)
        assert len(door._connections) == 3


def test_who_logs_in_may_come_and_go_as_often_as_it_likes(place: SftpPlace) -> None:
    door = place.sftp_door(max_strangers_per_address=2)
    for _ in range(40):
        with ssh(door):
            pass


def test_a_changed_password_ends_the_session(place: SftpPlace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cws_filedrop.transports.sftp.door._RECHECK_SECONDS", 0.1)
    door = place.sftp_door()
    with ssh(door) as transport:
        place.sellers.versions["acme"] = 2
        wait_for(lambda: not transport.is_active(), seconds=60)


def test_who_is_shut_out_is_gone_at_once_in_the_middle_of_an_upload_too(
    place: SftpPlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cws_filedrop.transports.sftp.door._RECHECK_SECONDS", 0.1)
    door = place.sftp_door()
    with ssh(door) as transport, ssh(door, "other") as other:
        raw = Raw(transport)
        assert raw.write(raw.open("/inbox/a.txt", NEW), 0, b"half of it") == OK
        place.sellers.shut.add("acme")
        wait_for(lambda: not transport.is_active(), seconds=60)
        (claim,) = place.wait_for_claims(1)
        assert (claim.grade, claim.kept) == (Grade.CUT, True)
        assert "shut out" in claim.evidence
        assert other.is_active()


# Nothing but SFTP.


@pytest.mark.parametrize("request_", ["shell", "exec"])
def test_no_shell(place: SftpPlace, door: SftpDoor, request_: str) -> None:
    with ssh(door) as transport:
        channel = transport.open_session(timeout=60)
        channel.settimeout(60)
        if request_ == "exec":
            channel.exec_command("touch /tmp/pwned")
        else:
            channel.invoke_shell()
        assert channel.recv_stderr(1000) == b"This is a file drop: use sftp.\r\n"
        assert channel.recv_exit_status() == 1
        assert channel.recv(10) == b""
        with session(door) as client:
            client.listdir("/")


def test_no_forwarding_x11_or_terminal(door: SftpDoor) -> None:
    with ssh(door) as transport:
        with pytest.raises(paramiko.ChannelException):
            transport.open_channel("direct-tcpip", ("127.0.0.1", 22), ("127.0.0.1", 1), timeout=60)
        with pytest.raises(paramiko.ChannelException):
            transport.open_channel("direct-streamlocal@openssh.com", timeout=60)
        with pytest.raises(paramiko.SSHException):
            transport.request_port_forward("127.0.0.1", 0)
        for ask in (
            paramiko.Channel.get_pty,
            paramiko.Channel.request_x11,
            lambda channel: channel.invoke_subsystem("netconf"),
        ):
            with pytest.raises(paramiko.SSHException):
                ask(transport.open_session(timeout=60))


def test_one_session_in_a_channel_and_ten_in_a_connection(door: SftpDoor) -> None:
    with ssh(door) as transport:
        first = Raw(transport)
        with pytest.raises(paramiko.SSHException):
            first.channel.invoke_subsystem("sftp")
    with ssh(door) as transport:
        sessions = [Raw(transport) for _ in range(10)]
        with pytest.raises(paramiko.ChannelException):
            Raw(transport)
        for one in sessions:
            one.channel.close()


# The door itself.


def test_host_keys_are_made_once_and_kept(tmp_path: Path) -> None:
    place = SftpPlace(tmp_path)
    place.sftp_door()
    paths = sorted(place.host_keys.iterdir())
    assert [path.name for path in paths] == ["ssh_host_ed25519_key", "ssh_host_rsa_key"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in paths} == {0o600}
    before = [path.read_bytes() for path in paths]
    paths[0].chmod(0o644)
    place.close()
    door = place.sftp_door()
    assert [path.read_bytes() for path in paths] == before
    assert stat.S_IMODE(paths[0].stat().st_mode) == 0o600
    with stranger(door) as transport:
        assert transport.get_remote_server_key().get_name() == "ssh-ed25519"
    assert {key.get_name(): key.get_bits() for key in host_keys(place.host_keys)}["ssh-rsa"] == 3072
    place.close()


def test_a_host_key_that_is_none(tmp_path: Path, lent_keys: Path) -> None:
    place = SftpPlace(tmp_path, lent_keys)
    (place.host_keys / "ssh_host_rsa_key").write_text("nonsense")
    with pytest.raises(ConfigError, match="ssh_host_rsa_key is not a host key"):
        place.sftp_door()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_host_keys_that_cannot_be_kept(tmp_path: Path) -> None:
    place = SftpPlace(tmp_path)
    (place.data / "other").mkdir(mode=0o500)
    place.host_keys = place.data / "other"
    with pytest.raises(ConfigError, match="cannot keep its host keys"):
        place.sftp_door()


def test_a_port_that_is_taken(place: SftpPlace, door: SftpDoor) -> None:
    with pytest.raises(ConfigError, match="another program has that port"):
        place.sftp_door(port=door.address[1])


def test_an_address_that_is_not_here(place: SftpPlace) -> None:
    with pytest.raises(ConfigError, match="this machine has no such address"):
        place.sftp_door(host="192.0.2.1")


def test_stopping_lets_a_transfer_end(place: SftpPlace, door: SftpDoor) -> None:
    with ssh(door) as idle, ssh(door) as transport:
        raw = Raw(transport)
        handle = raw.open("/inbox/a.txt", NEW)
        raw.write(handle, 0, b"first ")
        stopping = threading.Thread(target=door.stop, args=(60.0,))
        stopping.start()
        wait_for(lambda: not idle.is_active())
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(door.address)
        assert raw.write(handle, 6, b"second") == OK
        assert raw.close(handle) == OK
        stopping.join(60)
        assert not stopping.is_alive()
    (claim,) = place.claims()
    assert (claim.grade, place.bytes_of(claim)) == (Grade.WHOLE, b"first second")


@contextlib.contextmanager
def under_way(door: SftpDoor, name: str) -> Iterator[None]:
    """A transfer that does not go on."""
    with ssh(door) as transport:
        raw = Raw(transport)
        raw.write(raw.open(f"/inbox/{name}", NEW), 0, CONTENT)
        yield


def test_stopping_waits_only_so_long(place: SftpPlace, door: SftpDoor) -> None:
    patient = place.sftp_door()
    stopping = threading.Thread(target=patient.stop, args=(3600.0,))
    with under_way(patient, "b.txt"):
        stopping.start()
        with under_way(door, "a.txt"):
            door.stop(0.2)
            assert stopping.is_alive(), "the other door has more patience"
            (claim,) = place.claims()  # without any wait: reported when `stop` returns
            assert (claim.grade, claim.cause) == (Grade.CUT, Cause.CLOSED)
    stopping.join(60)
    assert not stopping.is_alive()
    door.stop(0.2)


def test_threads_end_with_the_door(place: SftpPlace) -> None:
    before = threading.active_count()
    door = place.sftp_door()
    with ssh(door), session(door):
        door.stop(0.0)
    wait_for(lambda: threading.active_count() <= before)
