"""The work lists: what Amazon refused, and what was set aside; with whose work it is."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Request, Response

from cws_filedrop.feeds.processing_report import explain
from cws_filedrop.marketplaces.seller_site import order_url
from cws_filedrop.store.lists import work_lists
from cws_filedrop.store.lists.work_lists import NO_CASE, Case, UnsettledLine
from cws_filedrop.store.uploads.uploads import Upload
from cws_filedrop.web.api.access import TheApi
from cws_filedrop.web.api.ops import parts
from cws_filedrop.web.api.ops.shapes import HeldUpload, HeldUploads, UnconfirmedLine, UnconfirmedLines
from cws_filedrop.web.api.ops.uploads import case_body
from cws_filedrop.web.api.routing import SAME, Limit, link_next
from cws_filedrop.web.api.shapes import said_of

router = parts.router("work lists")
UNKNOWN = (
    "Look the order up at Amazon. If it is confirmed there, settle it as shipped; if not, settle it as new, then retry"
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
    """Lines that Amazon refused, or of which nobody knows, and that nobody has settled."""
    upload_id, _, line = cursor.partition("~")
    before = (upload_id, int(line)) if cursor else None
    some = work_lists.unconfirmed(api.context.db, code=code, before=before, limit=limit + 1)
    found = sorted(some, key=lambda one: (one.upload_id, one.line), reverse=True)
    if len(found) > limit:
        link_next(request, response, f"{found[limit - 1].upload_id}~{found[limit - 1].line}")
    cases = work_lists.cases(api.context.db, [one.about for one in found])
    return UnconfirmedLines(lines=[unconfirmed_line(one, cases.get(one.about, NO_CASE)) for one in found[:limit]])


def unconfirmed_line(one: UnsettledLine, case: Case) -> UnconfirmedLine:
    """As lists tell it."""
    given = {name: getattr(one, name) for name in UnsettledLine.__slots__ if name in UnconfirmedLine.model_fields}
    return UnconfirmedLine(
        **given | {"order_id": one.amazon_order_id or one.order_id},
        remedy=UNKNOWN if one.is_unknown else explain(one.code) or "",
        amazon_url=order_url(one.marketplace_id, one.amazon_order_id) or "",
        case=case_body(case),
    )


@router.get("/held", responses=SAME)
def list_held(
    request: Request, response: Response, api: TheApi, cursor: parts.UploadCursor = "", limit: Limit = 50
) -> HeldUploads:
    """Uploads that wait for a word: held, cut, failed."""
    found = work_lists.aside(api.context.db, before=cursor, limit=limit + 1)
    if len(found) > limit:
        link_next(request, response, found[limit - 1].id)
    cases = work_lists.cases(api.context.db, [one.id for one in found])
    return HeldUploads(uploads=[_held(one, cases.get(one.id, NO_CASE)) for one in found[:limit]])


def _held(one: Upload, case: Case) -> HeldUpload:
    return HeldUpload(
        **{name: getattr(one, name) for name in Upload.__slots__ if name in HeldUpload.model_fields},
        failure=one.outcome.failure,
        issues=said_of(one.outcome),
        verdicts=dict(one.outcome.counts),
        case=case_body(case),
    )
