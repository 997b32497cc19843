"""The pages, a module each: routes in, HTML out."""

from __future__ import annotations

from typing import Final

from cws_filedrop.web.pages import charts, feeds, login, now, orders, people, sellers, uploads, work

PAGES: Final = tuple(page.router for page in (login, now, uploads, orders, work, sellers, feeds, charts, people))
