"""Files that a seller hands in on the page: taken whole or not at all, the same way as through the API."""

from __future__ import annotations

from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from cws_filedrop.drop.allowance import TooMuch
from cws_filedrop.drop.audit_events import AuditEvent, AuditEventKind
from cws_filedrop.drop.claims import Claim, Drop
from cws_filedrop.drop.handing_in import IncomingFile, NotUsable
from cws_filedrop.drop.home import Folder
from cws_filedrop.drop.upload import NoRoom, TooLarge
from cws_filedrop.errors import expected
from cws_filedrop.model import Door, Seller
from cws_filedrop.store.sellers import sellers
from cws_filedrop.store.users.web_sessions import WebSession
from cws_filedrop.web.api.bodies import Body
from cws_filedrop.web.api.problems import Problem
from cws_filedrop.web.site import visitors, web_context
from cws_filedrop.web.site.rendering import go
from cws_filedrop.web.site.web_context import WebContext

router: Final = APIRouter()
STATUS: Final[dict[type[Exception], int]] = {TooLarge: 413, TooMuch: 429, NoRoom: 507, NotUsable: 422}
CHOOSE: Final = "Choose a file first"


@router.post("/my/upload")
async def upload(request: Request, session: visitors.SellerHere) -> Response:
    """Take one file. Answers with JSON to scripts, and with a way back to the page to browsers."""
    try:
        claim = await _taken(request, session)
    except Problem as problem:
        return _answer(request, problem.status, f"{problem.detail}.")
    except tuple(STATUS) as error:
        return _answer(request, STATUS[type(error)], f"{error}.")
    except ClientDisconnect:
        return _answer(request, 400, "The request was cut off; nothing was taken.")
    return _answer(request, 202, f"{claim.name} is safe here, as upload {claim.upload_id}.", id=claim.upload_id)


async def _taken(request: Request, session: WebSession) -> Claim:
    """The file, written to the spool as it comes. Nothing is taken before the whole form has come and was ours."""
    here, body = web_context.of(request), Body(request)
    incoming: IncomingFile | None = None
    try:
        async for block in body.blocks():
            if incoming is None:
                _check_begun(request, body)
                incoming = await run_in_threadpool(_begin, request, session, body.name or "")
            await run_in_threadpool(incoming.write, block)
        whole = expected(incoming, "block of a body that ended well")
        visitors.check_meant(request, body.field(visitors.CSRF_FIELD))
        if body.field("test"):
            whole.into(Folder.TEST)
        return await run_in_threadpool(_take, here, whole)
    finally:
        if incoming is not None:
            incoming.drop()  # after `take` there is nothing left to drop


def _check_begun(request: Request, body: Body) -> None:
    """What can be known when the file begins. Raises: Problem, Redirected, Forbidden."""
    if not body.name:
        raise Problem(400, CHOOSE)
    if token := body.field(visitors.CSRF_FIELD):  # our forms begin with it; where it comes later, it is checked then
        visitors.check_meant(request, token)


def _begin(request: Request, session: WebSession, name: str) -> IncomingFile:
    here = web_context.of(request)
    seller: Seller = sellers.by_id(here.context.db, session.the_seller)
    own = name.replace("\\", "/").rpartition("/")[2]
    drop = Drop(seller.name, Folder.INBOX, own, Door.HTTP, visitors.address(request))
    return here.handing_in.begin(drop, seller.allowance)


def _take(here: WebContext, incoming: IncomingFile) -> Claim:
    incoming.look()
    claim = incoming.take()
    here.witness(
        AuditEvent(
            event=AuditEventKind.UPLOAD,
            seller=claim.seller,
            address=incoming.what.client,
            door=str(Door.HTTP),
            client="the page",
            name=f"{claim.folder}/{claim.name}",
            upload_id=claim.upload_id,
            size=claim.size,
        )
    )
    here.arrived(claim.upload_id)
    return claim


def _answer(request: Request, status: int, text: str, **more: Any) -> Response:
    if request.headers.get("accept", "").startswith("application/json"):
        return JSONResponse({"text": text, **more}, status)
    if status >= 400:
        raise visitors.Forbidden(text, status)
    return go(request, "/my", text)
