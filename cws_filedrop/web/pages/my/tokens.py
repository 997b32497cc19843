"""A seller's tokens for the API: shown once, switched off, removed."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import Response

from cws_filedrop.decisions import seller_tokens
from cws_filedrop.errors import NotPossible
from cws_filedrop.store.database import stamp
from cws_filedrop.store.sellers import tokens
from cws_filedrop.store.users.web_sessions import WebSession
from cws_filedrop.web.site import token_forms, visitors, web_context
from cws_filedrop.web.site.forms import Number
from cws_filedrop.web.site.frame import framed
from cws_filedrop.web.site.rendering import go

router: Final = APIRouter()


@router.get("/my/tokens")
def listed(request: Request, session: visitors.SellerHere) -> Response:
    """The tokens there are."""
    return _shown(request, session, "")


def _shown(request: Request, session: WebSession, fresh: str) -> Response:
    context = web_context.of(request).context
    return framed(
        request,
        "my/tokens.html",
        session,
        tokens=tokens.listing(context.db, session.the_seller),
        fresh=fresh,
        moment=stamp(context.clock()),
        words=token_forms.words_of(tokens.SCOPES),
    )


@router.post("/my/tokens", dependencies=[visitors.Meant])
def add(request: Request, session: visitors.SellerHere, given: token_forms.Given) -> Response:
    """A new one, shown once."""
    context, terms = web_context.of(request).context, given.terms(request, tokens.SCOPES)
    label = given.label.strip() or "a token"
    with visitors.decided():
        _, token = seller_tokens.add(context, session.name, label, terms, who=visitors.who(request, session))
    return _shown(request, session, token)


@router.post("/my/tokens/{number}/{what}", dependencies=[visitors.Meant])
def change(request: Request, session: visitors.SellerHere, number: Number, what: str) -> Response:
    """Switch one off or on, or remove it."""
    context, name, who = web_context.of(request).context, session.name, visitors.who(request, session)
    done = {
        "disable": lambda: seller_tokens.enable(context, name, number, False, who=who),
        "enable": lambda: seller_tokens.enable(context, name, number, True, who=who),
        "remove": lambda: seller_tokens.remove(context, name, number, who=who),
    }
    if what not in done:
        raise visitors.NotThere
    try:
        done[what]()
    except NotPossible:
        raise visitors.NotThere from None
    return go(request, "/my/tokens", "Done.")
