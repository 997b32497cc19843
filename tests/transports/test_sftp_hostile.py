"""Strangers and broken clients: whatever they send, the SFTP door goes on serving; and what idle sessions cost."""

from __future__ import annotations

import contextlib
import logging
import os
import random
import socket
import struct
import threading
from collections.abc import Callable

import paramiko
import pytest
from paramiko import sftp
from paramiko.common import cMSG_USERAUTH_INFO_RESPONSE
from transports.doors_kit import wait_for
from transports.sftp_kit import (
    CONTENT,
    NEW,
    OK,
    Raw,
    SftpPlace,
    client,
    connect,
    door,
    lent_keys,
    loaded_keys,
    place,
    put,
    raw,
    session,
    ssh,
)

from cws_filedrop.model import Grade
from cws_filedrop.transports.sftp.door import SftpDoor
from cws_filedrop.transports.sftp.tuning import SshTransport

__all__ = ["client", "door", "lent_keys", "loaded_keys", "place", "raw"]

SEED = 20261123
REQUESTS = 2000
KINDS = [*range(1, 22), 101, 102, 103, 104, 105, 200, 201, 255]


def still_serves(place: SftpPlace, door: SftpDoor) -> None:
    with session(door, "witness") as client:
        put(client, "/inbox/a.txt", CONTENT)
    assert [claim.grade for claim in place.claims() if claim.seller == "witness"] == [Grade.WHOLE]


def random_field(chance: random.Random) -> bytes:
    text = chance.choice([b"/inbox/a.txt", b"/", b"..", b"1", b"2", b"\xff\x00", b"", chance.randbytes(40)])
    choices: list[Callable[[], bytes]] = [
        lambda: struct.pack(">I", len(text)) + text,
        lambda: struct.pack(">I", chance.choice([0, 1, 2, 26, 0xFFFFFFFF, 0x80000000, chance.getrandbits(32)])),
        lambda: struct.pack(">Q", chance.choice([0, 1, 2**63, 2**64 - 1, chance.getrandbits(64)])),
        lambda: chance.randbytes(chance.randrange(20)),
    ]
    return chance.choice(choices)()


def random_request(chance: random.Random) -> bytes:
    fields = b"".join(random_field(chance) for _ in range(chance.randrange(5)))
    body = bytes([chance.choice(KINDS)]) + struct.pack(">I", chance.getrandbits(32)) + fields
    return struct.pack(">I", len(body)) + body


def test_two_thousand_malformed_requests(place: SftpPlace, door: SftpDoor) -> None:
    chance = random.Random(SEED)
    with ssh(door) as transport:
        raw = Raw(transport)
        for _ in range(REQUESTS):
            raw.channel.sendall(random_request(chance))
            kind, _ = raw.receive()  # one answer for each, whatever it was
            assert kind in (sftp.CMD_STATUS, sftp.CMD_HANDLE, sftp.CMD_DATA, sftp.CMD_NAME, sftp.CMD_ATTRS)
    still_serves(place, door)


@pytest.mark.parametrize(
    "garbage",
    [b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x00\x20\x00\x00" + b"x" * 100, b"GET / HTTP/1.1\r\n\r\n"],
)
def test_garbage_instead_of_requests_ends_the_session(place: SftpPlace, door: SftpDoor, garbage: bytes) -> None:
    with ssh(door) as transport:
        raw = Raw(transport)
        raw.channel.sendall(garbage)
        with pytest.raises(EOFError):
            raw.receive()
        assert raw.channel.recv_exit_status() == 0
    still_serves(place, door)


def test_a_session_that_does_not_begin_with_a_greeting(place: SftpPlace, door: SftpDoor) -> None:
    with ssh(door) as transport:
        channel = transport.open_session(timeout=60)
        channel.settimeout(60)
        channel.invoke_subsystem("sftp")
        channel.sendall(struct.pack(">IBI", 5, sftp.CMD_OPEN, 1))
        assert channel.recv(10) == b""
    still_serves(place, door)


def test_a_chunk_that_is_shorter_than_it_says_is_not_filled_up(place: SftpPlace, raw: Raw) -> None:
    handle = raw.open("/inbox/a.txt", NEW)
    raw.channel.sendall(
        struct.pack(">IBI", 9 + len(handle) + 12 + 3, sftp.CMD_WRITE, 77)
        + struct.pack(">I", len(handle))
        + handle
        + struct.pack(">QI", 0, 1000)
        + b"abc"
    )
    kind, message = raw.receive()
    assert (kind, message.get_int(), message.get_int()) == (sftp.CMD_STATUS, 77, sftp.SFTP_BAD_MESSAGE)
    assert raw.write(handle, 0, CONTENT) == OK
    assert raw.close(handle) == OK
    assert place.bytes_of(place.claims()[0]) == CONTENT


@pytest.mark.parametrize("claimed", [1_000_000, 2**32 - 1])
def test_a_path_that_is_shorter_than_it_says_is_not_filled_up_and_sent_back(raw: Raw, claimed: int) -> None:
    body = struct.pack(">BII", sftp.CMD_REALPATH, 7, claimed) + b"/in"
    raw.channel.sendall(struct.pack(">I", len(body)) + body)
    kind, answer = raw.receive()
    assert (kind, answer.get_int(), answer.get_int()) == (sftp.CMD_STATUS, 7, sftp.SFTP_BAD_MESSAGE)


def test_a_path_longer_than_any_can_be(raw: Raw) -> None:
    assert raw.status(sftp.CMD_REALPATH, b"/" + b"d/" * 2048)[0] == sftp.SFTP_BAD_MESSAGE


def test_what_is_behind_a_chunk_is_not_part_of_it(place: SftpPlace, raw: Raw) -> None:
    handle = raw.open("/inbox/a.txt", NEW)
    chunk = struct.pack(">QI", 0, 3) + b"abc" + b"left in the buffer by an earlier one"
    raw.channel.sendall(struct.pack(">IBII", 9 + len(handle) + len(chunk), sftp.CMD_WRITE, 77, len(handle)))
    raw.channel.sendall(handle + chunk)
    kind, message = raw.receive()
    assert (kind, message.get_int(), message.get_int()) == (sftp.CMD_STATUS, 77, sftp.SFTP_OK)
    assert raw.close(handle) == OK
    assert place.bytes_of(place.claims()[0]) == b"abc"


def test_handles_and_folders_are_limited(place: SftpPlace, raw: Raw) -> None:
    (place.home().path / "outbox" / "a.txt").write_bytes(CONTENT)
    for _ in range(256):
        raw.open("/outbox/a.txt", sftp.SFTP_FLAG_READ)
        assert raw.ask(sftp.CMD_OPENDIR, "/")[0] == sftp.CMD_HANDLE
    assert raw.status(sftp.CMD_OPEN, "/outbox/a.txt", 1, 0) == (
        sftp.SFTP_FAILURE,
        "Too many files are open; close some first.",
    )
    assert raw.status(sftp.CMD_OPENDIR, "/") == (
        sftp.SFTP_FAILURE,
        "Too many folders are open; close some first.",
    )


GREETING = b"SSH-2.0-test\r\n"


@pytest.mark.parametrize(
    "garbage",
    [
        b"",
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\x16\x03\x01" + bytes(500),
        b"SSH-1.5-old\r\n",
        b"SSH-2.0\r\n",
        b"x" * 100_000,
        b"\xff" * 50 + b"\r\n",
        GREETING + b"\xff\xff\xff\xff",
        GREETING + b"\0\0\0\0\0\0\0\0",
        GREETING + b"\0\0\0\x0c\x0a\x14" + bytes(10),
        GREETING + random.Random(SEED).randbytes(4000),
        GREETING + b"\0\x04\x00\x00\x05\x14" + bytes(1000),
    ],
)
def test_garbage_before_the_handshake(place: SftpPlace, door: SftpDoor, garbage: bytes) -> None:
    with socket.create_connection(door.address, timeout=60) as connection, contextlib.suppress(OSError):
        connection.sendall(garbage)
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(4096):
            pass
    wait_for(lambda: not door._connections)
    still_serves(place, door)


def test_who_greets_and_leaves_leaves_no_thread_behind(door: SftpDoor) -> None:
    for _ in range(20):
        with connect(door) as connection:
            connection.sendall(GREETING)
            while connection.recv(4096)[-1:] not in (b"\n", b"\0"):
                pass
    wait_for(lambda: not door._connections)
    wait_for(lambda: not [one for one in threading.enumerate() if isinstance(one, threading.Timer)], seconds=12)


def test_endless_answers_to_no_question_are_not_counted(place: SftpPlace, door: SftpDoor) -> None:
    transport = paramiko.Transport(connect(door))
    try:
        transport.start_client(timeout=60)
        message = paramiko.Message()
        message.add_byte(cMSG_USERAUTH_INFO_RESPONSE)
        message.add_int(0xFFFFFFFF)
        transport.packetizer.send_message(message)
        transport.auth_password("acme", "correct-horse-9")  # is answered, so nothing is being counted
    finally:
        transport.close()


def test_a_port_scan_prints_nothing(
    place: SftpPlace, door: SftpDoor, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_connection(door.address, timeout=60) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\n\r\n")
        connection.shutdown(socket.SHUT_WR)
        wait_for(lambda: not door._connections)
    assert capsys.readouterr().err == ""
    logger = logging.getLogger("paramiko")
    assert not logger.propagate
    assert [type(one).__name__ for one in logger.handlers].count("_Quietly") == 1


def test_forty_slow_clients_hold_up_nobody(place: SftpPlace, door: SftpDoor) -> None:
    with contextlib.ExitStack() as opened:
        for _ in range(40):
            opened.enter_context(socket.create_connection(door.address)).sendall(b"SSH-2.0-slow")
        still_serves(place, door)


# What the library's insides are made to do.


def cpu_ticks() -> float:
    return sum(os.times()[:2])


def test_idle_sessions_use_two_threads_and_no_processor(place: SftpPlace, door: SftpDoor) -> None:
    with contextlib.ExitStack() as opened:
        before = threading.active_count()
        lines = [opened.enter_context(ssh(door)) for _ in range(3)]
        sessions = [Raw(line) for line in lines]
        served = [one for one in door._connections if one.login is not None]
        assert {one._transport.sock.gettimeout() for one in served} == {30.0}
        assert threading.active_count() - before <= 3 * 3  # two for each here, one for each of its clients
        assert len(sessions) == len(served)


def test_closing_does_not_wait_for_the_next_look(place: SftpPlace, door: SftpDoor) -> None:
    with ssh(door):
        (connection,) = door._connections
        connection.end("Good-bye.")
        connection.join(20)  # the next look comes after 30 s
        assert not connection._transport.is_alive()


def test_the_library_has_what_is_tuned() -> None:
    ours, theirs = SshTransport.__dict__, paramiko.Transport.__dict__
    overridden = {"_check_banner", "_parse_newkeys", "run", "_active_check_timeout", "_channel_handler_table"}
    overridden |= {"_preferred_kex", "_preferred_keys", "_preferred_pubkeys", "_preferred_ciphers", "_preferred_macs"}
    overridden |= {"_kex_info", "_CLIENT_ID"}
    assert overridden <= ours.keys() & theirs.keys()
    assert set(SshTransport._preferred_kex) <= SshTransport._kex_info.keys()
    assert set(SshTransport._preferred_ciphers) <= theirs["_cipher_info"].keys()
    assert set(SshTransport._preferred_macs) <= theirs["_mac_info"].keys()


@pytest.mark.parametrize(
    ("banner", "cipher"),
    [
        ("OpenSSH_9.2p1", "aes128-gcm@openssh.com"),
        ("libssh2_1.10.0", "aes128-ctr"),
        ("PuTTY_Release_0.78", "aes128-ctr"),
    ],
)
def test_ciphers_are_those_that_suit_the_client(door: SftpDoor, banner: str, cipher: str) -> None:
    transport = paramiko.Transport(connect(door))
    transport.local_version = f"SSH-2.0-{banner}"
    try:
        transport.connect(username="acme", password="correct-horse-9")
        assert transport.local_cipher == cipher
    finally:
        transport.close()


def test_an_error_of_ours_is_told_without_its_insides(
    place: SftpPlace, raw: Raw, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*arguments: object, **more: object) -> None:
        raise RuntimeError("/srv/secret/path")

    monkeypatch.setattr(place.intake, "begin", broken)
    assert raw.status(sftp.CMD_OPEN, "/inbox/a.txt", NEW, 0) == (
        sftp.SFTP_FAILURE,
        "Something went wrong here; the operator can see it.",
    )
