"""The application: every page and the API, on one web context."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse, Response, StreamingResponse
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException

from cws_filedrop import log
from cws_filedrop.web import api_app
from cws_filedrop.web.api.problems import Problem, answer_to
from cws_filedrop.web.pages import PAGES
from cws_filedrop.web.shield.monitoring import Monitoring
from cws_filedrop.web.shield.screen import Screen
from cws_filedrop.web.site import visitors
from cws_filedrop.web.site.downloads import Downloads
from cws_filedrop.web.site.rendering import STATIC, page
from cws_filedrop.web.site.security import SecurityHeaders
from cws_filedrop.web.site.web_context import WebContext

LOG: Final = log.get(__name__)
KEPT_SECONDS: Final = 31_536_000  # static files; their addresses change with them
WORDS: Final = {
    400: "That request made no sense to us.",
    403: "That is not allowed.",
    404: "There is no such page, or it is not yours.",
    405: "That is not how this page is asked.",
    413: "That was too much at once.",
}


class _Static(StaticFiles):
    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        answer = super().file_response(*args, **kwargs)
        answer.headers["Cache-Control"] = f"public, max-age={KEPT_SECONDS}, immutable"
        return answer


def build(web: WebContext) -> FastAPI:
    """The application; its lifespan starts and stops the beacon."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        web.beacon.start()
        yield
        web.beacon.stop()

    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, lifespan=lifespan)
    app.state.web = web
    for router in PAGES:
        app.include_router(router)
    app.add_api_route("/live", _live, methods=["GET"])
    app.mount("/api/v1", api_app.build(web.context, arrived=web.arrived, taking_in=web.handing_in), name="api")
    app.mount("/static", _Static(directory=STATIC), name="static")
    monitoring = Monitoring(web.settings, os.environ)
    app.add_middleware(Downloads, witness=web.witness)
    app.add_middleware(Screen, settings=web.context.settings, monitoring=monitoring, answer=_screened)
    app.add_middleware(SecurityHeaders)
    for kind, handler in _HANDLERS.items():
        app.add_exception_handler(kind, handler)
    return app


def _screened(request: Request, why: Exception) -> Response:
    """The answer to what the screen refuses."""
    if isinstance(why, Problem):
        return answer_to(request, why)
    return _redirected(request, why) if isinstance(why, visitors.Redirected) else _refused(request, why)


def _live(request: Request, session: visitors.Anyone) -> Response:
    """The event stream that tells a page of news."""
    stream = request.app.state.web.beacon.changes()
    return StreamingResponse(stream, media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})


def _redirected(request: Request, error: Exception) -> Response:
    if not isinstance(error, visitors.Redirected):
        raise error
    if request.headers.get("x-live") == "1":  # a script's refresh: it must not put a login form into the page
        return Response(status_code=401)
    return RedirectResponse(error.where, 303)


def _refused(request: Request, error: Exception) -> Response:
    if not isinstance(error, visitors.Forbidden):
        raise error
    return _message(request, error.status, str(error))


def _not_there(request: Request, error: Exception) -> Response:
    return _message(request, 404, WORDS[404])


def _http(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    return _message(request, error.status_code, WORDS.get(error.status_code, str(error.detail)))


def _invalid(request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise error
    wrong = "; ".join(f"{'.'.join(map(str, one['loc'][1:]))}: {one['msg']}" for one in error.errors())
    return _message(request, 400, f"{WORDS[400]} {wrong}")


def _failed(request: Request, error: Exception) -> Response:
    LOG.error("web.failed", path=request.url.path, exc_info=error)
    return _message(request, 500, "We failed; it is in our log. Nothing that was dropped is lost by it.")


def _message(request: Request, status: int, text: str) -> Response:
    session = getattr(request.state, "session", None)
    return page(request, "message.html", status=status, session=session, code=status, text=text)


_HANDLERS: Final = {
    visitors.Redirected: _redirected,
    visitors.Forbidden: _refused,
    visitors.NotThere: _not_there,
    HTTPException: _http,
    RequestValidationError: _invalid,
    Exception: _failed,
}
