"""An operator's own password, second factor, sessions and API tokens."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import Response

from cws_filedrop.decisions import user_tokens
from cws_filedrop.errors import NotPossible
from cws_filedrop.store.database import stamp
from cws_filedrop.store.users import user_tokens as rows
from cws_filedrop.store.users.web_sessions import WebSession
from cws_filedrop.web.site import own_login, token_forms, visitors, web_context
from cws_filedrop.web.site.forms import Number, Text
from cws_filedrop.web.site.frame import framed
from cws_filedrop.web.site.rendering import go

router: Final = APIRouter()


@router.get("/me")
def me(request: Request, session: visitors.User) -> Response:
    """One's own password, second factor, tokens and sessions."""
    return _shown(request, session, "")


def _shown(request: Request, session: WebSession, fresh: str) -> Response:
    context, shown = web_context.of(request).context, own_login.values(request, session)
    return framed(
        request,
        "me.html",
        session,
        tokens=rows.listing(context.db, session.the_user),
        moment=stamp(context.clock()),
        words=token_forms.words_of(rows.SCOPES),
        fresh=fresh,
        factor_first=user_tokens.lacks_factor(context, has_factor=bool(shown["identity"].totp_secret)),
        **shown,
    )


@router.post("/me/password", dependencies=[visitors.Meant])
def own_password(request: Request, session: visitors.User, old: Text, new: Text, tokens: Text = "") -> Response:
    """Another password; every session ends, this one too."""
    return own_login.change_password(request, session, old, new, tokens)


@router.get("/me/second-factor")
def offer_factor(request: Request, session: visitors.User) -> Response:
    """A new secret, to be scanned."""
    return own_login.offer_factor(request, session)


@router.post("/me/second-factor", dependencies=[visitors.Meant])
def keep_factor(
    request: Request, session: visitors.User, code: Text, password: Text = "", current: Text = ""
) -> Response:
    """Keep it, once it is proved that the app has it, and who asks."""
    return own_login.keep_factor(request, session, code, password, current)


@router.post("/me/sessions/{which}/end", dependencies=[visitors.Meant])
def end_session(request: Request, session: visitors.User, which: str) -> Response:
    """End one of one's own sessions, or all others."""
    return own_login.end_session(request, session, which)


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
