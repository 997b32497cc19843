"""The frame around a page: its navigation, and how much waits behind each entry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fastapi import Request
from fastapi.responses import Response

from cws_filedrop.model import Role
from cws_filedrop.store.lists import work_lists
from cws_filedrop.store.users.web_sessions import WebSession
from cws_filedrop.web.site import web_context
from cws_filedrop.web.site.rendering import page


@dataclass(frozen=True, slots=True)
class NavigationItem:
    """An entry of the navigation."""

    name: str
    path: str
    current: bool = False
    count: int = 0
    tone: str = ""


def framed(request: Request, template: str, session: WebSession, *, status: int = 200, **given: Any) -> Response:
    """A page with its navigation."""
    nav = _operators(request, session) if session.role is not None else _sellers(request)
    return page(request, template, session=session, status=status, nav=nav, counted=work_lists.COUNTED, **given)


def _operators(request: Request, session: WebSession) -> list[NavigationItem | None]:
    unconfirmed, aside, alarms = web_context.of(request).counts.of(web_context.of(request).context)
    items: list[NavigationItem | None] = [
        _item(request, "Now", "/"),
        _item(request, "Uploads", "/uploads"),
        _item(request, "Orders", "/orders"),
        None,
        _item(request, "Unconfirmed", "/unconfirmed", unconfirmed),
        _item(request, "Held", "/held", aside, "odd"),
        None,
        _item(request, "Sellers", "/sellers"),
        _item(request, "Feeds", "/feeds"),
        _item(request, "Charts", "/charts"),
        _item(request, "Alarms", "/alarms", alarms),
    ]
    if session.role is not None and session.role.may(Role.ADMIN):
        items += [None, _item(request, "People", "/people"), _item(request, "What was done", "/deeds")]
    return items


def _sellers(request: Request) -> list[NavigationItem | None]:
    pages = (
        ("Now", "/my"),
        ("Results", "/my/uploads"),
        ("Orders", "/my/orders"),
        None,
        ("Files to fill in", "/my/templates"),
        ("Connect", "/my/connect"),
        ("API tokens", "/my/tokens"),
        ("Login", "/my/login"),
        ("Settings", "/my/settings"),
    )
    return [None if one is None else _item(request, *one) for one in pages]


def _item(request: Request, name: str, path: str, count: int = 0, tone: str = "") -> NavigationItem:
    here = request.url.path
    current = here == path or (path not in ("/", "/my") and here.startswith(path + "/"))
    return NavigationItem(name, path, current, count, tone)
