"""What the operators' modules have in common: a router that lets nobody in without an operator's token, what stands in
paths and queries, and the answer to a decision that cannot be carried out.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Path, Query

from cws_filedrop.errors import NotPossible
from cws_filedrop.web.api.access import user
from cws_filedrop.web.api.problems import Problem
from cws_filedrop.web.api.routing import REFUSALS, Route

PREFIX: Final = "/ops"
NO_ZERO: Final = r"^[^\x00]*$"  # PostgreSQL keeps none
UPLOAD_CURSOR: Final = r"^([0-9]{8}-[0-9]{6}-[2-9a-hjkmnp-tv-z]{4})?$"
ON: Final = "from the `Link` of the page before"

Text = Annotated[str, Query(max_length=200, pattern=NO_ZERO)]
Day = Annotated[str, Query(pattern=r"^([0-9]{4}-[0-9]{2}-[0-9]{2})?$", description="a day in UTC, such as 2026-11-22")]
UploadCursor = Annotated[str, Query(pattern=UPLOAD_CURSOR, description=ON)]
NumberCursor = Annotated[int | None, Query(ge=1, le=2**53, description=ON)]

AccountId = Annotated[int, Path(ge=1, le=2**53, description="the id of the account at Amazon, as lists have it")]
FeedNumber = Annotated[int, Path(ge=1, le=2**53, description="the feed's number", examples=[1])]
SellerName = Annotated[str, Path(pattern=r"^[A-Za-z0-9]{1,64}$", description="a seller's name", examples=["anna"])]
UserName = Annotated[
    str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$", description="a user's name", examples=["olga"])
]
ConnectionId = Annotated[str, Path(pattern=r"^[0-9a-f]{1,64}$", description="as the list has it")]


def router(tag: str) -> APIRouter:
    """The router of one subject; every route needs the token of an operator, of whatever role."""
    return APIRouter(
        prefix=PREFIX, tags=[f"operators: {tag}"], route_class=Route, responses=REFUSALS, dependencies=[Depends(user)]
    )


@contextmanager
def decided() -> Iterator[None]:
    """Around what a person decides. Raises: Problem 409, in the words of the pages, when it cannot be done."""
    try:
        yield
    except NotPossible as why:
        raise Problem(409, f"Nothing was done: {why}.") from None
