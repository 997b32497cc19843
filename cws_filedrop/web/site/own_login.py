"""How somebody logs in to the pages, changed by themselves: password, second factor, sessions; operators and sellers
alike."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pyotp
import segno
from fastapi import Request
from fastapi.responses import Response

from cws_filedrop.decisions import people, seller_logins, seller_tokens, sessions, user_tokens
from cws_filedrop.service_context import ServiceContext
from cws_filedrop.store.sellers import tokens as seller_rows
from cws_filedrop.store.token_rows import Token
from cws_filedrop.store.users import identities
from cws_filedrop.store.users import user_tokens as user_rows
from cws_filedrop.store.users.identities import Identity
from cws_filedrop.store.users.web_sessions import ListedSession, WebSession
from cws_filedrop.web.site import logging_in, proving, visitors, web_context
from cws_filedrop.web.site.frame import framed
from cws_filedrop.web.site.logging_in import Denied
from cws_filedrop.web.site.rendering import go

ISSUER: Final = "cws_filedrop"
END, KEEP = "end", "keep"  # of API tokens, when the password changes


@dataclass(frozen=True, slots=True)
class OwnLogin:
    """Whose pages they are, and what to call to change things there."""

    base: str
    tokens: Callable[[ServiceContext, WebSession], Sequence[Token]]
    set_password: Callable[..., None]
    set_factor: Callable[..., None]
    end_tokens: Callable[..., int]


OPERATORS: Final = OwnLogin(
    "/me",
    lambda context, session: user_rows.listing(context.db, session.the_user),
    people.set_password,
    people.set_factor,
    user_tokens.disable_all,
)
SELLERS: Final = OwnLogin(
    "/my/login",
    lambda context, session: seller_rows.listing(context.db, session.the_seller),
    seller_logins.set_password,
    seller_logins.set_factor,
    seller_tokens.disable_all,
)


def whose(session: WebSession) -> OwnLogin:
    """The pages of whoever is logged in."""
    return OPERATORS if session.seller_id is None else SELLERS


def values(request: Request, session: WebSession) -> dict[str, Any]:
    """What `login_bits.html` shows."""
    context = web_context.of(request).context
    found = _own_sessions(context, session)
    return {
        "base": whose(session).base,
        "identity": _identity(request, session),
        "sessions": found,
        "here": next((one.id for one in found if one.token_hash == session.token_hash), ""),
        "tokens_on": len(_tokens_on(context, session)),
    }


def change_password(request: Request, session: WebSession, old: str, new: str, tokens: str) -> Response:
    """Another password; every session ends, this one too. Tokens outlive a password, so it is asked what becomes of
    them. Raises: Forbidden."""
    own, context, identity = whose(session), web_context.of(request).context, _identity(request, session)
    on = len(_tokens_on(context, session))
    if on and tokens not in (END, KEEP):
        raise visitors.Forbidden(f"Nothing was changed: say whether your {on} API tokens stay on.", 400)
    try:
        proving.password(request, identity, old)
    except Denied as denied:
        raise visitors.Forbidden(str(denied)) from None
    who = visitors.who(request, session)
    with visitors.decided(400):
        own.set_password(context, session.name, new, who=who)
        if on and tokens == END:
            own.end_tokens(context, session.name, who=who)
    return go(request, "/login")


def offer_factor(request: Request, session: WebSession, trouble: str = "") -> Response:
    """A new secret as a QR code; kept only once a code of it was given, so that a bad scan locks nobody out."""
    secret, identity = web_context.of(request).factors.of(session), _identity(request, session)
    uri = pyotp.TOTP(secret, name=session.name, issuer=ISSUER).provisioning_uri()
    return framed(
        request,
        "factor.html",
        session,
        status=400 if trouble else 200,
        base=whose(session).base,
        secret=secret,
        qr=segno.make(uri, error="m").svg_data_uri(scale=4, border=0),
        trouble=trouble,
        has_factor=bool(identity.totp_secret),
    )


def keep_factor(request: Request, session: WebSession, code: str, password: str, current: str) -> Response:
    """Keep the secret, if a code shows that the app has it, and the password and a code of the present factor show who
    asks. Every session ends: the next login needs a code."""
    here, identity = web_context.of(request), _identity(request, session)
    secret = here.factors.of(session)
    if not logging_in.fits(request, secret, code):
        return offer_factor(request, session, logging_in.WRONG_CODE)
    try:
        proving.password(request, identity, password)
        proving.code(request, identity, current)
    except Denied as denied:
        return offer_factor(request, session, str(denied))
    here.factors.forget(session)
    whose(session).set_factor(here.context, session.name, secret, who=visitors.who(request, session))
    return go(request, "/login")


def end_session(request: Request, session: WebSession, which: str) -> Response:
    """End one of one's own sessions; all others, where `which` is that. Raises: NotThere."""
    context, who = web_context.of(request).context, visitors.who(request, session)
    own = _own_sessions(context, session)
    others = which == "others"
    ended = [one for one in own if (one.token_hash != session.token_hash if others else one.id == which)]
    if not ended and not others:
        raise visitors.NotThere
    sessions.end_all(context, ended, who=who)
    return go(request, whose(session).base, "Done.")


def _identity(request: Request, session: WebSession) -> Identity:
    found = identities.of_session(web_context.of(request).context.db, session)
    if found is None:
        raise visitors.NotThere
    return found


def _own_sessions(context: ServiceContext, session: WebSession) -> list[ListedSession]:
    mine = {"user": session.name} if session.seller_id is None else {"seller": session.name}
    return sessions.listing(context, **mine)


def _tokens_on(context: ServiceContext, session: WebSession) -> list[Token]:
    return [one for one in whose(session).tokens(context, session) if one.enabled]
