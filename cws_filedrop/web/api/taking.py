"""Files that are handed in: POST /uploads, and /orders/confirm for clients of the service's ancestor."""

from __future__ import annotations

import threading
from datetime import datetime
from typing import Annotated, Any, Final
from urllib.parse import unquote

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from cws_filedrop import log
from cws_filedrop.drop.allowance import TooMuch
from cws_filedrop.drop.audit_events import AuditEventKind
from cws_filedrop.drop.claims import Drop
from cws_filedrop.drop.handing_in import IncomingFile, NotUsable
from cws_filedrop.drop.home import Folder
from cws_filedrop.drop.upload import NoRoom, TooLarge
from cws_filedrop.errors import expected
from cws_filedrop.model import Door, Seller, UploadState
from cws_filedrop.store.database import stamp
from cws_filedrop.store.doors import audit
from cws_filedrop.store.uploads import idempotency_keys
from cws_filedrop.web.api import lost
from cws_filedrop.web.api.access import ApiContext, Caller, TheApi, address_of
from cws_filedrop.web.api.bodies import Body
from cws_filedrop.web.api.problems import Problem, documented
from cws_filedrop.web.api.routing import REFUSALS, Route
from cws_filedrop.web.api.shapes import HandedIn

LOG: Final = log.get(__name__)
REPLAYED: Final = "Idempotency-Replayed"
NO_ROOM: Final = "There is no room on our disk just now; nothing was taken. Try again in some minutes"
LATER: Final = {"Retry-After": "300"}
_KINDS: Final = ("text/tab-separated-values", "text/plain", "text/csv", "application/zip", "application/gzip")
_FILE: Final[dict[str, Any]] = {"schema": {"type": "string", "format": "binary"}}
_EXAMPLE: Final = "order-id\tstatus\ttracking\tcarrier\n026-1520163-6049104\tshipped\t1Z999AA10123456784\tUPS\n"
_FORM: Final = {
    "schema": {
        "type": "object",
        "properties": {"file": {"type": "string", "format": "binary", "description": "a field with a file name"}},
        "required": ["file"],
    }
}
BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "description": "The file itself, or a form with it",
        "content": {
            **dict.fromkeys(_KINDS, _FILE),
            "text/tab-separated-values": _FILE | {"example": _EXAMPLE},
            "multipart/form-data": _FORM,
        },
    }
}
TAKEN: Final[dict[int | str, dict[str, Any]]] = {
    202: {
        "description": "It is safe; it is read within seconds",
        "headers": {
            "Location": {"description": "where it is looked at", "schema": {"type": "string"}},
            REPLAYED: {"description": "true: it was taken before, under this key", "schema": {"type": "string"}},
        },
    }
}

router = APIRouter(route_class=Route, responses=REFUSALS | documented(400, 409, 413, 507))


class KeysInUse:
    """Idempotency keys of requests that are being answered at this moment."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._used: set[tuple[int, str]] = set()

    def take(self, seller_id: int, key: str) -> bool:
        """Claim a key; false while another request uses it."""
        with self._lock:
            if (seller_id, key) in self._used:
                return False
            self._used.add((seller_id, key))
            return True

    def give_back(self, seller_id: int, key: str) -> None:
        with self._lock:
            self._used.discard((seller_id, key))


class UploadRequest:
    """What a request says of a file besides its bytes."""

    def __init__(
        self,
        request: Request,
        test: Annotated[bool, Query(description="into test/: checked and answered, nothing is sent")] = False,
        x_file_name: Annotated[
            str, Header(description="the file's name; percent-encoded where it is not ASCII", max_length=800)
        ] = "",
        idempotency_key: Annotated[
            str,
            Header(description="the same key within 24 hours is the same upload", pattern=r"^[!-~]*$", max_length=200),
        ] = "",
    ) -> None:
        self.folder = Folder.TEST if test else Folder.INBOX
        self.name = unquote(x_file_name)
        self.key = idempotency_key
        self.address = address_of(request)

    def drop(self, seller: Seller, name: str | None, now: datetime) -> Drop:
        """Who drops what where; `name` is the form's, for a request without a file name of its own."""
        chosen = self.name or (name or "").replace("\\", "/").rpartition("/")[2] or f"upload-{now:%Y%m%d-%H%M%S}.txt"
        return Drop(seller.name, self.folder, chosen, Door.HTTP, self.address)


@router.post("/uploads", tags=["uploads"], status_code=202, responses=TAKEN, openapi_extra=BODY)
async def hand_in(
    request: Request, response: Response, seller: Caller, api: TheApi, requested: Annotated[UploadRequest, Depends()]
) -> HandedIn:
    """Hand in a file of shipped orders. It is taken whole or not at all."""
    return await _hand_in(request, response, seller, api, requested)


@router.post("/orders/confirm", tags=["uploads"], status_code=202, responses=TAKEN, openapi_extra=BODY)
async def confirm(
    request: Request, response: Response, seller: Caller, api: TheApi, requested: Annotated[UploadRequest, Depends()]
) -> HandedIn:
    """The same as POST /uploads."""
    return await _hand_in(request, response, seller, api, requested)


async def _hand_in(
    request: Request, response: Response, seller: Seller, api: ApiContext, requested: UploadRequest
) -> HandedIn:
    body, incoming = Body(request), None
    try:
        async for block in body.blocks():
            if incoming is None:
                drop = requested.drop(seller, body.name, api.clock())
                incoming = await run_in_threadpool(api.handing_in.begin, drop, seller.allowance)
            await run_in_threadpool(incoming.write, block)
        whole = expected(incoming, "block of a body that ended well")
        upload_id, replayed = await run_in_threadpool(_take, api, seller, requested, whole)
    except TooLarge as error:
        raise Problem(413, str(error)) from error
    except NotUsable as error:
        raise Problem(422, str(error)) from error
    except TooMuch as error:
        raise Problem(429 if error.later else 507, str(error), headers=LATER if error.later else {}) from error
    except NoRoom as error:
        raise Problem(507, str(error), headers=LATER) from error
    except OSError as error:
        LOG.error("upload.not_handed_in", seller=seller.name, error=str(error))
        raise Problem(507, NO_ROOM, headers=LATER) from error
    except ClientDisconnect as error:
        raise Problem(400, "The request was cut off; nothing was taken") from error
    finally:
        if incoming is not None:
            incoming.drop()  # after `take` there is nothing left to drop
    what = whole.what
    response.headers["Location"] = f"{request.scope.get('root_path', '')}/uploads/{upload_id}"
    if replayed:
        response.headers[REPLAYED] = "true"
    return HandedIn(id=upload_id, state=UploadState.ARRIVED, name=what.name, folder=str(what.folder), size=whole.size)


def _take(api: ApiContext, seller: Seller, requested: UploadRequest, incoming: IncomingFile) -> tuple[str, bool]:
    """The upload's id, and whether it was taken before."""
    if not requested.key:
        return _land(api, incoming), False
    if not KEYS.take(seller.id, requested.key):
        raise Problem(409, "Another request with this Idempotency-Key is being answered; try again later")
    try:
        return _once(api, seller, requested.key, incoming)
    finally:
        KEYS.give_back(seller.id, requested.key)


def _once(api: ApiContext, seller: Seller, key: str, incoming: IncomingFile) -> tuple[str, bool]:
    db = api.context.db
    # The key is kept before the file lands: killed in between, a repetition finds by `lost` whether it was taken.
    earlier = idempotency_keys.begin(db, seller.id, key, digest=incoming.digest, now=api.clock())
    if earlier is not None:
        if earlier.digest != incoming.digest:
            raise Problem(422, "This Idempotency-Key was used for another file, name or folder within 24 hours")
        if upload_id := earlier.upload_id or lost.find(api.context, seller, incoming.what, earlier):
            idempotency_keys.taken(db, seller.id, key, upload_id)
            return upload_id, True
    try:
        upload_id = _land(api, incoming)
    except BaseException:  # nothing was taken, so the key must be free for another try
        idempotency_keys.withdraw(db, seller.id, key)
        raise
    idempotency_keys.taken(db, seller.id, key, upload_id)
    return upload_id, False


def _land(api: ApiContext, incoming: IncomingFile) -> str:
    incoming.look()
    claim = incoming.take()
    api.arrived(claim.upload_id)
    _keep_trail(api, incoming, claim.upload_id)
    return claim.upload_id


def _keep_trail(api: ApiContext, incoming: IncomingFile, upload_id: str) -> None:
    what = incoming.what
    row = audit.AuditRow(
        at=stamp(api.clock()),
        event=str(AuditEventKind.UPLOAD),
        seller=what.seller,
        address=what.client,
        door=str(what.door),
        client="",
        name=f"{what.folder}/{what.name}",
        upload_id=upload_id,
        size=incoming.size,
        detail="",
        times=1,
    )
    try:
        audit.add(api.context.db, [row])
    except Exception:  # it is taken, and its client must hear so
        LOG.exception("audit.not_kept", upload=upload_id)


KEYS: Final = KeysInUse()
