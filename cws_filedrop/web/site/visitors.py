"""Who asks: the session behind a cookie, and what that visitor may do.

Every request that changes something must carry the session's own token (a form field or a header), and come from our
own pages by the browser's word; a page of somebody else can send neither.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Annotated, Any, Final
from urllib.parse import quote, urlsplit

from fastapi import Depends, Form, Request
from fastapi.responses import Response

from cws_filedrop.errors import NotPossible
from cws_filedrop.model import Role
from cws_filedrop.store.database import moment
from cws_filedrop.store.users import users, web_sessions
from cws_filedrop.store.users.decisions import Who
from cws_filedrop.store.users.web_sessions import WebSession
from cws_filedrop.web.site import web_context

COOKIE: Final = "cws_session"
SEEN_SECONDS: Final = 60  # a session that is in use is noted so often at most
CSRF_HEADER: Final = "x-csrf-token"
CSRF_FIELD: Final = "csrf"


class Redirected(Exception):
    """The visitor is sent elsewhere."""

    def __init__(self, where: str) -> None:
        super().__init__(where)
        self.where = where


class Forbidden(Exception):
    """The visitor may not do that; `status` is the HTTP status, the text says why."""

    def __init__(self, text: str, status: int = 403) -> None:
        super().__init__(text)
        self.status = status


class NotThere(Exception):
    """There is no such thing, or it is somebody else's."""


@contextmanager
def decided(status: int = 409) -> Iterator[None]:
    """Around what a person decides. Raises: Refused, with that status, in words, when it cannot be done."""
    try:
        yield
    except NotPossible as why:
        raise Forbidden(f"Nothing was done: {why}.", status) from None


def who(request: Request, session: WebSession) -> Who:
    """The visitor, as deeds are kept of it."""
    name = session.name if session.seller_id is None else f"seller {session.name}"
    return Who(name, address(request))


def cookie_name(request: Request) -> str:
    """With HTTPS a name that browsers let nobody else set."""
    return f"__Host-{COOKIE}" if request.url.scheme == "https" else COOKIE


def session_of(request: Request) -> WebSession | None:
    """The session behind the request's cookie, looked up once."""
    if not hasattr(request.state, "session"):
        request.state.session = _look_up(request)
    found: WebSession | None = request.state.session
    return found


def _look_up(request: Request) -> WebSession | None:
    token = request.cookies.get(cookie_name(request), "")
    if not token:
        return None
    here = web_context.of(request)
    now, settings = here.context.clock(), here.settings
    idle, whole = timedelta(minutes=settings.idle_minutes), timedelta(hours=settings.session_hours)
    found = web_sessions.find(here.context.db, token, idle_since=now - idle, begun_since=now - whole, now=now)
    live = request.headers.get("x-live") == "1"  # a page that keeps itself fresh is nobody at work
    if found is not None and not live and now - moment(found.seen_at) > timedelta(seconds=SEEN_SECONDS):
        web_sessions.seen(here.context.db, found, now=now)
    return found


def visitor(request: Request) -> WebSession:
    """Whoever is logged in. Raises: Turned, to the login."""
    found = session_of(request)
    if found is None:
        raise Redirected(f"/login?next={quote(_here(request))}")
    if found.second_due:
        raise Redirected("/login/code")
    return found


def _here(request: Request) -> str:
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")


def user(request: Request) -> WebSession:
    """An operator who is logged in. Raises: Turned, Refused."""
    found = visitor(request)
    if found.role is None:
        raise NotThere
    needs = web_context.of(request).settings.second_factor == "required"
    if needs and not request.url.path.startswith("/me") and not _has_factor(request, found):
        raise Redirected("/me/second-factor")
    return found


def _has_factor(request: Request, session: WebSession) -> bool:
    found = users.get(web_context.of(request).context.db, session.the_user)
    return found is not None and bool(found.totp_secret)


def seller(request: Request) -> WebSession:
    """A seller who is logged in. Raises: Turned, NotThere."""
    found = visitor(request)
    if found.seller_id is None:
        raise NotThere
    return found


def at_least(role: Role) -> Callable[[Request], WebSession]:
    """An operator with that role or a higher one."""

    def needed(request: Request) -> WebSession:
        found = user(request)
        if found.role is None or not found.role.may(role):
            raise Forbidden(f"That takes the role {role}; yours is {found.role}. Ask an admin.")
        return found

    return needed


def meant(request: Request, csrf: Annotated[str, Form()] = "") -> None:
    """Does a request that changes something come from a page of ours? Raises: Turned, Refused."""
    check_meant(request, csrf)


def check_meant(request: Request, csrf: str) -> None:
    """The same, where the form was read by hand. Raises: Turned, Refused."""
    same_origin(request)
    found = session_of(request)
    if found is None:
        raise Redirected("/login")
    given = request.headers.get(CSRF_HEADER, "") or csrf
    if not hmac.compare_digest(given.encode(), found.csrf.encode()):
        raise Forbidden("This page was too old to act on. Go back, reload it, and try again.")


def same_origin(request: Request) -> None:
    """Raises: Refused, when a browser says that another site sent the request."""
    site, origin = request.headers.get("sec-fetch-site", "same-origin"), request.headers.get("origin", "")
    other = origin not in ("", "null") and urlsplit(origin).netloc != request.headers.get("host", "")
    if site not in ("same-origin", "none") or other:
        raise Forbidden("Another site sent this request; nothing was done.")


def set_cookie(request: Request, response: Response, token: str) -> None:
    """Hand the browser its session."""
    response.set_cookie(
        cookie_name(request), token, httponly=True, secure=request.url.scheme == "https", samesite="lax", path="/"
    )


def clear_cookie(request: Request, response: Response) -> None:
    """Take it back."""
    response.delete_cookie(
        cookie_name(request), httponly=True, secure=request.url.scheme == "https", samesite="lax", path="/"
    )


def address(request: Request) -> str:
    """Where the request comes from; a proxy that is believed has said it."""
    return request.client.host if request.client else ""


Meant: Final[Any] = Depends(meant)
User = Annotated[WebSession, Depends(user)]
Viewer = User
Operator = Annotated[WebSession, Depends(at_least(Role.OPERATOR))]
Admin = Annotated[WebSession, Depends(at_least(Role.ADMIN))]
SellerHere = Annotated[WebSession, Depends(seller)]
Anyone = Annotated[WebSession, Depends(visitor)]
