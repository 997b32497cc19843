"""A data folder with doors, closed again after each test."""

from __future__ import annotations

import ftplib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from transports.doors_kit import Place, connect

from cws_filedrop.transports.ftp.door import FtpDoor


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    place = Place(tmp_path)
    yield place
    place.close()


@pytest.fixture
def door(place: Place) -> FtpDoor:
    return place.ftp_door()


@pytest.fixture
def log_in(door: FtpDoor) -> Iterator[Callable[..., ftplib.FTP]]:
    """Makes sessions that are logged in."""
    made: list[ftplib.FTP] = []

    def log_in(seller: str = "acme") -> ftplib.FTP:
        made.append(connect(door, seller))
        return made[-1]

    yield log_in
    for session in made:
        session.close()


@pytest.fixture
def session(log_in: Callable[..., ftplib.FTP]) -> ftplib.FTP:
    return log_in()
