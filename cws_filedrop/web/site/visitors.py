"""Who sends a request: the session behind its cookie, and what that visitor may do.

Every request that changes something must carry the session's own token (in a form field or a header), and must come
from our own pages by the browser's word; another site's page can achieve neither.
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
SEEN_SECONDS: Final = 60  # between two notes that a session is in use, lest every request write
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
    """Around what a person decides. Raises: Forbidden with that status, in words, when it cannot be done."""
    try:
        yield
    except NotPossible as why:
        raise Forbidden(f"Nothing was done: {why}.", status) from None


def who(request: Request, session: WebSession) -> Who:
    """The visitor, as decisions and audit trail name it."""
    name = session.name if session.seller_id is None else f"seller {session.name}"
    return Who(name, address(request))


def cookie_name(request: Request) -> str:
    """With HTTPS a name that browsers let no other host and no plain HTTP set (`__Host-`)."""
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
    idle, longest = timedelta(minutes=settings.idle_minutes), timedelta(hours=settings.session_hours)
    session = web_sessions.find(here.context.db, token, idle_since=now - idle, begun_since=now - longest, now=now)
    live = request.headers.get("x-live") == "1"  # a page refreshing itself does not count as activity
    if session is not None and not live and now - moment(session.seen_at) > timedelta(seconds=SEEN_SECONDS):
        web_sessions.seen(here.context.db, session, now=now)
    return session


def visitor(request: Request) -> WebSession:
    """Whoever is logged in. Raises: Redirected, to the login."""
    session = session_of(request)
    if session is None:
        raise Redirected(f"/login?next={quote(_here(request))}")
    if session.second_due:
        raise Redirected("/login/code")
    return session


def _here(request: Request) -> str:
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")


def user(request: Request) -> WebSession:
    """An operator who is logged in. Raises: Redirected, NotThere."""
    session = visitor(request)
    if session.role is None:
        raise NotThere
    needs = web_context.of(request).settings.second_factor == "required"
    if needs and not request.url.path.startswith("/me") and not _has_factor(request, session):
        raise Redirected("/me/second-factor")
    return session


def _has_factor(request: Request, session: WebSession) -> bool:
    found = users.get(web_context.of(request).context.db, session.the_user)
    return found is not None and bool(found.totp_secret)


def seller(request: Request) -> WebSession:
    """A seller who is logged in. Raises: Redirected, NotThere."""
    session = visitor(request)
    if session.seller_id is None:
        raise NotThere
    return session


def at_least(role: Role) -> Callable[[Request], WebSession]:
    """An operator with that role or a higher one; the dependency raises Forbidden for others."""

    def needed(request: Request) -> WebSession:
        found = user(request)
        if found.role is None or not found.role.may(role):
            raise Forbidden(f"That takes the role {role}; yours is {found.role}. Ask an admin.")
        return found

    return needed


def meant(request: Request, csrf: Annotated[str, Form()] = "") -> None:
    """Does a request that changes something come from a page of ours? Raises: Redirected, Forbidden."""
    check_meant(request, csrf)


def check_meant(request: Request, csrf: str) -> None:
    """The same, where the form was read by hand. Raises: Redirected, Forbidden."""
    same_origin(request)
    session = session_of(request)
    if session is None:
        raise Redirected("/login")
    given = request.headers.get(CSRF_HEADER, "") or csrf
    if not hmac.compare_digest(given.encode(), session.csrf.encode()):
        raise Forbidden("This page was too old to act on. Go back, reload it, and try again.")


def same_origin(request: Request) -> None:
    """Raises: Forbidden when a browser says that another site sent the request."""
    # Programs and old browsers send neither header; for them the session's own token has to be enough.
    site, origin = request.headers.get("sec-fetch-site", "same-origin"), request.headers.get("origin", "")
    other = origin not in ("", "null") and urlsplit(origin).netloc != request.headers.get("host", "")
    if site not in ("same-origin", "none") or other:
        raise Forbidden("Another site sent this request; nothing was done.")


def set_cookie(request: Request, response: Response, token: str) -> None:
    """Give the browser its session cookie."""
    response.set_cookie(
        cookie_name(request), token, httponly=True, secure=request.url.scheme == "https", samesite="lax", path="/"
    )


def clear_cookie(request: Request, response: Response) -> None:
    """Take the session cookie back."""
    response.delete_cookie(
        cookie_name(request), httponly=True, secure=request.url.scheme == "https", samesite="lax", path="/"
    )


def agent(request: Request) -> str:
    """The browser, as it calls itself."""
    return request.headers.get("user-agent", "")[:200]


def address(request: Request) -> str:
    """The address that the request came from; behind a trusted proxy, as the proxy says."""
    return request.client.host if request.client else ""


Meant: Final[Any] = Depends(meant)
User = Annotated[WebSession, Depends(user)]
Viewer = User
Operator = Annotated[WebSession, Depends(at_least(Role.OPERATOR))]
Admin = Annotated[WebSession, Depends(at_least(Role.ADMIN))]
SellerHere = Annotated[WebSession, Depends(seller)]
Anyone = Annotated[WebSession, Depends(visitor)]
