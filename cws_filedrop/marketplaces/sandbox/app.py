"""The sandbox's HTTP: routes, answers in Amazon's shapes, rate limits, faults. What a call does is in
`operations`, `orders_api` and `reports_api`.

Rate limits are enforced although nobody would mind here: a client that ignores them has to fail in a test. (They can be
scaled, so that tests need not wait.)
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Final
from xml.sax.saxutils import escape

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from cws_filedrop import log
from cws_filedrop.marketplaces.limits import RATES, reserve
from cws_filedrop.marketplaces.sandbox import wrong_answers
from cws_filedrop.marketplaces.sandbox.faults import Fault, Faults
from cws_filedrop.marketplaces.sandbox.operations import Amazon, OperationCall, OperationRefused, denied
from cws_filedrop.marketplaces.sandbox.orders_api import OrdersApi
from cws_filedrop.marketplaces.sandbox.reports_api import ReportsApi
from cws_filedrop.marketplaces.sandbox.rows import SandboxRows
from cws_filedrop.marketplaces.sandbox.settings import SandboxServerSettings
from cws_filedrop.marketplaces.sandbox.signing import Signer
from cws_filedrop.marketplaces.sandbox.wrong_answers import DroppedResponse, LateResponse

LOG: Final = log.get(__name__)
API: Final = "/feeds/2021-06-30"
ORDERS: Final = "/orders/2026-01-01"
REPORTS: Final = "/reports/2021-06-30"
TOKENS: Final = "/tokens/2021-03-01"
LARGEST_UPLOAD: Final = 10 * 1024 * 1024
LARGEST_REQUEST: Final = 64 * 1024

WORDS: Final = {
    "throttle": ("QuotaExceeded", "You exceeded your quota for the requested resource."),
    "fail": ("InternalFailure", "We encountered an internal error. Please try again."),
    "late": ("InternalFailure", "We encountered an internal error. Please try again."),
    "refuse": ("InvalidInput", "The sandbox was told to refuse this."),
}
STATUSES: Final = {"throttle": 429, "fail": 500, "late": 504, "refuse": 400}
CODES: Final = {401: "Unauthorized", 403: "Unauthorized", 404: "NotFound"}

Work = Callable[[OperationCall], Any]


@dataclass(frozen=True, slots=True)
class Operation:
    """One of Amazon's operations: its route, its good status, what it does, and how it knows the account."""

    name: str
    method: str
    path: str
    status: int
    work: Work
    account: Callable[[OperationCall], str]


def routes(app: App) -> list[BaseRoute]:
    """All routes that Amazon has, as far as they are played."""
    amazon, reports = app.amazon, app.reports
    table: tuple[tuple[str, str, str, int, Work], ...] = (
        ("createFeedDocument", "POST", f"{API}/documents", 201, amazon.create_feed_document),
        ("getFeedDocument", "GET", API + "/documents/{document_id}", 200, amazon.get_feed_document),
        ("createFeed", "POST", f"{API}/feeds", 202, amazon.create_feed),
        ("getFeeds", "GET", f"{API}/feeds", 200, amazon.get_feeds),
        ("getFeed", "GET", API + "/feeds/{feed_id}", 200, amazon.get_feed),
        ("cancelFeed", "DELETE", API + "/feeds/{feed_id}", 200, amazon.cancel_feed),
        ("getOrder", "GET", ORDERS + "/orders/{order_id}", 200, app.orders.get_order),
        ("createReport", "POST", f"{REPORTS}/reports", 202, reports.create_report),
        ("getReport", "GET", REPORTS + "/reports/{report_id}", 200, reports.get_report),
        ("createRestrictedDataToken", "POST", f"{TOKENS}/restrictedDataToken", 200, reports.create_token),
    )
    operations = [Operation(*one, account=lambda call: amazon.account(call.headers)) for one in table]
    name, path = "getReportDocument", REPORTS + "/documents/{document_id}"
    operations.append(Operation(name, "GET", path, 200, reports.get_report_document, reports.account))
    bucket = "/bucket/{document_id}"
    return [
        Route("/auth/o2/token", app.serve("token", app.token), methods=["POST"]),
        *(Route(one.path, app.serve(one.name, app.operation(one)), methods=[one.method]) for one in operations),
        Route(bucket, app.serve("upload", app.put, LARGEST_UPLOAD), methods=["PUT"]),
        Route(bucket, app.serve("report", app.fetch), methods=["GET"]),
    ]


class App:
    """Puts calls to the operations and their outcomes into HTTP."""

    def __init__(self, rows: SandboxRows, signer: Signer, settings: SandboxServerSettings) -> None:
        self.amazon = amazon = Amazon(rows, signer)
        self.orders = OrdersApi(rows)
        self.reports = ReportsApi(rows, signer, amazon, settings)
        self.rows = rows
        self.faults = Faults()
        self.closing = asyncio.Event()  # ends late answers when the server stops
        self._settings = settings

    def starlette(self, control: list[BaseRoute]) -> Starlette:
        """The application, with the routes that only a sandbox has."""
        return Starlette(routes=[*routes(self), *control])

    def serve(
        self, name: str, answer: Callable[[OperationCall], Response], limit: int = LARGEST_REQUEST
    ) -> Callable[[Request], Awaitable[Response]]:
        """An endpoint: reads the call, answers it in a thread, and makes go wrong what was asked to.

        Whether the work is done before things go wrong is the point of a fault: a lost answer to createFeed means a
        feed too many if the client just sends again, and none at all if it does not.
        """

        async def endpoint(request: Request) -> Response:
            body = await _body(request, limit)
            if body is None:
                return _storage_refused(OperationRefused(400, "EntityTooLarge", f"More than {limit} bytes"))
            fault = self.faults.take(name)
            if fault is not None and fault.is_instead:
                return self._struck(fault, Response(b"{}", 200, media_type="application/json"))
            waits = fault is not None and fault.kind == "slow" and not fault.works_first
            if fault is not None and waits:
                await self._wait(fault.seconds)
            response = await run_in_threadpool(answer, replace(_call(request, body), fault=fault))
            return response if fault is None or waits else self._struck(fault, response)

        return endpoint

    def _struck(self, fault: Fault, response: Response) -> Response:
        """The answer, gone wrong."""
        match fault.kind:
            case "throttle" | "fail" | "refuse" | "late":
                code, words = WORDS[fault.kind]
                status = fault.status or STATUSES[fault.kind]
                return _refused(OperationRefused(status, CODES.get(status, code), words))
            case "hang":
                return LateResponse(fault.seconds, self.closing)
            case "slow":
                return LateResponse(fault.seconds, self.closing, response)
            case "drop":
                return DroppedResponse()
            case "break":
                return DroppedResponse(response)
        return wrong_answers.changed(fault, response)

    async def _wait(self, seconds: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self.closing.wait(), seconds)

    def token(self, call: OperationCall) -> Response:
        """Answer Login with Amazon, which has its own shape of errors."""
        try:
            if "token" in self.rows.behaviour.now.forbidden:
                raise OperationRefused(403, "unauthorized_client", "The client is not allowed to ask for a token.")
            return JSONResponse(self.amazon.token(call), headers=_request_id() | {"cache-control": "no-store"})
        except OperationRefused as refusal:
            body = {"error": refusal.code, "error_description": refusal.message}
            return JSONResponse(body, refusal.status, headers=_request_id())

    def operation(self, operation: Operation) -> Callable[[OperationCall], Response]:
        """How an operation is answered: first the account, then its rate limit, then the work."""
        rate = RATES[operation.name].scaled(self._settings.rate_scale)
        limit = {"x-amzn-RateLimit-Limit": f"{rate.per_second:g}"}

        def answer(call: OperationCall) -> Response:
            try:
                self._check_allowed(operation.name)
                account = operation.account(call)
                self._take_token(account, operation.name)
                payload = operation.work(replace(call, account=account))
            except OperationRefused as refusal:
                return _refused(refusal, limit if refusal.status in (400, 404) else {})
            if operation.method == "DELETE":
                return Response(b"", operation.status, headers=_request_id() | limit)
            return JSONResponse(payload, operation.status, headers=_request_id() | limit)

        return answer

    def _check_allowed(self, name: str) -> None:
        if name in self.rows.behaviour.now.forbidden:
            raise denied("The application's role does not allow this.")

    def _take_token(self, account: str, name: str) -> None:
        rate = RATES[name].scaled(self._settings.rate_scale)
        key = (account, name)
        with self.rows.state.write() as connection:
            query = "SELECT arrival FROM buckets WHERE account = ? AND operation = ?"
            row = connection.execute(query, key).fetchone()
            arrival, wait = reserve(None if row is None else row[0], self._settings.clock(), rate)
            if wait > 0:
                raise OperationRefused(429, "QuotaExceeded", "You exceeded your quota for the requested resource.")
            connection.execute("INSERT OR REPLACE INTO buckets VALUES (?, ?, ?)", (*key, arrival))

    def put(self, call: OperationCall) -> Response:
        """The storage takes a document."""
        try:
            self._check_allowed("upload")
            self.amazon.put(call)
        except OperationRefused as refusal:
            return _storage_refused(refusal)
        return Response(b"", 200)

    def fetch(self, call: OperationCall) -> Response:
        """The storage hands a document out."""
        try:
            self._check_allowed("report")
            document = self.amazon.open(call, "GET")
        except OperationRefused as refusal:
            return _storage_refused(refusal)
        encoded = {"content-encoding": "gzip"} if document.packing and call.one("encoded") else {}
        return Response(document.body or b"", 200, headers={"content-type": document.content_type} | encoded)


async def _body(request: Request, limit: int) -> bytes | None:
    """The body, or None if it is too large."""
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > limit:
                return None
    except ClientDisconnect:
        return None
    return bytes(body)


def _call(request: Request, body: bytes) -> OperationCall:
    query = {name: request.query_params.getlist(name) for name in request.query_params}
    base = str(request.base_url).rstrip("/")
    return OperationCall(base, request.path_params, query, request.headers, body)


def _request_id() -> dict[str, str]:
    return {"x-amzn-RequestId": str(uuid.uuid4())}


def _refused(refusal: OperationRefused, headers: dict[str, str] | None = None) -> Response:
    error = {"code": refusal.code, "message": refusal.message, "details": refusal.details}
    return JSONResponse({"errors": [error]}, refusal.status, headers=_request_id() | (headers or {}))


def _storage_refused(refusal: OperationRefused) -> Response:
    body = f"<Error><Code>{refusal.code}</Code><Message>{escape(refusal.message)}</Message></Error>"
    return Response('<?xml version="1.0" encoding="UTF-8"?>\n' + body, refusal.status, media_type="application/xml")
