"""Faults on demand: what goes wrong with the next calls of an operation, and how. Knows no feeds.

    kind       what happens                                             before or after the work
    throttle   429 QuotaExceeded                                        before
    fail       500 InternalFailure (or `status`)                        before
    refuse     400 InvalidInput (or `status`)                           before
    hang       no answer for `seconds`                                  before
    drop       the connection is closed without an answer               after
    garbage    a page of HTML instead of JSON, with a good status       before
    cut        the first half of the answer, as if it were all          after
    break      the first half of the answer, then the line is cut       after
    miscount   a report whose counts do not add up (report only)        after
    fatal      the feed will end FATAL (createFeed, createReport only)  -
    cancelled  it will end CANCELLED (createFeed, createReport only)    -

`worked` true or false overrides whether the work is done first; for `fatal` it says whether the messages take effect.
"""

from __future__ import annotations

import asyncio
import gzip
import re
import threading
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Final

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

OPERATIONS: Final = (
    "token",
    "createFeedDocument",
    "upload",
    "createFeed",
    "getFeed",
    "getFeeds",
    "getFeedDocument",
    "report",
    "cancelFeed",
    "getOrder",
    "createReport",
    "getReport",
    "getReportDocument",
    "createRestrictedDataToken",
)
ANY: Final = "*"
AFTER: Final = frozenset({"drop", "cut", "break", "miscount"})
BEFORE: Final = frozenset({"throttle", "fail", "refuse", "hang", "garbage"})
FATES: Final = {"fatal": "FATAL", "cancelled": "CANCELLED"}
PAGE: Final = b"<!doctype html><title>Service Unavailable</title><h1>Please try again later</h1>"
COUNT: Final = re.compile(rb"(<MessagesSuccessful>)(\d+)")


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing to go wrong, `times` times."""

    operation: str
    kind: str
    times: int = 1
    status: int = 0
    seconds: float = 3600.0
    worked: bool | None = None

    @property
    def works_first(self) -> bool:
        """Is the work done before things go wrong?"""
        return self.kind in AFTER if self.worked is None else self.worked

    def check(self) -> Fault:
        """The same.

        Raises: ValueError with plain words when it makes no sense.
        """
        if self.operation not in (*OPERATIONS, ANY):
            raise ValueError(f"operation {self.operation!r} is none of {', '.join((*OPERATIONS, ANY))}")
        if self.kind not in (*AFTER, *BEFORE, *FATES):
            raise ValueError(f"kind {self.kind!r} is none of {', '.join(sorted((*AFTER, *BEFORE, *FATES)))}")
        if self.kind in FATES and self.operation not in ("createFeed", "createReport"):
            raise ValueError(f"{self.kind} is for createFeed and createReport only")
        return self


def fault(values: object) -> Fault:
    """A fault out of JSON.

    Raises: ValueError with plain words when it makes no sense.
    """
    if not isinstance(values, dict):
        raise ValueError("a fault is a JSON object")
    known = {field.name for field in fields(Fault)}
    if strange := set(values) - known:
        raise ValueError(f"unknown: {', '.join(sorted(strange))}; known are {', '.join(sorted(known))}")
    try:
        return Fault(**values).check()
    except TypeError as error:
        raise ValueError(str(error)) from error


class Faults:
    """Faults that have not struck yet, in order of request. `closing` ends hanging answers when the server stops."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[Fault] = []
        self.closing = asyncio.Event()

    def add(self, fault: Fault) -> None:
        """Add a fault."""
        with self._lock:
            self._waiting.append(fault)

    def take(self, operation: str) -> Fault | None:
        """The fault for a call of an operation, if there is any; it is used up."""
        with self._lock:
            for place, waiting in enumerate(self._waiting):
                if waiting.operation in (operation, ANY):
                    left = replace(waiting, times=waiting.times - 1)
                    self._waiting[place : place + 1] = [left] if left.times > 0 else []
                    return waiting
        return None

    def waiting(self) -> list[dict[str, Any]]:
        """The faults that have not struck yet, as JSON."""
        with self._lock:
            return [asdict(waiting) for waiting in self._waiting]

    def clear(self) -> None:
        """Drop all faults."""
        with self._lock:
            self._waiting.clear()


class DroppedResponse(Response):
    """No answer: the connection is closed, after the first `sent` bytes of another answer if there are any."""

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


class HangingResponse(Response):
    """No answer for a long time, or until the client gives up, or the server stops; then the connection is closed."""

    def __init__(self, seconds: float, closing: asyncio.Event) -> None:
        super().__init__()
        self._seconds = seconds
        self._closing = closing

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        waits = [asyncio.ensure_future(_gone(receive)), asyncio.ensure_future(self._closing.wait())]
        await asyncio.wait(waits, timeout=self._seconds, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()
        await asyncio.gather(*waits, return_exceptions=True)
        await DroppedResponse()(scope, receive, send)


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def cut(response: Response) -> Response:
    """Half of an answer, as if it were all of it."""
    body = bytes(response.body)
    return _changed(response, body[: len(body) // 2])


def miscounted(response: Response) -> Response:
    """A report that counts one message too many as successful."""
    body = bytes(response.body)
    packed = body.startswith(b"\x1f\x8b")
    report = gzip.decompress(body) if packed else body
    report = COUNT.sub(lambda found: found[1] + str(int(found[2]) + 1).encode(), report)
    return _changed(response, gzip.compress(report) if packed else report)


def _changed(response: Response, body: bytes) -> Response:
    headers = {name: value for name, value in response.headers.items() if name != "content-length"}
    return Response(body, response.status_code, headers)
