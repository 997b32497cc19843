"""A profile: the TOML that says what the headings of a seller's own layout mean -> `model.Profile`.

All of it is checked when it is read, so that a file dropped later meets no surprise; each fault names section, key,
value and what to write instead. Imports little, since the doors need it too. May not know any file, nor where profiles
are kept.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, Final

from cws_filedrop.errors import ConfigError
from cws_filedrop.formats.claims import FORMATS
from cws_filedrop.formats.spelling import listed, nearest, plain
from cws_filedrop.formats.split import TAB
from cws_filedrop.model import DateOrder, Profile
from cws_filedrop.rules.carriers import shipped_table

PIPE: Final = "|"
DELIMITERS: Final = {"tab": TAB, "comma": ",", "semicolon": ";", "pipe": PIPE}
YEAR_FIRST: Final = "year-first"
DATE_ORDERS: Final = (*map(str, DateOrder), YEAR_FIRST)
SECTIONS: Final = ("about", "file", "columns", "constants", "carriers", "statuses", "leave_out")
STATUSES: Final = ("shipped", "packed", "deferred", "cancelled", "shipped & no confirm")
EACH_ITS_OWN: Final = ("order-id", "order-item-id", "tracking-number", "transparency-code")
LONGEST_TEXT: Final = 64 * 1024  # characters of a profile
LONGEST_NAME: Final = 40
NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]*")
Table = Mapping[str, Any]


@cache
def headings() -> dict[str, str]:
    """Our headings, which a profile uses to say what its columns mean, and the rule column of each."""
    return {heading: column for one in reversed(FORMATS.values()) for heading, column in one.headings.items()}


@cache
def heading_of(column: str) -> str:
    """The usual one of our headings for a rule column."""
    usual = {rule: heading for heading, rule in reversed(headings().items())}
    return usual[column]


def check_name(name: str) -> str:
    """The name, if a profile may have it.

    Raises: ConfigError otherwise.
    """
    if len(name) > LONGEST_NAME or not NAME.fullmatch(name):
        raise ConfigError(
            f"profile name {name!r}: use up to {LONGEST_NAME} small letters, digits and hyphens, such as my-shop"
        )
    return name


def parse(text: str, name: str) -> Profile:
    """The profile that a TOML text describes; `name` is what it is called.

    Raises: ConfigError naming the section, the key, the value and what to write instead.
    """
    check_name(name)
    if len(text) > LONGEST_TEXT:
        raise ConfigError(f"profile {name}: it is longer than {LONGEST_TEXT:,} characters; take out what is not needed")
    try:
        content = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # numbers without end, brackets without end
        raise ConfigError(f"profile {name}: this is not TOML: {error}; headings must stand in quotes") from error
    return _Reader(name, content).profile(text)


class _Reader:
    """One profile, read section by section."""

    def __init__(self, name: str, content: Table) -> None:
        self._name = name
        self._content = content
        self._known(content, SECTIONS, where="section")

    def profile(self, text: str) -> Profile:
        about = self._section("about", ("title", "source"))
        file = self._section("file", ("delimiter", "date_order", "optional"))
        columns = self._columns()
        named = [column for column, _ in columns]
        order = self._choice("file", "date_order", file, DATE_ORDERS)
        return Profile(
            name=self._name,
            text=text,
            columns=columns,
            optional=self._optional(file, named),
            constants=self._constants(named),
            carriers=self._carriers(),
            statuses=self._statuses(named),
            date_order=DateOrder(order) if order and order != YEAR_FIRST else None,
            year_first=order == YEAR_FIRST,
            leave_out=self._leave_out(),
            delimiter=DELIMITERS.get(self._choice("file", "delimiter", file, DELIMITERS), ""),
            title=self._text("about", "title", about.get("title", "")),
            source=self._text("about", "source", about.get("source", "")),
        )

    def _fault(self, section: str, key: str, value: object, remedy: str) -> ConfigError:
        return ConfigError(f"profile {self._name}: [{section}] {key} = {value!r}: {remedy}")

    def _known(self, table: Table, names: Iterable[str], *, where: str) -> None:
        names = list(names)
        for key in table:
            if key not in names:
                meant = f"did you mean {near}?" if (near := nearest(key, names)) else f"use {listed(names)}"
                raise ConfigError(f"profile {self._name}: {where} {key!r} is not known; {meant}")

    def _section(self, section: str, keys: Iterable[str] | None = None) -> Table:
        table = self._content.get(section, {})
        if not isinstance(table, dict):
            raise ConfigError(f"profile {self._name}: {section} = {table!r}: write it as a section, [{section}]")
        if keys is not None:
            self._known(table, keys, where=f"[{section}]")
        return table

    def _text(self, section: str, key: str, value: object) -> str:
        if not isinstance(value, str) or not value.isprintable():
            raise self._fault(section, key, value, 'write text in quotes, such as "Order Number"')
        return value.strip()

    def _filled(self, section: str, key: str, value: object) -> str:
        text = self._text(section, key, value)
        if not text:
            raise self._fault(section, key, value, "write something between the quotes, or leave the line out")
        return text

    def _choice(self, section: str, key: str, table: Table, choices: Iterable[str]) -> str:
        value = table.get(key, "")
        if key in table and value not in list(choices):
            raise self._fault(section, key, value, f"use {listed(list(choices))}")
        return str(value)

    def _column(self, section: str, key: str) -> str:
        """The rule column that one of our headings names."""
        known = {plain(heading): column for heading, column in headings().items()}
        if (column := known.get(plain(key))) is None:
            near = nearest(key, headings())
            meant = f"did you mean {near}?" if near else f"use one of ours: {listed(sorted(headings()))}"
            raise ConfigError(f"profile {self._name}: [{section}] {key!r} is none of our headings; {meant}")
        return column

    def _columns(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        columns: dict[str, tuple[str, ...]] = {}
        for key, value in self._section("columns").items():
            column = self._column("columns", key)
            if column in columns:
                raise self._fault("columns", key, value, f"{heading_of(column)} is given twice; keep one of them")
            columns[column] = self._theirs(key, value)
        if "order-id" not in columns:
            raise ConfigError(
                f"profile {self._name}: [columns] names no order-id; "
                'say which heading the order number has, such as order-id = "Order Number"'
            )
        self._once(columns)
        return tuple(columns.items())

    def _theirs(self, key: str, value: object) -> tuple[str, ...]:
        if not isinstance(value, list):
            return (self._filled("columns", key, value),)
        if not value:
            raise self._fault("columns", key, value, "name at least one heading, or leave the line out")
        return tuple(self._filled("columns", key, one) for one in value)

    def _once(self, columns: Mapping[str, tuple[str, ...]]) -> None:
        taken: dict[str, str] = {}
        for column, names in columns.items():
            for name in names:
                other = taken.setdefault(plain(name), column)
                if other != column or [plain(one) for one in names].count(plain(name)) > 1:
                    both = listed(list(dict.fromkeys((heading_of(other), heading_of(column)))))
                    raise self._fault("columns", heading_of(column), name, f"this heading is used twice, for {both}")

    def _optional(self, file: Table, named: list[str]) -> frozenset[str]:
        value = file.get("optional", [])
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            raise self._fault("file", "optional", value, 'write a list of our headings, such as ["ship-method"]')
        columns = [self._column("file", one) for one in value]
        for typed, column in zip(value, columns, strict=True):
            if column == "order-id":
                raise self._fault("file", "optional", typed, "no file can do without the order number")
            if column not in named:
                raise self._fault("file", "optional", typed, "name its heading in [columns], or leave it out here")
        return frozenset(columns)

    def _constants(self, named: list[str]) -> tuple[tuple[str, str], ...]:
        constants: dict[str, str] = {}
        for key, value in self._section("constants").items():
            column, text = self._column("constants", key), self._filled("constants", key, value)
            if column in EACH_ITS_OWN:
                raise self._fault(
                    "constants", key, value, "it differs from line to line; name its heading in [columns]"
                )
            if column in named or column in constants:
                raise self._fault("constants", key, value, "it is given twice; keep it in [columns] or here")
            if column == "status" and text not in STATUSES:
                raise self._fault("constants", key, value, f"use {listed(STATUSES)}")
            constants[column] = text
        return tuple(constants.items())

    def _carriers(self) -> tuple[tuple[str, str], ...]:
        codes = shipped_table().codes
        for key, value in self._section("carriers").items():
            if value not in codes:
                near = nearest(str(value), sorted(codes))
                meant = f"did you mean {near!r}?" if near else "write it exactly as in Amazon's list, such as 'USPS'"
                raise self._fault("carriers", key, value, f"this is none of Amazon's carrier codes; {meant}")
        return tuple((key, str(value)) for key, value in self._section("carriers").items())

    def _leave_out(self) -> tuple[tuple[str, frozenset[str]], ...]:
        rules: list[tuple[str, frozenset[str]]] = []
        for key, value in self._section("leave_out").items():
            texts = value if isinstance(value, list) else [value]
            if not texts or not all(isinstance(one, str) for one in texts):
                raise self._fault("leave_out", key, value, 'write what such lines say there, such as ["true", "yes"]')
            rules.append((key, frozenset(map(folded_status, texts))))
        return tuple(rules)

    def _statuses(self, named: list[str]) -> tuple[tuple[str, str], ...]:
        section = self._section("statuses")
        if section and "status" not in named:
            raise ConfigError(
                f"profile {self._name}: [statuses] has nothing to read; name the heading of status in [columns]"
            )
        for key, value in section.items():
            if value not in STATUSES:
                raise self._fault("statuses", key, value, f"use {listed(STATUSES)}")
        return tuple((folded_status(key), str(value)) for key, value in section.items())


def telling_column(profile: Profile, heading: str) -> str:
    """The name under which the cells of a heading of `leave_out` are read: its rule column, or one of their own."""
    for column, names in profile.columns:
        if plain(heading) in map(plain, names):
            return column
    return f"leave-out {plain(heading)}"


def folded_status(text: str) -> str:
    """A status without regard to case and to the number of blanks."""
    return " ".join(text.casefold().split())
