"""What is asked of a request before the first byte of its body is read, and how much of that may come.

One length? Our name? Asked where it may be? Short enough as announced? Of whom? Then the body, counted and timed.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from cws_filedrop.settings import Settings
from cws_filedrop.web.api.problems import Problem
from cws_filedrop.web.shield import bodies, callers
from cws_filedrop.web.shield.monitoring import MACHINES, Monitoring
from cws_filedrop.web.shield.protocol import CONNECTION
from cws_filedrop.web.site.visitors import Forbidden, Redirected

SMALL_BYTES: Final = 65_536  # no form and no JSON of ours is larger
FORM_BYTES: Final = 65_536  # of a form besides its file
UPLOADS: Final = frozenset({"/my/upload", "/api/v1/uploads", "/api/v1/orders/confirm"})
SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
REFUSALS: Final = (Problem, Forbidden, Redirected)


class Screen:
    """Stands before the application. `answer` makes the response of one of REFUSALS."""

    def __init__(
        self,
        app: ASGIApp,
        settings: Settings,
        monitoring: Monitoring,
        answer: Callable[[Request, Exception], Response],
    ) -> None:
        self._app = app
        self._most_upload = settings.limits.upload_bytes + FORM_BYTES
        self._seconds = settings.web.body_seconds
        self._hosts = frozenset(settings.web.hosts.lower().split())
        self._monitoring = monitoring
        self._answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        try:
            self._check_header(request)
            if _has_body(request):
                await self._with_body(request, receive, send)
            else:
                _known(scope)
                await self._app(scope, receive, send)
        except REFUSALS as why:
            await self._refuse(request, why, receive, send)
        except bodies.Gone:
            return

    def _check_header(self, request: Request) -> None:
        headers = request.headers
        if "transfer-encoding" in headers and "content-length" in headers:
            # Two lengths: a proxy that believes the other one would take the rest for a request of its own.
            raise refusal(request, 400, "A request has one length: Content-Length or Transfer-Encoding, not both")
        if self._hosts and request.url.path not in MACHINES and _host(headers.get("host", "")) not in self._hosts:
            raise refusal(request, 421, "This is not a name by which the service is reached")
        if not self._monitoring.may(request):
            raise refusal(request, 404, "There is nothing here")

    async def _with_body(self, request: Request, receive: Receive, send: Send) -> None:
        is_upload = request.url.path in UPLOADS and request.method == "POST"
        most = self._most_upload if is_upload else SMALL_BYTES
        announced = request.headers.get("content-length", "0")
        if not announced.isdecimal() or int(announced[:20]) > most:
            raise _too_long(request, most)
        if request.method not in SAFE and await run_in_threadpool(callers.check, request):
            _known(request.scope)
        await (self._large if is_upload else self._small)(request, receive, send)

    async def _small(self, request: Request, receive: Receive, send: Send) -> None:
        try:
            body = await bodies.whole(receive, SMALL_BYTES, self._seconds)
        except bodies.TooLong:
            raise _too_long(request, SMALL_BYTES) from None
        except bodies.TooSlow:
            raise _too_slow(request) from None
        _known(request.scope)
        await self._app(request.scope, bodies.replayed(body, receive), send)

    async def _large(self, request: Request, receive: Receive, send: Send) -> None:
        metered = bodies.Metered(
            receive, send, most_bytes=self._most_upload, seconds=self._seconds, clock=time.monotonic
        )
        await self._app(request.scope, metered.receive, metered.send)
        if metered.fault is not None and not metered.answered:
            too_long = isinstance(metered.fault, bodies.TooLong)
            raise _too_long(request, self._most_upload) if too_long else _too_slow(request)

    async def _refuse(self, request: Request, why: Exception, receive: Receive, send: Send) -> None:
        response = self._answer(request, why)
        response.headers["Connection"] = "close"  # what comes after the header is not read
        await send({"type": "http.response.start", "status": response.status_code, "headers": response.raw_headers})
        await send({"type": "http.response.body", "body": bytes(response.body), "more_body": True})
        if _has_body(request) and "expect" not in request.headers:
            await bodies.lingering(receive)
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def refusal(request: Request, status: int, text: str) -> Problem | Forbidden:
    """A refusal for a program, or for a person who looks at a page."""
    is_api = request.url.path.startswith(callers.API)
    return Problem(status, text) if is_api else Forbidden(f"{text}.", status)


def _too_long(request: Request, most: int) -> Problem | Forbidden:
    return refusal(request, 413, f"That is more than may be sent here ({most:,} bytes); nothing was taken")


def _too_slow(request: Request) -> Problem | Forbidden:
    return refusal(request, 408, "The request did not arrive in time; nothing was taken")


def _has_body(request: Request) -> bool:
    headers = request.headers
    return request.method not in SAFE or headers.get("content-length", "0") != "0" or "transfer-encoding" in headers


def _host(given: str) -> str:
    """The name without its port."""
    name, colon, port = given.lower().rpartition(":")
    return name if colon and port.isdecimal() else given.lower()


def _known(scope: Scope) -> None:
    if CONNECTION in scope:
        scope[CONNECTION].known()
