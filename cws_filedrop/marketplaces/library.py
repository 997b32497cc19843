"""The SP-API library (python-amazon-sp-api), tamed: the only module that knows its side effects.

Used are the operations of the APIs below (paths, methods, parameters), its request and answer objects, and the form of
a token request. Not used, and why:
- Its import and its constructors read the environment (AWS_ENV, SP_API_DEFAULT_MARKETPLACE and others): a value meant
  for some other program would point us elsewhere or prevent the start. It is imported with those names hidden, and its
  constructors are not called.
- Its transport takes an answer that is not JSON for an empty success, whatever the status, and sets no time-outs on
  documents. All requests go through `wire` instead, which judges the status before the library sees the answer.
- Its token cache is one for the process, keyed by refresh token alone and not made for threads (see `tokens`).
- Its document up- and download decode bytes to text and back (see `amazon`).
- Its client objects keep state from request to answer, so each call gets a new one; they cost next to nothing.
"""

from __future__ import annotations

import logging
import os
import platform
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final, Protocol

from cws_filedrop import __version__
from cws_filedrop.marketplaces.wire import Answer, Ask, Wire, senseless

__all__ = [
    "ENDPOINTS",
    "USER_AGENT",
    "AccessTokenClient",
    "AccessTokenResponse",
    "ApiResponse",
    "Feeds",
    "LibraryCredentials",
    "Orders",
    "Reports",
    "RestrictedTokens",
    "Tamed",
    "Transport",
]

UNWANTED: Final = ("AWS_ENV", "SP_API_DEFAULT_MARKETPLACE", "SP_API_AUTH_CACHE_SIZE", "SP_API_AUTH_CACHE_TTL")


@contextmanager
def _out_of_sight(names: tuple[str, ...]) -> Iterator[None]:
    hidden = {name: os.environ.pop(name) for name in names if name in os.environ}
    try:
        yield
    finally:
        os.environ.update(hidden)


with _out_of_sight(UNWANTED):
    from sp_api.api.feeds.feeds_2021_06_30 import FeedsV20210630
    from sp_api.api.orders.orders_2026_01_01 import OrdersV20260101
    from sp_api.api.reports.reports import Reports as LibraryReports
    from sp_api.api.tokens.tokens import Tokens as LibraryTokens
    from sp_api.auth import AccessTokenClient, AccessTokenResponse
    from sp_api.auth.credentials import Credentials as LibraryCredentials
    from sp_api.base import ApiResponse, Client, Marketplaces, fill_query_params, sp_endpoint

# Amazon wants the form App/Version (Language=...), at most 500 characters (docs/amazon.md#10-access).
USER_AGENT: Final = f"cws_filedrop/{__version__} (Language=Python/{platform.python_version()}; Platform=Linux)"
ENDPOINTS: Final[Mapping[str, str]] = {market.marketplace_id: market.endpoint for market in Marketplaces}


def _is_harmless(record: logging.LogRecord) -> bool:
    """False for debug records: in these the library logs access tokens, and links that open a document."""
    return record.levelno > logging.DEBUG


logging.getLogger("sp_api.base.client").addFilter(_is_harmless)


class Auth(Protocol):
    """Who hands out access tokens (tokens.Tokens)."""

    def get_auth(self) -> AccessTokenResponse: ...


class Transport:
    """The library's transport: it lets the library see good answers that are JSON objects, and nothing else."""

    def __init__(self, wire: Wire, doing: str) -> None:
        self._wire = wire
        self._doing = doing

    def request(
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, Any] | None = None,
        content: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send, and judge the answer.

        Raises: RemoteUnavailable, RemoteRefused.
        """
        body = content.encode() if content else None
        answer = self._wire.ask(Ask(self._doing, method, url, headers or {}, body, params))
        if not answer.is_good:
            raise self._wire.failed(self._doing, answer, said(answer))
        if method == "DELETE" and not answer.body:
            return answer
        try:
            payload = answer.json()
        except ValueError as error:
            raise senseless(self._doing, str(error)) from error
        if not isinstance(payload, dict):
            raise senseless(self._doing, "not a JSON object")
        return answer


class Tamed(Client):  # type: ignore[misc]  # the library has no types
    """One of the library's APIs for one call to one endpoint; plain http works as well as https."""

    def __init__(self, endpoint: str, auth: Auth, transport: Transport) -> None:
        self.endpoint = endpoint
        self.marketplace_id = ""
        self.region = ""
        self.restricted_data_token: str | None = None
        self.version = None
        self._auth = auth
        self._transport = transport

    @property
    def headers(self) -> dict[str, str]:
        """As the library's, except for the host, which it derives correctly only for https, and the user agent."""
        usual: dict[str, str] = super().headers
        return {name: value for name, value in usual.items() if name != "host"} | {"user-agent": USER_AGENT}

    def _request(self, path: str, **options: Any) -> ApiResponse:
        """Send without what the library would add to body and query: its own path, marketplaces under four names."""
        for values in (options.get("data"), options.get("params")):
            if values:
                values.pop("path", None)
        return super()._request(path, **(options | {"add_marketplace": False}))


class Feeds(Tamed, FeedsV20210630):  # type: ignore[misc]
    """Feeds API 2021-06-30."""

    @sp_endpoint("/feeds/2021-06-30/documents/{}", method="GET")  # type: ignore[untyped-decorator]
    def find_document(self, document_id: str, *, path: str, method: str) -> ApiResponse:
        """The operation getFeedDocument alone; the library's own method also downloads and decodes."""
        return self._request(fill_query_params(path, document_id), params={"method": method})


class Orders(Tamed, OrdersV20260101):  # type: ignore[misc]
    """Orders API 2026-01-01."""


class Reports(Tamed, LibraryReports):  # type: ignore[misc]
    """Reports API 2021-06-30."""

    @sp_endpoint("/reports/2021-06-30/documents/{}", method="GET")  # type: ignore[untyped-decorator]
    def find_document(self, document_id: str, restricted_token: str, *, path: str, method: str) -> ApiResponse:
        """The operation getReportDocument alone, with a restricted token for that document."""
        self.restricted_data_token = restricted_token
        return self._request(fill_query_params(path, document_id), params={"method": method})


class RestrictedTokens(Tamed, LibraryTokens):  # type: ignore[misc]
    """Tokens API 2021-03-01."""


def said(answer: Answer) -> str:
    """The code and message of an error answer of the Selling Partner API; of any other answer, its beginning."""
    try:
        error = answer.json()["errors"][0]
        return " ".join(str(error[key]) for key in ("code", "message", "details") if error.get(key))
    except (ValueError, LookupError, TypeError, AttributeError):
        return answer.body[:200].decode("utf-8", "replace")
