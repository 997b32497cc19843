"""The operators' part of the REST API: what their pages show and can do. A module for each subject."""

from __future__ import annotations

from typing import Final

from cws_filedrop.web.api.ops import alarms, charts, doors, feeds, now, orders, people, sellers, uploads, work

ROUTERS: Final = tuple(
    part.router for part in (now, uploads, orders, work, feeds, sellers, doors, alarms, charts, people)
)

__all__ = ["ROUTERS"]
