from __future__ import annotations

import contextlib
import ipaddress
import itertools
import socket
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cws_filedrop.errors import ConfigError
from cws_filedrop.gate.balancers import Announcement, Balancers
from cws_filedrop.gate.proxy_protocol import LONGEST, BadHeader, ProxyHeader, parse, plain

SIGNATURE = b"\r\n\r\n\x00\r\nQUIT\n"
V4 = bytes([192, 0, 2, 7, 10, 0, 0, 1]) + struct.pack(">HH", 40_000, 21)
V6 = ipaddress.ip_address("2001:db8::7").packed + ipaddress.ip_address("::1").packed + struct.pack(">HH", 40_000, 21)
MAPPED = ipaddress.ip_address("::ffff:192.0.2.7").packed * 2 + struct.pack(">HH", 40_000, 21)


def binary(command: int, kind: int, rest: bytes, *, size: int | None = None) -> bytes:
    return SIGNATURE + struct.pack(">BBH", command, kind, len(rest) if size is None else size) + rest


GOOD = {
    b"PROXY TCP4 192.0.2.7 10.0.0.1 40000 21\r\n": ("192.0.2.7", 40_000),
    b"PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n": ("255.255.255.255", 65_535),
    b"PROXY TCP6 2001:db8::7 ::1 40000 21\r\n": ("2001:db8::7", 40_000),
    b"PROXY TCP6 ::ffff:192.0.2.7 ::1 0 21\r\n": ("192.0.2.7", 0),
    b"PROXY UNKNOWN\r\n": ("", 0),
    b"PROXY UNKNOWN ffff:f... anything until the line ends\r\n": ("", 0),
    binary(0x21, 0x11, V4): ("192.0.2.7", 40_000),
    binary(0x21, 0x11, V4 + b"\x04\x00\x03abc"): ("192.0.2.7", 40_000),
    binary(0x21, 0x11, V4 + b"\x00" * (LONGEST - 28)): ("192.0.2.7", 40_000),
    binary(0x21, 0x21, V6): ("2001:db8::7", 40_000),
    binary(0x21, 0x21, MAPPED): ("192.0.2.7", 40_000),
    binary(0x20, 0x00, b""): ("", 0),
    binary(0x20, 0x11, V4): ("", 0),  # a health check: what it says of addresses does not count
    binary(0x20, 0xFF, b"what?"): ("", 0),
    binary(0x21, 0x00, b""): ("", 0),
}

BAD = [
    b"USER acme\r\n",
    b"SSH-2.0-OpenSSH_9.6\r\n",
    b"\x16\x03\x01\x02\x00\x01",
    b"proxy TCP4 192.0.2.7 10.0.0.1 40000 21\r\n",
    b"PROXY\r\n",
    b"PROXY \r\n",
    b"PROXY TCP4\r\n",
    b"PROXY TCP4 192.0.2.7 10.0.0.1 40000 21\n",
    b"PROXY TCP4  192.0.2.7 10.0.0.1 40000 21\r\n",
    b"PROXY TCP4 192.0.2.7 10.0.0.1 40000 21 \r\n",
    b"PROXY TCP4 192.0.2.7 10.0.0.1 40000\r\n",
    b"PROXY TCP4 192.0.2.7 10.0.0.1 40000 65536\r\n",
    b"PROXY TCP4 192.0.2.7 10.0.0.1 -1 21\r\n",
    b"PROXY TCP4 192.0.2.7 10.0.0.1 040 21\r\n",
    b"PROXY TCP4 192.0.2.7 10.0.0.1 \xb2 21\r\n",
    b"PROXY TCP4 192.0.2.256 10.0.0.1 40000 21\r\n",
    b"PROXY TCP4 192.0.2.07 10.0.0.1 40000 21\r\n",
    b"PROXY TCP4 192.0.2.7 nowhere 40000 21\r\n",
    b"PROXY TCP4 2001:db8::7 ::1 40000 21\r\n",
    b"PROXY TCP6 192.0.2.7 10.0.0.1 40000 21\r\n",
    b"PROXY TCP6 fe80::1%eth0 ::1 40000 21\r\n",
    b"PROXY UDP4 192.0.2.7 10.0.0.1 40000 21\r\n",
    b"PROXY UNKNOWN" + b"x" * 200,
    b"PROXY UNKNOWN " + b"x" * 92 + b"\r\n",  # one byte more than a line may have
    b"\r\n\r\n\x00\r\nQUIT\r",
    binary(0x11, 0x11, V4),  # no such version
    binary(0x22, 0x11, V4),  # no such command
    binary(0x21, 0x12, V4),  # UDP
    binary(0x21, 0x31, bytes(216)),  # a socket in the file system
    binary(0x21, 0x11, V4[:-1]),
    binary(0x21, 0x21, V4),
    binary(0x21, 0x11, V4, size=LONGEST - 15),
    binary(0x20, 0x00, b"", size=65_535),
]


@pytest.mark.parametrize("data", GOOD, ids=repr)
def test_good_headers(data: bytes) -> None:
    source, port = GOOD[data]
    assert parse(data) == ProxyHeader(len(data), source, port)


@pytest.mark.parametrize("data", GOOD, ids=repr)
def test_what_follows_is_not_theirs_and_what_is_missing_is_waited_for(data: bytes) -> None:
    assert parse(data + b"USER acme\r\n\xff") == parse(data)
    assert {parse(data[:length]) for length in range(len(data))} == {None}


@pytest.mark.parametrize("data", BAD, ids=repr)
def test_bad_headers(data: bytes) -> None:
    with pytest.raises(BadHeader):
        parse(data)


Pieces = st.one_of(
    st.binary(max_size=300),
    st.sampled_from([*GOOD, *BAD]),
    st.tuples(st.sampled_from([SIGNATURE, b"PROXY ", b"PROXY TCP4 "]), st.binary(max_size=120)).map(b"".join),
)


@given(data=st.tuples(Pieces, st.binary(max_size=20)).map(b"".join), cuts=st.lists(st.integers(0, 400), max_size=6))
def test_any_bytes_in_any_pieces(data: bytes, cuts: list[int]) -> None:
    """However the bytes come, the outcome is the same, and nothing behind the header is taken."""
    try:
        whole: ProxyHeader | type[BadHeader] | None = parse(data)
    except BadHeader:
        whole = BadHeader
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.setblocking(False)
        outcome: ProxyHeader | type[BadHeader] | None = None
        places = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
        announcement = Announcement(theirs)
        for start, end in itertools.pairwise(places):
            ours.sendall(data[start:end])
            if outcome is None:
                outcome = looked(announcement)
        assert outcome == whole
        if isinstance(outcome, ProxyHeader):
            assert outcome.size <= LONGEST
            assert left(theirs) == data[outcome.size :]


def looked(announcement: Announcement) -> ProxyHeader | type[BadHeader] | None:
    try:
        return announcement.look()
    except BadHeader:
        return BadHeader


def left(connection: socket.socket) -> bytes:
    with contextlib.suppress(BlockingIOError):
        return connection.recv(10_000)
    return b""


def test_no_header_is_waited_for_longer_than_told() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.sendall(b"PROXY TCP4 192.0.2.7")
        with pytest.raises(TimeoutError):
            Announcement(theirs).wait(0.1)
        ours.sendall(b" 10.0.0.1 40000 21\r\nNOOP\r\n")
        with pytest.raises(BadHeader):  # another would begin in the middle
            Announcement(theirs).wait(20)


def test_a_header_is_waited_for() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.sendall(b"PROXY TCP4 192.0.2.7 10.0.0.1 40000 21\r\nNOOP\r\n")
        assert Announcement(theirs).wait(20).source == "192.0.2.7"
        assert theirs.gettimeout() is None
        assert theirs.recv(100) == b"NOOP\r\n"


@pytest.mark.parametrize(
    ("text", "address", "has"),
    [
        ("", "127.0.0.1", False),
        ("10.0.0.0/24", "10.0.0.9", True),
        ("10.0.0.0/24", "10.0.1.9", False),
        ("10.0.0.0/24, 2001:db8::/32", "2001:db8::5", True),
        ("192.0.2.1 10.0.0.0/24", "192.0.2.1", True),
        ("10.0.0.0/24", "::ffff:10.0.0.9", True),
        ("fe80::/10", "fe80::1%eth0", True),
        ("10.0.0.0/24", "fe80::1", False),
    ],
)
def test_which_addresses_are_balancers(text: str, address: str, has: bool) -> None:
    assert Balancers(text, "[ftp] proxy_networks").has(address) is has


@pytest.mark.parametrize("text", ["10.0.0.1/24", "balancer", "10.0.0.0/33", "10.0.0.0-10.0.0.9"])
def test_networks_that_are_none(text: str) -> None:
    with pytest.raises(ConfigError, match=r"\[sftp\] proxy_networks: .*write networks such as"):
        Balancers(text, "[sftp] proxy_networks")


@pytest.mark.parametrize(
    ("address", "found"), [("::ffff:10.0.0.9", "10.0.0.9"), ("fe80::1%eth0", "fe80::1"), ("10.0.0.9", "10.0.0.9")]
)
def test_addresses_as_they_are_compared(address: str, found: str) -> None:
    assert plain(address) == found
