"""The work lists: what Amazon refused, and what was set aside."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import Response

from cws_filedrop.decisions import orders_and_feeds
from cws_filedrop.feeds.processing_report import explain
from cws_filedrop.marketplaces.seller_site import order_url
from cws_filedrop.store.feeds import offers
from cws_filedrop.store.lists import work_lists
from cws_filedrop.store.lists.work_lists import UnsettledLine
from cws_filedrop.store.users import users
from cws_filedrop.web.site import visitors, web_context
from cws_filedrop.web.site.forms import Text
from cws_filedrop.web.site.frame import framed
from cws_filedrop.web.site.rendering import go, is_ours

router: Final = APIRouter()
SHOWN: Final = 50


@router.get("/unconfirmed")
def unconfirmed(request: Request, session: visitors.Viewer) -> Response:
    """Lines that Amazon refused and nobody has settled."""
    db = web_context.of(request).context.db
    code = request.query_params.get("code", "")
    lines = work_lists.unconfirmed(db, limit=SHOWN)
    chosen = work_lists.unconfirmed(db, code=code, limit=SHOWN) if code else lines
    return framed(
        request,
        "unconfirmed.html",
        session,
        rows=[(line, explain(line.code), order_url(line.marketplace_id, line.amazon_order_id)) for line in chosen],
        first_of=_first_of(chosen),
        codes=sorted({line.code for line in lines}),
        code=code,
        offered=offers.unshipped(db),
        total=web_context.of(request).counts.of(web_context.of(request).context)[0],
        cases=work_lists.cases(db, [line.about for line in chosen]),
        no_case=work_lists.NO_CASE,
        people=[user.name for user in users.everyone(db) if user.enabled],
        settled_as=orders_and_feeds.SETTLED_AS,
    )


def _first_of(rows: list[UnsettledLine]) -> dict[str, tuple[str, int]]:
    """The line of each order that gets the forms: an order is settled once, however many of its lines were refused."""
    return {one.about: (one.upload_id, one.line) for one in reversed(rows)}


@router.get("/held")
def held(request: Request, session: visitors.Viewer) -> Response:
    """Uploads that wait for a decision: held, cut, failed."""
    db = web_context.of(request).context.db
    aside = work_lists.aside(db, limit=SHOWN)
    return framed(
        request,
        "held.html",
        session,
        uploads=aside,
        cases=work_lists.cases(db, [one.id for one in aside]),
        no_case=work_lists.NO_CASE,
        people=[one.name for one in users.everyone(db) if one.enabled],
    )


@router.post("/cases", dependencies=[visitors.Meant])
def keep_case(
    request: Request, session: visitors.Operator, about: Text, wanted: Text = "/", assignee: Text = "", note: Text = ""
) -> Response:
    """Assign a case to a user, with a note."""
    context, who = web_context.of(request).context, visitors.who(request, session)
    with visitors.decided(400):
        orders_and_feeds.take_on(context, about, assignee=assignee, note=note.strip(), who=who)
    return go(request, wanted if is_ours(wanted) else "/", "Noted.")
