"""The work lists: what Amazon refused, and what was set aside; with who each is assigned to."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Request, Response

from cws_filedrop.feeds.processing_report import explain
from cws_filedrop.marketplaces.seller_site import order_url
from cws_filedrop.model import FeedKind
from cws_filedrop.store.lists import work_lists
from cws_filedrop.store.lists.work_lists import NO_CASE, Case, UnsettledLine
from cws_filedrop.store.uploads.uploads import Upload
from cws_filedrop.web.api.access import TheApi
from cws_filedrop.web.api.ops import parts
from cws_filedrop.web.api.ops.shapes import HeldUpload, HeldUploads, UnconfirmedLine, UnconfirmedLines
from cws_filedrop.web.api.ops.uploads import case_body
from cws_filedrop.web.api.routing import SAME, Limit, link_next
from cws_filedrop.web.api.shapes import issues_of

router = parts.router("work lists")
UNKNOWN = (
    "Look the order up at Amazon. If it is confirmed there, settle it as shipped; if not, settle it as new, then retry"
)
UNKNOWN_CANCELLATION = (
    "Look the order up at Amazon. If it is cancelled there, settle it as cancelled; if not, as new, then retry"
)


@router.get("/unconfirmed", responses=SAME)
def list_unconfirmed(
    request: Request,
    response: Response,
    api: TheApi,
    code: Annotated[str, Query(pattern=r"^[A-Za-z0-9-]{0,40}$", description="only with Amazon's code")] = "",
    cursor: Annotated[
        str, Query(pattern=r"^([0-9]{8}-[0-9]{6}-[2-9a-hjkmnp-tv-z]{4}~[0-9]{1,15})?$", description=parts.ON)
    ] = "",
    limit: Limit = 50,
) -> UnconfirmedLines:
    """Lines that Amazon refused, or that are unknown, and that nobody has settled."""
    upload_id, _, line = cursor.partition("~")
    before = (upload_id, int(line)) if cursor else None
    some = work_lists.unconfirmed(api.context.db, code=code, before=before, limit=limit + 1)
    lines = sorted(some, key=lambda one: (one.upload_id, one.line), reverse=True)
    if len(lines) > limit:
        link_next(request, response, f"{lines[limit - 1].upload_id}~{lines[limit - 1].line}")
    cases = work_lists.cases(api.context.db, [one.about for one in lines])
    return UnconfirmedLines(lines=[unconfirmed_line(one, cases.get(one.about, NO_CASE)) for one in lines[:limit]])


def unconfirmed_line(line: UnsettledLine, case: Case) -> UnconfirmedLine:
    """An unconfirmed line as lists tell it."""
    given = {name: getattr(line, name) for name in UnsettledLine.__slots__ if name in UnconfirmedLine.model_fields}
    return UnconfirmedLine(
        **given | {"order_id": line.amazon_order_id or line.order_id},
        remedy=_remedy(line),
        amazon_url=order_url(line.marketplace_id, line.amazon_order_id) or "",
        case=case_body(case),
    )


def _remedy(line: UnsettledLine) -> str:
    if line.is_unknown:
        return UNKNOWN_CANCELLATION if line.kind == FeedKind.ACKNOWLEDGEMENT else UNKNOWN
    return explain(line.code) or ""


@router.get("/held", responses=SAME)
def list_held(
    request: Request, response: Response, api: TheApi, cursor: parts.UploadCursor = "", limit: Limit = 50
) -> HeldUploads:
    """Uploads that wait for a decision: held, cut, failed."""
    uploads = work_lists.aside(api.context.db, before=cursor, limit=limit + 1)
    if len(uploads) > limit:
        link_next(request, response, uploads[limit - 1].id)
    cases = work_lists.cases(api.context.db, [upload.id for upload in uploads])
    return HeldUploads(uploads=[_held(upload, cases.get(upload.id, NO_CASE)) for upload in uploads[:limit]])


def _held(upload: Upload, case: Case) -> HeldUpload:
    return HeldUpload(
        **{name: getattr(upload, name) for name in Upload.__slots__ if name in HeldUpload.model_fields},
        failure=upload.outcome.failure,
        issues=issues_of(upload.outcome),
        verdicts=dict(upload.outcome.counts),
        case=case_body(case),
    )
