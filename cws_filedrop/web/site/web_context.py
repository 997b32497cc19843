"""What every page works with; one in the process."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from fastapi import Request

from cws_filedrop.drop.audit_events import Witness, unseen
from cws_filedrop.drop.handing_in import HandingIn
from cws_filedrop.gate.guard import Guard
from cws_filedrop.gate.logins import Logins
from cws_filedrop.gate.records import SellerRows
from cws_filedrop.service_context import ServiceContext
from cws_filedrop.settings import WebSettings
from cws_filedrop.views.metrics import Metrics
from cws_filedrop.web.site.counts import WorkCounts
from cws_filedrop.web.site.handing_in import handing_in
from cws_filedrop.web.site.live import Beacon
from cws_filedrop.web.site.pending_factors import PendingFactors


def _nobody(upload_id: str) -> None:
    """Nobody is told of an upload: the worker's rounds find it a little later."""


@dataclass(frozen=True)
class WebContext:
    """The service context, who checks logins, and whom to tell of uploads that came in here."""

    context: ServiceContext
    guard: Guard
    logins: Logins
    beacon: Beacon
    handing_in: HandingIn
    metrics: Metrics
    arrived: Callable[[str], None] = _nobody
    witness: Witness = unseen
    counts: WorkCounts = field(default_factory=WorkCounts)
    factors: PendingFactors = field(default_factory=PendingFactors)

    @property
    def settings(self) -> WebSettings:
        """How the pages are served."""
        return self.context.settings.web


def open_web_context(
    context: ServiceContext, guard: Guard, *, arrived: Callable[[str], None] = _nobody, witness: Witness = unseen
) -> WebContext:
    """A web context for a service context."""
    rows = SellerRows(context.db)
    logins = Logins(rows.authenticate, rows.current, guard)
    return WebContext(
        context, guard, logins, Beacon(context.db), handing_in(context), Metrics(context), arrived, witness
    )


def of(request: Request) -> WebContext:
    """The web context that answers a request."""
    found: WebContext = request.app.state.web
    return found
