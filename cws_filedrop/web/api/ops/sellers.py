"""Sellers: all of them at a glance, and one with its folders, drops, rhythm, limits and logins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import Query, Request, Response

from cws_filedrop.store.database import Database, stamp
from cws_filedrop.store.lists import usage, work_lists
from cws_filedrop.store.sellers import sellers
from cws_filedrop.views import seller_overview
from cws_filedrop.views.seller_overview import FolderEntry, SellerOverview
from cws_filedrop.web.api.access import TheApi
from cws_filedrop.web.api.ops import parts
from cws_filedrop.web.api.ops.doors import ban_body
from cws_filedrop.web.api.ops.service_shapes import (
    AtDoor,
    FolderBody,
    LateOfSeller,
    LimitBody,
    SellerList,
    SellerSummary,
    WholeSeller,
)
from cws_filedrop.web.api.ops.shapes import UnconfirmedLine
from cws_filedrop.web.api.ops.uploads import found_upload
from cws_filedrop.web.api.ops.work import unconfirmed_line
from cws_filedrop.web.api.problems import documented, not_there
from cws_filedrop.web.api.routing import SAME, Limit, link_next
from cws_filedrop.web.api.shapes import FileBody

router = parts.router("sellers")


@router.get("/sellers", responses=SAME)
def list_sellers(
    request: Request,
    response: Response,
    api: TheApi,
    cursor: Annotated[str, Query(pattern=r"^[a-z0-9]{0,64}$", description=parts.ON)] = "",
    limit: Limit = 100,
) -> SellerList:
    """Every seller: when it dropped last, what waits, what is wrong."""
    everyone = usage.by_seller(api.context.db, since=api.clock() - timedelta(days=1))
    found = [one for one in everyone if one.name > cursor]
    if len(found) > limit:
        link_next(request, response, found[limit - 1].name)
    return SellerList(sellers=[SellerSummary(**asdict(one)) for one in found[:limit]])


@router.get("/sellers/{name}", responses=SAME | documented(404))
def tell_seller(name: parts.SellerName, api: TheApi) -> WholeSeller:
    """One seller."""
    found = sellers.find(api.context.db, name)
    if found is None:
        raise not_there()
    seen = seller_overview.of(api.context, found)
    return WholeSeller(
        name=found.name,
        may_log_in=seen.access is not None,
        expires_at=seen.access.expires_at if seen.access else None,
        networks=seen.access.networks if seen.access else "",
        account_id=found.account.id,
        merchant_id=found.account.merchant_id,
        marketplace_id=found.account.marketplace_id,
        time_zone=found.policy.time_zone,
        counts=dict(seen.counts),
        uploads=[found_upload(one) for one in seen.uploads],
        folders=[FolderBody(name=one, number=many, files=_files(some)) for one, some, many in seen.folders],
        rhythm=[list(day) for day in seen.rhythm],
        unconfirmed=_unconfirmed(api.context.db, seen),
        late=[LateOfSeller(**one) for one in seen.late],
        limits=[LimitBody(name=one, used=used, most=most) for one, used, most in seen.limits],
        at_doors=[AtDoor(**{item: getattr(one, item) for item in AtDoor.model_fields}) for one in seen.audit],
        bans=[ban_body(one) for one in seen.banned],
    )


def _files(entries: Sequence[FolderEntry]) -> list[FileBody]:
    return [
        FileBody(name=one.name, size=one.size, changed_at=stamp(datetime.fromtimestamp(one.changed, UTC)))
        for one in entries
    ]


def _unconfirmed(db: Database, seen: SellerOverview) -> list[UnconfirmedLine]:
    cases = work_lists.cases(db, [one.about for one in seen.unconfirmed])
    return [unconfirmed_line(one, cases.get(one.about, work_lists.NO_CASE)) for one in seen.unconfirmed]
