"""What went wrong, as RFC 9457 has it: `application/problem+json`, for every answer that is no success."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from cws_filedrop import log

LOG: Final = log.get(__name__)
TYPE: Final = "application/problem+json"
NOT_THERE: Final = "There is nothing here"
# What the standard library calls them differs between its versions.
TITLES: Final = {413: "Content Too Large", 422: "Unprocessable Content"}


class Fault(BaseModel):
    """One part of a request that cannot be used."""

    where: str = Field(examples=["query.limit"])
    message: str = Field(examples=["Input should be less than or equal to 200"])


class ProblemBody(BaseModel):
    """A problem (RFC 9457)."""

    type: str = Field(examples=["about:blank"])
    title: str = Field(examples=["Not Found"])
    status: int = Field(examples=[404])
    detail: str = Field(examples=[NOT_THERE])
    errors: list[Fault] | None = None


class Problem(Exception):
    """Ends a request; `detail` is for whoever wrote the client."""

    def __init__(self, status: int, detail: str, *, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = dict(headers or {})


def not_there() -> Problem:
    """The same answer for what does not exist and for what is another seller's, so that ids cannot be probed."""
    return Problem(404, NOT_THERE)


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """These answers for the OpenAPI document."""
    content = {TYPE: {"schema": {"$ref": "#/components/schemas/ProblemBody"}}}
    return {status: {"description": title(status), "content": content} for status in statuses}


def title(status: int) -> str:
    """What a status is called."""
    return TITLES.get(status) or HTTPStatus(status).phrase


def register(app: FastAPI) -> None:
    """Have every failure of the application answered as a problem."""
    app.add_exception_handler(Problem, _problem)
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(Exception, _failed)


def _answer(
    request: Request, status: int, detail: str, *, headers: Mapping[str, str], errors: Sequence[Fault] = ()
) -> Response:
    body = {"type": "about:blank", "title": title(status), "status": status, "detail": detail}
    content: dict[str, Any] = body | ({"errors": [one.model_dump() for one in errors]} if errors else {})
    rate: dict[str, str] = getattr(request.state, "rate", {})
    return JSONResponse(content, status, headers={**rate, **headers}, media_type=TYPE)


async def _problem(request: Request, error: Exception) -> Response:
    if not isinstance(error, Problem):
        raise error
    return answer_to(request, error)


def answer_to(request: Request, problem: Problem) -> Response:
    """The answer to a request that ends so."""
    return _answer(request, problem.status, problem.detail, headers=problem.headers)


async def _refused(request: Request, error: Exception) -> Response:
    """What routing refuses: no such path, no such method."""
    if not isinstance(error, HTTPException):
        raise error
    detail = NOT_THERE if error.status_code == 404 else str(error.detail)
    return _answer(request, error.status_code, detail, headers=error.headers or {})


async def _invalid(request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise error
    faults = [Fault(where=".".join(map(str, one["loc"])), message=one["msg"]) for one in error.errors()]
    return _answer(request, 422, "The request cannot be used as it is", headers={}, errors=faults)


async def _failed(request: Request, error: Exception) -> Response:
    LOG.error("api.failed", path=request.url.path, exc_info=error)
    return _answer(request, 500, "We failed; it is in our log. Try again later", headers={})
