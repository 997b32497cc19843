"""What only a sandbox has, under /sandbox: health, ledger, order book, faults on demand, behaviour, what others do to
an account meanwhile. For tests and demos.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import asdict
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from cws_filedrop.marketplaces.sandbox import by_others, ledger, order_report, orders
from cws_filedrop.marketplaces.sandbox.faults import Faults, fault
from cws_filedrop.marketplaces.sandbox.rows import SandboxRows

Endpoint = Callable[[Request], Coroutine[Any, Any, Response]]


def routes(rows: SandboxRows, faults: Faults) -> list[BaseRoute]:
    """All of them."""
    return [
        Route("/sandbox/health", _asked(lambda _: _health(rows, faults)), methods=["GET"]),
        Route("/sandbox/ledger", _asked(lambda query: ledger.messages(rows, query)), methods=["GET"]),
        Route("/sandbox/ledger/summary", _asked(lambda query: ledger.summary(rows, query)), methods=["GET"]),
        Route("/sandbox/orders", _orders(rows), methods=["POST", "DELETE"]),
        Route("/sandbox/faults", _faults(faults), methods=["GET", "POST", "DELETE"]),
        Route("/sandbox/behaviour", _behaviour(rows), methods=["GET", "POST", "DELETE"]),
        Route("/sandbox/feeds", _posted(lambda wanted: by_others.feed(rows, wanted)), methods=["POST"]),
        Route("/sandbox/shipments", _posted(lambda wanted: _shipped(rows, wanted)), methods=["POST"]),
    ]


def _asked(answer: Callable[[ledger.Query], object]) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        return await run_in_threadpool(lambda: JSONResponse(answer(request.query_params)))

    return endpoint


def _health(rows: SandboxRows, faults: Faults) -> dict[str, object]:
    with rows.state.read() as connection:
        feeds = connection.execute("SELECT count(*) FROM feeds").fetchone()[0]
    return {"status": "ok", "feeds": feeds, "faults_struck": faults.struck}


def _orders(rows: SandboxRows) -> Endpoint:
    """Load orders into an account's book (that of all accounts, if none is named), or remove all books."""

    async def endpoint(request: Request) -> Response:
        body = await request.body()

        def work() -> Response:
            wanted = json.loads(body) if request.method == "POST" else {}
            with rows.state.write() as connection:
                if request.method == "DELETE":
                    connection.execute("DELETE FROM book")
                    connection.execute("DELETE FROM facts")
                else:
                    account = str(wanted.get("account", orders.EVERYONE))
                    orders.load(connection, account, _book(wanted))
                    orders.remember(connection, account, order_report.facts(wanted["orders"], rows.now()))
            return Response(status_code=204)

        try:
            return await run_in_threadpool(work)
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            return _wrong(f'expected {{"orders": [{{"order_id": "", "items": {{"code": units}}}}]}}: {error!r}')

    return endpoint


def _book(wanted: dict[str, Any]) -> Iterator[tuple[str, str, int, int]]:
    """Rows of the book. An item is its units, or an object with `units` and other facts about it."""
    for order in wanted["orders"]:
        order_id = str(order["order_id"])
        for code, item in order["items"].items():
            known = item if isinstance(item, dict) else {"units": item}
            yield order_id, str(code), int(known["units"]), int(known.get("cancelled", 0))


def _faults(faults: Faults) -> Endpoint:
    """List, add or clear faults (the shape is in `faults`)."""

    async def endpoint(request: Request) -> Response:
        try:
            if request.method == "POST":
                faults.add(fault(await request.json()))
        except ValueError as error:
            return _wrong(str(error))
        if request.method == "DELETE":
            faults.clear()
        return JSONResponse({"faults": faults.waiting()})

    return endpoint


def _behaviour(rows: SandboxRows) -> Endpoint:
    """Tell, change or reset how the sandbox behaves (the shape is in `behaviour`)."""

    async def endpoint(request: Request) -> Response:
        try:
            if request.method == "POST":
                rows.behaviour.change(await request.json())
        except ValueError as error:
            return _wrong(str(error))
        if request.method == "DELETE":
            rows.behaviour.reset()
        return JSONResponse(asdict(rows.behaviour.now))

    return endpoint


def _posted(work: Callable[[dict[str, Any]], object]) -> Endpoint:
    """An endpoint for a JSON object; 400 when it makes no sense."""

    async def endpoint(request: Request) -> Response:
        body = await request.body()
        try:
            return JSONResponse(await run_in_threadpool(lambda: work(json.loads(body))), 201)
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            return _wrong(repr(error))

    return endpoint


def _shipped(rows: SandboxRows, wanted: dict[str, Any]) -> dict[str, str]:
    by_others.ship(rows, by_others.ManualShipment.of(wanted))
    return {}


def _wrong(words: str) -> Response:
    return JSONResponse({"error": words}, 400)
