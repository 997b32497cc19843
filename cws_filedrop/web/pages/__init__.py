"""The pages, a module each: routes in, HTML out."""

from __future__ import annotations

from typing import Final

from cws_filedrop.web.pages import (
    alarms,
    charts,
    feeds,
    login,
    machines,
    me,
    my,
    now,
    orders,
    people,
    sellers,
    uploads,
    work,
)

_SELLERS = (
    my.now,
    my.upload,
    my.uploads,
    my.orders,
    my.templates,
    my.connect,
    my.tokens,
    my.login,
    my.settings,
)
_ALL = (
    login,
    now,
    uploads,
    orders,
    work,
    sellers,
    feeds,
    charts,
    alarms,
    people,
    me,
    machines,
    *_SELLERS,
)
PAGES: Final = tuple(page.router for page in _ALL)
