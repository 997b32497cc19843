"""Logging in and out, for operators and sellers; and whether pages are light or dark."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from cws_filedrop.store.users import users, web_sessions
from cws_filedrop.store.users.web_sessions import WebSession
from cws_filedrop.web.site import logging_in, visitors, web_context
from cws_filedrop.web.site.forms import Text
from cws_filedrop.web.site.logging_in import Denied
from cws_filedrop.web.site.rendering import THEME, THEMES, is_ours, page

YEAR_SECONDS: Final = 31_536_000

router: Final = APIRouter()


def home_of(session: WebSession) -> str:
    """The first page of whoever is logged in."""
    return "/my" if session.role is None else "/"


@router.get("/login")
def ask(request: Request) -> Response:
    """The login form, for whoever is not logged in."""
    session = visitors.session_of(request)
    if session is not None:
        return RedirectResponse("/login/code" if session.second_due else home_of(session), 303)
    wanted = request.query_params.get("next", "")
    return _form(request, wanted, kind="seller" if wanted.startswith("/my") else "operator")


def _form(request: Request, wanted: str, *, kind: str, name: str = "", trouble: str = "") -> Response:
    nobody = not users.everyone(web_context.of(request).context.db)
    status = 401 if trouble else 200
    return page(
        request, "login.html", status=status, wanted=wanted, kind=kind, name=name, trouble=trouble, nobody=nobody
    )


@router.post("/login")
def login(request: Request, name: Text, password: Text, kind: Text = "seller", wanted: Text = "") -> Response:
    """Check a name and a password."""
    visitors.same_origin(request)
    seller = kind != "operator"
    try:
        token = (logging_in.as_seller if seller else logging_in.as_user)(request, name, password)
    except Denied as denied:
        return _form(request, wanted, kind=kind, name=name, trouble=str(denied))
    # Only a path of ours, and of the same half of the site: `next` may be anybody's link.
    theirs = wanted.startswith("/my") == seller and is_ours(wanted)
    answer = RedirectResponse(wanted if theirs else "/my" if seller else "/", 303)
    visitors.set_cookie(request, answer, token)
    return answer


@router.get("/login/code")
def ask_code(request: Request) -> Response:
    """The form for the second factor."""
    return page(request, "code.html", trouble="") if _second_due(request) else RedirectResponse("/login", 303)


@router.post("/login/code")
def code(request: Request, code: Text) -> Response:
    """Check a code."""
    visitors.same_origin(request)
    session = _second_due(request)
    if session is None:
        return RedirectResponse("/login", 303)
    try:
        token = logging_in.second(request, session, code)
    except Denied as denied:
        return page(request, "code.html", status=401, trouble=str(denied))
    answer = RedirectResponse(home_of(session), 303)
    visitors.set_cookie(request, answer, token)
    return answer


def _second_due(request: Request) -> WebSession | None:
    session = visitors.session_of(request)
    return session if session is not None and session.second_due else None


@router.post("/logout", dependencies=[visitors.Meant])
def logout(request: Request) -> Response:
    """End the session."""
    session = visitors.session_of(request)
    if session is not None:
        web_sessions.end(web_context.of(request).context.db, session)
    answer = RedirectResponse("/login", 303)
    visitors.clear_cookie(request, answer)
    return answer


@router.post("/theme")
def theme(request: Request, choice: Text, wanted: Text = "/") -> Response:
    """Choose light or dark pages, or as the system says."""
    visitors.same_origin(request)
    answer = RedirectResponse(wanted if is_ours(wanted) else "/", 303)
    chosen = choice if choice in THEMES else "auto"
    answer.set_cookie(THEME, chosen, max_age=YEAR_SECONDS, path="/", httponly=True, samesite="lax")
    return answer
