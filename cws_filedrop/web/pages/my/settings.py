"""What a seller may set itself: mails to it and to its buyers, and how its days are written."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Final

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response

from cws_filedrop.decisions.orders_and_feeds import record_decision
from cws_filedrop.model import DateOrder, MailEvent, Mailing
from cws_filedrop.notify.addresses import BadAddress, addresses
from cws_filedrop.store.sellers import sellers
from cws_filedrop.web.pages.my.orders import owner
from cws_filedrop.web.site import visitors, web_context
from cws_filedrop.web.site.forms import Text
from cws_filedrop.web.site.frame import framed
from cws_filedrop.web.site.rendering import go

router: Final = APIRouter()
EVENTS: Final = {
    MailEvent.ERRORS: "something was not taken, or Amazon refused it",
    MailEvent.WARNINGS: "there is something to know of a file",
    MailEvent.SUCCESS: "all is well",
    MailEvent.DIGEST: "once a day instead, everything in one mail",
}
Events = Annotated[list[MailEvent], Form()]


@router.get("/my/settings")
def shown(request: Request, session: visitors.SellerHere) -> Response:
    """The settings as they are."""
    seller, mail = owner(request, session), web_context.of(request).context.settings.mail
    return framed(
        request, "my/settings.html", session, seller=seller, events=EVENTS, orders=list(DateOrder), mail=bool(mail.host)
    )


@router.post("/my/settings", dependencies=[visitors.Meant])
def keep(
    request: Request,
    session: visitors.SellerHere,
    to: Text = "",
    events: Events = [],  # noqa: B006 - FastAPI copies it
    buyers: Text = "",
    date_order: Text = "",
) -> Response:
    """Change the settings."""
    context, seller = web_context.of(request).context, owner(request, session)
    try:
        mail_addresses = addresses(to) if to.strip() else ()
    except BadAddress as error:
        raise visitors.Forbidden(f"Nothing was changed: {error}.", 400) from None
    if date_order and date_order not in list(DateOrder):
        raise visitors.Forbidden(f"Nothing was changed: there is no order of days such as {date_order}.", 400)
    wanted = Mailing(mail_addresses, tuple(events) if mail_addresses else (), bool(buyers))
    policy = replace(seller.policy, date_order=DateOrder(date_order) if date_order else None)
    sellers.set_mailing(context.db, seller.name, wanted)
    sellers.set_policy(context.db, seller.name, policy)
    detail = (
        f"mails for {' '.join(wanted.events) or 'nothing'}; buyers {'on' if wanted.buyers else 'off'}; {date_order}"
    )
    who = visitors.who(request, session)
    record_decision(context, who, what="seller.settings", about=seller.name, detail=detail.rstrip("; "))
    return go(request, "/my/settings", "Kept.")
