"""What other programs and people call our columns: exactly known names, and names that merely resemble one.

May not know rows, nor where a heading stands.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from difflib import get_close_matches
from functools import cache
from typing import Final

from cws_filedrop.formats.claims import FORMATS
from cws_filedrop.formats.spelling import plain

# Most common first: in English, then in the languages of Amazon's other sites.
NAMES: Final = {
    "order-id": ("order id", "order number", "order no", "order #", "order reference", "reference", "order"),
    "order-item-id": ("order item id", "order item number", "item id", "line item id", "amazon order item code"),
    "tracking-number": (
        *("tracking number", "tracking no", "tracking #", "tracking", "tracking code", "shipment number"),
        *("consignment number", "waybill number", "parcel number", "track & trace", "track and trace", "awb"),
        *("sendungsnummer", "paketnummer", "trackingnummer", "sendungsverfolgungsnummer", "sendungsverfolgung"),
        *("numero de suivi", "n° de suivi", "code de suivi", "numero de seguimiento", "codigo de seguimiento"),
        *("numero di tracciamento", "codice di tracciamento", "numero di spedizione", "numero tracking"),
        *("codigo de rastreio", "numero de rastreio", "zendingsnummer", "numer przesyłki", "numer śledzenia"),
        *("sparningsnummer", "kollinummer", "cislo zasilky", "takip numarası", "kargo takip no"),
        *(
            "追跡番号",
            "伝票番号",
            "お問い合わせ番号",
            "お問い合せ番号",
            "送り状番号",
            "运单号",
            "快递单号",
            "物流单号",
            "跟踪号",
        ),
    ),
    "carrier-code": (
        *("carrier", "courier", "carrier name", "carrier code", "tracking provider", "shipping company"),
        *("shipping carrier", "shipping provider", "versanddienstleister", "versandunternehmen", "paketdienst"),
        *("transporteur", "transportista", "empresa de transporte", "corriere", "vettore", "transportadora"),
        *(
            "vervoerder",
            "przewoznik",
            "transportor",
            "dopravce",
            "kargo firması",
            "配送業者",
            "運送会社",
            "物流公司",
            "承运人",
        ),
    ),
    "ship-date": (
        *(
            "ship date",
            "shipped date",
            "shipped at",
            "date shipped",
            "despatch date",
            "dispatch date",
            "label created at",
        ),
        *("versanddatum", "date d'expedition", "fecha de envio", "data di spedizione", "data de envio", "verzenddatum"),
        *("data wysyłki", "出荷日", "発送日", "发货日期"),
    ),
    "ship-method": ("service", "shipping service", "ship method", "shipping method", "service level", "mail class"),
    "quantity": (
        *("quantity", "qty", "quantity shipped", "items shipped", "menge", "stückzahl", "quantite", "cantidad"),
        *("quantita", "quantidade", "aantal", "ilość", "数量"),
    ),
    "status": ("status", "order status", "shipment status"),
}
# A layout is recognised by these, and a status of another program may be anything: they are never read by other names.
OWN_NAMES_ONLY: Final = ("order-id", "status", "cancel-reason")
# Without these a shipment says something else; what gives one of them, the others give, too.
NEEDED: Final = {
    "tracking-number": ("tracking-number",),
    "carrier-code": ("carrier-code", "carrier-name"),
    "order-item-id": ("order-item-id",),
    "quantity": ("quantity",),
    "ship-date": ("ship-date",),
}
TELLING: Final = {"tracking-number": "tracking", "carrier-code": "carrier", "quantity": "qty"}  # words of a heading
LIKE: Final = 0.8
NEARLY: Final = 0.85  # of a heading whose neighbour may say the same
LONGEST: Final = 60


@cache
def _exact() -> dict[str, str]:
    """The rule column of every known name, in its plain spelling; our own headings first."""
    known = {plain(heading): column for one in FORMATS.values() for heading, column in one.headings.items()}
    for column, names in NAMES.items():
        for name in names:
            known.setdefault(_unaccented(name), column)
    return {name: column for name, column in known.items() if column not in OWN_NAMES_ONLY}


def meaning(heading: str) -> str:
    """The rule column that a heading is known to stand for, or ""."""
    return _exact().get(_unaccented(heading), "")


def _unaccented(heading: str) -> str:
    """The plain spelling without accents: sellers' keyboards may lack them."""
    apart = unicodedata.normalize("NFKD", plain(heading))
    return unicodedata.normalize("NFC", "".join(one for one in apart if unicodedata.category(one) != "Mn"))


def usual(column: str) -> str:
    """The usual one of our headings for a rule column."""
    return next(heading for one in FORMATS.values() for heading, other in one.headings.items() if other == column)


def suggested(heading: str) -> str:
    """The usual heading of the column that a heading resembles, or ""."""
    return usual(column) if (column := resembles(heading, ())) else ""


def _is_nearly(typed: str, heading: str) -> bool:
    return bool(get_close_matches(typed, [heading], n=1, cutoff=NEARLY))


def resembles(heading: str, present: Iterable[str]) -> str:
    """The rule column that a heading may be meant for, of those that a file needs and does not have; or ""."""
    present, typed = set(present), _unaccented(heading)[:LONGEST]
    if "carrier-name" in present and "carrier-code" not in present and _is_nearly(typed, "carrier-code"):
        return "carrier-code"
    for column, alike in NEEDED.items():
        if present & set(alike):
            continue
        if TELLING.get(column) in typed.split("-"):
            return column
        if get_close_matches(typed, [name for name, other in _exact().items() if other in alike], n=1, cutoff=LIKE):
            return column
    return ""
