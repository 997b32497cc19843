"""Templates: how moments, sizes and states look to people, and what every page is given."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, unquote, urlencode

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from jinja2 import Environment, PackageLoader, StrictUndefined

from cws_filedrop.store.database import moment
from cws_filedrop.store.web_sessions import Session
from cws_filedrop.web import office as offices
from cws_filedrop.web import visitors

STATIC: Final = Path(__file__).parent / "static"
SAID: Final = "cws_said"  # a cookie: what was done, told on the next page
THEME: Final = "cws_theme"
THEMES: Final = ("auto", "light", "dark")
UNITS: Final = ("B", "KB", "MB", "GB", "TB")
STEPS: Final = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))
GOOD: Final = frozenset({"done", "confirmed", "settled", "seen", "updated", "enabled", "ok"})
BAD: Final = frozenset(
    {"rejected", "unconfirmed", "failed", "stopped", "missing", "refused", "disabled", "unknown", "banned", "unsure"}
)
ODD: Final = frozenset({"held", "cut", "confirmed-warning", "doubtful", "duplicate", "late", "deferred", "sending"})


def size(number: int | None) -> str:
    """Bytes for people: 1.5 MB."""
    if number is None:
        return ""
    value, unit = float(number), 0
    while value >= 1000 and unit < len(UNITS) - 1:
        value, unit = value / 1000, unit + 1
    return f"{value:.0f} {UNITS[unit]}" if unit == 0 or value >= 100 else f"{value:.1f} {UNITS[unit]}"


def number(value: int | float | None) -> str:
    """A number with thin spaces: 1 234 567."""
    return "" if value is None else f"{value:,.0f}".replace(",", "\u202f")


def lasting(seconds: float | None) -> str:
    """A time that passes, in its two largest units: 3 h 12 min."""
    if seconds is None:
        return ""
    if 0 < seconds < 10:
        return f"{seconds:.1f} s"
    rest = int(seconds)
    told: list[str] = []
    for length, unit in STEPS:
        whole, rest = divmod(rest, length)
        if whole or (unit == "s" and not told):
            told.append(f"{whole} {unit}")
        elif told:
            break
    return " ".join(told[:2])


def tone(state: object) -> str:
    """good, bad, odd or plain: how a state is coloured."""
    text = str(state)
    return "good" if text in GOOD else "bad" if text in BAD else "odd" if text in ODD else "plain"


def _age(at: str | None, now: datetime) -> str:
    return lasting(max(0.0, (now - moment(at)).total_seconds())) if at else ""


def _until(at: str | None, now: datetime) -> str:
    if not at:
        return ""
    left = (moment(at) - now).total_seconds()
    return f"in {lasting(left)}" if left > 0 else f"{lasting(-left)} ago"


def clock(at: str | None) -> str:
    """A stamp as people read it: 2026-11-23 17:05:09 (UTC)."""
    return "" if not at else at[:19].replace("T", " ")


def link(path: str, given: Mapping[str, Any], **changed: Any) -> str:
    """A path with a query; what is empty is left out."""
    query = {name: value for name, value in {**given, **changed}.items() if value not in ("", None)}
    return f"{path}?{urlencode(query)}" if query else path


def _digests() -> dict[str, str]:
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()[:12] for path in STATIC.iterdir() if path.is_file()
    }


_DIGESTS: Final = _digests()


def static(name: str) -> str:
    """Where a static file is; another place when it has changed, so that browsers may keep it."""
    return f"/static/{name}?v={_DIGESTS[name]}"


def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader("cws_filedrop.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(size=size, number=number, lasting=lasting, tone=tone, clock=clock, path=_path)
    made.globals.update(static=static, link=link)
    return made


def _path(text: str) -> str:
    return quote(text, safe="")


TEMPLATES: Final = _environment()


def page(
    request: Request, template: str, *, status: int = 200, session: Session | None = None, **given: Any
) -> Response:
    """An HTML page of ours."""
    here = offices.of(request)
    now = here.desk.clock()
    theme = request.cookies.get(THEME, "auto")
    body = TEMPLATES.get_template(template).render(
        session=session,
        path=request.url.path,
        query=dict(request.query_params),
        said=unquote(request.cookies.get(SAID, "")),
        theme=theme if theme in THEMES else "auto",
        now=now,
        age=lambda at: _age(at, now),
        until=lambda at: _until(at, now),
        **given,
    )
    answer = HTMLResponse(body, status)
    if SAID in request.cookies and request.headers.get("x-live") != "1":
        answer.delete_cookie(SAID, path="/", httponly=True, samesite="lax")
    return answer


def go(request: Request, where: str, said: str = "") -> Response:
    """After something was done: on to another page, which tells of it."""
    answer = RedirectResponse(where, 303)
    if said:
        secure = request.url.scheme == "https"
        answer.set_cookie(SAID, quote(said[:600]), max_age=60, path="/", httponly=True, secure=secure, samesite="lax")
    return answer


def back(request: Request, session: Session, fallback: str) -> str:
    """The page of ours that a form was on (`next`), or another one."""
    wanted = request.query_params.get("next", "")
    return wanted if is_ours(wanted) else fallback


def is_ours(path: str) -> bool:
    """Is that a path of ours, and not another site's address?"""
    return path.startswith("/") and not path.startswith(("//", "/\\")) and "\\" not in path and path.isprintable()


__all__ = ["SAID", "TEMPLATES", "THEME", "THEMES", "back", "go", "is_ours", "link", "page", "static", "visitors"]
