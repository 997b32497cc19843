"""A real SMTP server in a thread of the test, that keeps what it takes, and can be told to refuse and to break off."""

from __future__ import annotations

import asyncio
import email
import email.policy
import ssl
import threading
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path
from typing import Any, cast

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

Reply = str | None  # None: the connection is broken off instead of an answer


class _Machine(SMTP):
    """The server's side of one connection."""

    office: PostOffice

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802
        if self.office.breaks_before_text:
            await self.push("354 go ahead")
            assert self.transport is not None
            self.transport.abort()
            return
        await super().smtp_DATA(arg)


class PostOffice:
    """Messages that were taken are in `taken`, as they came, in order.

    `on_recipient` and `on_text` give the answer to RCPT and to a message; None breaks the connection off.
    """

    def __init__(
        self,
        *,
        starttls: ssl.SSLContext | None = None,
        tls: ssl.SSLContext | None = None,
        login: tuple[str, str] | None = None,
    ) -> None:
        self.taken: list[bytes] = []
        self.recipients: list[str] = []
        self.sessions = 0
        self.on_recipient: Callable[[str], str] = lambda _: "250 OK"
        self.on_text: Callable[[bytes], Reply] = lambda _: "250 OK"
        self.breaks_before_text = False
        self._starttls, self._tls, self._login = starttls, tls, login
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self.port = 0

    def __enter__(self) -> PostOffice:
        self._thread.start()
        self.open()
        return self

    def __exit__(self, *_: object) -> None:
        self.shut()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(60)
        self._loop.close()

    def open(self) -> None:
        """Listen; again at the same port, once there was one."""
        self._server = self._do(self._loop.create_server(self._machine, "127.0.0.1", self.port, ssl=self._tls))
        self.port = self._server.sockets[0].getsockname()[1]

    def shut(self) -> None:
        """Listen no more, and break off what is going on."""

        async def shut() -> None:
            self._server.close()
            others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)

        self._do(shut())

    def _do(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(60)

    def _machine(self) -> SMTP:
        self.sessions += 1
        made = _Machine(
            self,
            hostname="post.example",
            tls_context=self._starttls,
            require_starttls=self._starttls is not None,
            authenticator=self._authenticate if self._login else None,
            auth_required=self._login is not None,
            auth_require_tls=self._starttls is not None,
            loop=self._loop,
        )
        made.office = self
        return made

    def _authenticate(self, _server: SMTP, _session: Session, _envelope: Envelope, _how: str, data: Any) -> AuthResult:
        return AuthResult(success=(data.login.decode(), data.password.decode()) == self._login, handled=False)

    async def handle_RCPT(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        answer = self.on_recipient(address)
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        content = cast(bytes, envelope.content)
        # Taken first: when the client dies before the answer, nothing after this is done.
        self.taken.append(content)
        self.recipients += envelope.rcpt_tos
        answer = await asyncio.to_thread(self.on_text, content)
        if answer is not None and not answer.startswith("250"):
            self.taken.pop()
            del self.recipients[-len(envelope.rcpt_tos) :]
        if answer is None:
            assert server.transport is not None
            server.transport.abort()
        return answer or "250 never heard"

    def messages(self) -> list[EmailMessage]:
        """What was taken, read."""
        return [cast(EmailMessage, email.message_from_bytes(one, policy=email.policy.default)) for one in self.taken]


def part(message: EmailMessage, kind: str) -> str:
    """The text of a message: its part of kind `plain` or `html`."""
    body = message.get_body((kind,))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


def server_trust(certificate: Path, key: Path) -> ssl.SSLContext:
    """What a server with that certificate needs."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context
