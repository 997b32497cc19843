"""Templates, and what every page is given."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, unquote, urlencode

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from jinja2 import Environment, PackageLoader, StrictUndefined

from cws_filedrop.formatting import age, clock, lasting, number, printable, size, tone, until
from cws_filedrop.store.users.web_sessions import WebSession
from cws_filedrop.web.site import visitors, web_context

STATIC: Final = Path(__file__).parents[1] / "static"
NOTICE: Final = "cws_said"  # a cookie: what was done, shown on the next page
THEME: Final = "cws_theme"
THEMES: Final = ("auto", "light", "dark")


def link(path: str, given: Mapping[str, Any], **changed: Any) -> str:
    """A path with a query; what is empty is left out."""
    query = {name: value for name, value in {**given, **changed}.items() if value not in ("", None)}
    return f"{path}?{urlencode(query)}" if query else path


def _digests() -> dict[str, str]:
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()[:12] for path in STATIC.iterdir() if path.is_file()
    }


_DIGESTS: Final = _digests()
_TURNING: Final = re.compile("[\u202a-\u202e\u2066-\u2069]")  # UAX 9, 2: embeddings, overrides, isolates


def static(name: str) -> str:
    """The address of a static file; another one once the file has changed, so that browsers may keep it for ever."""
    return f"/static/{name}?v={_DIGESTS[name]}"


def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader("cws_filedrop.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_in_order,
    )
    made.filters.update(
        size=size,
        number=number,
        lasting=lasting,
        tone=tone,
        clock=clock,
        path=_path,
        sentence=_sentence,
        printable=printable,
    )
    made.globals.update(static=static, link=link)
    return made


def _in_order(value: object) -> object:
    """What is shown, without letters that turn around what stands beside them: these are spelled out."""
    if isinstance(value, str) and _TURNING.search(value):
        return type(value)(_TURNING.sub(lambda found: printable(found[0]), value))
    return value


def _sentence(text: str) -> str:
    """Words as a sentence begins."""
    return text[:1].upper() + text[1:]


def _path(text: str) -> str:
    return quote(text, safe="")


TEMPLATES: Final = _environment()


def page(
    request: Request, template: str, *, status: int = 200, session: WebSession | None = None, **given: Any
) -> Response:
    """An HTML page of ours."""
    here = web_context.of(request)
    now = here.context.clock()
    theme = request.cookies.get(THEME, "auto")
    body = TEMPLATES.get_template(template).render(
        session=session,
        path=request.url.path,
        marketplace=here.context.marketplace,
        query=dict(request.query_params),
        notice=unquote(request.cookies.get(NOTICE, "")),
        theme=theme if theme in THEMES else "auto",
        now=now,
        age=lambda at: age(at, now),
        until=lambda at: until(at, now),
        **given,
    )
    answer = HTMLResponse(body, status)
    # Not for a refresh by script: the notice is for the page that a person sees.
    if NOTICE in request.cookies and request.headers.get("x-live") != "1":
        answer.delete_cookie(NOTICE, path="/", httponly=True, samesite="lax")
    return answer


def go(request: Request, where: str, notice: str = "") -> Response:
    """After something was done: on to another page, which shows the notice."""
    answer = RedirectResponse(where, 303)
    if notice:
        secure = request.url.scheme == "https"
        answer.set_cookie(
            NOTICE, quote(notice[:600]), max_age=60, path="/", httponly=True, secure=secure, samesite="lax"
        )
    return answer


def back(request: Request, session: WebSession, fallback: str) -> str:
    """The page of ours that a form was on (`next`), or another one."""
    wanted = request.query_params.get("next", "")
    return wanted if is_ours(wanted) else fallback


def is_ours(path: str) -> bool:
    """Is that a path of ours, and not another site's address? Browsers read `//` and `/\\` as the beginning of one."""
    return path.startswith("/") and not path.startswith(("//", "/\\")) and "\\" not in path and path.isprintable()


__all__ = [
    "NOTICE",
    "TEMPLATES",
    "THEME",
    "THEMES",
    "back",
    "go",
    "is_ours",
    "lasting",
    "link",
    "page",
    "size",
    "static",
    "visitors",
]
