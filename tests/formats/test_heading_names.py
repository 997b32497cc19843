"""A column that a seller plainly gave is read, or the file is held; what means nothing here is left out."""

from __future__ import annotations

import io

import pytest

from cws_filedrop.formats.file import SellerFile, open_file
from cws_filedrop.model import Limits, Severity


def opened(headings: str, *, remembered: tuple[str, ...] = ()) -> SellerFile:
    row = "\t".join(f"cell{at}" for at in range(headings.count(",") + 1))
    data = f"{headings.replace(',', chr(9))}\n{row}\n".encode()
    return open_file(io.BytesIO(data), file_name="a.txt", limits=Limits(), remembered=remembered)


@pytest.mark.parametrize(
    ("heading", "column"),
    [
        ("carrier", "carrier-code"),
        ("Courier", "carrier-code"),
        ("shipping company", "carrier-code"),
        ("tracking", "tracking-number"),
        ("tracking #", "tracking-number"),
        ("Tracking_Code", "tracking-number"),
        ("Tracking No", "tracking-number"),
        ("amazon-order-item-code", "order-item-id"),
        ("order item number", "order-item-id"),
        ("qty", "quantity"),
        ("quantity-shipped", "quantity"),
        ("ship_method", "ship-method"),
        ("service", "ship-method"),
        ("Sendungsnummer", "tracking-number"),
        ("Numéro de suivi", "tracking-number"),
        ("numero_de_suivi", "tracking-number"),
        ("N° de suivi", "tracking-number"),
        ("Número de seguimiento", "tracking-number"),
        ("Codice di tracciamento", "tracking-number"),
        ("Numer przesyłki", "tracking-number"),
        ("Spårningsnummer", "tracking-number"),
        ("追跡番号", "tracking-number"),
        ("运单号", "tracking-number"),
        ("Track & Trace", "tracking-number"),
        ("AWB", "tracking-number"),
        ("Versanddienstleister", "carrier-code"),
        ("Transporteur", "carrier-code"),
        ("Przewoźnik", "carrier-code"),
        ("配送業者", "carrier-code"),
        ("Menge", "quantity"),
        ("Quantité", "quantity"),
        ("Ilość", "quantity"),
        ("数量", "quantity"),
    ],
)
def test_a_known_name_is_read_and_mentioned(heading: str, column: str) -> None:
    facts = opened(f"order-id,ship-date,{heading}").facts
    assert facts.columns == ("order-id", "ship-date", column)
    assert not facts.issues
    assert "was read as" in "".join(facts.notes)


@pytest.mark.parametrize(
    ("heading", "column"),
    [
        ("tracking-number", "tracking-number"),
        ("carrier-code", "carrier-code"),
        ("carrier-name", "carrier-name"),
        ("dispatch date", "ship-date"),
        ("ship-method", "ship-method"),
        ("transparency_code", "transparency-code"),
        ("cod-collection-method", "cod-collection-method"),
        ("ship_from_address_name", "ship-from-name"),
    ],
)
def test_words_of_the_other_layout_are_read(heading: str, column: str) -> None:
    facts = opened(f"order-id,status,{heading}").facts
    assert facts.format.name == "fillz-confirmation"
    assert facts.columns == ("order-id", "status", column)
    assert not facts.issues


@pytest.mark.parametrize(
    ("heading", "meant"),
    [
        ("traking", "tracking"),
        ("tracking_nr", "tracking"),
        ("tracking-url", "tracking"),
        ("trackingnumber", "tracking"),
        ("dhl tracking", "tracking"),
        ("carier", "carrier"),
        ("carriers", "carrier"),
        ("carrier used", "carrier"),
        ("quantiy", "quantity"),
        ("qty sent", "quantity"),
        ("order-item-ids", "order-item-id"),
        ("orderitemid", "order-item-id"),
        ("ship_dat", "ship_date"),
        ("shipping date", "ship_date"),
    ],
)
def test_a_heading_that_resembles_a_missing_column_holds_the_file_until_its_headings_are_released(
    heading: str, meant: str
) -> None:
    facts = opened(f"order-id,status,{heading},notes").facts
    (held,) = facts.holding
    assert (held.code, held.severity, held.column) == ("F13", Severity.HELD, heading)
    assert f'looks like "{meant}"' in held.message
    again = opened(f"Order_ID,status,notes,{heading.upper()}", remembered=(held.value,)).facts
    assert not again.holding
    assert [issue.code for issue in again.issues] == ["F10", "F10"]
    assert opened(f"order-id,status,{heading},other", remembered=(held.value,)).facts.holding


@pytest.mark.parametrize("heading", ["carrier-cod", "carier-code", "carrier_codes", "carrrier code"])
def test_a_misspelled_carrier_code_holds_the_file_even_beside_carrier_name(heading: str) -> None:
    facts = opened(f"order-id,ship-date,{heading},carrier-name").facts
    assert [issue.column for issue in facts.holding] == [heading]
    assert not opened("order-id,ship-date,carrier-notes,carrier-name").facts.holding


@pytest.mark.parametrize(
    "heading",
    ["tracking-url", "quantity-ordered", "traking", "carrier-notes", "order-item-notes", "ship-dates", "tracking"],
)
def test_beside_the_real_column_it_is_left_out(heading: str) -> None:
    facts = opened(f"order-id,ship-date,order-item-id,quantity,carrier-code,tracking-number,{heading}").facts
    assert not facts.holding
    assert [issue.code for issue in facts.issues] == ["F10"]


@pytest.mark.parametrize(
    "heading", ["notes", "buyer-name", "sku", "price", "warehouse", "Kommentar", "invoice", "weight", "country", "店舗"]
)
def test_what_resembles_nothing_is_left_out(heading: str) -> None:
    facts = opened(f"order-id,status,{heading}").facts
    assert not facts.holding
    assert [issue.code for issue in facts.issues] == ["F10"]


def test_two_columns_of_one_meaning_hold_the_file() -> None:
    facts = opened("order-id,ship-date,tracking #,tracking code").facts
    assert [issue.column for issue in facts.holding] == ["tracking #", "tracking code"]
    assert facts.columns == ("order-id", "ship-date", "", "")
