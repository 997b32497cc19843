"""What the text of a cell plainly is, whatever its column asks for: an error value, a date, an amount, an address …"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Final

from cws_filedrop.rules.orders import AMAZON_ID
from cws_filedrop.rules.spreadsheets.values import is_error, is_logical

DAY: Final = r"(?:0?[1-9]|[12][0-9]|3[01])"
MONTH: Final = r"(?:0?[1-9]|1[0-2])"
YEAR: Final = r"(?:19|20)[0-9]{2}"
NAMED: Final = (  # a month, as spreadsheets and people abbreviate it in the languages of Amazon's sites
    r"(?:jan|feb|fev|fév|mar|mär|mae|apr|avr|abr|kwi|may|mai|maj|mag|jun|jui|giu|cze|jul|lug|lip|aug|aoû|aou|ago|sie|sep|set"
    r"|wrz|oct|okt|ott|out|paź|nov|lis|dec|dez|déc|dic|gru)[^\W\d_]{0,7}\.?"
)
CLOCK: Final = (
    r"[0-9]{1,2}[:.h][0-9]{2}(?::[0-9]{2}(?:[.,][0-9]+)?)?(?: ?[AaPp]\.?[Mm]\.?)?(?: ?(?:Z|UTC|GMT|[+-][0-9:]{2,6}))?"
)
WEEKDAY: Final = (  # the same of weekdays, in front of a day
    r"(?:mon|tue|wed|thu|fri|sat|sun|mo|di|mi|do|fr|sa|so|lun|mar|mer|mie|mié|jeu|jue|ven|vie|sam|sab|sáb|dim|dom|gio|maa|din"
    r"|woe|don|vri|zat|zon|pon|wto|śro|czw|pią|sob|nie)[^\W\d_]{0,7}\.?,? "
)
ROMAN: Final = r"(?:I{1,3}|IV|VI{0,3}|IX|XI{0,2})"
MARK: Final = r"[-/._ ]"
GAP: Final = r"[-/., ]{1,2}"
PERIOD: Final = (
    rf"(?:{YEAR}[- ]?(?:W|Q|KW)[- ]?[0-9]{{1,2}}|(?:W|Q|KW|CW)[- ]?[0-9]{{1,2}}[-/ ]{YEAR}|KW ?[0-9]{{1,2}})"
)
DATE: Final = re.compile(
    rf"(?:{WEEKDAY})?(?:{YEAR}{MARK}{MONTH}{MARK}{DAY}|{DAY}{MARK}{MONTH}{MARK}(?:{YEAR}|[0-9]{{2}})|{MONTH}{MARK}{DAY}{MARK}{YEAR}"
    rf"|{DAY}{GAP}{NAMED}(?:{GAP}(?:{YEAR}|[0-9]{{2}}))?|{NAMED}{GAP}{DAY}{GAP}{YEAR}|{NAMED}{GAP}(?:{YEAR}|[0-9]{{2}})"
    rf"|{DAY}[./]{MONTH}[./]?|{DAY}[-/. ]{ROMAN}[-/. ]{YEAR}|{PERIOD}"
    rf"|{YEAR}年{MONTH}月{DAY}日)(?:[T, ]+{CLOCK})?",
    re.IGNORECASE,
)
TIME: Final = re.compile(
    r"[0-2]?[0-9]:[0-5][0-9](?::[0-5][0-9](?:[.,][0-9]+)?)?(?: ?[AaPp]\.?[Mm]\.?)?(?: Uhr)?|[0-2]?[0-9]h[0-5][0-9]",
    re.IGNORECASE,
)
MONEY: Final = (
    r"(?:(?:US|CA?|AU?|NZ|HK|NT|S|R|MX)?[$]|[€£¥₹₩₺₽]|USD|EUR|GBP|JPY|CHF|PLN|SEK|NOK|DKK|CZK|HUF|RON|TRY|BRL|MXN|CAD|AUD"
    r"|SGD|AED|SAR|INR|CNY|RMB|Fr\.|zł|kr\.?|Kč|Ft|lei|TL|円|元)"
)
SUM: Final = r"(?:[0-9]{1,9}|[0-9]{1,3}(?:[., '’][0-9]{3}){1,3})(?:[.,][0-9]{1,2})?"
UNIT: Final = r"(?:kgs?|g|lbs?|oz|cm|mm|ml|pcs?|stk\.?|stück)"
SIDE: Final = r"[0-9]{1,3}(?:[.,][0-9]{1,2})?"
SIZE: Final = rf"{SIDE} ?[x×] ?{SIDE}(?: ?[x×] ?{SIDE})?(?: ?{UNIT})?"
WEIGHT: Final = rf"[0-9]{{1,4}}(?:[.,][0-9]{{1,4}})? ?{UNIT}(?: [0-9]{{1,3}} ?{UNIT})?"
AMOUNT: Final = re.compile(
    rf"{MONEY} ?{SUM}(?:[.,]-)?|{SUM} ?(?:{MONEY}|%)|[0-9]{{1,9}}[.,]-{{1,2}}|{WEIGHT}|{SIZE}", re.IGNORECASE
)
DECIMAL: Final = re.compile(r"[+-]?[0-9]*[.,][0-9]+")
ADDRESS: Final = re.compile(
    r"[a-z][a-z0-9+.-]*://.*|www\..+|[a-z0-9-]+(\.[a-z0-9-]+)*\.(com|net|org|de|fr|it|es|co\.uk|jp|cn|pl|nl|eu|example)/.*"
    r"|\S+@\S+\.[a-z]{2,}|<.*>",
    re.IGNORECASE | re.DOTALL,
)


class CellKind(StrEnum):
    """What a cell is that is neither a number nor a name."""

    ERROR = "error"
    LOGICAL = "logical"
    DATE = "date"
    AMOUNT = "amount"
    ADDRESS = "address"
    ORDER = "order"


def kind_of(text: str) -> CellKind | None:
    """What a text plainly is; None for what may be a number or a name."""
    if is_error(text):
        return CellKind.ERROR
    if is_logical(text):
        return CellKind.LOGICAL
    if AMAZON_ID.fullmatch(text):
        return CellKind.ORDER
    if DATE.fullmatch(text) or TIME.fullmatch(text):
        return CellKind.DATE
    if AMOUNT.fullmatch(text) or DECIMAL.fullmatch(text):
        return CellKind.AMOUNT
    return CellKind.ADDRESS if ADDRESS.fullmatch(text) else None
