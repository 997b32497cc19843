"""A seller's own uploads: where they stand, what became of each line, and the files in the outbox."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, Response

from cws_filedrop.decisions.orders_and_feeds import record_decision
from cws_filedrop.drop.home import regular
from cws_filedrop.drop.names import result_name
from cws_filedrop.model import UploadState, Verdict
from cws_filedrop.reports import outcome
from cws_filedrop.store.lists import api_lists, searching
from cws_filedrop.store.lists.searching import UploadSearch
from cws_filedrop.store.sellers import sellers
from cws_filedrop.store.uploads import uploads as rows
from cws_filedrop.store.uploads import verdict_counts
from cws_filedrop.store.uploads.uploads import Upload
from cws_filedrop.store.users.web_sessions import WebSession
from cws_filedrop.web.site import visitors, web_context
from cws_filedrop.web.site.frame import framed
from cws_filedrop.web.site.rendering import go

router: Final = APIRouter()
ROWS: Final = 50
LINES: Final = 100
LONGEST: Final = 200
MOST_LINE_DIGITS: Final = 15
KINDS: Final = {
    "receipt": "Receipt",
    "rejected": "Rejected lines, to correct and drop again",
    "result": "Every line with its verdict",
    "unconfirmed": "Lines that Amazon refused",
}


@router.get("/my/uploads")
def uploads(request: Request, session: visitors.SellerHere) -> Response:
    """The seller's uploads, newest first."""
    here, query = web_context.of(request), request.query_params
    text, before = query.get("q", "").strip()[:LONGEST], query.get("before", "")[:LONGEST]
    listed = searching.uploads(
        here.context.db, UploadSearch(text=text), before=before, seller_id=session.seller_id, limit=ROWS + 1
    )
    more = listed[ROWS - 1].id if len(listed) > ROWS else ""
    return framed(request, "my/uploads.html", session, uploads=listed[:ROWS], more=more, text=text)


@router.get("/my/uploads/{upload_id}")
def upload(request: Request, session: visitors.SellerHere, upload_id: str) -> Response:
    """One upload: what arrived, and what became of it, line by line."""
    db, query = web_context.of(request).context.db, request.query_params
    mine = _mine(request, session, upload_id)
    verdict, code = query.get("verdict", ""), query.get("code", "")[:LONGEST]
    chosen = Verdict(verdict) if verdict in list(Verdict) else None
    some = api_lists.lines_of(
        db, upload_id, verdict=chosen, code=code, after=_line(query.get("after", "")), limit=LINES + 1
    )
    counts = verdict_counts.of_upload(db, upload_id)
    return framed(
        request,
        "my/upload.html",
        session,
        one=mine,
        verdict_counts=counts,
        ended=outcome.of_upload(mine.state, outcome.by_verdict(counts), rehearsal=mine.rehearsal),
        lines=some[:LINES],
        more=some[LINES - 1].line if len(some) > LINES else None,
        verdict=chosen or "",
        code=code,
        files=[(kind, words) for kind, words in KINDS.items() if regular(_place(request, mine, kind))],
    )


@router.get("/my/uploads/{upload_id}/files/{kind}")
def download(request: Request, session: visitors.SellerHere, upload_id: str, kind: str) -> Response:
    """One of its result files, as it lies in the outbox."""
    mine = _mine(request, session, upload_id)
    path = _place(request, mine, kind) if kind in KINDS else None
    if path is None or regular(path) is None:
        raise visitors.NotThere
    return FileResponse(path, media_type="text/plain; charset=utf-8", filename=path.name)


@router.post("/my/uploads/{upload_id}/release", dependencies=[visitors.Meant])
def release(request: Request, session: visitors.SellerHere, upload_id: str) -> Response:
    """Have a held upload taken as it is, as a `.release` file does."""
    here, mine = web_context.of(request), _mine(request, session, upload_id)
    evidence = f"{mine.evidence}; released by the seller on the page".lstrip("; ")
    if not rows.read_again(here.context.db, upload_id, evidence=evidence, only_from=(UploadState.HELD,)):
        raise visitors.Forbidden(f"This upload is {mine.state}; only what is held can be released.", 409)
    record_decision(here.context, visitors.who(request, session), what="upload released", about=upload_id)
    here.arrived(upload_id)
    return go(request, f"/my/uploads/{upload_id}", f"{mine.name} is taken as it is.")


def _mine(request: Request, session: WebSession, upload_id: str) -> Upload:
    upload = rows.get(web_context.of(request).context.db, upload_id)
    if upload is None or upload.seller_id != session.seller_id:
        raise visitors.NotThere
    return upload


def _place(request: Request, upload: Upload, kind: str) -> Path:
    context = web_context.of(request).context
    home = context.home(sellers.by_id(context.db, upload.seller_id).name)
    if home.is_astray("outbox"):
        raise visitors.NotThere
    return home.path / "outbox" / result_name(upload.name, upload.id, kind)


def _line(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= MOST_LINE_DIGITS else 0
