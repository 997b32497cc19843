"""Cuts what an SFTP client sent into its requests.

Pure: knows no channel. What came is put together once, however many pieces it came in.
"""

from __future__ import annotations

from typing import Final, TypeAlias

from cws_filedrop.transports.sftp.answers import Request

LARGEST: Final = 1_048_576  # bytes of a request
_LENGTH: Final = 4

Asked: TypeAlias = tuple[int, int, Request]  # its kind, its number and its fields


class Requests:
    """What came and was not taken yet."""

    def __init__(self) -> None:
        self._whole = b""
        self._place = 0  # of the first byte in it that was not taken
        self._pieces: list[bytes] = []  # that came after it
        self._size = 0  # of all that was not taken

    def feed(self, piece: bytes) -> None:
        """Some bytes came."""
        self._pieces.append(piece)
        self._size += len(piece)

    def next(self) -> Asked | None:
        """A request; None when the rest of it is still to come. Raises: EOFError for one of no possible size."""
        if self._size < _LENGTH:
            return None
        size = int.from_bytes(self._look(_LENGTH), "big")
        if not 1 <= size <= LARGEST:
            raise EOFError(f"a request of {size} bytes")
        if self._size < _LENGTH + size:
            return None
        packet = self._look(_LENGTH + size)
        self._place += len(packet)
        self._size -= len(packet)
        kind, number = packet[_LENGTH], int.from_bytes(packet[5:9].ljust(4, b"\0"), "big")
        return kind, number, Request(packet[9:])

    def _look(self, size: int) -> bytes:
        if len(self._whole) - self._place < size:
            self._whole = b"".join([self._whole[self._place :], *self._pieces])
            self._place = 0
            self._pieces.clear()
        return self._whole[self._place : self._place + size]
