"""A disk that is nearly full: said before the transfer, and over by itself."""

from __future__ import annotations

import ftplib
import io

import pytest
from transports.doors_kit import Place


def test_an_upload_is_refused_before_its_first_byte_and_taken_when_there_is_room(
    place: Place, session: ftplib.FTP
) -> None:
    place.intake.least_free_bytes = 10**18
    with pytest.raises(ftplib.error_temp, match="452 There is no room"):
        session.storbinary("STOR /inbox/a.txt", io.BytesIO(b"x\n"))
    assert list(place.spool.arrivals()) == []
    place.intake.least_free_bytes = 0
    assert session.storbinary("STOR /inbox/a.txt", io.BytesIO(b"x\n")).startswith("226")
