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
    listed = [seller for seller in everyone if seller.name > cursor]
    if len(listed) > limit:
        link_next(request, response, listed[limit - 1].name)
    return SellerList(sellers=[SellerSummary(**asdict(seller)) for seller in listed[:limit]])


@router.get("/sellers/{name}", responses=SAME | documented(404))
def tell_seller(name: parts.SellerName, api: TheApi) -> WholeSeller:
    """One seller."""
    seller = sellers.find(api.context.db, name)
    if seller is None:
        raise not_there()
    overview = seller_overview.of(api.context, seller)
    return WholeSeller(
        name=seller.name,
        may_log_in=overview.access is not None,
        expires_at=overview.access.expires_at if overview.access else None,
        networks=overview.access.networks if overview.access else "",
        account_id=seller.account.id,
        merchant_id=seller.account.merchant_id,
        marketplace_id=seller.account.marketplace_id,
        time_zone=seller.policy.time_zone,
        counts=dict(overview.counts),
        uploads=[found_upload(one) for one in overview.uploads],
        folders=[FolderBody(name=one, number=many, files=_files(some)) for one, some, many in overview.folders],
        rhythm=[list(day) for day in overview.rhythm],
        unconfirmed=_unconfirmed(api.context.db, overview),
        late=[LateOfSeller(**one) for one in overview.late],
        limits=[LimitBody(name=one, used=used, most=most) for one, used, most in overview.limits],
        at_doors=[AtDoor(**{item: getattr(one, item) for item in AtDoor.model_fields}) for one in overview.audit],
        bans=[ban_body(one) for one in overview.banned],
    )


def _files(entries: Sequence[FolderEntry]) -> list[FileBody]:
    return [
        FileBody(name=entry.name, size=entry.size, changed_at=stamp(datetime.fromtimestamp(entry.changed, UTC)))
        for entry in entries
    ]


def _unconfirmed(db: Database, overview: SellerOverview) -> list[UnconfirmedLine]:
    cases = work_lists.cases(db, [line.about for line in overview.unconfirmed])
    return [unconfirmed_line(line, cases.get(line.about, work_lists.NO_CASE)) for line in overview.unconfirmed]
