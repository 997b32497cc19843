"""Somebody who is logged in proves it again, before a password or second factor is changed."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

from fastapi import Request

from cws_filedrop import log
from cws_filedrop.credentials import passwords
from cws_filedrop.drop.audit_events import AuditEventKind
from cws_filedrop.gate.sources import source_of
from cws_filedrop.store.users.identities import Identity
from cws_filedrop.web.site import downloads, logging_in, visitors, web_context
from cws_filedrop.web.site.logging_in import Denied
from cws_filedrop.web.site.rendering import lasting

LOG: Final = log.get(__name__)
NOT_YOURS: Final = "That is not your password. Nothing was changed."


def password(request: Request, who: Identity, given: str) -> None:
    """It is their password. Guesses are slowed down as at the login. Raises: Denied."""
    _prove(request, who, "password", lambda: passwords.matches(who.password_hash, given), NOT_YOURS)


def code(request: Request, who: Identity, given: str) -> None:
    """It is a code of the second factor that they have by now, if there is one. Raises: Denied."""
    if not who.totp_secret:
        return
    is_right = partial(logging_in.is_code, request, who, given)
    _prove(request, who, "code", is_right, logging_in.WRONG_CODE)


def _prove(request: Request, who: Identity, what: str, is_right: Callable[[], bool], wrong: str) -> None:
    here, address = web_context.of(request), visitors.address(request)
    key = (f"{what} {who.called}", address)
    with here.logins.attempts.held((key[0], source_of(address))):
        if wait := here.guard.wait(key):
            here.guard.came_too_early(key)
            raise Denied(f"Too many wrong {what}s; wait {lasting(wait)}.")
        if not is_right():
            here.guard.failed(key)
            LOG.warning("user.proof_refused", user=who.name, address=address)
            name = who.name if who.is_seller else downloads.operator(who.name)
            logging_in.note(request, AuditEventKind.REFUSED, name, f"wrong {what}, to change how to log in")
            raise Denied(wrong)
        here.guard.succeeded(key)
