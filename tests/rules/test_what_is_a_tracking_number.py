"""Real tracking numbers are never refused; cells that are none are never sent. The lists are made by hand."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pandas as pd
import pytest
from rules.judging import UPS_NUMBER, judged, one, row

from cws_filedrop.rules.carriers import shipped_table
from cws_filedrop.rules.cells.kinds import CellKind, kind_of
from cws_filedrop.rules.cells.tracking_number import reading
from cws_filedrop.rules.columns import Column, arrow
from cws_filedrop.rules.spreadsheets.marks import unmarked
from cws_filedrop.rules.spreadsheets.values import is_error, is_logical
from cws_filedrop.rules.tracking import odd
from cws_filedrop.tables import TEXT

REAL = [
    tuple(line.split("\t")[:2])
    for line in (Path(__file__).with_name("real_numbers.tsv")).read_text(encoding="utf-8").splitlines()
    if not line.startswith("#")
]
DHL = "00340434161094042557"
USPS = "9405511206213839284658"
YAMATO = "1234-5678-9013"
OWN = "RP7203946158"

# Excel, LibreOffice, Google Sheets, in the languages of Amazon's sites and others.
ERROR_VALUES = """
#N/A #VALUE! #REF! #DIV/0! #NAME? #NUM! #NULL! #SPILL! #CALC! #ERROR! #FIELD! #BUSY! #NV #WERT! #BEZUG! #ZAHL!
#ÜBERLAUF! #N/D #VALORE! #RIF! #NOME? #ESPANSIONE! #¡VALOR! #¡REF! #¡DIV/0! #¿NOMBRE? #¡NUM! #VALEUR! #NOM? #NOMBRE!
#NUL! #N/B #WAARDE! #VERW! #NAAM? #GETAL! #DEEL/0! #I/T #VÆRDI! #REFERENCE! #NAVN? #SAKNAS! #VÄRDEFEL! #REFERENS!
#NAMN? #PUUTTUU! #ARVO! #VIITTAUS! #N/D! #ARG! #ADR! #NAZWA? #LICZBA! #DZIEL/0! #Н/Д #ЗНАЧ! #ССЫЛКА! #ИМЯ? #ЧИСЛО!
#HODNOTA! #ODKAZ! #NÁZEV? #HIÁNYZIK #ÉRTÉK! #HIV! #YOK #DEĞER! #BAŞV! #AD? #N/V #VREDN! #Δ/Υ #ΤΙΜΗ! Err:502 Err:508
Ошибка:502 Błąd:508 #### ######## #n/a #Ref! Loading...
""".split()  # noqa: SIM905
WORDS = """
Versendet Shipped DHL Abholung enviado n.v. k.A. N/A none null NaN pending unknown Unbekannt spedito expédié
verzonden wysłane FedEx UPS TRUE FALSE WAHR FAUX VERDADERO yes ja oui sí 無し なし 発送済み
已发货 unterwegs Brief lettre
Postbote self-pickup tba TBD nicht-verfügbar kein---Tracking selbstabholung entregado ritirato - -- / ? ... x xxx __
n/a. k/a (leer) [none] Royal-Mail
""".split()  # noqa: SIM905
PHRASES = [
    "No tracking",
    "not yet shipped",
    "kein Tracking",
    "sent by letter",
    "sans suivi",
    "per Post",
    "to be advised",
]
DAYS = """
2026-11-26 26.11.2026 26.11.26 11/26/2026 26/11/2026 2026/11/26 2026.11.26 26-11-2026 1.1.2026 2026-11-26T10:00:00Z
26-Nov-2026 26-Nov-26 Nov-26 26.Nov 2026年11月26日 14:30 14:30:15 9:05am 2026-11-26T10:00 26-déc-2026 26-Mär-26
26-ott-2026
""".split()  # noqa: SIM905
MOMENTS = [
    "Sat Nov 21 2026",
    "Saturday, November 21, 2026",
    "lun. 21 nov.",
    "mar. 21 novembre 2026",
    "So. 22.11.2026",
    "21.XI.2026",
    "2026-W47",
    "W47 2026",
    "Q4/2026",
    "KW 47",
    "12h30",
    "14:30 Uhr",
    "21/11",
    "26.11.2026 14:30",
    "2026-11-26 10:00:00",
    "26 Nov 2026",
    "Nov 26, 2026",
    "26. November 2026",
    "2:30 PM",
]
SUMS = [
    "Fr. 12.50",
    "250 TL",
    "1 234,56 €",
    "1.234,56 €",
    "CHF 1'200.00",
    "R$ 12,50",
    "1,200円",
    "99 Ft",
    "C$12.50",
    "2 lb 3 oz",
    "30 x 20 x 10 cm",
    "30x20x10 cm",
]
# Amazon's number of the order, written otherwise, and with a count of its packages.
ORDERS = [
    f"026{a}1520163{a}6049104{b}" for a, b in product(("-", " ", "_", "/", "."), ("", "/1", "-2", "_3", " 1", " / 2"))
]
AMOUNTS = (
    "12.50 12,50 0.00 1.5 4,99 €12.50 12,50€ $4.99 £3.20 USD12 12% 1,99- 12.5kg 3.14159 0,5 ¥1200 12EUR -5.00".split()  # noqa: SIM905
)
ADDRESSES = """
https://t.example/x1 http://www.dhl.de/1 www.ups.com/track?n=1 ftp://a.b/c1 dhl.de/track/12345678 name1@example.com
https://tools.usps.com/go/TrackConfirmAction?tLabels=9405511206213839284658 <a>1Z</a> mailto:x1@y.de
royalmail.com/track1
""".split()  # noqa: SIM905
DAMAGED = """
9.4E+21 9,4E+21 1.23457E+17 94E+20 1E+20 201298452277.0 00340434161094042557.0 201298452277.00 123456789012,0
201298452277E0 340.434.161.094.042.557 1,234,567,890,123 1.234.567.890 9400111899223100000000 340434161094042000
00340434161094042000 12345678901234500000000 10000000000000000000 1'234'567'890'123 9.40012E+20 201298452277E00
""".split()  # noqa: SIM905
JOINTS = ["/", "-", "_", ":", ".", "#", ",", ";", " ", "+", "&", "|", " / ", " + ", ", ", " und ", " and "]
PAIRS = [
    ("RP72039461", "RP72039462"),
    (UPS_NUMBER, "1ZS8TJ337928714462"),
    (DHL, "00340434161094032954"),
    (USPS, "9400111206206406260787"),
    ("RR123456785GB", "RB123456785GB"),
]
BESIDE = [
    *(
        f"{word} {number}"
        for word, number in product(("DHL", "Nr.", "No:", "Tracking", "Sendungsnummer:", "AWB"), (DHL, OWN))
    ),
    *(
        f"{number} {word}"
        for word, number in product(("OK", "DHL", "(DHL)", "sent", "2", "x2", "(2)", "1/2"), (DHL, OWN))
    ),
    *(f"{word}{number}" for word, number in (("DHL", DHL), ("UPS", UPS_NUMBER), ("USPS", USPS), ("Tracking", DHL))),
    *(f"{number}{word}" for word, number in (("DHL", DHL), ("UPS", UPS_NUMBER))),
    *(
        f"{word} {OWN}"
        for word in (
            "LDV",
            "guia",
            "nr przesyłki",
            "zásilka",
            "kollinummer",
            "takip no:",
            "Paket1",
            "Colis 2:",
            "21.11.",
        )
    ),
    *(f"{word}{OWN}" for word in ("TRK#", "TRK:", "LDV:", "AWB=", "ref:", "Nr:")),
    f"{OWN} 12,50 €",
    f"{UPS_NUMBER}.0",
    f"{DHL},00",
    *(f"{word}{DHL}" for word in ("FedEx", "Trk", "Sendungsnr", "Paket", "Parcel", "Number")),
    *(f"{DHL}{word}" for word in ("USPS", "FedEx", "Tracking", "Number")),
    *(f"{word}{sign}{DHL}" for word, sign in product(("DHL", "Nr", "track"), (":", "-", "_", ".", "#", "/"))),
    *(f"{DHL}{rest}" for rest in ("-2", "/2", "(2)", "_1", " x2", "-DHL", "/OK")),
    f"2 {DHL}",
    f"1 {OWN}",
    "UPS 1Z 999 AA1 01 2345 6784",
    f"{UPS_NUMBER} delivered",
]
SIGNS = [
    f"{a}{number}{b}"
    for (a, b), number in product(
        [
            ("#", ""),
            ("", "."),
            ("-", ""),
            ("", "/"),
            ("(", ")"),
            ("[", "]"),
            ("*", "*"),
            ("", ","),
            ("", ";"),
            ("<", ">"),
            ("_", ""),
        ],
        (DHL, OWN),
    )
]
TWICE = [
    UPS_NUMBER * 2,
    "CB123456789GBCB987654321GB",
    "1Z999AA10123456000" * 2,
    USPS * 2,
    "RR123456785GB" * 2,
    DHL * 2,
    UPS_NUMBER * 3,
]
OTHERWISE = [
    "１２３４５６７８",
    "1Z999AA1\u200b0123456784",
    "026-1520163-6049104",
    "02615201636049104",
    "01234567890123",
    "7",
    "42",
    "0",
    "00000000",
]


def none_of_them() -> Iterator[str]:
    yield from [*ERROR_VALUES, *WORDS, *PHRASES, *DAYS, *MOMENTS, *AMOUNTS, *SUMS, *ORDERS, *ADDRESSES, *DAMAGED]
    yield from (a + joint + b for joint, (a, b) in product(JOINTS, PAIRS))
    yield from [*BESIDE, *SIGNS, *TWICE, *OTHERWISE]


NONE = list(dict.fromkeys(none_of_them()))


def column(*texts: str) -> Column:
    return Column(arrow(pd.Series(list(texts), dtype=TEXT)))


def test_the_lists_are_long_enough() -> None:
    assert len(NONE) >= 300
    assert len({number for number, _ in REAL}) >= 250
    assert len({carrier for _, carrier in REAL}) >= 90


def test_no_real_number_is_refused_whatever_its_carrier() -> None:
    """0 false refusals."""
    rows = [row(carrier_code=carrier, carrier_name="Van", tracking_number=number) for number, carrier in REAL]
    assert all(shipped_table().find(carrier, {}) for _, carrier in REAL)
    came = judged(*rows)
    refused = came.issues[
        (came.issues["column"] == "tracking-number") & came.issues["code"].isin(["T01", "T02", "T03"])
    ]
    assert refused["value"].tolist() == []
    assert set(came.verdicts) == {"queued"}


def test_no_cell_that_is_none_is_sent() -> None:
    """0 false acceptances."""
    came = judged(*(row(carrier_code="DHL", tracking_number=cell) for cell in NONE))
    sent = [cell for cell, verdict in zip(NONE, came.verdicts, strict=True) if verdict != "rejected"]
    assert sent == []


def test_real_numbers_glued_together_or_to_words_are_seen_by_their_bytes() -> None:
    for cell in NONE:
        if cell.strip() and not reading(cell).sent:
            assert odd(column("1Z", cell)).tolist()[-1] == 1


MEANT = [
    (f"DHL {DHL}", "glued", DHL),
    (f"DHL{DHL}", "glued", DHL),
    (f"{DHL} OK", "glued", DHL),
    (f"2 {DHL}", "glued", DHL),
    (f"Nr. {OWN}", "glued", OWN),
    (f"#{DHL}", "signs", DHL),
    (f"*{UPS_NUMBER}*", "signs", UPS_NUMBER),
    ("１２３４５６７８", "plain", "12345678"),
    ("1234–5678–9013", "plain", YAMATO),
    (f"https://t.example/?n={USPS}&x=1", "address", USPS),
    ("UPS 1Z 999 AA1 01 2345 6784", "glued", UPS_NUMBER),
]


@pytest.mark.parametrize(("cell", "kind", "meant"), MEANT)
def test_the_number_that_was_meant_is_named_where_it_is_certain(cell: str, kind: str, meant: str) -> None:
    assert reading(cell) == ("", ("T03", f"{kind}={meant}"))
    came = one(row(carrier_code="DHL", tracking_number=cell))
    assert meant in came.issues[0].remedy


def test_every_refusal_of_a_cell_that_is_no_number_says_that_it_may_be_left_empty() -> None:
    for cell in (*ERROR_VALUES, *WORDS, *PHRASES, *DAYS, *MOMENTS, *AMOUNTS, *SUMS, *ORDERS, *ADDRESSES):
        found = next(issue for issue in one(row(tracking_number=cell)).issues if issue.column == "tracking-number")
        assert "leave the cell empty" in found.remedy.lower()


OWN_NUMBERS = [
    ("Other", "Van", "queued"),
    ("Self Delivery", "", "queued"),
    ("DHL", "", "rejected"),
    ("UPS", "", "rejected"),
]


@pytest.mark.parametrize(("code", "name", "verdict"), OWN_NUMBERS)
@pytest.mark.parametrize("number", ["026-1520163-6049104", "02615201636049104"])
def test_the_sellers_own_van_may_go_by_the_number_of_the_order(code: str, name: str, verdict: str, number: str) -> None:
    came = one(row(carrier_code=code, carrier_name=name, tracking_number=number))
    assert (came.verdict, came.codes) == (verdict, ["T04" if verdict == "queued" else "T03"])


@pytest.mark.parametrize("day", ["20261126", "20261126101500"])
def test_digits_that_look_like_a_day_are_warned_about(day: str) -> None:
    came = one(row(carrier_code="GLS", tracking_number=day))
    assert (came.verdict, came.codes) == ("queued", ["T04"])


@pytest.mark.parametrize(
    ("code", "tracking"),
    [(DHL, "DHL"), (UPS_NUMBER, "ups"), ("RP7203946158", "River Post"), ("JJD0002257639032011", "Yodel")],
)
def test_carrier_and_number_swapped(code: str, tracking: str) -> None:
    came = one(row(carrier_code=code, tracking_number=tracking))
    assert (came.verdict, came.codes) == ("rejected", ["C03", "T03"])
    assert "swapped" in came.issues[1].message
    assert code in came.issues[1].remedy


OTHERS = [
    ("DHL", "1Z65CS8T0536011397", "UPS"),
    ("Royal Mail", USPS, "USPS"),
    ("DHL", USPS, ""),
    ("DHL eCommerce", USPS, ""),
    ("UPS Mail Innovations", "1Z65CS8T0536011397", ""),
    ("Other", "1Z65CS8T0536011397", ""),
    ("Other", USPS, ""),
    ("YAMATO", "1234-5678-9013", ""),
]


@pytest.mark.parametrize(("carrier", "number", "other"), OTHERS)
def test_a_number_that_can_only_be_another_carriers(carrier: str, number: str, other: str) -> None:
    came = one(row(carrier_code=carrier, carrier_name="Van", tracking_number=number))
    assert (came.verdict, came.codes) == ("queued", ["T04"] if other else [])
    assert not other or f"number of {other}" in came.issues[0].message


@pytest.mark.parametrize("number", ["1234-5678-9012", "1234 5678 9012"])
def test_check_digits_are_computed_without_hyphens_and_blanks(number: str) -> None:
    came = one(row(carrier_code="YAMATO", tracking_number=number))
    assert any("check digit is wrong" in issue.message for issue in came.issues)


# --- spreadsheets --------------------------------------------------------------------------------------------------


def test_error_values_of_all_languages_are_known() -> None:
    assert [value for value in ERROR_VALUES if not is_error(value)] == []
    assert not any(map(is_error, ["NV", "#12", "#1Z999", "N/A", "Err", "DHL", "1:502"]))
    assert is_logical("falsch")
    assert not is_logical("false1")


@pytest.mark.parametrize(
    ("typed", "text"),
    [
        ('="0034"', "0034"),
        ("'0034", "0034"),
        ('=T("0034")', "0034"),
        ("''0034'", "0034"),
        ("='0034", "='0034"),
        ("0034", "0034"),
    ],
)
def test_marks_of_spreadsheets(typed: str, text: str) -> None:
    assert unmarked(typed) == text


KINDS = [
    ("2026-11-26", CellKind.DATE),
    ("12ABC34", None),
    ("3ABCDEF2026", None),
    ("026-1520163-6049104", CellKind.ORDER),
    ("#NV", CellKind.ERROR),
    ("12.50", CellKind.AMOUNT),
    ("1234-5678-9012", None),
    ("100-340397-9", None),
]


@pytest.mark.parametrize(("text", "kind"), KINDS)
def test_kinds_of_cells(text: str, kind: CellKind | None) -> None:
    assert kind_of(text) is kind
