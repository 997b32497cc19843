"""Who calls, and whether it may: the token, the networks it may come from, how often."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final, cast

from fastapi import Depends, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from cws_filedrop.drop.handing_in import HandingIn
from cws_filedrop.model import Seller
from cws_filedrop.pipeline.desk import Desk
from cws_filedrop.store import sellers, tokens
from cws_filedrop.transports.logins import SellerLogin
from cws_filedrop.web.api.problems import Problem
from cws_filedrop.web.api.rates import Rates, Standing

SCHEME: Final = HTTPBearer(auto_error=False, scheme_name="token", description="A seller's token: `cwsfd_…`")
WHO: Final = {"WWW-Authenticate": "Bearer"}


@dataclass(frozen=True)
class Api:
    """What the routes work with."""

    desk: Desk
    handing_in: HandingIn
    arrived: Callable[[str], None]
    clock: Callable[[], datetime]
    rates: Rates


def api_of(request: Request) -> Api:
    """That of the application which the request came to."""
    return cast(Api, request.app.state.api)


def caller(
    request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Security(SCHEME)] = None
) -> Seller:
    """The seller whose token it is. Raises: Problem 401, 403, 429."""
    api = api_of(request)
    if credentials is None:
        raise Problem(401, "Give a token: Authorization: Bearer cwsfd_…", headers=WHO)
    bearer = tokens.authenticate(api.desk.db, credentials.credentials, now=api.clock())
    if bearer is None:
        raise Problem(
            401, "This token does not hold", headers=WHO | {"WWW-Authenticate": 'Bearer error="invalid_token"'}
        )
    if not _may_come_from(bearer.networks, address_of(request)):
        raise Problem(403, "This token may not be used from your address")
    standing = api.rates.call(bearer.token_id)
    if standing is not None:
        request.state.rate = _told(standing, api.rates.policy)
        if standing.retry_seconds:
            raise Problem(
                429,
                f"{standing.window.most} calls in {standing.window.seconds} seconds may be made with a token",
                headers={"Retry-After": str(standing.retry_seconds)},
            )
    return sellers.by_id(api.desk.db, bearer.seller_id)


def address_of(request: Request) -> str:
    """Whence the request came."""
    return request.client.host if request.client else ""


def _may_come_from(networks: str, address: str) -> bool:
    try:
        return SellerLogin(name="", version=0, networks=networks).may_come_from(address)
    except ValueError:  # a client of no address
        return False


def _told(standing: Standing, policy: str) -> dict[str, str]:
    return {
        "RateLimit-Policy": policy,
        "RateLimit-Limit": str(standing.window.most),
        "RateLimit-Remaining": str(standing.remaining),
        "RateLimit-Reset": str(standing.reset_seconds),
    }


Caller = Annotated[Seller, Depends(caller)]
TheApi = Annotated[Api, Depends(api_of)]
