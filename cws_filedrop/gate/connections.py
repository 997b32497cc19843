"""Keeps who is connected for operators to see, and closes a connection when one of them says so.

A thread of its own looks once a second, and writes to the store only what changed: an idle connection costs nothing.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Protocol

from cws_filedrop import log
from cws_filedrop.drop.audit_events import AuditEvent, AuditEventKind, Witness
from cws_filedrop.gate.logins import DoorSession, SessionInfo
from cws_filedrop.periodic import Job, PeriodicTask

_LOG = log.get(__name__)
_LOOK_SECONDS: Final = 1.0
_CLOSED: Final = "An operator closed your connection; log in again, or ask us about it."


@dataclass(frozen=True, slots=True)
class ConnectionRecord:
    """One connection of a seller: its id over all doors and processes, since when, and what is known of it."""

    id: str
    seller: str
    since: datetime
    info: SessionInfo


class ConnectionStore(Protocol):
    """Where connections are kept for other processes to see, and where those say which are to be closed."""

    def keep(self, records: Collection[ConnectionRecord], gone: Collection[str]) -> None: ...
    def to_end(self) -> Collection[str]: ...


class ConnectionRegistry:
    """`start()` after the doors are open, `stop()` before or after they close."""

    def __init__(self, store: ConnectionStore, here: Callable[[], Collection[DoorSession]], witness: Witness) -> None:
        self._store = store
        self._here = here
        self._witness = witness
        self._records: dict[DoorSession, ConnectionRecord] = {}
        self._task = PeriodicTask(
            "connections",
            Job(self._look, _LOOK_SECONDS, _LOOK_SECONDS),
            failed=lambda _: _LOG.exception("concierge.failed"),
            last=lambda: self._keep({}),  # nobody is connected to a door that has stopped
        )

    def start(self) -> None:
        """Begin."""
        self._task.start()

    def stop(self) -> None:
        """End, with nobody connected any more."""
        self._task.stop()

    def _look(self) -> None:
        self._keep({one: one.login.name for one in self._here() if one.login is not None})
        to_close = self._store.to_end() if self._records else ()
        for session, record in list(self._records.items()):
            if record.id in to_close:
                self._end(session, record)

    def _keep(self, here: Mapping[DoorSession, str]) -> None:
        new: dict[DoorSession, ConnectionRecord] = {}
        for session, seller in here.items():
            known, info = self._records.get(session), session.info()
            if known is None or known.info != info:
                begun = (known.id, known.since) if known else (secrets.token_hex(6), datetime.now(UTC))
                new[session] = ConnectionRecord(begun[0], seller, begun[1], info)
        gone = [record.id for session, record in self._records.items() if session not in here]
        if new or gone:
            self._store.keep(list(new.values()), gone)  # first: if it fails, all of it is new the next time
            self._records = {session: record for session, record in (self._records | new).items() if session in here}

    def _end(self, session: DoorSession, record: ConnectionRecord) -> None:
        by: dict[str, Any] = {
            "seller": record.seller,
            "address": record.info.address,
            "door": record.info.door,
            "client": record.info.client,
        }
        self._witness(AuditEvent(event=AuditEventKind.REFUSED, **by, detail="an operator closed the connection"))
        _LOG.info(
            "connection.closed_by_operator", seller=record.seller, address=record.info.address, door=record.info.door
        )
        session.dismiss(_CLOSED)
