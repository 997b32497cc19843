"""Access tokens by Login with Amazon: one account's, kept until shortly before they end. Knows no feed.

The library's client, of which form and headers are used, keeps all tokens of a process in one cache that is keyed by
refresh token alone, is not thread-safe, and accepts any JSON as a token. Here an object is for one account at one
endpoint, and threads that need a token at the same time share one request.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, Final
from urllib.parse import urlencode

from cws_filedrop import log
from cws_filedrop.errors import ConfigError, RemoteError, RemoteRefused, RemoteUnavailable
from cws_filedrop.marketplaces.library import USER_AGENT, AccessTokenClient, AccessTokenResponse, LibraryCredentials
from cws_filedrop.marketplaces.wire import Answer, Ask, Wire, senseless

LOG: Final = log.get(__name__)
DOING: Final = "for an access token"
EARLY_SECONDS: Final = 60.0  # renewed this long before it expires: it might expire on its way to Amazon
YOUNG_SECONDS: Final = 30.0  # a token refused while younger than this has not expired; another one would not help

# Answers of Login with Amazon, and what an operator has to do (docs/amazon.md#10-access).
REFUSALS: Final = {
    "invalid_grant": "the seller's consent was revoked or the refresh token is wrong: authorise the application again",
    "invalid_client": "client id or client secret are wrong or have ended: look them up in Seller Central",
    "unauthorized_client": "the application may not do this: look at its roles in Seller Central",
    "access_denied": "the seller did not consent: authorise the application again",
    "invalid_request": "the request is wrong: look at client id, client secret and refresh token",
    "invalid_scope": "the application may not do this: look at its roles in Seller Central",
}
TEMPORARY: Final = frozenset({"server_error", "temporarily_unavailable"})


@dataclass(frozen=True, slots=True)
class Credentials:
    """Where and in whose name an account is reached. Secrets are not shown when it is printed.

    An empty endpoint means Amazon's own for the marketplace; http is allowed within this machine only.
    """

    endpoint: str
    token_url: str
    client_id: str
    client_secret: str = field(repr=False)
    refresh_token: str = field(repr=False)


class AccessTokens(AccessTokenClient):  # type: ignore[misc]  # the library has no types
    """One account's access token."""

    user_agent = USER_AGENT

    def __init__(
        self,
        credentials: Credentials,
        wire: Wire,
        *,
        clock: Callable[[], float] = time.monotonic,
        renew: Callable[[], Credentials] | None = None,
    ) -> None:
        self._use(credentials)
        self._renew = renew
        self._url = credentials.token_url
        self._wire = wire
        self._clock = clock
        self._lock = threading.Lock()
        self._token: AccessTokenResponse | None = None
        self._since = 0.0
        self._until = 0.0

    def get_auth(self) -> AccessTokenResponse:
        """A token that is valid for another minute at least.

        Raises: RemoteUnavailable, RemoteRefused; never ambiguous, since the request that needs the token was not sent.
        """
        with self._lock:
            if self._token is None or self._clock() >= self._until:
                now = self._clock()
                found = self._found()
                self._token = AccessTokenResponse(**found)
                self._since, self._until = now, now + found["expires_in"] - EARLY_SECONDS
                LOG.debug("amazon.token_taken", seconds=found["expires_in"])
            return self._token

    def forget(self) -> bool:
        """Drop a token that was refused before it expired; false when it is too young for another one to help."""
        with self._lock:
            if self._clock() - self._since < YOUNG_SECONDS:
                return False
            self._token = None
            return True

    def _use(self, credentials: Credentials) -> None:
        names = {"lwa_app_id": credentials.client_id, "lwa_client_secret": credentials.client_secret}
        token = credentials.refresh_token
        self.cred = LibraryCredentials(token, SimpleNamespace(**names, refresh_token=token))
        self._credentials = credentials

    def _found(self) -> dict[str, Any]:
        """A token; if ours are refused, by the credentials as they are now: somebody may have mended them."""
        try:
            return self._request(self._url, self.data, self.headers)
        except RemoteRefused as refused:
            if not refused.consent or not self._renewed():
                raise
            LOG.info("amazon.credentials_renewed")
            return self._request(self._url, self.data, self.headers)

    def _renewed(self) -> bool:
        """Read the credentials anew; false when they are the same, or cannot be read."""
        try:
            found = self._renew() if self._renew else self._credentials
        except ConfigError as error:
            LOG.warning("amazon.credentials_not_read", why=str(error))
            return False
        if found == self._credentials:
            return False
        self._wire.hide(found.client_secret, found.refresh_token)
        self._use(found)
        return True

    def _request(self, url: str, data: Mapping[str, str], headers: Mapping[str, str]) -> dict[str, Any]:
        try:
            answer = self._wire.ask(Ask(DOING, "POST", url, headers, urlencode(data).encode()))
            if not answer.is_good:
                raise self._refusal(answer)
            return _token(answer)
        except RemoteError as error:
            error.ambiguous = False  # the request that needs the token has not been sent
            raise

    def _refusal(self, answer: Answer) -> RemoteError:
        code, words = _said(answer)
        if code in TEMPORARY:
            return RemoteUnavailable(f"Amazon, asked {DOING}, cannot at the moment ({code})", ambiguous=False)
        if code not in REFUSALS:
            return self._wire.failed(DOING, answer, f"{code} {words}")
        message = f"Amazon, asked {DOING}, refused: {REFUSALS[code]} ({answer.status_code} {code})"
        return RemoteRefused(message, status=answer.status_code, consent=True)


def _said(answer: Answer) -> tuple[str, str]:
    """Code and message of a refused token request."""
    try:
        body = answer.json()
        return str(body["error"]), str(body.get("error_description", ""))
    except (ValueError, LookupError, TypeError, AttributeError):
        return "", answer.body[:200].decode("utf-8", "replace")


def _token(answer: Answer) -> dict[str, Any]:
    try:
        found = answer.json()
        token, seconds = found["access_token"], found["expires_in"]
    except (ValueError, LookupError, TypeError) as error:
        raise senseless(DOING, "no token in it") from error
    if not isinstance(token, str) or not (token.isascii() and token.isprintable() and token.strip()):
        raise senseless(DOING, "the token is none")
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 < seconds < 10**9:
        raise senseless(DOING, "the token's life is no number of seconds")
    return {"access_token": token.strip(), "expires_in": float(seconds)}
