"""HTTP to Amazon: bytes out, bytes back; every failure is one of our errors, in words for an operator.

Knows time-outs, statuses and sizes; knows no operation, no document and no token. Every request has its own connect,
read and write time-outs and a bound on the whole answer; nothing is taken from the environment (no proxies, no netrc).

    what happened                                            error              ambiguous
    not connected: refused, no such name, TLS, no slot       RemoteUnavailable  no
    429                                                      RemoteUnavailable  no
    no answer, half an answer, 408, 425, 5xx                 RemoteUnavailable  yes
    an answer that makes no sense                            RemoteUnavailable  yes
    any other 4xx                                            RemoteRefused      no
    any other status that is not 2xx                         RemoteRefused      yes
"""

from __future__ import annotations

import json
import logging
import ssl
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import httpx

from cws_filedrop.errors import RemoteError, RemoteRefused, RemoteUnavailable
from cws_filedrop.marketplaces import clocks

MAX_JSON_BYTES: Final = 4 * 1024 * 1024
MAX_REFUSAL_BYTES: Final = 64 * 1024  # no more of an error page is read
CHUNK_BYTES: Final = 64 * 1024
DETAIL_CHARACTERS: Final = 300
LONGEST_RETRY_AFTER_SECONDS: Final = 3600.0
IDLE_SECONDS: Final = 4.0  # a connection idle for longer is not reused: the other end may be closing it at that moment

# The first class that matches: what happened, and whether the request may have been carried out.
TROUBLES: Final[tuple[tuple[type[Exception], str, bool], ...]] = (
    (httpx.ConnectTimeout, "could not be reached in time", False),
    (httpx.ConnectError, "could not be reached", False),
    (httpx.PoolTimeout, "was not asked: too many requests of ours are waiting", False),
    (httpx.ProxyError, "could not be reached by way of the proxy", False),
    (httpx.UnsupportedProtocol, "gave an address that is none", False),
    (httpx.InvalidURL, "gave an address that is none", False),
    (httpx.TimeoutException, "did not answer in time", True),
    (httpx.RemoteProtocolError, "ended the connection without a whole answer", True),
    (httpx.NetworkError, "lost the connection", True),
    (Exception, "gave no answer that can be read", True),
)

REFUSALS: Final = {
    400: "found something wrong with the request",
    401: "did not let us in",
    403: "did not let us in; the seller's consent or the application's role is missing or has ended",
    404: "does not know what was asked for",
    409: "found it in the wrong state",
    413: "found it too large",
    415: "does not take this kind of document",
}


def _is_harmless(record: logging.LogRecord) -> bool:
    """False for httpx's records of requests: they hold whole URLs, and a presigned one opens its document."""
    return not str(record.msg).startswith("HTTP Request")


logging.getLogger("httpx").addFilter(_is_harmless)


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long each part of a request may take. `whole_seconds` bounds the reading of one answer."""

    connect_seconds: float = 10.0
    read_seconds: float = 30.0
    write_seconds: float = 30.0
    whole_seconds: float = 300.0

    @classmethod
    def of(cls, seconds: float) -> Timeouts:
        """Time-outs derived from the one that operators set: how long to wait for an answer."""
        return cls(min(10.0, seconds), seconds, seconds, 10 * seconds)

    def as_httpx(self) -> httpx.Timeout:
        """The same for httpx; waiting for a free connection has the time-out of connecting."""
        return httpx.Timeout(
            connect=self.connect_seconds, read=self.read_seconds, write=self.write_seconds, pool=self.connect_seconds
        )


@dataclass(frozen=True, slots=True)
class Ask:
    """One request. `doing` completes the phrase "Amazon, asked ..."."""

    doing: str
    method: str
    url: str
    headers: Mapping[str, str]
    content: bytes | None = None
    params: Mapping[str, Any] | None = None
    max_bytes: int = MAX_JSON_BYTES


@dataclass(frozen=True, slots=True)
class Answer:
    """A response. Has the attributes that the SP-API library expects of one."""

    status_code: int
    headers: httpx.Headers
    body: bytes

    @property
    def is_good(self) -> bool:
        """Is the status 2xx?"""
        return 200 <= self.status_code < 300

    def json(self) -> Any:
        """The body, parsed.

        Raises: json.JSONDecodeError, whatever is wrong with it.
        """
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError) as error:
            raise json.JSONDecodeError(f"not JSON: {type(error).__name__}", "", 0) from error


class Wire:
    """Connections to one endpoint, for any number of threads. No message of its errors contains any of `secrets`."""

    def __init__(
        self,
        timeouts: Timeouts,
        secrets: tuple[str, ...],
        *,
        transport: httpx.BaseTransport | None = None,
        clock: Callable[[], float] = time.monotonic,
        before: Callable[[], object] = lambda: None,
    ) -> None:
        """`before` is called right before every request; what it raises goes to the caller, and nothing is sent."""
        self._timeouts = timeouts
        self._before = before
        self._secrets = tuple(filter(None, secrets))
        self._clock = clock
        self._client = httpx.Client(
            timeout=timeouts.as_httpx(),
            limits=httpx.Limits(max_connections=20, keepalive_expiry=IDLE_SECONDS),
            headers={"accept-encoding": "identity"},  # unpacked by us if at all, so that `max_bytes` bounds the memory
            transport=transport,
            verify=_trusted(),
            trust_env=False,
            follow_redirects=False,
        )

    def close(self) -> None:
        """Close idle connections."""
        self._client.close()

    def hide(self, *secrets: str) -> None:
        """Show these in no message, either."""
        self._secrets = (*self._secrets, *filter(None, secrets))

    def ask(self, ask: Ask) -> Answer:
        """Send a request and read the answer, whatever its status.

        Raises: RemoteUnavailable when there is no answer; RemoteRefused when that to a GET is larger than `max_bytes`.
        """
        self._before()
        try:
            with self._client.stream(
                ask.method, ask.url, headers=dict(ask.headers), content=ask.content, params=ask.params or None
            ) as response:
                clocks.heard(response.headers.get("date", ""))
                return Answer(response.status_code, response.headers, self._body(ask, response))
        except RemoteError:
            raise
        except Exception as error:
            raise self.unavailable(ask.doing, error) from error

    def _body(self, ask: Ask, response: httpx.Response) -> bytes:
        good = 200 <= response.status_code < 300
        chunks = self._chunks(ask, response)
        if response.headers.get("content-encoding", "identity").lower() in ("gzip", "x-gzip"):
            chunks = gunzip(chunks)
        body = bytearray()
        for chunk in chunks:
            body += chunk
            if not good and len(body) > MAX_REFUSAL_BYTES:
                break
            if good and len(body) > ask.max_bytes:
                raise _too_large(ask, response.status_code)
        return bytes(body)

    def _chunks(self, ask: Ask, response: httpx.Response) -> Iterator[bytes]:
        deadline = self._clock() + self._timeouts.whole_seconds
        for chunk in response.iter_raw(CHUNK_BYTES):
            if self._clock() > deadline:
                raise RemoteUnavailable(f"Amazon, asked {ask.doing}, took too long to answer", ambiguous=True)
            yield chunk

    def unavailable(self, doing: str, error: Exception) -> RemoteUnavailable:
        """The error that an exception of httpx stands for."""
        words, ambiguous = next((words, unsure) for kind, words, unsure in TROUBLES if isinstance(error, kind))
        detail = self.told(str(error)) or type(error).__name__
        return RemoteUnavailable(f"Amazon, asked {doing}, {words} ({detail})", ambiguous=ambiguous)

    def failed(self, doing: str, answer: Answer, said: str) -> RemoteError:
        """The error that an answer other than 2xx stands for; `said` is the message in its body."""
        status = answer.status_code
        detail = f"{status} {self.told(said)}".strip()
        if status == 429:
            message = f"Amazon, asked {doing}, is being asked too often ({detail})"
            return RemoteUnavailable(message, ambiguous=False, retry_after_seconds=_retry_after(answer))
        if status >= 500 or status in (408, 425):
            message = f"Amazon, asked {doing}, has a fault of its own ({detail})"
            return RemoteUnavailable(message, ambiguous=True, retry_after_seconds=_retry_after(answer))
        words = REFUSALS.get(status, "sent us elsewhere; is the endpoint right?" if status < 400 else "refused")
        return RemoteRefused(f"Amazon, asked {doing}, {words} ({detail})", status=status)

    def told(self, text: str) -> str:
        """A message of somebody else's in one line, shortened, and without our secrets."""
        for secret in self._secrets:
            text = text.replace(secret, "***")
        words = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
        return words if len(words) <= DETAIL_CHARACTERS else words[:DETAIL_CHARACTERS] + "…"


@cache
def _trusted() -> ssl.SSLContext:
    """The trusted certificates, loaded once for all accounts."""
    return httpx.create_ssl_context(trust_env=False)


def senseless(doing: str, why: str) -> RemoteUnavailable:
    """The error for an answer with a good status that makes no sense: nobody knows what was done."""
    return RemoteUnavailable(f"Amazon, asked {doing}, gave an answer that makes no sense: {why}", ambiguous=True)


def _too_large(ask: Ask, status: int) -> RemoteError:
    """The error for an answer that is too large: a refusal for a GET, which would get the same again; for anything else
    it is ambiguous, since the request may well have been carried out."""
    if ask.method == "GET":
        return RemoteRefused(f"Amazon, asked {ask.doing}, sent more than {ask.max_bytes:,} bytes", status=status)
    return senseless(ask.doing, f"more than {ask.max_bytes:,} bytes")


def _retry_after(answer: Answer) -> float | None:
    """Seconds of Retry-After, which Amazon does not promise (docs/amazon.md#8-rate-limits) but a gateway may send."""
    value = answer.headers.get("retry-after", "").strip()
    if not (value.isascii() and value.isdigit()) or len(value) > 9:
        return None
    return min(float(value), LONGEST_RETRY_AFTER_SECONDS) or None


def gunzip(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Unpack gzip of one or several members, at most `CHUNK_BYTES` at a time, however much it expands to.

    Raises: zlib.error when it is damaged or cut off.
    """
    member = zlib.decompressobj(zlib.MAX_WBITS | 16)
    begun = False
    for chunk in chunks:
        rest = chunk
        while rest:
            if member.eof:
                member, begun = zlib.decompressobj(zlib.MAX_WBITS | 16), False
            begun = True
            yield member.decompress(rest, CHUNK_BYTES)
            rest = member.unused_data if member.eof else member.unconsumed_tail
    while begun and not member.eof:
        more = member.decompress(b"", CHUNK_BYTES)
        if not more:
            raise zlib.error("the packed data are cut off")
        yield more
