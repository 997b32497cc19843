"""Knows which sellers are here, for operators to see, and closes a connection when one of them says so.

A thread of its own looks once a second, and asks or tells the book only of what changed: who is connected and does
nothing costs nothing.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Protocol

from cws_filedrop import log
from cws_filedrop.drop.deeds import Deed, Event, Witness
from cws_filedrop.periodic import Job, PeriodicTask
from cws_filedrop.transports.logins import Guest, Told

_LOG = log.get(__name__)
_LOOK_SECONDS: Final = 1.0
_CLOSED: Final = "An operator closed your connection; log in again, or ask us about it."


@dataclass(frozen=True, slots=True)
class Stay:
    """One connection of a seller: its id among all, since when, and what there is to say of it."""

    id: str
    seller: str
    since: datetime
    told: Told


class Book(Protocol):
    """Where stays are kept for others to see, and where those others say which is to end."""

    def keep(self, stays: Collection[Stay], gone: Collection[str]) -> None: ...
    def to_end(self) -> Collection[str]: ...


class Concierge:
    """`start()` after the doors are open, `stop()` before or after they close."""

    def __init__(self, book: Book, here: Callable[[], Collection[Guest]], witness: Witness) -> None:
        self._book = book
        self._here = here
        self._witness = witness
        self._stays: dict[Guest, Stay] = {}
        self._task = PeriodicTask(
            "concierge",
            Job(self._look, _LOOK_SECONDS, _LOOK_SECONDS),
            failed=lambda _: _LOG.exception("concierge.failed"),
            last=lambda: self._keep({}),
        )

    def start(self) -> None:
        """Begin."""
        self._task.start()

    def stop(self) -> None:
        """End; nobody is here any more."""
        self._task.stop()

    def _look(self) -> None:
        self._keep({one: one.login.name for one in self._here() if one.login is not None})
        wanted = self._book.to_end() if self._stays else ()
        for guest, stay in list(self._stays.items()):
            if stay.id in wanted:
                self._end(guest, stay)

    def _keep(self, here: Mapping[Guest, str]) -> None:
        new: dict[Guest, Stay] = {}
        for guest, seller in here.items():
            known, told = self._stays.get(guest), guest.told()
            if known is None or known.told != told:
                begun = (known.id, known.since) if known else (secrets.token_hex(6), datetime.now(UTC))
                new[guest] = Stay(begun[0], seller, begun[1], told)
        gone = [stay.id for guest, stay in self._stays.items() if guest not in here]
        if new or gone:
            self._book.keep(list(new.values()), gone)
            self._stays = {guest: stay for guest, stay in (self._stays | new).items() if guest in here}

    def _end(self, guest: Guest, stay: Stay) -> None:
        by: dict[str, Any] = {
            "seller": stay.seller,
            "address": stay.told.address,
            "door": stay.told.door,
            "client": stay.told.client,
        }
        self._witness(Deed(event=Event.REFUSED, **by, detail="an operator closed the connection"))
        _LOG.info("connection.closed_by_operator", seller=stay.seller, address=stay.told.address, door=stay.told.door)
        guest.dismiss(_CLOSED)
