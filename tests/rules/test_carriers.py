"""The carriers table: exact codes, spellings, aliases, the seller's own, Other."""

from __future__ import annotations

from importlib.resources import files

import pytest
from rules.judging import UPS_NUMBER, context, lines, one, row

from cws_filedrop.errors import ConfigError
from cws_filedrop.rules.carriers import CarrierTable, folded, is_none, shipped_table
from cws_filedrop.rules.judgement import judge

TABLE = shipped_table()
LISTED = files("cws_filedrop.schemas").joinpath("carrier-codes.txt").read_text(encoding="utf-8").splitlines()
ALIASES = [
    tuple(line.split("\t"))
    for line in files("cws_filedrop.rules")
    .joinpath("data", "carrier-aliases.tsv")
    .read_text(encoding="utf-8")
    .splitlines()
    if not line.startswith("#")
]


def test_every_listed_code_but_the_damaged_one_is_taken_as_it_is() -> None:
    assert TABLE.codes == {code for code in LISTED if code} - {"TransaragonÃ©s"}
    for code in TABLE.codes:
        assert TABLE.find(code, {}) == (code, True)
    assert TABLE.find("TransaragonÃ©s", {}) is None


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("ups", "UPS"),
        ("U.P.S.", "UPS"),
        ("ROYAL MAIL", "Royal Mail"),
        ("royalmail", "Royal Mail"),
        ("royal-mail", "Royal Mail"),
        ("sendle", "Sendle"),
        ("purolator", "PUROLATOR"),
        ("nacex", "Nacex"),
        ("Trans o flex", "Trans-o-Flex"),
        ("uk-mail", "UKMail"),
        ("kuehne & nagel", "Kuehne+Nagel"),
        ("Kühne + Nagel", "Kuehne+Nagel"),
        ("DHLGM", "DHL Global Mail"),
        ("UPS M.I.", "UPSMI"),
        ("UPS Mail-Innovations", "UPS Mail Innovations"),
        ("US Postal Service", "USPS"),
        ("usps first class", "USPS"),
        ("FedEx Ground", "FedEx"),
        ("Fed Ex", "FedEx"),
        ("Evri", "Hermes UK"),
        ("ヤマト運輸", "YAMATO"),
        ("佐川急便", "SAGAWA"),
        ("Österreichische Post", "AT POST"),
    ],
)
def test_spellings_are_mapped(typed: str, code: str) -> None:
    assert TABLE.find(typed, {}) == (code, False)


def test_shipped_aliases_are_many_useful_and_unlike_each_other() -> None:
    assert len(ALIASES) >= 80
    assert not [alias for alias, _ in ALIASES if folded(alias) in TABLE.folds]
    assert len({folded(alias) for alias, _ in ALIASES}) == len(ALIASES)


def test_the_sellers_own_names_come_after_amazons_and_before_the_shipped() -> None:
    own = {"carrier_aliases": (("Van 1", "Yodel"), ("evri", "Hermes"), ("ups", "DHL"), ("zz", "No Such Code"))}
    assert one(row(carrier_code="van-1", tracking_number=""), **own).shipment["carrier-code"] == "Yodel"
    assert one(row(carrier_code="Evri", tracking_number=""), **own).shipment["carrier-code"] == "Hermes"
    assert one(row(carrier_code="Ups", tracking_number=""), **own).shipment["carrier-code"] == "UPS"
    assert one(row(carrier_code="zz", tracking_number=""), **own).shipment["carrier-code"] == "Other"


PAIRS = [
    ("UPS", "", "UPS", "", []),
    ("UPS", "anything", "UPS", "", []),
    ("", "", "", "", ["C01"]),
    ("", "UPS", "UPS", "", []),
    ("", "royal mail", "Royal Mail", "", ["C04"]),
    ("", "Acme Vans", "Other", "Acme Vans", ["C02"]),
    ("Acme", "Acme Vans", "Other", "Acme Vans", ["C02"]),
    ("Acme", "Royal Mail", "Royal Mail", "", []),
    ("Acme", "", "Other", "Acme", ["C02"]),
    ("Other", "Acme Vans", "Other", "Acme Vans", []),
    ("Other", "UPS", "Other", "UPS", []),
    ("Andere", "Acme Vans", "Other", "Acme Vans", ["C04"]),
    ("Other", "", None, None, ["C03"]),
    ("other", "-", None, None, ["C03"]),
    ("", "Other", None, None, ["C03"]),
    ("none", "", "", "", ["C01", "C04"]),
    ("-", "UPS", "UPS", "", []),
    ("Acme", "x" * 51, None, None, ["M02"]),
    ("UPS", "x" * 51, "UPS", "", []),
]


@pytest.mark.parametrize(("code", "name", "sent_code", "sent_name", "codes"), PAIRS)
def test_code_and_name_together(
    code: str, name: str, sent_code: str | None, sent_name: str | None, codes: list[str]
) -> None:
    came = one(row(carrier_code=code, carrier_name=name, tracking_number="", ship_method=""))
    assert came.codes == codes
    assert (came.shipment.get("carrier-code"), came.shipment.get("carrier-name")) == (sent_code, sent_name)


def test_many_different_pairs_are_told_apart() -> None:
    rows = [row(carrier_code=f"c{n}", carrier_name=f"n{n}", tracking_number="") for n in range(300)]
    came = judge(lines(*rows), required=frozenset(), context=context())
    assert came.shipments["carrier-name"].tolist() == [f"n{n}" for n in range(300)]


def test_an_operator_can_replace_the_table() -> None:
    table = CarrierTable.from_text("UPS\nOther\nPigeon Post\n", "# birds\npigeon\tPigeon Post\n\n")
    rows = lines(row(carrier_code="Pigeon", tracking_number=""), row(carrier_code="FedEx", tracking_number=""))
    came = judge(rows, required=frozenset(), context=context(), carriers=table)
    assert came.shipments["carrier-code"].tolist() == ["Pigeon Post", "Other"]


def test_an_alias_of_an_unlisted_code_stops_the_operator() -> None:
    with pytest.raises(ConfigError, match="line 2: 'Pigeon Post'"):
        CarrierTable.from_text("UPS\n", "# birds\npigeon\tPigeon Post\n")


def test_words_for_no_carrier() -> None:
    assert all(is_none(word) for word in ("N/A", "none", "-", " ", "No Carrier", "TBD"))
    assert not any(is_none(word) for word in ("UPS", "Nobel", "NA Express"))


CERTAIN = [
    ("DHL Express (DE)", "DHL Express"),
    ("DPD Polska", "DPD"),
    ("UPS (United Parcel Service)", "UPS"),
    ("UPS by ShipStation", "UPS"),
    ("FedEx One Balance", "FedEx"),
    ("ups_walleted", "UPS"),
    ("gls_de", "GLS"),
    ("royal_mailv2", "Royal Mail"),
    ("USPS Ground Advantage (GA)", "USPS"),
    ("DPD Deutschland GmbH", "DPD"),
    ("GLS Italy S.p.A", "GLS"),
    ("https://www.dhl.com/en", "DHL"),
    ("Correos [ES]", "Correos"),
    ("yodel-uk", "Yodel"),
    ("UPS Inc.", "UPS"),
    ("SEUR ESPAÑA", "Seur"),
    ("chronopost_fr", "Chronopost"),
    ("Australia Post (via Sendle)", ""),
    ("River Post (DE)", ""),
    ("Evri (Hermes)", ""),
    ("UPS (Mail Innovations)", "UPS Mail Innovations"),
    ("UPS (DHL)", ""),
    ("Go UK", ""),
]


@pytest.mark.parametrize(("typed", "code"), CERTAIN)
def test_a_listed_name_with_a_country_or_a_shop_system_beside_it(typed: str, code: str) -> None:
    came = one(row(carrier_code=typed, tracking_number="", ship_method=""))
    assert came.shipment["carrier-code"] == (code or "Other")
    assert came.codes == (["C04"] if code else ["C02"])


NEAR = [
    ("Evri (Hermes)", "Hermes UK"),
    ("UPS (DHL)", "UPS"),
    ("FedEx Two Balance", "FedEx"),
    ("DHL Warenpost International", "DHL"),
    ("Roayl Mail", "Royal Mail"),
    ("Deutsche Psot", "Deutsche Post"),
    ("Chronopots", "Chronopost"),
    ("River Post", ""),
    ("Acme Vans", ""),
]


@pytest.mark.parametrize(("typed", "near"), NEAR)
def test_an_unlisted_name_is_suggested_the_one_it_may_be(typed: str, near: str) -> None:
    came = one(row(carrier_code=typed, tracking_number="", ship_method=""))
    assert (came.shipment["carrier-code"], came.shipment["carrier-name"], came.codes) == ("Other", typed, ["C02"])
    assert (f'Did you mean "{near}"?' in came.issues[0].message) == bool(near)
    assert not near or f'type "{near}" next time' in came.issues[0].remedy


NO_NAMES = [
    "#NV",
    "#N/A",
    "Err:502",
    "0",
    "1",
    "12.50",
    "TRUE",
    "FALSCH",
    "2026-11-26",
    "26.11.2026",
    "14:30",
    UPS_NUMBER,
]
NO_NAMES += ["00340434161094042557", "RP72039461587", "026-1520163-6049104", "Autre", "Others", "andere", "123456"]


@pytest.mark.parametrize("column", ["carrier-code", "carrier-name"])
@pytest.mark.parametrize("typed", NO_NAMES)
def test_what_cannot_be_the_name_of_a_carrier(column: str, typed: str) -> None:
    came = one(row(carrier_code="", carrier_name="", tracking_number="RP7203946158") | {column: typed})
    assert came.verdict == "rejected"
    found = next(issue for issue in came.issues if issue.code == "C03")
    assert (found.severity, found.column) == ("error", column)


@pytest.mark.parametrize("typed", ["4PX", "A-1", "99 Minutos", "Post 24", "XPO 2 Day", "Pony 1234"])
def test_digits_are_no_reason_to_refuse_a_name(typed: str) -> None:
    assert one(row(carrier_code=typed, tracking_number="RP7203946158")).verdict == "queued"


@pytest.mark.parametrize(
    "name", ["other (Meier)", "Other GmbH", "Andere (Kurier)", "others inc", "Other (DHL)", "autre transporteur"]
)
def test_other_with_something_beside_it_is_a_name_and_never_sent_without_one(name: str) -> None:
    came = one(row(carrier_code=name, tracking_number="RP7203946158"))
    assert (came.shipment["carrier-code"], came.shipment["carrier-name"]) == ("Other", name)
    assert came.codes == ["C02"]
    assert '"Other"?' not in came.issues[0].message


@pytest.mark.parametrize(
    "word",
    [
        "k.A.",
        "keine",
        "Keiner",
        "aucun",
        "N.V.",
        "nessuno",
        "ninguno",
        "brak",
        "geen",
        "yok",
        "なし",
        "無し",
        "无",
        "無",
    ],
)
def test_no_carrier_in_other_languages(word: str) -> None:
    assert one(row(carrier_code=word)).shipment["carrier-code"] == "UPS"
    assert one(row(carrier_code=word, tracking_number="RP7203946158")).codes == ["C01", "C04"]


@pytest.mark.parametrize(
    ("site", "code"),
    [
        ("www.ups.com", "UPS"),
        ("ups.com", "UPS"),
        ("https://www.royalmail.com/track-your-item", "Royal Mail"),
        ("dhl.co.uk", "DHL"),
        ("www.post.at", "AT POST"),
        ("parcels.example", "Other"),
    ],
)
def test_the_web_site_of_a_carrier_names_it(site: str, code: str) -> None:
    assert one(row(carrier_code=site)).shipment["carrier-code"] == code
