"""What only a sandbox has, under /sandbox: health, ledger, order book, faults on demand. For tests and demos."""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from cws_filedrop.marketplaces.sandbox import order_report, orders
from cws_filedrop.marketplaces.sandbox.faults import Faults, fault
from cws_filedrop.marketplaces.sandbox.rows import SandboxRows

FILTERS: Final = {  # parameter of the query: condition
    "order": "order_id = ?",
    "account": "account = ?",
    "feed": "feed = ?",
    "outcome": "outcome = ?",
    "after": "no > CAST(? AS INTEGER)",
}
LINE: Final = "account, order_id, item_code, tracking"
MOST_NAMED: Final = 100

Endpoint = Callable[[Request], Coroutine[Any, Any, Response]]


def routes(rows: SandboxRows, faults: Faults) -> list[BaseRoute]:
    """All of them."""
    return [
        Route("/sandbox/health", _in_thread(lambda request: _health(rows)), methods=["GET"]),
        Route("/sandbox/ledger", _in_thread(lambda request: _ledger(rows, request)), methods=["GET"]),
        Route("/sandbox/ledger/summary", _in_thread(lambda request: _summary(rows, request)), methods=["GET"]),
        Route("/sandbox/orders", _orders(rows), methods=["POST", "DELETE"]),
        Route("/sandbox/faults", _faults(faults), methods=["GET", "POST", "DELETE"]),
    ]


def _in_thread(answer: Callable[[Request], object]) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        return await run_in_threadpool(lambda: JSONResponse(answer(request)))

    return endpoint


def _health(rows: SandboxRows) -> dict[str, object]:
    with rows.state.read() as connection:
        feeds = connection.execute("SELECT count(*) FROM feeds").fetchone()[0]
    return {"status": "ok", "feeds": feeds}


def _conditions(rows: SandboxRows, request: Request) -> tuple[str, list[str]]:
    given = {name: request.query_params[name] for name in FILTERS if name in request.query_params}
    if "feed" in given:
        given["feed"] = str(rows.feed_no(given["feed"]))
    return " AND ".join(FILTERS[name] for name in given) or "1", list(given.values())


def _ledger(rows: SandboxRows, request: Request) -> dict[str, object]:
    """Every line of every message that was ever processed, oldest first.

    Refused ones too: the ledger is the witness in tests that nothing was sent twice.
    """
    rows.settle()
    where, values = _conditions(rows, request)
    query = f"SELECT * FROM ledger WHERE {where} ORDER BY no"  # noqa: S608 - conditions are ours, values are bound
    with rows.state.read() as connection:
        found = [_entry(rows, dict(row)) for row in connection.execute(query, values)]
    return {"messages": found, "count": len(found)}


def _entry(rows: SandboxRows, row: dict[str, Any]) -> dict[str, Any]:
    return row | {"feed_id": rows.feed_id(row.pop("feed")), "message_id": row.pop("message")}


def _summary(rows: SandboxRows, request: Request) -> dict[str, object]:
    """How many lines, how many distinct ones, and which of them came more than once."""
    rows.settle()
    where, values = _conditions(rows, request)
    source = f"FROM (SELECT {LINE}, count(*) AS times FROM ledger WHERE {where} GROUP BY {LINE})"  # noqa: S608
    with rows.state.read() as connection:
        total, different = connection.execute(f"SELECT coalesce(sum(times), 0), count(*) {source}", values).fetchone()
        again = connection.execute(f"SELECT * {source} WHERE times > 1 LIMIT {MOST_NAMED}", values).fetchall()
    return {"lines": total, "different": different, "more_than_once": [dict(row) for row in again]}


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


def _wrong(words: str) -> Response:
    return JSONResponse({"error": words}, 400)
