"""An operator's own password, second factor and API tokens."""

from __future__ import annotations

from typing import Final

import pyotp
import segno
from fastapi import APIRouter, Request
from fastapi.responses import Response

from cws_filedrop.decisions import people, user_tokens
from cws_filedrop.errors import NotPossible
from cws_filedrop.store.database import stamp
from cws_filedrop.store.users import user_tokens as rows
from cws_filedrop.store.users import users
from cws_filedrop.store.users.web_sessions import WebSession
from cws_filedrop.web.site import logging_in, proving, token_forms, visitors, web_context
from cws_filedrop.web.site.forms import Number, Text
from cws_filedrop.web.site.frame import framed
from cws_filedrop.web.site.logging_in import Denied
from cws_filedrop.web.site.rendering import go

router: Final = APIRouter()
ISSUER: Final = "cws_filedrop"


@router.get("/me")
def me(request: Request, session: visitors.User) -> Response:
    """One's own password, second factor and tokens."""
    return _shown(request, session, "")


def _shown(request: Request, session: WebSession, fresh: str) -> Response:
    context = web_context.of(request).context
    user = users.get(context.db, session.the_user)
    return framed(
        request,
        "me.html",
        session,
        user=user,
        tokens=rows.listing(context.db, session.the_user),
        moment=stamp(context.clock()),
        words=token_forms.words_of(rows.SCOPES),
        fresh=fresh,
        factor_first=user is not None and user_tokens.lacks_factor(context, has_factor=bool(user.totp_secret)),
    )


@router.post("/me/password", dependencies=[visitors.Meant])
def own_password(request: Request, session: visitors.User, old: Text, new: Text) -> Response:
    """Another password; every session ends, this one too."""
    context = web_context.of(request).context
    user = users.get(context.db, session.the_user)
    if user is None:
        raise visitors.NotThere
    try:
        proving.password(request, user, old)
    except Denied as denied:
        raise visitors.Forbidden(str(denied)) from None
    with visitors.decided(400):
        people.set_password(context, user.name, new, who=visitors.who(request, session))
    return go(request, "/login")


@router.get("/me/second-factor")
def offer_factor(request: Request, session: visitors.User) -> Response:
    """A new secret as a QR code; kept only once a code of it was given, so that a bad scan locks nobody out."""
    return _offered(request, session, "")


def _offered(request: Request, session: WebSession, trouble: str) -> Response:
    here = web_context.of(request)
    user, secret = users.get(here.context.db, session.the_user), here.factors.of(session)
    uri = pyotp.TOTP(secret, name=session.name, issuer=ISSUER).provisioning_uri()
    code = segno.make(uri, error="m").svg_data_uri(scale=4, border=0)
    status = 400 if trouble else 200
    has_factor = user is not None and bool(user.totp_secret)
    return framed(
        request, "factor.html", session, status=status, secret=secret, qr=code, trouble=trouble, has_factor=has_factor
    )


@router.post("/me/second-factor", dependencies=[visitors.Meant])
def keep_factor(
    request: Request, session: visitors.User, code: Text, password: Text = "", current: Text = ""
) -> Response:
    """Keep the secret, if a code shows that the app has it, and the password and a code of the present factor show who
    asks. Every session ends: the next login needs a code."""
    here = web_context.of(request)
    user, secret = users.get(here.context.db, session.the_user), here.factors.of(session)
    if user is None or not logging_in.fits(request, secret, code):
        return _offered(request, session, logging_in.WRONG_CODE)
    try:
        proving.password(request, user, password)
        proving.code(request, user, current)
    except Denied as denied:
        return _offered(request, session, str(denied))
    here.factors.forget(session)
    people.set_factor(here.context, user.name, secret, who=visitors.who(request, session))
    return go(request, "/login")


@router.post("/me/tokens", dependencies=[visitors.Meant])
def add_token(request: Request, session: visitors.User, given: token_forms.Given) -> Response:
    """A new token, shown once."""
    context, terms = web_context.of(request).context, given.terms(request, rows.SCOPES)
    with visitors.decided():
        _, token = user_tokens.add(context, session.name, given.label, terms, who=visitors.who(request, session))
    return _shown(request, session, token)


@router.post("/me/tokens/{number}/{what}", dependencies=[visitors.Meant])
def change_token(request: Request, session: visitors.User, number: Number, what: str) -> Response:
    """Switch one off or on, or remove it."""
    context, who = web_context.of(request).context, visitors.who(request, session)
    done = {
        "disable": lambda: user_tokens.enable(context, session.name, number, False, who=who),
        "enable": lambda: user_tokens.enable(context, session.name, number, True, who=who),
        "remove": lambda: user_tokens.remove(context, session.name, number, who=who),
    }
    if what not in done:
        raise visitors.NotThere
    try:
        words = done[what]()
    except NotPossible:
        raise visitors.NotThere from None
    return go(request, "/me", words)
