"""Writes down who fetched which file: every answer that a browser or program is to keep as a file, whatever route gave
it, so that none can be forgotten.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final
from urllib.parse import unquote

from fastapi import Request
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cws_filedrop.drop.audit_events import AuditEvent, AuditEventKind, Witness
from cws_filedrop.model import Door
from cws_filedrop.store.users.web_sessions import WebSession

GIVEN: Final = (200, 206)
CUT: Final = "the client left before the end"
UTF8: Final = "filename*=utf-8''"


def operator(name: str) -> str:
    """How the audit trail names an operator: with a blank, so that it is never a seller's name."""
    return f"operator {name}"


def known_as(session: WebSession) -> str:
    """How the audit trail names whoever is logged in."""
    return session.name if session.seller_id is not None else operator(session.name)


class Downloads:
    """Stands around the application. `witness` takes what was fetched."""

    def __init__(self, app: ASGIApp, witness: Witness) -> None:
        self._app, self._witness = app, witness

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http" or scope["method"] == "HEAD":
            await self._app(scope, receive, send)
            return
        watch = _Watch(send, lambda name, size, how: self._witness(_event(Request(scope), name, size, how)))
        try:
            await self._app(scope, receive, watch.send)
        finally:
            watch.over(CUT)


class _Watch:
    """What an answer turns out to be; `told` is called once, if it is a file: name, size, and what went wrong."""

    def __init__(self, send: Callable[[Message], Any], told: Callable[[str, int, str], None]) -> None:
        self._send, self._told = send, told
        self._name, self._size, self._whole = "", 0, -1

    async def send(self, message: Message) -> None:
        """Hand a part of the answer on."""
        if message["type"] == "http.response.start" and message["status"] in GIVEN:
            headers = Headers(raw=message["headers"])
            self._name = _file_name(headers.get("content-disposition", ""))
            self._whole = int(headers.get("content-length", "-1"))
        elif message["type"] == "http.response.body":
            self._size += len(message.get("body", b""))
            if self._size == self._whole or not message.get("more_body", False):
                self.over("")  # before the last part is sent: nobody has a file of which the trail does not know
        await self._send(message)

    def over(self, how: str) -> None:
        """Nothing more comes."""
        if self._name:
            self._told(self._name, self._size, how)
        self._name = ""


def _file_name(disposition: str) -> str:
    kind, _, rest = disposition.partition(";")
    if kind.strip() != "attachment":
        return ""
    if UTF8 in rest:
        return unquote(rest.partition(UTF8)[2])
    return rest.partition('filename="')[2].rpartition('"')[0]


def _event(request: Request, name: str, size: int, how: str) -> AuditEvent:
    session: WebSession | None = getattr(request.state, "session", None)
    by = known_as(session) if session is not None else getattr(request.state, "known_as", "")
    hint = getattr(request.state, "hint", "")
    told = [request.url.path, f"token {hint}…" if hint else "", how]
    return AuditEvent(
        event=AuditEventKind.DOWNLOAD,
        seller=by,
        address=request.client.host if request.client else "",
        door=str(Door.HTTP),
        client=request.headers.get("user-agent", "")[:200],
        name=name,
        upload_id=str(request.path_params.get("upload_id", "")),
        size=size,
        detail="; ".join(words for words in told if words),
    )
