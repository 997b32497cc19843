"""What every page needs at hand, one in the process."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from fastapi import Request

from cws_filedrop.drop.deeds import Witness, unseen
from cws_filedrop.drop.handing_in import HandingIn
from cws_filedrop.pipeline.desk import Desk
from cws_filedrop.pipeline.metrics import Metrics
from cws_filedrop.settings import WebSettings
from cws_filedrop.transports.guard import Guard
from cws_filedrop.transports.logins import Logins
from cws_filedrop.transports.records import Rows
from cws_filedrop.web.api import app as api
from cws_filedrop.web.counts import Counts
from cws_filedrop.web.live import Beacon


def _nobody(upload_id: str) -> None:
    """The worker's rounds find what nobody told of."""


@dataclass(frozen=True)
class Office:
    """Desk, doorkeepers, and where to tell of uploads that came in here."""

    desk: Desk
    guard: Guard
    logins: Logins
    beacon: Beacon
    handing_in: HandingIn
    metrics: Metrics
    arrived: Callable[[str], None] = _nobody
    witness: Witness = unseen
    counts: Counts = field(default_factory=Counts)

    @property
    def settings(self) -> WebSettings:
        """How the pages are served."""
        return self.desk.settings.web


def office(desk: Desk, guard: Guard, *, arrived: Callable[[str], None] = _nobody, witness: Witness = unseen) -> Office:
    """An office on a desk."""
    rows = Rows(desk.db)
    logins = Logins(rows.authenticate, rows.current, guard)
    return Office(desk, guard, logins, Beacon(desk.db), api.handing_in(desk), Metrics(desk), arrived, witness)


def of(request: Request) -> Office:
    """The office that answers a request."""
    found: Office = request.app.state.office
    return found
