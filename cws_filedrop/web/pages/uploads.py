"""Uploads: found by anything an operator has of them."""

from __future__ import annotations

import re
from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import Response

from cws_filedrop.model import Door, UploadState, Verdict
from cws_filedrop.store import searching, sellers
from cws_filedrop.store.searching import Wanted
from cws_filedrop.web import office as offices
from cws_filedrop.web import visitors
from cws_filedrop.web.frame import framed

router: Final = APIRouter()
ROWS: Final = 50
DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
LONGEST: Final = 200


@router.get("/uploads")
def uploads(request: Request, session: visitors.Viewer) -> Response:
    """Uploads, newest first, narrowed by the query."""
    here, asked = offices.of(request), dict(request.query_params)
    wanted = wanted_by(asked)
    found = searching.uploads(here.desk.db, wanted, before=asked.get("before", "")[:LONGEST], limit=ROWS + 1)
    return framed(
        request,
        "uploads.html",
        session,
        uploads=found[:ROWS],
        more=found[ROWS - 1].id if len(found) > ROWS else "",
        wanted=wanted,
        sellers=[one.name for one in sellers.everyone(here.desk.db)],
        states=list(UploadState),
        doors=list(Door),
        verdicts=list(Verdict),
    )


def wanted_by(asked: dict[str, str]) -> Wanted:
    """What a query asks for; days that are none are left out."""
    given = {name: asked.get(name, "").strip()[:LONGEST] for name in Wanted.__slots__ if name != "text"}
    for name in ("since", "until"):
        given[name] = given[name] if DAY.fullmatch(given[name]) else ""
    return Wanted(text=asked.get("q", "").strip()[:LONGEST], **given)
