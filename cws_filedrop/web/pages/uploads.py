"""Uploads: found by anything an operator has of them."""

from __future__ import annotations

import re
from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import Response

from cws_filedrop.model import Door, UploadState, Verdict
from cws_filedrop.pipeline import actions, stories
from cws_filedrop.store import searching, sellers, tallies, upload_story, users, work_lists
from cws_filedrop.store import uploads as uploads_
from cws_filedrop.store.searching import Wanted
from cws_filedrop.web import files, visitors
from cws_filedrop.web import office as offices
from cws_filedrop.web.forms import Text, whole
from cws_filedrop.web.frame import framed
from cws_filedrop.web.rendering import go, is_ours

router: Final = APIRouter()
ROWS: Final = 50
LINES: Final = 100
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


@router.get("/uploads/{upload_id}")
def upload(request: Request, session: visitors.Viewer, upload_id: str) -> Response:
    """One upload's whole story."""
    desk, asked = offices.of(request).desk, request.query_params
    found = uploads_.get(desk.db, upload_id)
    if found is None:
        raise visitors.NotThere
    verdict, code = asked.get("verdict", "")[:LONGEST], asked.get("code", "")[:LONGEST]
    after = whole(asked.get("after", "")) or 0
    some = upload_story.lines(desk.db, upload_id, verdict=verdict, code=code, after=after, limit=LINES + 1)
    case = work_lists.cases(desk.db, [upload_id]).get(upload_id, work_lists.NO_CASE)
    return framed(
        request,
        "upload.html",
        session,
        one=found,
        story=stories.of(desk, found),
        tallies=tallies.of_upload(desk.db, upload_id),
        lines=some[:LINES],
        more=some[LINES - 1].line if len(some) > LINES else None,
        verdict=verdict,
        code=code,
        files=files.of_upload(desk, found),
        case=case,
        people=[one.name for one in users.everyone(desk.db) if one.enabled],
    )


@router.get("/uploads/{upload_id}/files/{kind}")
def download(request: Request, session: visitors.Viewer, upload_id: str, kind: str) -> Response:
    """One of an upload's files: as it came, or as it was answered."""
    desk = offices.of(request).desk
    found = uploads_.get(desk.db, upload_id)
    if found is None:
        raise visitors.NotThere
    kept = files.find(desk, found, kind)
    if kept is None:
        raise visitors.NotThere
    return files.download(kept)


@router.post("/uploads/{upload_id}/release", dependencies=[visitors.Meant])
def release(request: Request, session: visitors.Operator, upload_id: str, wanted: Text = "") -> Response:
    """Have an upload that was set aside read again, as it is."""
    with visitors.decided():
        actions.release(offices.of(request).desk, upload_id, who=visitors.who(request, session))
    return go(request, wanted if is_ours(wanted) else f"/uploads/{upload_id}", f"{upload_id} is read again.")


@router.post("/uploads/{upload_id}/reject", dependencies=[visitors.Meant])
def reject(request: Request, session: visitors.Operator, upload_id: str, why: Text, wanted: Text = "") -> Response:
    """Refuse an upload that was set aside."""
    with visitors.decided():
        actions.reject(offices.of(request).desk, upload_id, why, who=visitors.who(request, session))
    return go(request, wanted if is_ours(wanted) else f"/uploads/{upload_id}", f"{upload_id} is rejected.")
