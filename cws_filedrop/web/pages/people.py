"""People: who may use the pages and what they did, for admins; one's own password and second factor, for everyone."""

from __future__ import annotations

from typing import Final

import pyotp
import segno
from fastapi import APIRouter, Request
from fastapi.responses import Response

from cws_filedrop import passwords
from cws_filedrop.model import Role
from cws_filedrop.pipeline import people
from cws_filedrop.pipeline.deciding import Impossible, Who
from cws_filedrop.store import deeds, users
from cws_filedrop.store.web_sessions import Session
from cws_filedrop.web import logging_in, visitors
from cws_filedrop.web import office as offices
from cws_filedrop.web.forms import Text, whole
from cws_filedrop.web.frame import framed
from cws_filedrop.web.rendering import go

router: Final = APIRouter()
ISSUER: Final = "cws_filedrop"
SHOWN: Final = 100


def _who(request: Request, session: Session) -> Who:
    return Who(session.name, visitors.address(request))


@router.get("/people")
def listed(request: Request, session: visitors.Admin) -> Response:
    """Every user."""
    found = users.everyone(offices.of(request).desk.db)
    return framed(request, "people.html", session, users=found, roles=list(Role), shown=None)


@router.post("/people", dependencies=[visitors.Meant])
def add(request: Request, session: visitors.Admin, name: Text, role: Text) -> Response:
    """Add a user; the password is shown once."""
    desk = offices.of(request).desk
    try:
        shown = people.add(desk, name, _role(role), who=_who(request, session))
    except Impossible as why:
        raise visitors.Refused(f"Nothing was done: {why}.", 409) from None
    found = users.everyone(desk.db)
    return framed(request, "people.html", session, users=found, roles=list(Role), shown=(name.lower(), shown))


@router.post("/people/{name}/password", dependencies=[visitors.Meant])
def new_password(request: Request, session: visitors.Admin, name: str) -> Response:
    """Give a user a new password, shown once."""
    desk = offices.of(request).desk
    try:
        shown = people.new_password(desk, name, who=_who(request, session))
    except Impossible as why:
        raise visitors.Refused(f"Nothing was done: {why}.", 409) from None
    found = users.everyone(desk.db)
    return framed(request, "people.html", session, users=found, roles=list(Role), shown=(name, shown))


@router.post("/people/{name}/change", dependencies=[visitors.Meant])
def change(request: Request, session: visitors.Admin, name: str, what: Text, role: Text = "") -> Response:
    """Change a role, let nobody in by that name any more, let them in again, forget a lost second factor."""
    desk, who = offices.of(request).desk, _who(request, session)
    done = {
        "role": lambda: people.set_role(desk, name, _role(role), who=who),
        "disable": lambda: people.enable(desk, name, False, who=who),
        "enable": lambda: people.enable(desk, name, True, who=who),
        "forget-factor": lambda: people.forget_factor(desk, name, who=who),
    }
    if what not in done:
        raise visitors.Refused(f"There is nothing such as {what}.", 400)
    try:
        told = done[what]()
    except Impossible as why:
        raise visitors.Refused(f"Nothing was done: {why}.", 409) from None
    return go(request, "/people", told)


def _role(text: str) -> Role:
    if text not in list(Role):
        raise visitors.Refused(f"There is no role {text}.", 400)
    return Role(text)


@router.get("/deeds")
def done(request: Request, session: visitors.Admin) -> Response:
    """What people did, newest first."""
    since = whole(request.query_params.get("before", ""), digits=18)
    found = deeds.listing(offices.of(request).desk.db, before=since, limit=SHOWN + 1)
    more = found[SHOWN - 1].id if len(found) > SHOWN else None
    return framed(request, "deeds.html", session, deeds=found[:SHOWN], more=more)


# One's own


@router.get("/me")
def me(request: Request, session: visitors.User) -> Response:
    """One's own password and second factor."""
    found = users.get(offices.of(request).desk.db, session.user_id or 0)
    return framed(request, "me.html", session, user=found)


@router.post("/me/password", dependencies=[visitors.Meant])
def own_password(request: Request, session: visitors.User, old: Text, new: Text) -> Response:
    """Another password; every session ends, this one too."""
    desk = offices.of(request).desk
    found = users.get(desk.db, session.user_id or 0)
    if found is None or not passwords.matches(found.password_hash, old):
        raise visitors.Refused("That is not your password. Nothing was changed.", 403)
    try:
        people.set_password(desk, found.name, new, who=_who(request, session))
    except Impossible as why:
        raise visitors.Refused(f"Nothing was done: {why}.", 400) from None
    return go(request, "/login")


@router.get("/me/second-factor")
def offer_factor(request: Request, session: visitors.User) -> Response:
    """A new secret as a QR code; kept only once a code of it was given."""
    return _offered(request, session, pyotp.random_base32(), "")


def _offered(request: Request, session: Session, secret: str, trouble: str) -> Response:
    uri = pyotp.TOTP(secret, name=session.name, issuer=ISSUER).provisioning_uri()
    code = segno.make(uri, error="m").svg_data_uri(scale=4, border=0)
    status = 400 if trouble else 200
    return framed(request, "factor.html", session, status=status, secret=secret, qr=code, trouble=trouble)


@router.post("/me/second-factor", dependencies=[visitors.Meant])
def keep_factor(request: Request, session: visitors.User, secret: Text, code: Text) -> Response:
    """Keep the secret, if the code shows that the app has it. Every session ends: the next login asks for a code."""
    desk = offices.of(request).desk
    found = users.get(desk.db, session.user_id or 0)
    if found is None or len(secret) < 16 or not logging_in.is_code(request, found, secret, code):
        return _offered(request, session, secret, logging_in.WRONG_CODE)
    people.set_factor(desk, found.name, secret, who=_who(request, session))
    return go(request, "/login")
