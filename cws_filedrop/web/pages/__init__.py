"""The pages, a module each: routes in, HTML out."""

from __future__ import annotations

from typing import Final

from cws_filedrop.web.pages import alarms, charts, feeds, login, machines, now, orders, people, sellers, uploads, work
from cws_filedrop.web.pages.my import now as my_now
from cws_filedrop.web.pages.my import templates as my_templates
from cws_filedrop.web.pages.my import uploads as my_uploads

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
    machines,
    my_now,
    my_uploads,
    my_templates,
)
PAGES: Final = tuple(page.router for page in _ALL)
