"""People: who may use the pages and what they did; for admins."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import Response

from cws_filedrop.decisions import people, user_tokens
from cws_filedrop.model import Role
from cws_filedrop.store.users import decisions, users
from cws_filedrop.web.site import visitors, web_context
from cws_filedrop.web.site.forms import Text, whole
from cws_filedrop.web.site.frame import framed
from cws_filedrop.web.site.rendering import go

router: Final = APIRouter()
SHOWN: Final = 100


@router.get("/people")
def listed(request: Request, session: visitors.Admin) -> Response:
    """Every user."""
    everyone = users.everyone(web_context.of(request).context.db)
    return framed(request, "people.html", session, users=everyone, roles=list(Role), shown=None)


@router.post("/people", dependencies=[visitors.Meant])
def add(request: Request, session: visitors.Admin, name: Text, role: Text) -> Response:
    """Add a user; the password is shown once."""
    context = web_context.of(request).context
    with visitors.decided():
        shown = people.add(context, name, _role(role), who=visitors.who(request, session))
    everyone = users.everyone(context.db)
    return framed(request, "people.html", session, users=everyone, roles=list(Role), shown=(name.lower(), shown))


@router.post("/people/{name}/password", dependencies=[visitors.Meant])
def new_password(request: Request, session: visitors.Admin, name: str, end_tokens: Text = "") -> Response:
    """Give a user a new password, shown once; its API tokens go on, unless they are to end, too."""
    context, who = web_context.of(request).context, visitors.who(request, session)
    with visitors.decided():
        shown = people.new_password(context, name, who=who)
        if end_tokens:
            user_tokens.disable_all(context, name, who=who)
    everyone = users.everyone(context.db)
    return framed(request, "people.html", session, users=everyone, roles=list(Role), shown=(name, shown))


@router.post("/people/{name}/change", dependencies=[visitors.Meant])
def change(request: Request, session: visitors.Admin, name: str, what: Text, role: Text = "") -> Response:
    """Change a role, disable or enable a user, forget a lost second factor."""
    context, who = web_context.of(request).context, visitors.who(request, session)
    done = {
        "role": lambda: people.set_role(context, name, _role(role), who=who),
        "disable": lambda: people.enable(context, name, False, who=who),
        "enable": lambda: people.enable(context, name, True, who=who),
        "forget-factor": lambda: people.forget_factor(context, name, who=who),
    }
    if what not in done:
        raise visitors.Forbidden(f"There is nothing such as {what}.", 400)
    with visitors.decided():
        words = done[what]()
    return go(request, "/people", words)


def _role(text: str) -> Role:
    if text not in list(Role):
        raise visitors.Forbidden(f"There is no role {text}.", 400)
    return Role(text)


@router.get("/deeds")
def decided(request: Request, session: visitors.Admin) -> Response:
    """What people decided, newest first."""
    since = whole(request.query_params.get("before", ""), digits=18)
    listed = decisions.listing(web_context.of(request).context.db, before=since, limit=SHOWN + 1)
    more = listed[SHOWN - 1].id if len(listed) > SHOWN else None
    return framed(request, "decisions.html", session, decisions=listed[:SHOWN], more=more)
