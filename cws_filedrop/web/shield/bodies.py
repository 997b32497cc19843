"""Bodies as they arrive: no more bytes than were allowed, no slower than is bearable; counted as received, not as
announced.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from starlette.types import Message, Receive, Send

LEAST_RATE: Final = 1024  # bytes a second, on the average, of what may take its time
_LINGER_BYTES: Final = 1_048_576
_LINGER_SECONDS: Final = 2.0


class TooLong(Exception):
    """More bytes came than may."""


class TooSlow(Exception):
    """They did not come in time."""


class Gone(Exception):
    """The client left."""


async def whole(receive: Receive, most_bytes: int, seconds: float) -> bytes:
    """All of a small body. Raises: TooLong, TooSlow, Gone."""
    body = bytearray()
    try:
        async with asyncio.timeout(seconds):
            more = True
            while more:
                message = await receive()
                body += _block(message)
                if len(body) > most_bytes:
                    raise TooLong
                more = message.get("more_body", False)
    except TimeoutError:
        raise TooSlow from None
    return bytes(body)


def _block(message: Message) -> bytes:
    if message["type"] == "http.disconnect":
        raise Gone
    block: bytes = message.get("body", b"")
    return block


def replayed(body: bytes, receive: Receive) -> Receive:
    """As if the body came now, whole."""
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return waiting.pop() if waiting else await receive()

    return again


class Metered:
    """A large body that is read as it comes. Who reads it sees the client leave when it is too long or too slow, and
    the client gets the refusal, whatever the reader answers to that.
    """

    def __init__(
        self, receive: Receive, send: Send, *, most_bytes: int, seconds: float, clock: Callable[[], float]
    ) -> None:
        self.fault: TooLong | TooSlow | None = None
        self.answered = False
        self._receive, self._send = receive, send
        self._most_bytes, self._seconds, self._clock = most_bytes, seconds, clock
        self._begun = clock()
        self._size = 0
        self._ended = False

    async def receive(self) -> Message:
        """The next block."""
        try:
            message = await (self._receive() if self._ended else self._in_time())
        except (TooLong, TooSlow) as fault:
            self.fault = fault
            return {"type": "http.disconnect"}
        self._ended = not message.get("more_body", False)
        return message

    async def _in_time(self) -> Message:
        """Neither silent for long, nor slower all in all than one byte after the other."""
        spare = self._begun + self._seconds + self._size / LEAST_RATE - self._clock()
        try:
            async with asyncio.timeout(min(self._seconds, spare)):
                message = await self._receive()
        except TimeoutError:
            raise TooSlow from None
        self._size += len(message.get("body", b""))
        if self._size > self._most_bytes:
            raise TooLong
        return message

    async def send(self, message: Message) -> None:
        """The reader's answer, unless there is a better one."""
        if self.fault is None or self.answered:
            self.answered = True
            await self._send(message)


async def lingering(receive: Receive) -> None:
    """Take some more of what nobody wants: a client that still sends hears its answer only afterwards."""
    size, more = 0, True
    try:
        async with asyncio.timeout(_LINGER_SECONDS):
            while more and size < _LINGER_BYTES:
                message = await receive()
                size += len(_block(message))
                more = message.get("more_body", False)
    except (TimeoutError, Gone):
        return
