"""How everything stands: what the page Now shows."""

from __future__ import annotations

import time
from dataclasses import asdict
from datetime import datetime
from typing import Final

from cws_filedrop.model import OrderState
from cws_filedrop.store.database import moment, stamp
from cws_filedrop.store.lists.stages import DueOrder, StageCount
from cws_filedrop.store.uploads.uploads import ASIDE
from cws_filedrop.views import health, overview
from cws_filedrop.web.api.access import TheApi
from cws_filedrop.web.api.ops import parts
from cws_filedrop.web.api.ops.alarms import alarm_body
from cws_filedrop.web.api.ops.service_shapes import HealthBody, LateOrder, Now, StageBody, StagesBody
from cws_filedrop.web.api.routing import SAME

router = parts.router("now")
SHOWN_LATE: Final = 100


@router.get("/now", responses=SAME)
def how_it_stands(api: TheApi) -> Now:
    """How much is at each stage and how old the oldest is, health, alarms, late orders."""
    begun = time.perf_counter()
    seen = overview.look(api.context)
    service_parts = health.look(api.context, seen.stages, seconds=time.perf_counter() - begun)
    return Now(
        at=stamp(seen.at),
        stages=_stages(seen),
        day=dict(seen.stages.day),
        connections=len(seen.connected),
        transfers=sum(one.busy for one in seen.connected),
        unconfirmed=seen.unconfirmed,
        late_orders=len(seen.late),
        late=[_late(one) for one in seen.late[:SHOWN_LATE]],
        alarms=[alarm_body(one) for one in seen.alarms],
        stopped_accounts=dict(seen.stages.stopped),
        health=[HealthBody(**asdict(one)) for one in service_parts],
    )


def _stages(seen: overview.Overview) -> StagesBody:
    counts = seen.stages
    return StagesBody(
        being_read=_stage(seen.unread, seen.at),
        to_send=_stage(counts.to_send, seen.at),
        at_amazon=_stage(counts.feed("submitted", "intended"), seen.at),
        aside=_stage(counts.upload(*ASIDE), seen.at),
        stopped=_stage(counts.feed("stopped"), seen.at),
    )


def _stage(stage: StageCount, now: datetime) -> StageBody:
    age = max(0.0, (now - moment(stage.oldest)).total_seconds()) if stage.oldest else None
    return StageBody(number=stage.number, lines=stage.lines, oldest_at=stage.oldest or None, oldest_seconds=age)


def _late(order: DueOrder) -> LateOrder:
    return LateOrder(
        seller=order.seller,
        account_id=order.account_id,
        order_id=order.amazon_order_id,
        state=OrderState(order.state),
        ship_by=order.ship_by,
        open=order.open,
    )
