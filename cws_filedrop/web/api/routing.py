"""What every route does besides its own work: rate headers, ETag, 304 for a client that has the same already; pages."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Coroutine
from typing import Annotated, Any, Final
from urllib.parse import urlencode

from fastapi import Query, Request, Response
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute

from cws_filedrop.web.api.problems import documented

MOST: Final = 200
Limit = Annotated[int, Query(ge=1, le=MOST, description="entries on a page")]
REFUSALS: Final = documented(401, 403, 422, 429)
SAME: Final[dict[int | str, dict[str, Any]]] = {304: {"description": "You have it already (If-None-Match)"}}


class Route(APIRoute):
    """A route whose answers carry the rate headers and an ETag."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The route's own handler, wrapped in what all have in common."""
        inner = super().get_route_handler()

        async def handle(request: Request) -> Response:
            response = _named(await inner(request), str(request.app.state.api.context.marketplace))
            response.headers.update(getattr(request.state, "rate", {}))
            response.headers.setdefault("Cache-Control", "private, no-cache")
            if request.method == "GET" and response.status_code == 200:
                return _unless_known(request, response)
            return response

        return handle


def _named(response: Response, marketplace: str) -> Response:
    """The answer, with the marketplace in it where it is an object of JSON: the sandbox's may not pass for Amazon's."""
    if response.headers.get("content-type") != "application/json" or not bytes(response.body).startswith(b"{"):
        return response
    content = {**json.loads(bytes(response.body)), "marketplace": marketplace}
    kept = {name: value for name, value in response.headers.items() if name != "content-length"}
    named = JSONResponse(content, response.status_code, kept)
    named.background = response.background
    return named


def _unless_known(request: Request, response: Response) -> Response:
    tag = response.headers.get("etag") or etag(bytes(response.body))
    response.headers["etag"] = tag
    known = request.headers.get("if-none-match", "")
    if not any(one.strip().removeprefix("W/") in (tag, "*") for one in known.split(",")):
        return response
    # A 304 has no body, hence no length and type of one; everything else stays (RFC 9110, 15.4.5).
    kept = {name: value for name, value in response.headers.items() if name not in ("content-length", "content-type")}
    return Response(status_code=304, headers=kept)


def etag(content: bytes) -> str:
    """The ETag of some bytes."""
    return f'"{hashlib.sha256(content).hexdigest()[:32]}"'


def link_next(request: Request, response: Response, cursor: str) -> None:
    """Say where the next page is."""
    query = [(name, value) for name, value in request.query_params.multi_items() if name != "cursor"]
    response.headers["Link"] = f'<{request.url.path}?{urlencode([*query, ("cursor", cursor)])}>; rel="next"'
