"""Uploads: what became of them, line by line, and their files."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request, Response

from cws_filedrop.drop.names import result_name
from cws_filedrop.model import Seller, UploadState, Verdict
from cws_filedrop.store.lists import api_lists
from cws_filedrop.store.uploads import uploads as rows
from cws_filedrop.store.uploads import verdict_counts
from cws_filedrop.store.uploads.uploads import Upload
from cws_filedrop.web.api.access import ApiContext, Caller, TheApi
from cws_filedrop.web.api.orders import file_answer, file_documented
from cws_filedrop.web.api.problems import Problem, documented, not_there
from cws_filedrop.web.api.routing import REFUSALS, SAME, Limit, Route, link_next
from cws_filedrop.web.api.shapes import HandedIn, LineBody, Lines, OneUpload, UploadBody, UploadId, Uploads, issues_of

router = APIRouter(route_class=Route, responses=REFUSALS)
FILES: Final = {
    "receipt": "What arrived, and what is wrong with it",
    "rejected": "The rejected lines, to be corrected and dropped again",
    "result": "Every line with its verdict",
    "unconfirmed": "The lines that Amazon refused",
}
_GIVEN: Final = ("id", "name", "folder", "door", "state", "arrived_at", "answered_at", "done_at", "size", "sha256")
_READ: Final = ("grade", "evidence", "line_count", "waiting")


@router.get("/uploads", tags=["uploads"], responses=SAME)
def list_uploads(
    request: Request,
    response: Response,
    seller: Caller,
    api: TheApi,
    state: Annotated[UploadState | None, Query(description="only in this state")] = None,
    cursor: Annotated[str, Query(pattern=r"^([0-9]{8}-[0-9]{6}-[2-9a-hjkmnp-tv-z]{4})?$")] = "",
    limit: Limit = 50,
) -> Uploads:
    """Your uploads, newest first."""
    uploads = api_lists.uploads_of(api.context.db, seller.id, state=state, before=cursor, limit=limit + 1)
    if len(uploads) > limit:
        link_next(request, response, uploads[limit - 1].id)
    return Uploads(uploads=[UploadBody(**_upload(api, upload)) for upload in uploads[:limit]])


@router.get("/uploads/{upload_id}", tags=["uploads"], responses=SAME | documented(404))
def show_upload(upload_id: UploadId, seller: Caller, api: TheApi) -> OneUpload:
    """One upload: where it stands, its lines by verdict, the first issues found."""
    upload = rows.get(api.context.db, upload_id)
    if upload is None:
        return _unrecorded(api, seller, upload_id)
    if upload.seller_id != seller.id:
        raise not_there()
    return OneUpload(**_upload(api, upload), issues=issues_of(upload.outcome))


def _unrecorded(api: ApiContext, seller: Seller, upload_id: str) -> OneUpload:
    """An upload that is in the spool and that the worker has not recorded yet. Raises: Problem 404."""
    try:
        claim = api.context.spool.claim_of(upload_id)
    except FileNotFoundError:
        raise not_there() from None
    if claim.seller != seller.name:
        raise not_there()
    return OneUpload(
        id=claim.upload_id,
        name=claim.name,
        folder=str(claim.folder),
        door=str(claim.door),
        state=UploadState.ARRIVED,
        arrived_at=claim.arrived_at,
        size=claim.size,
        grade=str(claim.grade or ""),
        evidence=claim.evidence,
    )


def _upload(api: ApiContext, upload: Upload) -> dict[str, Any]:
    counts: dict[str, int] = {}
    if upload.rehearsal:
        counts = dict(upload.outcome.counts)
    else:
        for (verdict, _), number in verdict_counts.of_upload(api.context.db, upload.id).items():
            counts[verdict] = counts.get(verdict, 0) + number
    return {name: getattr(upload, name) for name in (*_GIVEN, *_READ)} | {"verdicts": counts}


def mine(api: ApiContext, seller: Seller, upload_id: str) -> Upload:
    """That upload, if it is the seller's. Raises: Problem 404."""
    upload = rows.get(api.context.db, upload_id)
    if upload is None or upload.seller_id != seller.id:
        raise not_there()
    return upload


@router.get("/uploads/{upload_id}/lines", tags=["uploads"], responses=SAME | documented(404))
def list_lines(
    upload_id: UploadId,
    request: Request,
    response: Response,
    seller: Caller,
    api: TheApi,
    verdict: Annotated[Verdict | None, Query(description="only with this verdict")] = None,
    code: Annotated[str, Query(pattern=r"^[A-Za-z0-9-]{0,40}$", description="only with this code")] = "",
    cursor: Annotated[int, Query(ge=0, le=2**53)] = 0,
    limit: Limit = 100,
) -> Lines:
    """The lines of an upload, with what became of each; none of a rehearsal, whose result is a file."""
    mine(api, seller, upload_id)
    lines = api_lists.lines_of(api.context.db, upload_id, verdict=verdict, code=code, after=cursor, limit=limit + 1)
    if len(lines) > limit:
        link_next(request, response, str(lines[limit - 1].line))
    return Lines(lines=[LineBody(**row._mapping) for row in lines[:limit]])


@router.post("/uploads/{upload_id}/release", tags=["uploads"], status_code=202, responses=documented(404, 409))
def release(upload_id: UploadId, seller: Caller, api: TheApi) -> HandedIn:
    """Have a held upload taken as it is, as a `.release` file does."""
    upload = mine(api, seller, upload_id)
    evidence = f"{upload.evidence}; released by the seller (API)".lstrip("; ")
    held = upload.state is UploadState.HELD
    if not held or not rows.read_again(api.context.db, upload_id, evidence=evidence, only_from=(UploadState.HELD,)):
        raise Problem(409, f"This upload is {upload.state}; only what is held can be released")
    api.arrived(upload_id)
    return HandedIn(id=upload.id, state=UploadState.ARRIVED, name=upload.name, folder=upload.folder, size=upload.size)


def _file(kind: str) -> None:
    @router.get(
        f"/uploads/{{upload_id}}/{kind}",
        tags=["uploads"],
        name=f"{kind}_file",
        responses=SAME | file_documented(FILES[kind]),
        response_model=None,
        description=f"{FILES[kind]}, as it lies in your outbox; 404 while there is none, or when you have deleted it.",
    )
    def fetch(upload_id: UploadId, seller: Caller, api: TheApi) -> Response:
        upload = mine(api, seller, upload_id)
        home = api.context.home(seller.name)
        if home.is_astray("outbox"):
            raise not_there()
        return file_answer(home.path / "outbox" / result_name(upload.name, upload.id, kind))


for _kind in FILES:
    _file(_kind)
