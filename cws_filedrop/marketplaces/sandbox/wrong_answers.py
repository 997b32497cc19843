"""Answers gone wrong: none at all, late ones, half ones, and documents that are not what was asked for."""

from __future__ import annotations

import asyncio
import gzip
import json
import re
from collections.abc import Callable
from typing import Any, Final

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from cws_filedrop.marketplaces.sandbox.faults import Fault

PAGE: Final = b"<!doctype html><title>Service Unavailable</title><h1>Please try again later</h1>"
SUCCESSFUL: Final = re.compile(rb"(<MessagesSuccessful>)(\d+)")
PROCESSED: Final = re.compile(rb"(<Messages(?:Processed|Successful)>)(\d+)")
TRANSACTION: Final = re.compile(rb"(<DocumentTransactionID>)(\d+)")
GZIP_START: Final = b"\x1f\x8b"


class DroppedResponse(Response):
    """No answer: the connection is closed, after the first half of another answer if there is one."""

    def __init__(self, sent: Response | None = None) -> None:
        super().__init__()
        self._sent = sent

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._sent is not None:
            body = bytes(self._sent.body)
            await send({"type": "http.response.start", "status": 200, "headers": self._sent.raw_headers})
            await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
        scope["state"]["transport"].close()
        while (await receive())["type"] != "http.disconnect":
            pass


class LateResponse(Response):
    """An answer after a long time: another one, or (None) the end of the connection. It comes sooner when the server
    stops, and not at all when the client gives up."""

    def __init__(self, seconds: float, closing: asyncio.Event, then: Response | None = None) -> None:
        super().__init__()
        self._seconds = seconds
        self._closing = closing
        self._then = then

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        waits = [asyncio.ensure_future(_gone(receive)), asyncio.ensure_future(self._closing.wait())]
        await asyncio.wait(waits, timeout=self._seconds, return_when=asyncio.FIRST_COMPLETED)
        gone = waits[0].done()
        for wait in waits:
            wait.cancel()
        await asyncio.gather(*waits, return_exceptions=True)
        await (self._then if self._then is not None and not gone else DroppedResponse())(scope, receive, send)


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def changed(fault: Fault, response: Response) -> Response:
    """An answer that is well-formed HTTP and not what it should be; the answer itself for any other fault."""
    body = bytes(response.body)
    match fault.kind:
        case "garbage":
            return Response(PAGE, response.status_code, media_type="text/html")
        case "empty":
            return _with(response, b"")
        case "cut":
            return _with(response, body[: len(body) // 2])
        case "not-gzip":
            return _with(response, _not_packed(body))
        case "miscount":
            return _with(response, _rewritten(body, _one_more_successful))
        case "other":
            return _with(response, _rewritten(body, _of_another_feed))
    return response


def _not_packed(body: bytes) -> bytes:
    """What is said to be packed and is not: the contents themselves, or the word of their packing."""
    if body.startswith(GZIP_START):
        return gzip.decompress(body)
    if body.startswith(b"{"):
        return json.dumps({**json.loads(body), "compressionAlgorithm": "GZIP"}).encode()
    return body


def _one_more_successful(report: bytes) -> bytes:
    return SUCCESSFUL.sub(_plus(1), report)


def _of_another_feed(report: bytes) -> bytes:
    """A whole report, whose counts fit each other but not the feed that was asked for."""
    return PROCESSED.sub(_plus(1), TRANSACTION.sub(_plus(-1), report))


def _plus(number: int) -> Any:
    return lambda found: found[1] + str(int(found[2]) + number).encode()


def _rewritten(body: bytes, write: Callable[[bytes], bytes]) -> bytes:
    packed = body.startswith(GZIP_START)
    report = write(gzip.decompress(body) if packed else body)
    return gzip.compress(report) if packed else report


def _with(response: Response, body: bytes) -> Response:
    headers = {name: value for name, value in response.headers.items() if name != "content-length"}
    return Response(body, response.status_code, headers)
