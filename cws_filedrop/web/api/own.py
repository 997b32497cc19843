"""A seller's own: status, web hooks, tokens."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from fastapi import APIRouter, Request, Response

from cws_filedrop.decisions import seller_hooks, seller_tokens
from cws_filedrop.errors import NotPossible
from cws_filedrop.model import SELLERS_EVENTS
from cws_filedrop.notify import reaching
from cws_filedrop.pipeline import standing
from cws_filedrop.reports import status
from cws_filedrop.store.outgoing import hooks
from cws_filedrop.store.outgoing.hooks import Hook
from cws_filedrop.store.sellers import tokens
from cws_filedrop.web.api.access import ApiContext, Caller, TheApi, who_calls
from cws_filedrop.web.api.problems import Problem, documented, not_there
from cws_filedrop.web.api.routing import REFUSALS, SAME, Route, etag
from cws_filedrop.web.api.shapes import (
    HookBody,
    HookRequest,
    Hooks,
    NewHook,
    SerialId,
    Switch,
    TokenBody,
    Tokens,
)

router = APIRouter(route_class=Route, responses=REFUSALS)


@router.get(
    "/status",
    tags=["status"],
    responses=SAME | {200: {"content": {"application/json": {"schema": {"type": "object"}}}}},
)
def how_i_stand(seller: Caller, api: TheApi) -> Response:
    """What STATUS.json holds, as it is now."""
    body = status.as_json(standing.of(api.context, seller))
    # The moment it was written says nothing new: with it no two answers would have the same ETag.
    unchanging = {name: value for name, value in json.loads(body).items() if name != "written_at"}
    tag = etag(json.dumps(unchanging).encode())
    return Response(body, media_type="application/json", headers={"etag": tag})


# Web hooks.


@router.get("/hooks", tags=["web hooks"], responses=SAME)
def list_hooks(seller: Caller, api: TheApi) -> Hooks:
    """Your web hooks, oldest first."""
    listed = hooks.listing(api.context.db, seller.id)
    waiting = hooks.waiting(api.context.db, [hook.id for hook in listed])
    return Hooks(hooks=[HookBody(**_hook(hook), waiting=waiting.get(hook.id, 0)) for hook in listed])


@router.post("/hooks", tags=["web hooks"], status_code=201, responses=documented(400, 409))
def add_hook(request: Request, requested: HookRequest, seller: Caller, api: TheApi) -> NewHook:
    """Send events of your uploads and orders to an address. The secret that signs the calls is shown only now."""
    if wrong := [event for event in requested.events if event not in SELLERS_EVENTS]:
        raise Problem(422, f"{wrong[0]} is not an event for sellers; there are {', '.join(SELLERS_EVENTS)}")
    try:
        rules = api.context.settings.hooks
        reaching.checked(requested.url, allow_http=rules.allow_http, ports=rules.called_ports)
    except reaching.Unreachable as error:
        raise Problem(422, f"url: {error}") from error
    try:
        made, secret = seller_hooks.add(
            api.context, seller.name, requested.url, requested.events, who=who_calls(request, seller)
        )
    except NotPossible:
        raise Problem(409, f"You have {hooks.MOST_HOOKS} web hooks already; remove one of them") from None
    return NewHook(**_hook(_one_hook(api, seller.id, made)), secret=secret)


@router.patch("/hooks/{hook_id}", tags=["web hooks"], responses=documented(400, 404))
def switch_hook(request: Request, hook_id: SerialId, switch: Switch, seller: Caller, api: TheApi) -> HookBody:
    """Switch a web hook on or off."""
    with _mine():
        seller_hooks.enable(api.context, seller.name, hook_id, switch.enabled, who=who_calls(request, seller))
    waiting = hooks.waiting(api.context.db, [hook_id])
    return HookBody(**_hook(_one_hook(api, seller.id, hook_id)), waiting=waiting.get(hook_id, 0))


@router.delete("/hooks/{hook_id}", tags=["web hooks"], status_code=204, responses=documented(404))
def remove_hook(request: Request, hook_id: SerialId, seller: Caller, api: TheApi) -> None:
    """Remove a web hook, and what is queued for it."""
    with _mine():
        seller_hooks.remove(api.context, seller.name, hook_id, who=who_calls(request, seller))


def _one_hook(api: ApiContext, seller_id: int, hook_id: int) -> Hook:
    found = hooks.get(api.context.db, seller_id, hook_id)
    if found is None:  # somebody has removed it this moment
        raise not_there()
    return found


def _hook(hook: Hook) -> dict[str, Any]:
    return {name: value for name, value in asdict(hook).items() if name in HookBody.model_fields}


# Tokens.


@router.get("/tokens", tags=["tokens"], responses=SAME)
def list_tokens(seller: Caller, api: TheApi) -> Tokens:
    """Your tokens, oldest first."""
    return Tokens(tokens=[TokenBody(**asdict(one)) for one in tokens.listing(api.context.db, seller.id)])


@router.post("/tokens", tags=["tokens"], include_in_schema=False)
def add_token(_: Caller) -> None:
    """No token makes another: whoever finds one would have some that outlive its removal."""
    raise Problem(403, "A token makes no other token; make one on the page API tokens, or ask us for one")


@router.patch("/tokens/{token_id}", tags=["tokens"], responses=documented(400, 404))
def switch_token(request: Request, token_id: SerialId, switch: Switch, seller: Caller, api: TheApi) -> TokenBody:
    """Switch a token off or on."""
    who = who_calls(request, seller)
    with _mine():
        return TokenBody(**asdict(seller_tokens.enable(api.context, seller.name, token_id, switch.enabled, who=who)))


@router.delete("/tokens/{token_id}", tags=["tokens"], status_code=204, responses=documented(404))
def remove_token(request: Request, token_id: SerialId, seller: Caller, api: TheApi) -> None:
    """Remove a token; it may be the one you call with."""
    with _mine():
        seller_tokens.remove(api.context, seller.name, token_id, who=who_calls(request, seller))


@contextmanager
def _mine() -> Iterator[None]:
    """Around a change of what may be another's, or not there any more. Raises: Problem 404."""
    try:
        yield
    except NotPossible:
        raise not_there() from None
