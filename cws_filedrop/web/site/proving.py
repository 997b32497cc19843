"""Somebody who is logged in proves it again, before a password or second factor is changed."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

from fastapi import Request

from cws_filedrop import log
from cws_filedrop.credentials import passwords
from cws_filedrop.gate.sources import source_of
from cws_filedrop.store.users.users import User
from cws_filedrop.web.site import logging_in, visitors, web_context
from cws_filedrop.web.site.logging_in import Denied
from cws_filedrop.web.site.rendering import lasting

LOG: Final = log.get(__name__)
NOT_YOURS: Final = "That is not your password. Nothing was changed."


def password(request: Request, user: User, given: str) -> None:
    """It is the user's password. Guesses are slowed down as at the login. Raises: Denied."""
    _prove(request, user, "password", lambda: passwords.matches(user.password_hash, given), NOT_YOURS)


def code(request: Request, user: User, given: str) -> None:
    """It is a code of the second factor that the user has by now, if there is one. Raises: Denied."""
    if not user.totp_secret:
        return
    is_right = partial(logging_in.is_code, request, user, user.totp_secret, given)
    _prove(request, user, "code", is_right, logging_in.WRONG_CODE)


def _prove(request: Request, user: User, what: str, is_right: Callable[[], bool], wrong: str) -> None:
    here, address = web_context.of(request), visitors.address(request)
    key = (f"{what} {user.name}", address)
    with here.logins.attempts.held((key[0], source_of(address))):
        if wait := here.guard.wait(key):
            here.guard.came_too_early(key)
            raise Denied(f"Too many wrong {what}s; wait {lasting(wait)}.")
        if not is_right():
            here.guard.failed(key)
            LOG.warning("user.proof_refused", user=user.name, address=address)
            raise Denied(wrong)
        here.guard.succeeded(key)
