"""SFTP connections that break off: an upload is whole when its close was sent, and not before."""

from __future__ import annotations

import pytest
from transports.dying_client import content
from transports.sftp_kit import NEW, OK, Raw, SftpPlace, door, lent_keys, loaded_keys, place, reset, ssh

from cws_filedrop.drop.claims import Cause
from cws_filedrop.model import Grade
from cws_filedrop.transports.sftp.door import SftpDoor

__all__ = ["door", "lent_keys", "loaded_keys", "place"]


@pytest.mark.parametrize("end", ["reset", "end of stream", "disconnect"])
def test_lines_that_break_in_the_middle(place: SftpPlace, door: SftpDoor, end: str) -> None:
    with ssh(door) as transport:
        raw = Raw(transport)
        handle = raw.open("/inbox/a.txt", NEW)
        assert raw.write(handle, 0, content(5000)) == OK
        if end == "reset":
            reset(transport)
        elif end == "end of stream":
            transport.sock.shutdown(1)
        else:
            transport.close()
        (claim,) = place.wait_for_claims(1, seconds=60)
    assert (claim.grade, claim.cause, claim.size) == (Grade.CUT, Cause.CLOSED, 5000)


def test_a_close_that_was_sent_counts_though_nobody_waits_for_its_answer(place: SftpPlace, door: SftpDoor) -> None:
    for number in range(10):
        with ssh(door) as transport:
            raw = Raw(transport)
            handle = raw.open(f"/inbox/{number}.txt", NEW)
            raw.write(handle, 0, content(5000))
            raw.send(4, 99, handle)
            transport.sock.shutdown(1)
            claim = place.wait_for_claims(number + 1, seconds=60)[-1]
            assert (claim.grade, place.bytes_of(claim)) == (Grade.WHOLE, content(5000))
