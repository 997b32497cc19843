"""Profiles: what a TOML says is taken as it is said, and what cannot be meant is refused in words."""

from __future__ import annotations

import pytest
from formats.own_layouts import made

from cws_filedrop.errors import ConfigError
from cws_filedrop.formats import known_profiles, profile
from cws_filedrop.formats.claims import FORMATS
from cws_filedrop.model import DateOrder
from cws_filedrop.rules import statuses

WHOLE = """
[about]
title = "My shop"
source = "https://example.org/headings"

[file]
delimiter = "semicolon"
date_order = "day-first"
optional = ["ship-method", "status"]

[columns]
order-id = "Auftrag"
tracking = ["Sendung", "Paketnummer"]
ship_method = "Dienst"
status = "Zustand"

[constants]
carrier = "DHL"
quantity = "1"

[carriers]
"DHL Versenden" = "DHL-Paket"

[statuses]
Versendet = "shipped"
"  Auf   HALDE " = "deferred"
"""
ORDER = '[columns]\norder-id = "Order"\n'


def test_everything_a_profile_can_say() -> None:
    found = made(WHOLE)
    assert found.columns == (
        ("order-id", ("Auftrag",)),
        ("tracking-number", ("Sendung", "Paketnummer")),
        ("ship-method", ("Dienst",)),
        ("status", ("Zustand",)),
    )
    assert found.optional == {"ship-method", "status"}
    assert found.constants == (("carrier-code", "DHL"), ("quantity", "1"))
    assert found.carriers == (("DHL Versenden", "DHL-Paket"),)
    assert found.statuses == (("versendet", "shipped"), ("auf halde", "deferred"))
    assert (found.delimiter, found.date_order, found.year_first) == (";", DateOrder.DAY_FIRST, False)
    assert (found.name, found.title, found.source) == ("shop", "My shop", "https://example.org/headings")
    assert found.text == WHOLE


def test_the_least_a_profile_can_say() -> None:
    found = made(ORDER)
    assert (found.columns, found.delimiter, found.date_order) == ((("order-id", ("Order",)),), "", None)


def test_year_first() -> None:
    found = made(f'[file]\ndate_order = "year-first"\n{ORDER}')
    assert (found.date_order, found.year_first) == (None, True)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("order-id = Order", ["this is not TOML", "headings must stand in quotes"]),
        ("x = " + "[" * 9_000, ["this is not TOML"]),
        ("x = " + "9" * 9_000, ["this is not TOML"]),
        ("", ["[columns] names no order-id", 'order-id = "Order Number"']),
        ('[columns]\ntracking = "T"', ["[columns] names no order-id"]),
        (f'{ORDER}[column]\nx = "y"', ["section 'column' is not known", "did you mean columns?"]),
        (f"columns = 1\n{ORDER.partition(chr(10))[2]}", ["'order-id' is not known"]),
        ("columns = 1", ["columns = 1", "write it as a section, [columns]"]),
        (f'[file]\ndelimeter = ","\n{ORDER}', ["[file] 'delimeter' is not known", "did you mean delimiter?"]),
        (f'[file]\ndelimiter = ","\n{ORDER}', ["[file] delimiter = ','", "use tab, comma, semicolon and pipe"]),
        (f"[file]\ndelimiter = 3\n{ORDER}", ["[file] delimiter = 3", "use tab"]),
        (f'[file]\ndate_order = "dmy"\n{ORDER}', ["date_order = 'dmy'", "day-first, month-first and year-first"]),
        (f'[file]\noptional = "ship-date"\n{ORDER}', ["[file] optional", "write a list of our headings"]),
        (f'[file]\noptional = ["ship-date"]\n{ORDER}', ["optional = 'ship-date'", "name its heading in [columns]"]),
        (f'[file]\noptional = ["order-id"]\n{ORDER}', ["no file can do without the order number"]),
        ('[columns]\norder-id = ""', ["[columns] order-id = ''", "leave the line out"]),
        ("[columns]\norder-id = 7", ["[columns] order-id = 7", "write text in quotes"]),
        ("[columns]\norder-id = []", ["[columns] order-id = []", "name at least one heading"]),
        ('[columns]\norder-id = ["a", 2]', ["order-id = 2", "write text in quotes"]),
        ('[columns]\norder-id = "a\\tb"', ["order-id = 'a\\tb'", "write text in quotes"]),
        (f'{ORDER}trackin = "T"', ["[columns] 'trackin' is none of our headings", "did you mean tracking?"]),
        (f'{ORDER}xyzzy = "T"', ["'xyzzy' is none of our headings", "use one of ours", "tracking-number"]),
        (f'{ORDER}carrier = "C"\ncarrier-code = "D"', ["carrier-code is given twice"]),
        (f'{ORDER}carrier = "order"', ["this heading is used twice", "order-id and carrier-code"]),
        ('[columns]\norder-id = ["Order No", "order_no"]', ["this heading is used twice"]),
        (f'{ORDER}[constants]\norder-id = "1"', ["[constants] order-id = '1'", "differs from line to line"]),
        (f'{ORDER}[constants]\ntracking = "1"', ["differs from line to line"]),
        (f'{ORDER}carrier = "C"\n[constants]\ncarrier = "UPS"', ["[constants] carrier = 'UPS'", "given twice"]),
        (f'{ORDER}[constants]\ncarrier = ""', ["[constants] carrier = ''", "leave the line out"]),
        (f'{ORDER}[constants]\nstatus = "sent"', ["[constants] status = 'sent'", "use shipped, packed"]),
        (f'{ORDER}[carriers]\nx = "Usps"', ["[carriers] x = 'Usps'", "none of Amazon's carrier codes", "'USPS'"]),
        (f"{ORDER}[carriers]\nx = 1", ["[carriers] x = 1", "none of Amazon's carrier codes"]),
        (f'{ORDER}[statuses]\nx = "shipped"', ["[statuses] has nothing to read"]),
        (f'{ORDER}status = "S"\n[statuses]\nx = "sent"', ["[statuses] x = 'sent'", "use shipped, packed"]),
        (f"{ORDER}# {'x' * profile.LONGEST_TEXT}", ["longer than", "take out what is not needed"]),
    ],
)
def test_what_cannot_be_meant_is_refused_in_words(text: str, words: list[str]) -> None:
    with pytest.raises(ConfigError) as refused:
        made(text)
    assert str(refused.value).startswith("profile shop: ")
    assert [word for word in words if word not in str(refused.value)] == []


@pytest.mark.parametrize("name", ["", "My", "a b", "-a", "a/b", "x" * 41, "é"])
def test_names_are_plain(name: str) -> None:
    with pytest.raises(ConfigError, match="use up to 40 small letters"):
        made(ORDER, name)


def test_every_heading_of_the_standard_layouts_can_be_named() -> None:
    for one in FORMATS.values():
        for heading, column in one.headings.items():
            assert profile.headings()[heading] == column
    assert profile.heading_of("tracking-number") == "tracking-number"
    assert profile.heading_of("carrier-code") == "carrier-code"


def test_the_statuses_are_those_that_the_rules_know() -> None:
    assert {statuses.kind(status) for status in profile.STATUSES} == set(statuses.STATUSES.values())
    assert profile.folded_status(" A  b ") == statuses.folded(" A  b ")


def test_there_are_known_profiles_and_each_says_where_its_headings_come_from() -> None:
    assert known_profiles.names() == ("aftership", "easypost", "sendcloud", "shipstation", "woocommerce-ast")
    for name in known_profiles.names():
        found = known_profiles.known(name)
        assert found.source.startswith("https://")
        assert found.source in known_profiles.text(name).partition("[about]")[0]
        assert found.title
        assert {"order-id", "tracking-number"} <= dict(found.columns).keys()
    with pytest.raises(KeyError):
        known_profiles.text("../setup")
