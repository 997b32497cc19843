"""Who sends a body, as far as its header shows: a session or a token that holds, or nobody we know."""

from __future__ import annotations

from typing import Final

from fastapi import Request
from fastapi.security.utils import get_authorization_scheme_param

from cws_filedrop.store.sellers import tokens
from cws_filedrop.store.users import user_tokens
from cws_filedrop.web.api import access
from cws_filedrop.web.site import logging_in, visitors, web_context

API: Final = "/api/"
# Forms for whoever is not logged in yet.
BEFORE_LOGIN: Final = frozenset({"/login", "/login/code", "/theme"})


def check(request: Request) -> bool:
    """Whether it is somebody known; false where nobody needs to be. Asks the database.

    Raises: Problem, Redirected, Forbidden.
    """
    path = request.url.path
    if path.startswith(API):
        _token(request, path)
        return True
    visitors.same_origin(request)
    if visitors.session_of(request) is not None:
        return True
    _check_not_banned(request)
    if path not in BEFORE_LOGIN:
        raise visitors.Redirected("/login")
    return False


def _check_not_banned(request: Request) -> None:
    try:
        logging_in.check_not_banned(request)
    except logging_in.Denied as denied:
        raise visitors.Forbidden(str(denied)) from None


def _token(request: Request, path: str) -> None:
    """Raises: Problem, when nobody's token comes with it. Whose it is, and what it may do, the routes ask."""
    scheme, given = get_authorization_scheme_param(request.headers.get("authorization"))
    if scheme.lower() != "bearer" or not given:
        raise access.none_given(user_tokens.PREFIX if "/ops/" in path else tokens.PREFIX)
    context = web_context.of(request).context
    now = context.clock()
    if tokens.authenticate(context.db, given, now=now) is None and (
        user_tokens.authenticate(context.db, given, now=now) is None
    ):
        raise access.not_valid()
