"""Who calls, and whether the call is allowed: the token, what it is for, where it may come from, how often.

There are two kinds of token, sellers' and operators'; neither opens what the other does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final, cast

from fastapi import Depends, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from cws_filedrop.decisions.user_tokens import lacks_factor
from cws_filedrop.drop.handing_in import HandingIn
from cws_filedrop.gate.logins import SellerLogin
from cws_filedrop.model import Role, Seller
from cws_filedrop.service_context import ServiceContext
from cws_filedrop.store.sellers import sellers, tokens
from cws_filedrop.store.users import user_tokens
from cws_filedrop.store.users.decisions import Who
from cws_filedrop.store.users.user_tokens import UserBearer
from cws_filedrop.web.api import scopes
from cws_filedrop.web.api.problems import Problem
from cws_filedrop.web.api.rates import Rates, RateStanding
from cws_filedrop.web.site import downloads

SCHEME: Final = HTTPBearer(auto_error=False, scheme_name="token", description="A seller's token: `cwsfd_…`")
OPERATORS: Final = HTTPBearer(
    auto_error=False, scheme_name="operator_token", description="An operator's token: `cwsop_…`"
)
WHO: Final = {"WWW-Authenticate": "Bearer"}
_HINT_LETTERS: Final = 4  # of a token, after its prefix
OPERATORS_ONE: Final = (
    "This is an operator's token; it opens /ops/…, and what is a seller's takes a token of the seller"
)
SELLERS_ONE: Final = "This is a seller's token; what stands under /ops/ takes an operator's (cwsop_…)"


@dataclass(frozen=True)
class ApiContext:
    """What the routes work with."""

    context: ServiceContext
    handing_in: HandingIn
    arrived: Callable[[str], None]
    clock: Callable[[], datetime]
    rates: Rates


def api_of(request: Request) -> ApiContext:
    """The context of the application that the request came to."""
    return cast(ApiContext, request.app.state.api)


def caller(
    request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Security(SCHEME)] = None
) -> Seller:
    """The seller whose token it is. Raises: Problem 401, 403, 429."""
    api, given = api_of(request), _presented(credentials, tokens.PREFIX)
    bearer = tokens.authenticate(api.context.db, given, now=api.clock())
    if bearer is None:  # a token of the other kind is worth a better answer: only who holds it gets that
        other = user_tokens.authenticate(api.context.db, given, now=api.clock())
        raise not_valid() if other is None else Problem(403, OPERATORS_ONE)
    _check_place(request, bearer.networks, bearer.own_networks)
    scopes.check(request, bearer.scopes)
    request.state.hint = given[: len(tokens.PREFIX) + _HINT_LETTERS]
    _count(request, ("seller", bearer.token_id))
    seller = sellers.by_id(api.context.db, bearer.seller_id)
    request.state.known_as = seller.name
    return seller


def who_calls(request: Request, seller: Seller) -> Who:
    """The seller, by that token, as decisions name them."""
    return Who(f"seller {seller.name}", address_of(request), request.state.hint)


def user(
    request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Security(OPERATORS)] = None
) -> UserBearer:
    """The operator whose token it is. Raises: Problem 401, 403, 429."""
    api, given = api_of(request), _presented(credentials, user_tokens.PREFIX)
    bearer = user_tokens.authenticate(api.context.db, given, now=api.clock())
    if bearer is None:
        other = tokens.authenticate(api.context.db, given, now=api.clock())
        raise not_valid() if other is None else Problem(403, SELLERS_ONE)
    if lacks_factor(api.context, has_factor=bearer.has_factor):
        raise Problem(
            403, f"A second factor is required here, and {bearer.name} has none: set it up on the pages first"
        )
    request.state.known_as, request.state.hint = downloads.operator(bearer.name), bearer.hint
    _check_place(request, bearer.networks)
    scopes.check(request, bearer.scopes)
    _count(request, ("user", bearer.token_id))
    return bearer


def at_least(role: Role) -> Callable[[Request, UserBearer], Who]:
    """The operator of the request, if the role is at least that. Raises: Problem 403."""

    def needed(request: Request, found: Annotated[UserBearer, Depends(user)]) -> Who:
        if not found.role.may(role):
            raise Problem(403, f"That takes the role {role}; yours is {found.role}. Ask an admin")
        return Who(found.name, address_of(request), found.hint)

    return needed


def _presented(credentials: HTTPAuthorizationCredentials | None, prefix: str) -> str:
    if credentials is None:
        raise none_given(prefix)
    return credentials.credentials


def none_given(prefix: str) -> Problem:
    """A call without a token, of which `prefix` would be the beginning."""
    return Problem(401, f"Give a token: Authorization: Bearer {prefix}…", headers=WHO)


def not_valid() -> Problem:
    """A token that is none, or not any more."""
    return Problem(401, "This token does not hold", headers={"WWW-Authenticate": 'Bearer error="invalid_token"'})


def _count(request: Request, token: tuple[str, int]) -> None:
    """Count a call with a token. Raises: Problem 429."""
    rates = api_of(request).rates
    standing = rates.call(token)
    if standing is None:
        return
    request.state.rate = _rate_headers(standing, rates.policy)
    if standing.retry_seconds:
        raise Problem(
            429,
            f"{standing.window.most} calls in {standing.window.seconds} seconds may be made with a token",
            headers={"Retry-After": str(standing.retry_seconds)},
        )


def address_of(request: Request) -> str:
    """The address that the request came from."""
    return request.client.host if request.client else ""


def _check_place(request: Request, *networks: str) -> None:
    """Raises: Problem 403, unless the address is within each."""
    if not all(_may_come_from(one, address_of(request)) for one in networks):
        raise Problem(403, "This token may not be used from your address")


def _may_come_from(networks: str, address: str) -> bool:
    try:
        return SellerLogin(name="", version=0, networks=networks).may_come_from(address)
    except ValueError:  # a client without an IP address
        return False


def _rate_headers(standing: RateStanding, policy: str) -> dict[str, str]:
    return {
        "RateLimit-Policy": policy,
        "RateLimit-Limit": str(standing.window.most),
        "RateLimit-Remaining": str(standing.remaining),
        "RateLimit-Reset": str(standing.reset_seconds),
    }


Caller = Annotated[Seller, Depends(caller)]
Operator = Annotated[Who, Depends(at_least(Role.OPERATOR))]
Admin = Annotated[Who, Depends(at_least(Role.ADMIN))]
TheApi = Annotated[ApiContext, Depends(api_of)]
