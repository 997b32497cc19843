"""T01, T02, T03 and T04 of one cell: is it a tracking number at all, and what is sent of it?

What a tracking number must have: letters and digits, a digit among them, both ends a letter or digit, a length; and it
is neither a date, an amount, an address or an order number, nor two numbers, nor a number with a word beside it. T03 is
for what no carrier prints; what some carrier or the seller's own van may use goes on with a warning (T04). Where the
number that was meant is certain the finding names it. Forms of numbers as they are printed: docs/domain.md#4-shipments.

What is sent is what was typed, except for blanks inside a number ("1Z 999 AA1 01 2345 6784"): these are taken out, and
the seller is told (T04). Knows no carrier of the row.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache
from importlib.resources import files
from typing import Final, NamedTuple

from cws_filedrop.rules.carriers import folded, shipped_table
from cws_filedrop.rules.cells.kinds import CellKind, kind_of
from cws_filedrop.rules.cells.known_forms import is_proven, is_telling, proven
from cws_filedrop.rules.findings import Trouble

LONGEST: Final = 50  # docs/amazon.md#1-fulfillment
NO_LETTER: Final = re.compile(r"[\W_]+")
DIGIT: Final = re.compile(r"\d")
PLAIN: Final = re.compile(r"[A-Za-z0-9\-/_#.:]+")
BLANK: Final = re.compile(r"\s")
PART: Final = re.compile(r"[A-Za-z0-9]+")
ENDS: Final = re.compile(r"[^A-Za-z0-9]*(.*?)[^A-Za-z0-9]*", re.DOTALL)
# A spreadsheet writes one digit before the point, and a plus sign or a fraction. Without these an E is just a letter.
ORDER: Final = re.compile(
    r"[0-9A-Za-z]{3}([-_ /.])[0-9]{7}\1[0-9]{7}(?:[-_ /.]{1,3}[0-9]{1,2})?"
)  # and a count of its packages
ROUNDED: Final = re.compile(r"[0-9][.,][0-9]*[eE]\+?[0-9]{1,3}|[0-9]+[eE]\+[0-9]{1,3}")
FLOAT: Final = re.compile(r"([0-9]{5,})(?:[.,]0{1,6}|[eE]0{1,2})")  # 201298452277.0, as programs write a number
THOUSANDS: Final = re.compile(r"[0-9]{1,3}([.,'’])[0-9]{3}(?:\1[0-9]{3})+")
LETTERED_FLOAT: Final = re.compile(r"([0-9A-Za-z]{10,})[.,]0{1,2}")
LETTERED: Final = re.compile(r"[A-Z]{2}[0-9]{9}[A-Z]{2}|1Z[0-9A-Z]{16}", re.IGNORECASE)  # UPU S10, UPS
COUNT: Final = re.compile(r"\(?(?:x ?)?[1-9][0-9]?(?: ?x)?\)?|\(?[0-9]{1,2}/[0-9]{1,2}\)?", re.IGNORECASE)
COUNTED: Final = re.compile(r"(?<=[A-Za-z]{3})[0-9]{1,2}[:.]?$")  # Paket1, Colis2:
DAY: Final = re.compile(
    r"20[0-4][0-9](?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])(?:[01][0-9]|2[0-3])?(?:[0-5][0-9]){0,2}"
)
INVISIBLE: Final = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff]")
DASHES: Final = re.compile("[\u2010-\u2015\u2212\uff0d]")
KEPT_DIGITS: Final = 15  # of a number, by Excel
LOST_ZEROS: Final = 5  # this many zeros after the kept digits, and nothing else, are no accident
LOST_OF_DHL: Final = 3  # DHL's 20 digits begin with 00, which a spreadsheet takes away before it rounds
WORD: Final = 4  # letters in a group: more than a printed number begins with
REMARK: Final = 6  # capital letters in a group: more than any printed number has
OF_ONE_KIND: Final = 8  # characters; two groups of this length and of one shape are two numbers
GROUP_OF_ANOTHER: Final = 9  # characters; two groups this long are two numbers, whatever their shape
MAIN: Final = 10  # characters of a group that can be a number beside a count
SHORTEST: Final = 4
NAME: Final = 3  # letters of a carrier's name that is more than the beginning of a number
DOUBTFUL: Final = frozenset(("no", "id", "nr", "tn", "pro"))  # words, and also what numbers may begin or end with


class TrackingReading(NamedTuple):
    """What is sent of a cell ("" if nothing can be), and what is wrong with it, if anything."""

    sent: str
    trouble: Trouble | None = None


def _refused(kind: str, meant: str = "", *, code: str = "T03") -> TrackingReading:
    return TrackingReading("", (code, f"{kind}={meant}" if meant else kind))


@cache
def _words(name: str) -> frozenset[str]:
    rows = files("cws_filedrop.rules").joinpath("data", name).read_text(encoding="utf-8")
    return frozenset(row for row in rows.splitlines() if not row.startswith("#"))


def placeholders() -> frozenset[str]:
    """The words that stand for no tracking number."""
    return _words("placeholders.tsv")


def is_carrier(text: str) -> bool:
    """Is the text the name of a carrier, as far as the shipped table knows?"""
    name = folded(text)
    return len(name) >= NAME and not DIGIT.search(name) and shipped_table().find(text, {}) is not None


def _is_word(text: str) -> bool:
    """Is the text something that people write beside a number?"""
    return folded(text) in _words("number-words.tsv") or is_carrier(text)


def placeholder(text: str) -> bool:
    """Does the cell merely say that there is no number?"""
    word = NO_LETTER.sub("", text.casefold())
    return len(set(word)) <= 1 or word in placeholders()


# --- what is no number -----------------------------------------------------------------------------------------


def _damaged(text: str) -> TrackingReading | None:
    """What a spreadsheet or a program made of a number."""
    if ROUNDED.fullmatch(text):
        return _refused("", code="T01")
    if found := FLOAT.fullmatch(text):
        return _refused("float", found[1], code="T01")
    if (found := LETTERED_FLOAT.fullmatch(text)) and is_proven(found[1]):
        return _refused("float", found[1], code="T01")
    if THOUSANDS.fullmatch(text):
        return _refused("thousands", NO_LETTER.sub("", text), code="T01")
    return None


def _address(text: str) -> TrackingReading:
    """A web address; the number within it, if a check digit proves exactly one."""
    found = {part for part in PART.findall(text) if len(part) >= MAIN and is_proven(part)}
    return _refused("address", found.pop() if len(found) == 1 else "")


def _other_kind(text: str) -> TrackingReading | None:
    """A cell that is plainly something else."""
    kind = kind_of(text)
    if kind is CellKind.ADDRESS:
        return _address(text)
    if kind is CellKind.LOGICAL or (kind is not CellKind.ERROR and placeholder(text)):
        return _refused("placeholder")
    if ORDER.fullmatch(text) and not text[:3].isalpha():
        return _refused("order")
    if kind is not None:
        return _refused(kind.value)
    if not DIGIT.search(text):
        return _refused("carrier" if is_carrier(text) else "word")
    return _refused("short") if len(text) < SHORTEST and text.isdigit() else None


# --- a number with something beside it --------------------------------------------------------------------------


def _shape(part: str) -> str:
    return re.sub(r"[A-Za-z]", "a", re.sub(r"[0-9]", "0", part))


def _several(parts: list[str]) -> bool:
    """Are the parts more than the groups of one number as it is printed?"""
    long = [part for part in parts if len(part) >= OF_ONE_KIND and DIGIT.search(part)]
    if len(long) < 2:
        return False
    alike = len({_shape(part) for part in long}) == 1
    return alike or all(len(part) >= GROUP_OF_ANOTHER for part in long) or all(map(is_proven, long))


def _bare(groups: list[str]) -> list[str]:
    """The groups without words and counts at either end."""
    first, last = 0, len(groups)
    while first < last - 1 and _is_beside(groups[first], groups[first + 1 : last]):
        first += 1
    while last - 1 > first and _is_beside(groups[last - 1], groups[first : last - 1]):
        last -= 1
    return groups[first:last]


def _is_beside(group: str, rest: list[str]) -> bool:
    """Is a group no part of the number that the rest of them makes?"""
    number = "".join(PART.findall("".join(rest)))
    if COUNT.fullmatch(group):
        return is_telling(number) or (len(number) >= MAIN and (len(rest) == 1 or not group.isdigit()))
    if not PART.search(group) or kind_of(group) in (CellKind.DATE, CellKind.AMOUNT):
        return True
    if folded(group) in DOUBTFUL and group.isalnum():
        return is_proven(number)
    return _is_word(group) or (len(number) >= MAIN and _is_word(COUNTED.sub("", group)))


def _is_remark(group: str) -> bool:
    """Is a group of letters a word, rather than what numbers such as 3S KABC 123456789 hold?"""
    return group.isalpha() and len(group) >= WORD and (not group.isupper() or len(group) >= REMARK or _is_word(group))


def _grouped(groups: list[str]) -> TrackingReading:
    """The reading of a text with blanks."""
    joined = "".join(groups)
    if _several(groups):
        return _refused("several")
    if is_proven(joined) or LETTERED.fullmatch(joined):
        return TrackingReading(joined, ("T04", f"blanks={joined}"))
    bare = _bare(groups)
    if len(bare) < len(groups):
        return _glued("".join(bare))
    if any(map(_is_remark, groups)):
        return _refused("remark")
    read = _compact(joined)
    return read if not read.sent else TrackingReading(read.sent, ("T04", f"blanks={read.sent}"))


def _glued(rest: str) -> TrackingReading:
    """A number with something beside it; `rest` is the number, if it is one."""
    read = reading(rest)
    return _refused("glued", read.sent) if read.sent else _refused("remark")


def _affixed(text: str) -> str:
    """The number that a carrier's name or a word is glued to without a sign between; "" if none is proven."""
    for word, number in ((head, text[len(head) :]) for head in _heads(text)):
        if _fits(word, number):
            return number
    for word, number in ((tail, text[: -len(tail)]) for tail in _tails(text)):
        if _fits(word, number):
            return number
    return ""


def _heads(text: str) -> list[str]:
    letters = len(text) - len(text.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"))
    return [text[:size] for size in range(letters, 1, -1)]


def _tails(text: str) -> list[str]:
    return [head[::-1] for head in _heads(text[::-1])]


def _fits(word: str, number: str) -> bool:
    """Is the number proven to be that carrier's, or of any carrier behind a word such as "tracking"?"""
    if len(number) < MAIN or not (forms := proven(number)):
        return False
    found = shipped_table().find(word, {}) if len(word) >= NAME else None
    if found is not None:
        return any(found.code in form.carriers for form in forms)
    return folded(word) in _words("number-words.tsv") and any(form.only or len(number) > MAIN + 5 for form in forms)


# --- a number ---------------------------------------------------------------------------------------------------


def _tens(text: str) -> bool:
    """Is the last digit the check digit of the others, as in the 20-digit numbers of USPS and FedEx?"""
    weighed = sum(int(one) * (1 if at % 2 == 0 else 3) for at, one in enumerate(reversed(text)))
    return weighed % 10 == 0


def zeroed(text: str) -> bool:
    """Did a spreadsheet keep only 15 digits of a long number?"""
    if not (text.isascii() and text.isdigit()):
        return False
    core = text[2:] if len(text) == 20 and text.startswith("00") else text
    if len(core) == KEPT_DIGITS + LOST_OF_DHL and core.startswith("34") and core.endswith("0" * LOST_OF_DHL):
        return not _tens(core)
    if text[KEPT_DIGITS:].strip("0"):
        return False
    lost = len(text) - KEPT_DIGITS
    return lost >= LOST_ZEROS and not (lost == LOST_ZEROS and _tens(text))


def _repeated(text: str) -> bool:
    """Is the text the same form of a known carrier several times?"""
    for times in (2, 3):
        size, left = divmod(len(text), times)
        if left or size <= MAIN + 2 or is_proven(text):
            continue
        parts = [text[at : at + size] for at in range(0, len(text), size)]
        if all(map(is_proven, parts)) or all(map(LETTERED.fullmatch, parts)):
            return True
    return False


def _strange(text: str) -> str:
    return " ".join(dict.fromkeys(one for one in text if not PLAIN.fullmatch(one)))


def _parted(text: str, parts: list[str]) -> TrackingReading:
    """The reading of a text with signs between its parts."""
    if _several(parts):
        return _refused("several")
    labelled = _is_labelled(text, parts[0])
    bare = parts[1:] if labelled else _bare(parts)
    if len(bare) < len(parts) and (labelled or is_telling("".join(bare))):
        return _refused("glued", "".join(bare))
    if not PLAIN.fullmatch(text):
        return _refused(_strange(text))
    signs = set(text) & set("/_#:")
    return TrackingReading(text, ("T04", f"signs={' '.join(sorted(signs))}") if signs else None)


def _is_labelled(text: str, first: str) -> bool:
    """Does the text begin with a word and a colon, as in TRK:123456789012?"""
    return _is_word(first) and text[len(first)] in ":#="


def _compact(text: str) -> TrackingReading:
    """The reading of a text without blanks."""
    inner = ENDS.fullmatch(text)
    if inner is not None and inner[1] != text:
        meant = _compact(inner[1]) if inner[1] else TrackingReading("")
        return _refused("signs", meant.sent) if meant.sent else meant if meant.trouble else _refused(_strange(text))
    parts = PART.findall(text)
    if "".join(parts) != text:
        read = _parted(text, parts)
        if not read.sent:
            return read
    if len(text) > LONGEST:
        return _refused(str(len(text)), code="T02")
    return read if "".join(parts) != text else _alone(text)


def _alone(text: str) -> TrackingReading:
    """The reading of letters and digits."""
    if zeroed(text):
        return _refused("zeros", code="T01")
    if _repeated(text):
        return _refused("several")
    if number := _affixed(text):
        return _refused("glued", number)
    if DAY.fullmatch(text) and len(text) in (8, 14):
        return TrackingReading(text, ("T04", "day"))
    return TrackingReading(text, ("T04", "short") if len(text) < SHORTEST else None)


def _as_plain(text: str) -> str:
    """The text in plain characters: full-width digits, typographic dashes and invisible characters are none."""
    return DASHES.sub("-", INVISIBLE.sub("", unicodedata.normalize("NFKC", text))).strip()


def _is_plain(text: str) -> bool:
    """Is the text surely no date, amount, word or anything else with a look of its own? Most cells are."""
    inside = len(text) >= OF_ONE_KIND and text.isascii() and text.isalnum() and len(set(text)) > 1
    return (
        inside and text[0].isdigit() and text[-1].isdigit() and len(text) <= LONGEST and FLOAT.fullmatch(text) is None
    )


@lru_cache(maxsize=1 << 12)  # what is wrong with cells is often the same
def reading(typed: str) -> TrackingReading:
    """The reading of a tracking cell that is not empty."""
    if _is_plain(typed):
        return _alone(typed)
    text = BLANK.sub(" ", typed).strip()
    plain = _as_plain(text)
    if plain != text and plain and not kind_of(text):
        meant = reading(plain)
        return _refused("plain", meant.sent) if meant.sent else meant
    found = _damaged(text) or _other_kind(text)
    if found is not None:
        return found
    groups = text.split()
    return _compact(text) if len(groups) == 1 else _grouped(groups)
