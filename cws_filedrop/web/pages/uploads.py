"""Uploads: found by anything an operator knows of them, shown with their timeline, released or rejected."""

from __future__ import annotations

import re
from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import Response

from cws_filedrop.decisions import set_aside
from cws_filedrop.model import Door, UploadState, Verdict
from cws_filedrop.reports import outcome
from cws_filedrop.store.lists import searching, upload_events, work_lists
from cws_filedrop.store.lists.searching import UploadSearch
from cws_filedrop.store.sellers import sellers
from cws_filedrop.store.uploads import uploads as rows
from cws_filedrop.store.uploads import verdict_counts
from cws_filedrop.store.users import users
from cws_filedrop.views import upload_timeline
from cws_filedrop.web.site import files, visitors, web_context
from cws_filedrop.web.site.forms import Text, whole
from cws_filedrop.web.site.frame import framed
from cws_filedrop.web.site.rendering import go, is_ours

router: Final = APIRouter()
ROWS: Final = 50
LINES: Final = 100
DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
LONGEST: Final = 200


@router.get("/uploads")
def uploads(request: Request, session: visitors.Viewer) -> Response:
    """Uploads, newest first, narrowed by the query."""
    here, query = web_context.of(request), dict(request.query_params)
    wanted = wanted_by(query)
    listed = searching.uploads(here.context.db, wanted, before=query.get("before", "")[:LONGEST], limit=ROWS + 1)
    return framed(
        request,
        "uploads.html",
        session,
        uploads=listed[:ROWS],
        more=listed[ROWS - 1].id if len(listed) > ROWS else "",
        wanted=wanted,
        sellers=[one.name for one in sellers.everyone(here.context.db)],
        states=list(UploadState),
        doors=list(Door),
        verdicts=list(Verdict),
    )


def wanted_by(query: dict[str, str]) -> UploadSearch:
    """The search that a query asks for; days that are none are left out."""
    given = {name: query.get(name, "").strip()[:LONGEST] for name in UploadSearch.__slots__ if name != "text"}
    for name in ("since", "until"):
        given[name] = given[name] if DAY.fullmatch(given[name]) else ""
    return UploadSearch(text=query.get("q", "").strip()[:LONGEST], **given)


@router.get("/uploads/{upload_id}")
def upload(request: Request, session: visitors.Viewer, upload_id: str) -> Response:
    """One upload with its whole timeline."""
    context, query = web_context.of(request).context, request.query_params
    known = rows.get(context.db, upload_id)
    if known is None:
        raise visitors.NotThere
    verdict, code = query.get("verdict", "")[:LONGEST], query.get("code", "")[:LONGEST]
    after = whole(query.get("after", "")) or 0
    some = upload_events.lines(context.db, upload_id, verdict=verdict, code=code, after=after, limit=LINES + 1)
    counts = verdict_counts.of_upload(context.db, upload_id)
    case = work_lists.cases(context.db, [upload_id]).get(upload_id, work_lists.NO_CASE)
    return framed(
        request,
        "upload.html",
        session,
        one=known,
        timeline=upload_timeline.of(context, known),
        verdict_counts=counts,
        ended=outcome.of_upload(known.state, outcome.by_verdict(counts), rehearsal=known.rehearsal),
        lines=some[:LINES],
        more=some[LINES - 1].line if len(some) > LINES else None,
        verdict=verdict,
        code=code,
        files=files.of_upload(context, known),
        case=case,
        people=[one.name for one in users.everyone(context.db) if one.enabled],
    )


@router.get("/uploads/{upload_id}/files/{kind}")
def download(request: Request, session: visitors.Viewer, upload_id: str, kind: str) -> Response:
    """One of an upload's files: as it came, or as it was answered."""
    context = web_context.of(request).context
    known = rows.get(context.db, upload_id)
    if known is None:
        raise visitors.NotThere
    kept = files.find(context, known, kind)
    if kept is None:
        raise visitors.NotThere
    return files.download(kept)


@router.post("/uploads/{upload_id}/release", dependencies=[visitors.Meant])
def release(request: Request, session: visitors.Operator, upload_id: str, wanted: Text = "") -> Response:
    """Have an upload that was set aside read again, as it is."""
    with visitors.decided():
        set_aside.release(web_context.of(request).context, upload_id, who=visitors.who(request, session))
    return go(request, wanted if is_ours(wanted) else f"/uploads/{upload_id}", f"{upload_id} is read again.")


@router.post("/uploads/{upload_id}/reject", dependencies=[visitors.Meant])
def reject(request: Request, session: visitors.Operator, upload_id: str, why: Text, wanted: Text = "") -> Response:
    """Refuse an upload that was set aside."""
    with visitors.decided():
        set_aside.reject(web_context.of(request).context, upload_id, why, who=visitors.who(request, session))
    return go(request, wanted if is_ours(wanted) else f"/uploads/{upload_id}", f"{upload_id} is rejected.")
