"""Uploads: found by anything an operator knows of them, with their timeline; released or rejected if set aside."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import Depends, Query, Request, Response

from cws_filedrop.decisions import orders_and_feeds, set_aside
from cws_filedrop.model import Door, UploadState, Verdict
from cws_filedrop.store.lists import searching, upload_events, work_lists
from cws_filedrop.store.lists.searching import UploadSearch, UploadSummary
from cws_filedrop.store.lists.work_lists import Case
from cws_filedrop.store.uploads import uploads as rows
from cws_filedrop.store.uploads import verdict_counts
from cws_filedrop.store.uploads.uploads import Upload
from cws_filedrop.views import upload_timeline
from cws_filedrop.web.api.access import ApiContext, Operator, TheApi
from cws_filedrop.web.api.ops import parts
from cws_filedrop.web.api.ops.shapes import (
    CaseBody,
    CaseRequest,
    FoundUpload,
    FoundUploads,
    KeptFile,
    LineMessages,
    LineOfUpload,
    LinesOfUpload,
    RejectRequest,
    StepBody,
    UploadDecided,
    WholeUpload,
)
from cws_filedrop.web.api.orders import TABLE, file_answer, file_documented
from cws_filedrop.web.api.problems import documented, not_there
from cws_filedrop.web.api.routing import SAME, Limit, link_next
from cws_filedrop.web.api.shapes import UploadId, issues_of
from cws_filedrop.web.site import files

router = parts.router("uploads")
BYTES = "application/octet-stream"


class Search:
    """The criteria of a search for uploads, as the query gives them."""

    def __init__(
        self,
        q: Annotated[
            parts.Text, Query(description="id, order number, tracking number, beginning of a hash, or part of a name")
        ] = "",
        seller: Annotated[str, Query(pattern=r"^[A-Za-z0-9]{0,64}$")] = "",
        state: UploadState | None = None,
        door: Door | None = None,
        verdict: Verdict | None = None,
        code: Annotated[str, Query(pattern=r"^[A-Za-z0-9-]{0,40}$")] = "",
        since: parts.Day = "",
        until: parts.Day = "",
    ) -> None:
        given = {"state": state, "door": door, "verdict": verdict}
        named = {name: str(one) if one else "" for name, one in given.items()}
        self.wanted = UploadSearch(text=q, seller=seller.lower(), code=code, since=since, until=until, **named)


@router.get("/uploads", responses=SAME)
def find_uploads(
    request: Request,
    response: Response,
    api: TheApi,
    search: Annotated[Search, Depends()],
    cursor: parts.UploadCursor = "",
    limit: Limit = 50,
) -> FoundUploads:
    """Uploads of all sellers, newest first."""
    listed = searching.uploads(api.context.db, search.wanted, before=cursor, limit=limit + 1)
    if len(listed) > limit:
        link_next(request, response, listed[limit - 1].id)
    return FoundUploads(uploads=[found_upload(upload) for upload in listed[:limit]])


def found_upload(found: UploadSummary) -> FoundUpload:
    """An upload as lists tell it."""
    return FoundUpload(**asdict(found) | {"grade": found.grade or None})


@router.get("/uploads/{upload_id}", responses=SAME | documented(404))
def tell_upload(upload_id: UploadId, api: TheApi) -> WholeUpload:
    """One upload with its whole timeline."""
    context = api.context
    known_upload = upload_timeline.find(context, upload_id)
    if known_upload is None:
        raise not_there()
    upload, _ = known_upload
    counts = verdict_counts.of_upload(context.db, upload_id)
    return WholeUpload(
        **_upload(upload, counts),
        failure=upload.outcome.failure,
        issues=issues_of(upload.outcome),
        said=[
            LineMessages(verdict=Verdict(verdict), code=code, lines=lines) for (verdict, code), lines in counts.items()
        ],
        story=[
            StepBody(at=one.at, what=one.what, detail=one.detail, tone=one.tone)
            for one in upload_timeline.of(context, upload).steps
        ],
        files=[KeptFile(kind=one.kind, name=one.name, size=one.size) for one in files.of_upload(context, upload)],
        case=case_body(work_lists.cases(context.db, [upload_id]).get(upload_id, work_lists.NO_CASE)),
    )


def _upload(upload: Upload, counts: Any) -> dict[str, Any]:
    # A rehearsal keeps no lines; its outcome has the counts.
    by_verdict: dict[str, int] = {} if counts else dict(upload.outcome.counts)
    for (verdict, _), lines in counts.items():
        by_verdict[verdict] = by_verdict.get(verdict, 0) + lines
    values = {name: getattr(upload, name) for name in Upload.__slots__ if name in WholeUpload.model_fields}
    return values | {"grade": upload.grade or None, "verdicts": by_verdict}


def case_body(case: Case) -> CaseBody:
    """A case as an answer tells it."""
    return CaseBody(**asdict(case))


@router.get("/uploads/{upload_id}/lines", responses=SAME | documented(404))
def lines_of_upload(
    upload_id: UploadId,
    request: Request,
    response: Response,
    api: TheApi,
    verdict: Verdict | None = None,
    code: Annotated[str, Query(pattern=r"^[A-Za-z0-9, |-]{0,200}$", description="exactly these codes")] = "",
    cursor: Annotated[int, Query(ge=0, le=2**53, description=parts.ON)] = 0,
    limit: Limit = 100,
) -> LinesOfUpload:
    """Its lines, with what became of each."""
    known(api, upload_id)
    lines = upload_events.lines(
        api.context.db, upload_id, verdict=str(verdict or ""), code=code, after=cursor, limit=limit + 1
    )
    if len(lines) > limit:
        link_next(request, response, str(lines[limit - 1].line))
    return LinesOfUpload(lines=[LineOfUpload(**asdict(line)) for line in lines[:limit]])


def known(api: ApiContext, upload_id: str) -> Upload:
    """That upload, if it is recorded. Raises: Problem 404."""
    upload = rows.get(api.context.db, upload_id)
    if upload is None:
        raise not_there()
    return upload


@router.post("/uploads/{upload_id}/release", status_code=202, responses=documented(404, 409))
def release(upload_id: UploadId, api: TheApi, who: Operator) -> UploadDecided:
    """Have an upload that was set aside read again, as it is."""
    known(api, upload_id)
    with parts.decided():
        set_aside.release(api.context, upload_id, who=who)
    api.arrived(upload_id)
    return _decided(api, upload_id)


@router.post("/uploads/{upload_id}/reject", status_code=202, responses=documented(400, 404, 409))
def reject(upload_id: UploadId, requested: RejectRequest, api: TheApi, who: Operator) -> UploadDecided:
    """Refuse an upload that was set aside; its seller reads why."""
    known(api, upload_id)
    with parts.decided():
        set_aside.reject(api.context, upload_id, requested.why, who=who)
    api.arrived(upload_id)
    return _decided(api, upload_id)


def _decided(api: ApiContext, upload_id: str) -> UploadDecided:
    found = known(api, upload_id)
    return UploadDecided(id=found.id, state=found.state)


@router.put("/uploads/{upload_id}/case", responses=documented(400, 404, 409))
def assign_upload(upload_id: UploadId, requested: CaseRequest, api: TheApi, who: Operator) -> CaseBody:
    """Assign it to a user, with a note."""
    known(api, upload_id)
    with parts.decided():
        orders_and_feeds.take_on(
            api.context, upload_id, assignee=requested.assignee, note=requested.note.strip(), who=who
        )
    return case_body(work_lists.cases(api.context.db, [upload_id])[upload_id])


def _file(kind: str, words: str) -> None:
    media = BYTES if kind == files.ORIGINAL else TABLE

    @router.get(
        f"/uploads/{{upload_id}}/{kind}",
        name=f"fetch_{kind}",
        responses=SAME | file_documented(words, media),
        response_model=None,
        description=f"{words[0].upper()}{words[1:]}; 404 when it is not there, or not any more.",
    )
    def fetch(upload_id: UploadId, api: TheApi) -> Response:
        kept = files.find(api.context, known(api, upload_id), kind)
        if kept is None:
            raise not_there()
        return file_answer(kept.path, name=kept.name, kind=media)


for _kind, _words in files.KINDS.items():
    _file(_kind, _words)
