"""Uvicorn's protocol with an end to its patience: connections are counted from the first moment, and each step of one,
the handshake, the header of a request, taking an answer, has its deadline. That of a body is kept by `screen`.
"""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass
from typing import Any, Final

from uvicorn.protocols.http.h11_impl import H11Protocol

from cws_filedrop.gate.sources import source_of
from cws_filedrop.web.shield.connections import Connections, Phase

CONNECTION: Final = "cws_filedrop.connection"  # in the scope of a request


@dataclass(frozen=True, slots=True)
class Patience:
    """How long each step of a connection may take, in seconds."""

    handshake: float
    header: float
    answer: float  # without the client taking any of it


class ShieldedProtocol(H11Protocol):
    """One connection. `protocol` makes a class of it that knows how it is to be served."""

    registry: Connections
    patience: Patience
    tls: ssl.SSLContext | None

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.source = ""
        self.phase = Phase.SILENT
        self._wire: asyncio.Transport | None = None
        self._deadline: asyncio.TimerHandle | None = None
        self._handshake: asyncio.Task[None] | None = None
        self._begun: asyncio.Transport | None = None  # what requests come by
        self._early = bytearray()
        self.app = self._served(self.app)

    def _served(self, app: Any) -> Any:
        async def answer(scope: Any, receive: Any, send: Any) -> None:
            self._expect(None)
            self.phase = Phase.SENDING
            try:
                await app({**scope, CONNECTION: self}, receive, send)
            finally:
                self.phase = Phase.SILENT
                self.registry.rests(self)

        return answer

    def known(self) -> None:
        """Whoever sends the request is known, or it has no body: the connection need not make room for others."""
        self.phase = Phase.SERVED

    def end(self) -> None:
        """Close it, whatever it is doing."""
        if self._wire is not None:
            self._wire.abort()

    def _expect(self, seconds: float | None) -> None:
        """End it unless something is heard within that time (None: no limit)."""
        if self._deadline is not None:
            self._deadline.cancel()
        self._deadline = None if seconds is None else self.loop.call_later(seconds, self.end)

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A connection: counted, and encrypted if need be."""
        if not isinstance(transport, asyncio.Transport):
            return
        self._wire = transport
        self.source = source_of((transport.get_extra_info("peername") or ("",))[0])
        if not self.registry.enter(self):
            transport.abort()
        elif self.tls is None:
            self._begin(transport)
        else:
            transport.pause_reading()  # the client's first bytes belong to the handshake
            self._handshake = self.loop.create_task(self._encrypt(transport, self.tls))

    async def _encrypt(self, transport: asyncio.Transport, tls: ssl.SSLContext) -> None:
        try:
            made = await self.loop.start_tls(
                transport, self, tls, server_side=True, ssl_handshake_timeout=self.patience.handshake
            )
        except (OSError, asyncio.CancelledError):  # not TLS, or too slow, or gone
            self.end()
            return
        if isinstance(made, asyncio.Transport):
            self._begin(made)

    def _begin(self, transport: asyncio.Transport) -> None:
        self._begun = transport
        super().connection_made(transport)
        self._expect(self.patience.header)
        if early := bytes(self._early):
            self._early.clear()
            super().data_received(early)

    def data_received(self, data: bytes) -> None:
        """Some bytes: within the time for it they are to be a whole header."""
        if self._begun is None:  # asyncio may hand them over before it says that the handshake is done
            self._early += data
            return
        if self.phase is Phase.SILENT and self._deadline is None:
            self._expect(self.patience.header)
        super().data_received(data)

    def pause_writing(self) -> None:
        """The client does not take its answer."""
        super().pause_writing()
        self._expect(self.patience.answer)

    def resume_writing(self) -> None:
        """It does."""
        self._expect(None)
        super().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """It is over."""
        self._expect(None)
        self.registry.leave(self)
        if self._begun is not None:  # else it ended before it was encrypted
            super().connection_lost(exc)


def protocol(counted: Connections, waits: Patience, encrypted: ssl.SSLContext | None) -> type[ShieldedProtocol]:
    """The protocol for a server of ours."""

    class BoundProtocol(ShieldedProtocol):
        registry = counted
        patience = waits
        tls = encrypted

    return BoundProtocol
