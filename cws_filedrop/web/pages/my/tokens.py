"""A seller's tokens for the API: shown once, switched off, removed."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import Response

from cws_filedrop.decisions.orders_and_feeds import record_decision
from cws_filedrop.store.sellers import tokens
from cws_filedrop.store.token_rows import LONGEST_LABEL, is_label
from cws_filedrop.store.users.web_sessions import WebSession
from cws_filedrop.web.site import visitors, web_context
from cws_filedrop.web.site.forms import Number, Text
from cws_filedrop.web.site.frame import framed
from cws_filedrop.web.site.rendering import go

router: Final = APIRouter()


@router.get("/my/tokens")
def listed(request: Request, session: visitors.SellerHere) -> Response:
    """The tokens there are."""
    return _shown(request, session, "")


def _shown(request: Request, session: WebSession, fresh: str) -> Response:
    found = tokens.listing(web_context.of(request).context.db, session.the_seller)
    return framed(request, "my/tokens.html", session, tokens=found, fresh=fresh)


@router.post("/my/tokens", dependencies=[visitors.Meant])
def add(request: Request, session: visitors.SellerHere, label: Text) -> Response:
    """A new one, shown once."""
    context, label = web_context.of(request).context, label.strip()
    if not is_label(label):
        raise visitors.Forbidden(f"Call it something of {LONGEST_LABEL} printable characters at most.", 400)
    made = tokens.add(context.db, session.the_seller, label or "a token", now=context.clock())
    if made is None:
        raise visitors.Forbidden("You have as many tokens as may be; remove one first.", 409)
    record_decision(context, visitors.who(request, session), what="token.add", about=str(made[0].id))
    return _shown(request, session, made[1])


@router.post("/my/tokens/{number}/{what}", dependencies=[visitors.Meant])
def change(request: Request, session: visitors.SellerHere, number: Number, what: str) -> Response:
    """Switch one off or on, or remove it."""
    context, mine = web_context.of(request).context, session.the_seller
    done = {
        "disable": lambda: tokens.enable(context.db, mine, number, enabled=False),
        "enable": lambda: tokens.enable(context.db, mine, number, enabled=True),
        "remove": lambda: tokens.remove(context.db, mine, number),
    }
    if what not in done or not done[what]():
        raise visitors.NotThere
    record_decision(context, visitors.who(request, session), what=f"token.{what}", about=str(number))
    return go(request, "/my/tokens", "Done.")
