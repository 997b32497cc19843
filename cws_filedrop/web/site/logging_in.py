"""From a name and a password to a session, for operators and sellers; whoever guesses is slowed down, then banned."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import pyotp
from fastapi import Request

from cws_filedrop import log
from cws_filedrop.credentials import passwords
from cws_filedrop.decisions.orders_and_feeds import record_decision
from cws_filedrop.drop.audit_events import AuditEvent, AuditEventKind
from cws_filedrop.gate.sources import source_of
from cws_filedrop.model import Door
from cws_filedrop.store.sellers import sellers
from cws_filedrop.store.users import users, web_sessions
from cws_filedrop.store.users.decisions import Who
from cws_filedrop.store.users.users import User
from cws_filedrop.store.users.web_sessions import WebSession
from cws_filedrop.web.site import visitors, web_context
from cws_filedrop.web.site.rendering import lasting

LOG: Final = log.get(__name__)
WRONG: Final = "Wrong user name or password."
WRONG_CODE: Final = "That code is wrong, or was used before. Wait for the next one; is your phone's clock right?"
STEP_SECONDS: Final = 30  # of a code (RFC 6238)
STEPS_ASIDE: Final = (0, -1, 1)  # clocks differ


class Denied(Exception):
    """Nobody is logged in; the text says why."""


def as_seller(request: Request, name: str, password: str) -> str:
    """What the cookie of a seller's session holds; the password is that of the doors. Raises: Denied."""
    here, address = web_context.of(request), visitors.address(request)
    check_not_banned(request)
    event = AuditEvent(
        event=AuditEventKind.LOGIN,
        seller=name.strip().lower()[:64],
        address=address,
        door=str(Door.HTTP),
        client=request.headers.get("user-agent", "")[:200],
    )
    answer = here.logins.check_here(name, password, address)
    seller = sellers.find(here.context.db, answer.login.name) if answer.login is not None else None
    if answer.login is None or seller is None:
        here.witness(replace(event, event=AuditEventKind.LOGIN_REFUSED, detail=answer.text))
        raise Denied(answer.text or WRONG)
    here.witness(event)
    return web_sessions.begin(
        here.context.db, seller_id=seller.id, version=answer.login.version, address=address, now=here.context.clock()
    )


def as_user(request: Request, name: str, password: str) -> str:
    """What the cookie of an operator's session holds; a second factor may still be due. Raises: Denied."""
    here, address = web_context.of(request), visitors.address(request)
    check_not_banned(request)
    key = (f"operator {name.strip().lower()[:64]}", address)  # with a blank, so that it is never a seller's key
    with here.logins.attempts.held((key[0], source_of(address))):  # else guesses at once are tried before they count
        user = here.logins.in_turn(address, lambda: _checked_user(request, key, name, password))
    second_due = bool(user.totp_secret)
    if not second_due:
        _note_login(request, user.name)
    return web_sessions.begin(
        here.context.db,
        user_id=user.id,
        version=user.version,
        second_due=second_due,
        address=address,
        now=here.context.clock(),
    )


def _checked_user(request: Request, key: tuple[str, str], name: str, password: str) -> User:
    """The user of that name and password. Raises: Denied."""
    here = web_context.of(request)
    if wait := here.guard.wait(key):
        here.guard.came_too_early(key)
        raise Denied(f"Too many wrong passwords for this user name; wait {lasting(wait)}.")
    user = users.find(here.context.db, name.strip())
    # Checked even without a user: as slow for an unknown name as for a wrong password.
    right = passwords.matches(user.password_hash if user is not None and user.enabled else None, password)
    if user is None or not right:
        here.guard.failed(key)
        LOG.warning("user.login_refused", user=name[:64], address=key[1])
        raise Denied(WRONG)
    here.guard.succeeded(key)
    return user


def second(request: Request, session: WebSession, code: str) -> str:
    """What the cookie holds once the second factor was given: a new session, so that the half-proved one is worth
    nothing. Raises: Denied."""
    here, address = web_context.of(request), visitors.address(request)
    check_not_banned(request)
    user = users.get(here.context.db, session.user_id or 0)
    key = (f"code {session.name}", address)
    with here.logins.attempts.held((key[0], source_of(address))):
        if wait := here.guard.wait(key):
            here.guard.came_too_early(key)
            raise Denied(f"Too many wrong codes; wait {lasting(wait)}.")
        if user is None or not is_code(request, user, user.totp_secret, code):
            here.guard.failed(key)
            LOG.warning("user.code_refused", user=session.name, address=address)
            raise Denied(WRONG_CODE)
        here.guard.succeeded(key)
    _note_login(request, user.name)
    web_sessions.end(here.context.db, session)
    return web_sessions.begin(
        here.context.db, user_id=user.id, version=user.version, address=address, now=here.context.clock()
    )


def is_code(request: Request, user: User, secret: str, code: str) -> bool:
    """Is that the code of now, or of half a minute before or after, and was not used before?"""
    right = _steps(request, secret, code)
    return bool(right) and users.use_code(web_context.of(request).context.db, user.id, right[0])


def fits(request: Request, secret: str, code: str) -> bool:
    """The same for a secret that nothing is opened with yet: whether the code was used does not matter."""
    return bool(_steps(request, secret, code))


def _steps(request: Request, secret: str, code: str) -> list[int]:
    """The steps of time, of those that are near, whose code that is."""
    step = int(web_context.of(request).context.clock().timestamp()) // STEP_SECONDS
    given, maker = "".join(code.split()), pyotp.TOTP(secret)
    return [step + aside for aside in STEPS_ASIDE if _same(maker.generate_otp(step + aside), given)]


def _same(code: str, given: str) -> bool:
    return pyotp.utils.strings_equal(code, given)


def check_not_banned(request: Request) -> None:
    """Raises: Denied, for an address that guessed too often."""
    seconds = web_context.of(request).logins.banned(visitors.address(request))
    if seconds:
        raise Denied(f"Too many wrong passwords came from your address; try again in {lasting(seconds)}.")


def _note_login(request: Request, name: str) -> None:
    here, address = web_context.of(request), visitors.address(request)
    record_decision(here.context, Who(name, address), what="user.login", about=name)
    LOG.info("user.logged_in", user=name, address=address)
