"""Files to fill in: the headings of each layout and one example row, made from the layouts themselves."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import Response

from cws_filedrop.formats import amazon_shipping_confirmation, fillz_confirmation
from cws_filedrop.web.site import visitors, web_context
from cws_filedrop.web.site.frame import framed

router: Final = APIRouter()
LAYOUTS: Final = {layout.name: layout for layout in (fillz_confirmation.FORMAT, amazon_shipping_confirmation.FORMAT)}
EXAMPLE: Final = {
    "order-id": "026-1520163-6049104",
    "status": "shipped",
    "carrier-code": "Yodel",
    "tracking-number": "Y0000001K",
}


def content(name: str, today: str) -> bytes:
    """A layout's headings and an example row, as a spreadsheet saves them; `today` is an ISO date. Raises: KeyError."""
    layout = LAYOUTS[name]
    example = EXAMPLE | {"ship-date": today}
    rows = (layout.headings, [example.get(column, "") for column in layout.headings.values()])
    return "".join("\t".join(row) + "\r\n" for row in rows).encode()


@router.get("/my/templates")
def listing(request: Request, session: visitors.SellerHere) -> Response:
    """The files to choose from."""
    return framed(request, "my/templates.html", session, layouts=list(LAYOUTS.values()))


@router.get("/my/templates/{name}")
def template(request: Request, session: visitors.SellerHere, name: str) -> Response:
    """One file to fill in."""
    if name not in LAYOUTS:
        raise visitors.NotThere
    made = content(name, web_context.of(request).context.clock().date().isoformat())
    headers = {"Content-Disposition": f'attachment; filename="{name}.txt"'}
    return Response(made, media_type="text/tab-separated-values; charset=utf-8", headers=headers)
