"""Splits what an SFTP client sends into requests.

Pure: knows no channel. Bytes are joined once, however many pieces they come in.
"""

from __future__ import annotations

from typing import Final, TypeAlias

from cws_filedrop.transports.sftp.answers import Request

LARGEST: Final = 1_048_576  # bytes of a request
_LENGTH: Final = 4

NumberedRequest: TypeAlias = tuple[int, int, Request]  # kind, number and fields


class Requests:
    """The bytes that came and were not taken yet."""

    def __init__(self) -> None:
        self._whole = b""
        self._place = 0  # of the first byte in it that was not taken
        self._pieces: list[bytes] = []  # that came after it
        self._size = 0  # of all that was not taken

    def feed(self, piece: bytes) -> None:
        """Some bytes came."""
        self._pieces.append(piece)
        self._size += len(piece)

    def next(self) -> NumberedRequest | None:
        """The next request; None while some of it is still to come. Raises: EOFError for one of no possible size."""
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
