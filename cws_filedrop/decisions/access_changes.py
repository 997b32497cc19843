"""What opens a seller's affairs, or tells of them, was changed: whoever did it, the seller hears of it.

Each change is kept with what was changed, in one transaction: as a decision, in the audit trail, and, where there is
mail, for a mail to the seller. So nobody can add a token or hook of which its owner learns nothing.
"""

from __future__ import annotations

from cws_filedrop.drop.audit_events import AuditEventKind
from cws_filedrop.model import Door, Seller
from cws_filedrop.outgoing.mail import notes
from cws_filedrop.service_context import ServiceContext
from cws_filedrop.store.database import Connection, stamp
from cws_filedrop.store.doors import audit
from cws_filedrop.store.doors.audit import AuditRow
from cws_filedrop.store.users import decisions
from cws_filedrop.store.users.decisions import Who


def record_in(
    context: ServiceContext,
    connection: Connection,
    who: Who,
    seller: Seller,
    kind: AuditEventKind,
    *,
    what: str,
    detail: str,
) -> None:
    """Keep a change; `what` is such as token-add, `detail` names it and holds no secret."""
    now = context.clock()
    decisions.add_in(connection, who, what=f"seller.{what}", about=seller.name, detail=detail, now=now)
    audit.add_in(connection, [_entry(who, seller, kind, stamp(now), f"{what} {detail}".rstrip())])
    notes.access_in(context, connection, seller, _sentence(who, what, detail))


def _entry(who: Who, seller: Seller, kind: AuditEventKind, at: str, detail: str) -> AuditRow:
    door = str(Door.HTTP) if who.address else ""
    by = f"{detail}, by {who.name}" + (f" with token {who.token}…" if who.token else "")
    return AuditRow(
        at=at,
        event=kind,
        seller=seller.name,
        address=who.address,
        door=door,
        client="",
        name="",
        upload_id="",
        size=None,
        detail=by,
        times=1,
    )


_WORDS = {
    "token-add": "made the API token",
    "token-enable": "switched on the API token",
    "token-disable": "switched off the API token",
    "token-remove": "removed the API token",
    "hook-add": "added the web hook",
    "hook-enable": "switched on the web hook",
    "hook-disable": "switched off the web hook",
    "hook-remove": "removed the web hook",
    "password": "changed the password",
    "clear-password": "changed the password for FTP without encryption",
    "no-clear-password": "took away the password for FTP without encryption",
    "second-factor": "set up a second factor for the pages",
    "forget-factor": "took the second factor away",
}


def _sentence(who: Who, what: str, detail: str) -> str:
    by = "You" if who.name.startswith("seller ") else "An operator" if who.address else "The operator of the service"
    where = f", from {who.address}" if who.address else ""
    token = f", with the API token {who.token}…" if who.token else ""
    return f"{by} {_WORDS[what]} {detail}".rstrip() + f"{where}{token}."
