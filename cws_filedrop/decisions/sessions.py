"""Browsers that are logged in to the pages: who, from where; and ending their sessions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from cws_filedrop.errors import NotPossible
from cws_filedrop.service_context import ServiceContext
from cws_filedrop.store.users import decisions, web_sessions
from cws_filedrop.store.users.decisions import Who
from cws_filedrop.store.users.web_sessions import ListedSession


def listing(context: ServiceContext, *, seller: str = "", user: str = "") -> list[ListedSession]:
    """Those that have not ended, the latest first; of one seller or user, if named."""
    now, web = context.clock(), context.settings.web
    idle, longest = timedelta(minutes=web.idle_minutes), timedelta(hours=web.session_hours)
    found = web_sessions.listing(context.db, idle_since=now - idle, begun_since=now - longest, now=now)
    if not seller and not user:
        return found
    return [one for one in found if one.name == ((seller if one.is_seller else user) or "").lower()]


def end(context: ServiceContext, session_id: str, *, among: Sequence[ListedSession], who: Who) -> ListedSession:
    """End one of those; it logs in again, if it can. Raises: NotPossible."""
    found = [one for one in among if one.id == session_id]
    if not found:
        raise NotPossible(f"there is no session {session_id}")
    end_all(context, found, who=who)
    return found[0]


def end_all(context: ServiceContext, ended: Sequence[ListedSession], *, who: Who) -> None:
    """End all of those."""
    with context.db.write() as connection:
        web_sessions.end_in(connection, [one.token_hash for one in ended])
        for one in ended:
            what = "seller.session-end" if one.is_seller else "user.session-end"
            detail = f"{one.id} from {one.address}"
            decisions.add_in(connection, who, what=what, about=one.name, detail=detail, now=context.clock())
