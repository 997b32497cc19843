"""The REST API as an application of its own, to be mounted where `/api/v1` begins."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from cws_filedrop import __version__
from cws_filedrop.drop.handing_in import HandingIn
from cws_filedrop.service_context import ServiceContext
from cws_filedrop.web.api import ops, orders, own, problems, scopes, taking, uploads
from cws_filedrop.web.api.access import ApiContext
from cws_filedrop.web.api.problems import ProblemBody
from cws_filedrop.web.api.rates import Rates
from cws_filedrop.web.api.shapes import Answering
from cws_filedrop.web.site.handing_in import handing_in

TITLE = "cws_filedrop"
ABOUT = """Hand in files of shipped orders, and hear what became of every line.

Every call carries a token, `Authorization: Bearer …`: a seller's (`cwsfd_…`), which reaches what is its own; or, for
what stands under `/ops/`, an operator's (`cwsop_…`), which has its user's permissions: viewers look, operators also
decide, admins also see people and what they did. A token may be limited to scopes: `read` (every GET, and evidence),
`upload` (hand in files, release held ones), `manage` (everything else that changes something); each call names its own.
It may have an end, and networks that it may come from.

Failures are `application/problem+json` (RFC 9457). Lists come in pages; the next one is in the `Link` header. Answers
to GET have an `ETag`; `If-None-Match` spares you what you have already. How often a token may be used is said in
`RateLimit-Policy`. Every object has a `marketplace`: `amazon`, or `sandbox` where a built-in program answers instead,
and Amazon is told nothing."""


def build(
    context: ServiceContext,
    *,
    arrived: Callable[[str], None],
    clock: Callable[[], datetime] | None = None,
    taking_in: HandingIn | None = None,
) -> FastAPI:
    """The API of a service context. `arrived` is called with the id of each upload to be read; it must not block.

    `taking_in` is that of the pages, so that a seller's files are counted together, whichever way they come.
    """
    api = ApiContext(
        context, taking_in or handing_in(context), arrived, clock or context.clock, Rates(context.settings.api)
    )
    app = FastAPI(
        title=TITLE, version=__version__, description=ABOUT, docs_url=None, redoc_url=None, redirect_slashes=False
    )
    app.state.api = api
    for router in (taking.router, uploads.router, orders.router, own.router, *ops.ROUTERS):
        app.include_router(router)
    problems.register(app)
    app.openapi = partial(_document, app)  # type: ignore[method-assign]
    return app


def _name_marketplace(paths: dict[str, Any]) -> None:
    """Have every good answer that is an object hold the marketplace, as the routes see to it (`routing`)."""
    for operation in (one for path in paths.values() for one in path.values()):
        for status, response in operation["responses"].items():
            body = response.get("content", {}).get("application/json", {})
            if status.startswith("2") and "schema" in body:
                body["schema"] = {"allOf": [body["schema"], {"$ref": "#/components/schemas/Answering"}]}


def _document(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document, with what FastAPI does not see: problems, and what stands in headers."""
    if app.openapi_schema is None:
        made = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
        schemas = made["components"]["schemas"]
        problem = ProblemBody.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas |= problem.pop("$defs", {}) | {"ProblemBody": problem}
        schemas["Answering"] = Answering.model_json_schema()
        _name_marketplace(made["paths"])
        scopes.document(made["paths"])
        for unused in ("HTTPValidationError", "ValidationError"):
            schemas.pop(unused, None)
        app.openapi_schema = made
    return app.openapi_schema
