"""The catalogue of issues: code, severity, rule, message, remedy (docs/domain.md#6-codes).

The texts are data, in `data/catalogue.tsv`. This module only reads and fills them in; it may not know how an issue is
detected. An issue is the code plus three variable parts: `column`, `value` (the cell as typed) and `detail`.

One code may have several wordings. Then `detail` is `kind` or `kind=rest`: the kind selects the wording (and possibly
another severity), and `{detail}` is the rest; any other detail takes the code's own wording. In a template, a part in
square brackets is left out when a field inside it is empty.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Final, Literal, cast

from cws_filedrop.model import Issue, Severity

SHOWN_LENGTH: Final = 80  # characters of a value that a message shows
LONGEST_DETAIL: Final = 160
OPTIONAL: Final = re.compile(r"\[([^\]]*)\]")
FIELD: Final = re.compile(r"\{(\w+)\}")
FIXED: Final = re.compile(r"\{\w+\}|[\[\]]")  # what is between the fixed parts of a template


@dataclass(frozen=True, slots=True)
class Wording:
    """Another wording of a code, for one kind of the same problem."""

    severity: Severity
    message: str
    remedy: str


@dataclass(frozen=True, slots=True)
class CatalogueEntry:
    """One code: `rule` is what is checked, `message` and `remedy` are templates for the seller."""

    code: str
    severity: Severity
    scope: Literal["file", "line"]
    rule: str
    message: str
    remedy: str
    kinds: Mapping[str, Wording] = field(default_factory=dict)

    def wording(self, detail: str) -> tuple[Wording, str]:
        """The wording that `detail` selects, and the rest of the detail, to be shown."""
        kind, _, rest = detail.partition("=")
        if kind in self.kinds:
            return self.kinds[kind], rest
        return Wording(self.severity, self.message, self.remedy), detail


def _entries(text: str) -> dict[str, CatalogueEntry]:
    entries: dict[str, CatalogueEntry] = {}
    kinds: dict[str, dict[str, Wording]] = {}
    for row in text.splitlines()[1:]:
        code, kind, severity, scope, rule, message, remedy = row.split("\t")
        if kind:
            own = Severity(severity) if severity else entries[code].severity
            kinds[code][kind] = Wording(own, message, remedy)
            continue
        where = cast(Literal["file", "line"], scope)
        kinds[code] = {}
        entries[code] = CatalogueEntry(code, Severity(severity), where, rule, message, remedy, kinds[code])
    return entries


CATALOGUE: Final[dict[str, CatalogueEntry]] = _entries(
    files("cws_filedrop.rules").joinpath("data", "catalogue.tsv").read_text(encoding="utf-8")
)


def _visible_character(character: str) -> str:
    number = ord(character)
    if number < 0x20:
        return chr(0x2400 + number)
    return "\N{SYMBOL FOR DELETE}" if number == 0x7F else f"\\u{number:04x}"


def shown(value: str, longest: int = SHOWN_LENGTH) -> str:
    """A cell as a message shows it: control characters made visible, and shortened if it is long."""
    if len(value) > longest:
        value = value[: longest - 1] + "…"
    if value.isprintable():
        return value
    return "".join(
        _visible_character(one) if unicodedata.category(one) in ("Cc", "Cs", "Cn", "Cf", "Zl", "Zp") else one
        for one in value
    )


def _filled(template: str, fields: Mapping[str, str]) -> str:
    def optional(part: re.Match[str]) -> str:
        names = FIELD.findall(part[1])
        return part[1] if all(fields[name] for name in names) else ""

    # A bracketed part that is a question has already ended the sentence.
    return FIELD.sub(lambda name: fields[name[1]], OPTIONAL.sub(optional, template)).replace("?.", "?")


def severity_of(code: str, detail: str = "") -> Severity:
    """The severity of an issue; the kind in its detail may have another than its code."""
    return CATALOGUE[code].wording(detail)[0].severity


def issue(code: str, *, column: str = "", value: str = "", detail: str = "") -> Issue:
    """One issue with its texts filled in.

    Raises: KeyError if there is no such code.
    """
    wording, rest = CATALOGUE[code].wording(detail)
    fields = {"column": shown(column), "value": shown(value), "detail": shown(rest, LONGEST_DETAIL)}
    message, remedy = _filled(wording.message, fields), _filled(wording.remedy, fields)
    return Issue(code, wording.severity, column, value, message, remedy)


def of_message(code: str, message: str, *, column: str = "") -> Issue:
    """An issue of which only code and message were kept, with the remedy of the wording that fits best.

    Raises: KeyError if there is no such code.
    """
    entry = CATALOGUE[code]
    wordings = (Wording(entry.severity, entry.message, entry.remedy), *entry.kinds.values())
    made = max(wordings, key=lambda one: sum(len(part) for part in FIXED.split(one.message) if part in message))
    remedy = _filled(made.remedy, {"column": shown(column), "value": "", "detail": ""})
    return Issue(code, made.severity, column, "", message, remedy)
