"""Requests come out as they went in, however the network cut them."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cws_filedrop.transports.sftp.requests import LARGEST, Requests

BODIES = st.lists(st.tuples(st.integers(0, 255), st.integers(0, 2**32 - 1), st.binary(max_size=300)), max_size=8)


@given(BODIES, st.lists(st.integers(1, 200), min_size=1))
def test_pieces_do_not_matter(sent: list[tuple[int, int, bytes]], cuts: list[int]) -> None:
    stream = b"".join(struct.pack(">IBI", len(body) + 5, kind, number) + body for kind, number, body in sent)
    requests, found, place, turn = Requests(), [], 0, 0
    while place < len(stream):
        size = cuts[turn % len(cuts)]
        requests.feed(stream[place : place + size])
        place, turn = place + size, turn + 1
        while (asked := requests.next()) is not None:
            found.append((asked[0], asked[1], asked[2].get_remainder()))
    assert found == sent
    assert requests.next() is None


@pytest.mark.parametrize("size", [0, LARGEST + 1, 2**32 - 1])
def test_no_request_is_that_long(size: int) -> None:
    requests = Requests()
    requests.feed(struct.pack(">I", size))
    with pytest.raises(EOFError, match=str(size)):
        requests.next()


def test_the_longest_is_put_together_once() -> None:
    requests = Requests()
    stream = struct.pack(">IB", LARGEST, 6) + bytes(LARGEST - 1)
    for place in range(0, len(stream) - 1, 1000):
        requests.feed(stream[place : min(place + 1000, len(stream) - 1)])
        assert requests.next() is None
    requests.feed(stream[-1:])
    asked = requests.next()
    assert asked is not None
    assert asked[0] == 6
    assert len(asked[2].get_remainder()) == LARGEST - 5


def test_one_too_short_for_its_number_is_not_lost() -> None:
    requests = Requests()
    requests.feed(struct.pack(">IB", 1, 200) + struct.pack(">IBI", 5, 3, 7))
    first, second = requests.next(), requests.next()
    assert first is not None
    assert second is not None
    assert (first[:2], second[:2]) == ((200, 0), (3, 7))
