"""A seller's tokens for the API: shown once, switched off, removed."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import Response

from cws_filedrop.pipeline.deciding import did
from cws_filedrop.store import tokens
from cws_filedrop.store.web_sessions import Session
from cws_filedrop.web import office as offices
from cws_filedrop.web import visitors
from cws_filedrop.web.forms import Number, Text
from cws_filedrop.web.frame import framed
from cws_filedrop.web.rendering import go

router: Final = APIRouter()
LONGEST_LABEL: Final = 60


@router.get("/my/tokens")
def listed(request: Request, session: visitors.SellerHere) -> Response:
    """The tokens there are."""
    return _shown(request, session, "")


def _shown(request: Request, session: Session, fresh: str) -> Response:
    found = tokens.listing(offices.of(request).desk.db, session.the_seller)
    return framed(request, "my_tokens.html", session, tokens=found, fresh=fresh)


@router.post("/my/tokens", dependencies=[visitors.Meant])
def add(request: Request, session: visitors.SellerHere, label: Text) -> Response:
    """A new one, shown once."""
    desk = offices.of(request).desk
    made = tokens.add(desk.db, session.the_seller, label.strip()[:LONGEST_LABEL] or "a token", now=desk.clock())
    if made is None:
        raise visitors.Refused("You have as many tokens as may be; remove one first.", 409)
    did(desk, visitors.who(request, session), what="token.add", about=str(made[0].id))
    return _shown(request, session, made[1])


@router.post("/my/tokens/{number}/{what}", dependencies=[visitors.Meant])
def change(request: Request, session: visitors.SellerHere, number: Number, what: str) -> Response:
    """Switch one off or on, or remove it."""
    desk, mine = offices.of(request).desk, session.the_seller
    done = {
        "disable": lambda: tokens.enable(desk.db, mine, number, enabled=False),
        "enable": lambda: tokens.enable(desk.db, mine, number, enabled=True),
        "remove": lambda: tokens.remove(desk.db, mine, number),
    }
    if what not in done or not done[what]():
        raise visitors.NotThere
    did(desk, visitors.who(request, session), what=f"token.{what}", about=str(number))
    return go(request, "/my/tokens", "Done.")
