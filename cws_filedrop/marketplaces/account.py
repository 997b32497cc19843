"""One account at Amazon: where it is reached, its access token, and how an operation is called. Knows no operation.

The clients of the several APIs (`amazon`, `orders_api`, `reports_api`) are built on it; `beside` lets them share
connections and the access token, of which an account needs only one for all APIs.
"""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable
from datetime import datetime
from ipaddress import ip_address
from typing import Any, Final, Self, TypeVar
from urllib.parse import urlsplit

import httpx

from cws_filedrop.errors import ConfigError, RemoteError, RemoteRefused, RemoteUnavailable, TakenOver
from cws_filedrop.marketplaces import clocks
from cws_filedrop.marketplaces.answers import Payload, text
from cws_filedrop.marketplaces.library import ENDPOINTS, USER_AGENT, ApiResponse, Tamed, Transport
from cws_filedrop.marketplaces.tokens import AccessTokens, Credentials
from cws_filedrop.marketplaces.wire import Answer, Ask, Timeouts, Wire, gunzip, senseless

SCHEMES: Final = frozenset({"http", "https"})
EXPIRED: Final = ("expired", "RequestTimeout", "RequestTimeTooSkewed")  # in the storage's answer: a new link will work
Api = TypeVar("Api", bound=Tamed)


class AccountClient:
    """What the clients of all APIs have in common. May be used by several threads at once.

    `transport` replaces the network and `clock` the monotonic clock (both for tests). `renew` reads the credentials
    again; it is asked when they are refused. `before` is called right before every request, which is not made when it
    raises TakenOver or a RemoteError.
    """

    def __init__(
        self,
        credentials: Credentials,
        marketplace_id: str,
        timeouts: Timeouts | None = None,
        *,
        transport: httpx.BaseTransport | None = None,
        clock: Callable[[], float] = time.monotonic,
        renew: Callable[[], Credentials] | None = None,
        before: Callable[[], object] = lambda: None,
    ) -> None:
        self._endpoint = _endpoint(credentials.endpoint or ENDPOINTS.get(marketplace_id, ""), marketplace_id)
        _check_address(credentials.token_url, "token_url")
        self._marketplace_id = marketplace_id
        secrets = (credentials.client_secret, credentials.refresh_token)
        self._wire = Wire(timeouts or Timeouts(), secrets, transport=transport, clock=clock, before=before)
        self._tokens = AccessTokens(credentials, self._wire, clock=clock, renew=renew)

    @classmethod
    def beside(cls, other: AccountClient) -> Self:
        """A client of another API for the same account, on the same connections and token; closing one closes both."""
        client = cls.__new__(cls)
        client._endpoint, client._marketplace_id = other._endpoint, other._marketplace_id
        client._wire, client._tokens = other._wire, other._tokens
        return client

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close idle connections."""
        self._wire.close()

    def _call(self, api: type[Api], doing: str, operation: Callable[[Api], ApiResponse]) -> Payload:
        """The answer of an operation; an access token that is refused before it expires is replaced once."""
        return self._dated(api, doing, operation)[0]

    def _dated(
        self, api: type[Api], doing: str, operation: Callable[[Api], ApiResponse]
    ) -> tuple[Payload, datetime | None]:
        """The same with the Date of the answer, by Amazon's clock; None when there is none that can be read."""
        try:
            return self._once(api, doing, operation)
        except RemoteRefused as refused:
            if refused.status not in (401, 403) or not self._tokens.forget():
                raise
            return self._once(api, doing, operation)

    def _once(
        self, api: type[Api], doing: str, operation: Callable[[Api], ApiResponse]
    ) -> tuple[Payload, datetime | None]:
        try:
            response = operation(api(self._endpoint, self._tokens, Transport(self._wire, doing)))
        except (RemoteError, TakenOver):
            raise
        except Exception as error:
            # The transport lets only a 2xx through: the library failed on the contents of a good answer.
            raise senseless(doing, self._wire.told(f"{type(error).__name__}: {error}")) from error
        if not isinstance(response.payload, dict):
            raise senseless(doing, "its payload is no object")
        return response.payload | {"nextToken": response.next_token}, clocks.date_of(response.headers)

    # Documents behind presigned links

    def _fetched(self, payload: Payload, doing: str, *, max_bytes: int) -> bytes:
        """A document, unpacked, as Amazon describes it: `url` and, if it is packed, `compressionAlgorithm`."""
        packing = payload.get("compressionAlgorithm")
        if packing not in (None, "", "GZIP"):
            raise RemoteRefused(f"Amazon packed a report in a way we cannot undo ({packing!r:.40})", status=200)
        ask = Ask(doing, "GET", self._link(payload, doing), {"user-agent": USER_AGENT}, max_bytes=max_bytes)
        answer = self._wire.ask(ask)
        self._stored(doing, answer)
        return _unpacked(answer.body, doing, max_bytes) if packing else answer.body

    def _stored(self, doing: str, answer: Answer) -> None:
        """Let a good answer of the document storage pass. An expired link is RemoteUnavailable: trying again helps."""
        if answer.is_good:
            return
        words = answer.body[:2000].decode("utf-8", "replace")
        if answer.status_code in (400, 403) and any(mark in words for mark in EXPIRED):
            raise RemoteUnavailable(f"Amazon, asked {doing}, says that the link has ended", ambiguous=False)
        raise self._wire.failed(doing, answer, words)

    def _link(self, payload: Payload, doing: str) -> str:
        url = text(payload, "url", doing)
        parts = _split(url)
        safe = parts is not None and parts.scheme in ({"https"} if self._endpoint.startswith("https") else SCHEMES)
        if not safe:
            raise senseless(doing, "the link is no address to be trusted")
        return url


def _unpacked(body: bytes, doing: str, max_bytes: int) -> bytes:
    """A report, unpacked. One that was unpacked on the way, contrary to its announcement, is taken as it is."""
    if not body.startswith(b"\x1f\x8b"):
        return body
    unpacked = bytearray()
    try:
        for piece in gunzip(iter([body])):
            unpacked += piece
            if len(unpacked) > max_bytes:
                raise RemoteRefused(f"Amazon's report is larger than {max_bytes:,} bytes", status=200)
    except zlib.error as error:
        raise senseless(doing, f"the packing is damaged: {error}") from error
    return bytes(unpacked)


# Addresses


def _endpoint(endpoint: str, marketplace_id: str) -> str:
    if not endpoint:
        raise ConfigError(f"[marketplace] endpoint: none is known for the marketplace {marketplace_id!r}; give it")
    return _check_address(endpoint, "endpoint").rstrip("/")


def _check_address(url: str, key: str) -> str:
    """The address, if secrets may be sent to it: https, or http within this machine."""
    parts = _split(url)
    if parts is None or parts.scheme not in SCHEMES:
        raise ConfigError(f"[marketplace] {key}: {url!r} is no http or https address")
    if parts.scheme == "http" and not _is_loopback(parts.hostname or ""):
        raise ConfigError(f"[marketplace] {key}: {url!r} would carry secrets in the clear; use https")
    return url


def _split(url: str) -> Any:
    """The parts of an address that has a host and a possible port; None for anything else."""
    try:
        parts = urlsplit(url)
        return parts if parts.hostname and parts.port != 0 and httpx.URL(url) else None
    except (ValueError, httpx.InvalidURL):
        return None


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
