"""The table of carriers: what a seller writes -> a code of Amazon's list (docs/amazon.md#2-carriers).

A `CarrierTable` is a value made of two texts, so that an operator can replace it without a release. It knows no rows.

A name is looked up as it is; then without regard to case, accents and punctuation; then among the seller's own
names; then among the aliases that come with the package. Where several codes differ only in case or punctuation
(Sendle, SENDLE), the one that Amazon lists first is meant: the list begins with the codes its documentation shows.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final, NamedTuple

from cws_filedrop.errors import ConfigError
from cws_filedrop.rules.spreadsheets.values import is_error

OTHER: Final = "Other"
# "other" in the languages of Amazon's list, and of its sites.
OTHERS: Final = frozenset(
    {
        "altra",
        "altri",
        "altro",
        "anden",
        "andere",
        "anderer",
        "anderes",
        "anders",
        "andet",
        "andra",
        "annan",
        "annat",
        "autre",
        "autres",
        "diger",
        "egyeb",
        "inne",
        "inny",
        "jiny",
        "muu",
        "other",
        "othercarrier",
        "others",
        "otra",
        "otro",
        "otros",
        "outra",
        "outro",
        "outros",
        "overig",
        "overige",
        "sonstige",
        "sonstiger",
        "sonstiges",
        "その他",
        "其他",
    }
)
# "none" and "unknown", too.
NO_CARRIER: Final = frozenset(
    """
    na none no null nil nocarrier notracking untracked unknown tba tbd notapplicable notavailable
    ka nv kein keine keiner keineangabe ohne unbekannt aucun aucune sans inconnu nessuno nessuna sconosciuto
    ninguno ninguna sin desconocido nenhum sem geen onbekend brak nieznany ingen inget ukendt okand eiole zadny
    neznamy yok bilinmiyor なし 無し 不明 未定 无 無 没有
    """.split()  # noqa: SIM905
)


def folded(name: str) -> str:
    """A name without regard to case, accents, blanks and punctuation."""
    plain = unicodedata.normalize("NFKD", name.casefold())
    return "".join(one for one in plain if one.isalnum())


class FoundCarrier(NamedTuple):
    """A code of Amazon's list, and whether the seller wrote exactly that."""

    code: str
    exact: bool


@dataclass(frozen=True)
class CarrierTable:
    """Amazon's codes, and the other names sellers use for the same carriers."""

    codes: frozenset[str]
    folds: Mapping[str, str]  # folded code -> code
    aliases: Mapping[str, str]  # folded alias -> code

    @classmethod
    def from_text(cls, codes: str, aliases: str) -> CarrierTable:
        """A table from a list of codes, one per line, and of aliases, one `alias<tab>code` per line (`#`: a remark).

        Raises: ConfigError if an alias names a code that is not listed.
        """
        listed = [code.strip() for code in codes.splitlines() if code.strip()]
        usable = [code for code in listed if "Ã" not in code]  # one name in Amazon's own list is mis-encoded
        folds: dict[str, str] = {}
        for code in usable:
            folds.setdefault(folded(code), code)
        return cls(frozenset(usable), folds, dict(_aliases(aliases, frozenset(usable))))

    def find(self, name: str, own: Mapping[str, str]) -> FoundCarrier | None:
        """The code that a name means; `own` holds the seller's names (folded) and codes."""
        if name in self.codes:
            return FoundCarrier(name, exact=True)
        fold = folded(name)
        code = self.folds.get(fold) or own.get(fold) or self.aliases.get(fold)
        return FoundCarrier(code, exact=False) if code else None

    def own(self, aliases: Iterable[tuple[str, str]]) -> dict[str, str]:
        """A seller's own names, ready for `find`; those of a code that is not listed are left out."""
        return {folded(name): code for name, code in aliases if code in self.codes}


def _aliases(text: str, codes: frozenset[str]) -> Iterable[tuple[str, str]]:
    for number, row in enumerate(text.splitlines(), 1):
        if not row.strip() or row.startswith("#"):
            continue
        alias, _, code = row.partition("\t")
        if code.strip() not in codes:
            raise ConfigError(f"carrier aliases, line {number}: {code.strip()!r} is not one of Amazon's carrier codes")
        yield folded(alias), code.strip()


def is_other(name: str) -> bool:
    """Does the name mean "some other carrier"?"""
    return folded(name) in OTHERS


def is_none(name: str) -> bool:
    """Does the name mean that there is no carrier?"""
    fold = folded(name)
    return (not fold or fold in NO_CARRIER) and not is_error(name)


@cache
def shipped_table() -> CarrierTable:
    """The table that comes with the package."""
    codes = files("cws_filedrop.schemas").joinpath("carrier-codes.txt").read_text(encoding="utf-8")
    aliases = files("cws_filedrop.rules").joinpath("data", "carrier-aliases.tsv").read_text(encoding="utf-8")
    return CarrierTable.from_text(codes, aliases)
