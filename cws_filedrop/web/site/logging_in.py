"""From a name and a password to a session, for operators and sellers; whoever guesses is slowed down, then banned."""

from __future__ import annotations

from typing import Final

import pyotp
from fastapi import Request

from cws_filedrop import log
from cws_filedrop.credentials import passwords
from cws_filedrop.decisions.orders_and_feeds import record_decision
from cws_filedrop.drop.audit_events import AuditEvent, AuditEventKind
from cws_filedrop.gate.sources import source_of
from cws_filedrop.model import Door
from cws_filedrop.store.users import identities, users, web_sessions
from cws_filedrop.store.users.decisions import Who
from cws_filedrop.store.users.identities import Identity
from cws_filedrop.store.users.users import User
from cws_filedrop.store.users.web_sessions import WebSession
from cws_filedrop.web.site import visitors, web_context
from cws_filedrop.web.site.downloads import known_as, operator
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
    answer = here.logins.check_here(name, password, address)
    seller = identities.of_seller(here.context.db, answer.login.name) if answer.login is not None else None
    if answer.login is None or seller is None:
        note(request, AuditEventKind.LOGIN_REFUSED, name.strip().lower()[:64], answer.text)
        raise Denied(answer.text or WRONG)
    return _begun(request, seller, answer.login.version, second_due=bool(seller.totp_secret))


def note(request: Request, event: AuditEventKind, name: str, detail: str = "") -> None:
    """Have the audit trail tell what became of a login; `name` is that of a seller, or `downloads.operator`'s."""
    web_context.of(request).witness(
        AuditEvent(
            event=event,
            seller=name,
            address=visitors.address(request),
            door=str(Door.HTTP),
            client=visitors.agent(request),
            detail=detail,
        )
    )


def _begun(request: Request, identity: Identity, version: int, *, second_due: bool = False) -> str:
    """What the cookie of a new session holds."""
    context = web_context.of(request).context
    if not second_due:
        _note_login(request, identity)
    return web_sessions.begin(
        context.db,
        **identity.owner,
        version=version,
        second_due=second_due,
        address=visitors.address(request),
        agent=visitors.agent(request),
        now=context.clock(),
    )


def as_user(request: Request, name: str, password: str) -> str:
    """What the cookie of an operator's session holds; a second factor may still be due. Raises: Denied."""
    here, address = web_context.of(request), visitors.address(request)
    check_not_banned(request)
    key = (f"operator {name.strip().lower()[:64]}", address)  # with a blank, so that it is never a seller's key
    with here.logins.attempts.held((key[0], source_of(address))):  # else guesses at once are tried before they count
        try:
            user = here.logins.in_turn(address, lambda: _checked_user(request, key, name, password))
        except Denied as denied:
            note(request, AuditEventKind.LOGIN_REFUSED, key[0], str(denied))
            raise
    identity = Identity(False, user.id, user.name, user.password_hash, user.totp_secret, user.version)
    return _begun(request, identity, user.version, second_due=bool(user.totp_secret))


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
    identity = identities.of_session(here.context.db, session)
    if identity is None:
        raise Denied(WRONG_CODE)
    key = (f"code {identity.called}", address)
    with here.logins.attempts.held((key[0], source_of(address))):
        try:
            _check_code(request, identity, key, code)
        except Denied as denied:
            note(request, AuditEventKind.LOGIN_REFUSED, known_as(session), str(denied))
            raise
    web_sessions.end(here.context.db, session)
    return _begun(request, identity, identity.version)


def _check_code(request: Request, identity: Identity, key: tuple[str, str], code: str) -> None:
    """Raises: Denied."""
    here = web_context.of(request)
    if wait := here.guard.wait(key):
        here.guard.came_too_early(key)
        raise Denied(f"Too many wrong codes; wait {lasting(wait)}.")
    if not is_code(request, identity, code):
        here.guard.failed(key)
        LOG.warning("user.code_refused", user=identity.name, address=key[1])
        raise Denied(WRONG_CODE)
    here.guard.succeeded(key)


def is_code(request: Request, identity: Identity, code: str) -> bool:
    """Is that the code of now, or of half a minute before or after, and was not used before?"""
    right = _steps(request, identity.totp_secret, code)
    return bool(right) and identities.use_code(web_context.of(request).context.db, identity, right[0])


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


def _note_login(request: Request, identity: Identity) -> None:
    here, address = web_context.of(request), visitors.address(request)
    if identity.is_seller:
        note(request, AuditEventKind.LOGIN, identity.name)
        return
    note(request, AuditEventKind.LOGIN, operator(identity.name))
    record_decision(here.context, Who(identity.name, address), what="user.login", about=identity.name)
    LOG.info("user.logged_in", user=identity.name, address=address)
