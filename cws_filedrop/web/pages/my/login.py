"""A seller's own password, second factor and sessions."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import Response

from cws_filedrop.web.site import own_login, visitors
from cws_filedrop.web.site.forms import Text
from cws_filedrop.web.site.frame import framed

router: Final = APIRouter()


@router.get("/my/login")
def shown(request: Request, session: visitors.SellerHere) -> Response:
    """How one logs in."""
    return framed(request, "my/login.html", session, **own_login.values(request, session))


@router.post("/my/login/password", dependencies=[visitors.Meant])
def own_password(request: Request, session: visitors.SellerHere, old: Text, new: Text, tokens: Text = "") -> Response:
    """Another password, of the doors too; every session ends."""
    return own_login.change_password(request, session, old, new, tokens)


@router.get("/my/login/second-factor")
def offer_factor(request: Request, session: visitors.SellerHere) -> Response:
    """A new secret, to be scanned."""
    return own_login.offer_factor(request, session)


@router.post("/my/login/second-factor", dependencies=[visitors.Meant])
def keep_factor(
    request: Request, session: visitors.SellerHere, code: Text, password: Text = "", current: Text = ""
) -> Response:
    """Keep it, once it is proved that the app has it, and who asks."""
    return own_login.keep_factor(request, session, code, password, current)


@router.post("/my/login/sessions/{which}/end", dependencies=[visitors.Meant])
def end_session(request: Request, session: visitors.SellerHere, which: str) -> Response:
    """End one of one's own sessions, or all others."""
    return own_login.end_session(request, session, which)
