"""People: who may use the pages and this API, and what they did; for admins."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from fastapi import Request, Response

from cws_filedrop.decisions import people
from cws_filedrop.model import Role
from cws_filedrop.service_context import ServiceContext
from cws_filedrop.store.users import decisions, users
from cws_filedrop.store.users.decisions import Who
from cws_filedrop.store.users.users import User
from cws_filedrop.web.api.access import Admin, ApiContext, TheApi
from cws_filedrop.web.api.ops import parts
from cws_filedrop.web.api.ops.parts import UserName
from cws_filedrop.web.api.ops.service_shapes import (
    Decisions,
    NewPerson,
    People,
    PersonBody,
    PersonChange,
    PersonRequest,
)
from cws_filedrop.web.api.ops.shapes import DecisionBody
from cws_filedrop.web.api.problems import documented, not_there
from cws_filedrop.web.api.routing import SAME, Limit, link_next

router = parts.router("people")


@router.get("/people", responses=SAME)
def list_people(api: TheApi, _: Admin) -> People:
    """Every user."""
    return People(people=[PersonBody(**_person(user)) for user in users.everyone(api.context.db)])


def _person(user: User) -> dict[str, Any]:
    given: dict[str, Any] = {name: getattr(user, name) for name in ("name", "role", "enabled", "created_at")}
    return given | {"second_factor": bool(user.totp_secret)}


@router.post("/people", status_code=201, responses=documented(400, 409))
def add_person(requested: PersonRequest, api: TheApi, who: Admin) -> NewPerson:
    """Add a user; the password is shown this once."""
    with parts.decided():
        password = people.add(api.context, requested.name, requested.role, who=who)
    return NewPerson(**_person(_known(api, requested.name)), password=password)


def _known(api: ApiContext, name: str) -> User:
    found = users.find(api.context.db, name)
    if found is None:
        raise not_there()
    return found


@router.patch("/people/{name}", responses=documented(400, 404, 409))
def change_person(name: UserName, change: PersonChange, api: TheApi, who: Admin) -> PersonBody:
    """Give a user another role, disable or enable them, or forget a lost second factor."""
    _known(api, name)
    with parts.decided():
        _change(api.context, name, change, who)
    return PersonBody(**_person(_known(api, name)))


def _change(context: ServiceContext, name: str, change: PersonChange, who: Who) -> None:
    if change.role is not None:
        people.set_role(context, name, Role(change.role), who=who)
    elif change.enabled is not None:
        people.enable(context, name, change.enabled, who=who)
    else:
        people.forget_factor(context, name, who=who)


@router.post("/people/{name}/password", responses=documented(404, 409))
def renew_password(name: UserName, api: TheApi, who: Admin) -> NewPerson:
    """Give a user a new password, shown this once; sessions end, tokens do not."""
    _known(api, name)
    with parts.decided():
        password = people.new_password(api.context, name, who=who)
    return NewPerson(**_person(_known(api, name)), password=password)


@router.get("/deeds", responses=SAME)
def list_deeds(
    request: Request,
    response: Response,
    api: TheApi,
    _: Admin,
    about: parts.Text = "",
    who: parts.Text = "",
    cursor: parts.NumberCursor = None,
    limit: Limit = 100,
) -> Decisions:
    """What people did, newest first."""
    decided = decisions.listing(api.context.db, about=about, who=who, before=cursor, limit=limit + 1)
    if len(decided) > limit:
        link_next(request, response, str(decided[limit - 1].id))
    return Decisions(deeds=[DecisionBody(**asdict(decision)) for decision in decided[:limit]])
