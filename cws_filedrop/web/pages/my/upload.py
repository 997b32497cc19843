"""Files that a seller hands in on the page: taken whole or not at all, the same way as through the API."""

from __future__ import annotations

from typing import Any, BinaryIO, Final

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile

from cws_filedrop.drop.allowance import TooMuch
from cws_filedrop.drop.audit_events import AuditEvent, AuditEventKind
from cws_filedrop.drop.claims import Claim, Drop
from cws_filedrop.drop.handing_in import NotUsable
from cws_filedrop.drop.home import Folder
from cws_filedrop.drop.upload import NoRoom, TooLarge
from cws_filedrop.model import Door, Seller
from cws_filedrop.store.sellers import sellers
from cws_filedrop.web.site import visitors, web_context
from cws_filedrop.web.site.rendering import go
from cws_filedrop.web.site.web_context import WebContext

router: Final = APIRouter()
BLOCK_BYTES: Final = 1_048_576
FORM_BYTES: Final = 65_536  # of a form besides its file
STATUS: Final[dict[type[Exception], int]] = {TooLarge: 413, TooMuch: 429, NoRoom: 507, NotUsable: 422}


@router.post("/my/upload")
async def upload(request: Request, session: visitors.SellerHere) -> Response:
    """Take one file. Answers with JSON to scripts, and with a way back to the page to browsers."""
    here = web_context.of(request)
    announced = request.headers.get("content-length", "")
    # Before the form is read: else a file that is far too large would first be stored on disk.
    if announced.isdecimal() and int(announced) > here.context.settings.limits.upload_bytes + FORM_BYTES:
        return _answer(request, 413, "That file is larger than may be; nothing was taken.")
    async with request.form(max_files=1, max_fields=8) as form:
        visitors.check_meant(request, str(form.get("csrf", "")))
        file = form.get("file")
        if not isinstance(file, UploadFile) or not file.filename:
            return _answer(request, 400, "Choose a file first.")
        folder = Folder.TEST if form.get("test") else Folder.INBOX
        address = visitors.address(request)
        given = (here, session.the_seller, file.file, file.filename, folder, address)
        try:
            claim = await run_in_threadpool(_take, *given)
        except tuple(STATUS) as error:
            return _answer(request, STATUS[type(error)], f"{error}.")
    return _answer(request, 202, f"{claim.name} is safe here, as upload {claim.upload_id}.", id=claim.upload_id)


def _take(here: WebContext, seller_id: int, file: BinaryIO, name: str, folder: Folder, address: str) -> Claim:
    seller: Seller = sellers.by_id(here.context.db, seller_id)
    own = name.replace("\\", "/").rpartition("/")[2]
    incoming = here.handing_in.begin(Drop(seller.name, folder, own, Door.HTTP, address), seller.allowance)
    try:
        while block := file.read(BLOCK_BYTES):
            incoming.write(block)
        incoming.look()
        claim = incoming.take()
    finally:
        incoming.drop()
    here.witness(
        AuditEvent(
            event=AuditEventKind.UPLOAD,
            seller=seller.name,
            address=address,
            door=str(Door.HTTP),
            client="the page",
            name=f"{folder}/{claim.name}",
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
