"""The catalogue: every code of docs/domain.md#6-codes, with texts that can be filled in and read."""

from __future__ import annotations

import pytest

from cws_filedrop.model import Severity
from cws_filedrop.rules.catalogue import CATALOGUE, Wording, issue, severity_of, shown
from cws_filedrop.rules.wording import issues
from cws_filedrop.tables import issues_frame

CODES = (
    "F01 F02 F03 F04 F05 F06 F07 F08 F09 F10 F11 F12 F13 L01 L02 L03 L04 L05 O01 O02 O03 O04 O05 O06 O07 O08 O09 S01 "
    "S02 S03 I01 I02 Q01 Q02 Q03 Q04 D01 D02 D03 D04 D05 D06 C01 C02 C03 C04 T01 T02 T03 T04 T05 M01 M02 X01 N01 P01"
)


def test_every_code_is_there_in_order() -> None:
    assert " ".join(CATALOGUE) == CODES


def test_severities_are_those_of_the_contract() -> None:
    by_severity = {
        severity: {code for code, entry in CATALOGUE.items() if entry.severity is severity} for severity in Severity
    }
    assert by_severity[Severity.HELD] == {"F07", "F09", "F13", "O09"}
    assert by_severity[Severity.INFO] == {"F08", "L04", "O05", "O08", "M01", "T05"}
    assert by_severity[Severity.WARNING] == {"F10", "O07", "D05", "C02", "C04", "T04", "Q04", "N01"}
    assert {code for code, entry in CATALOGUE.items() if entry.scope == "file"} == {
        code for code in CATALOGUE if code.startswith("F")
    }


def wordings() -> list[tuple[str, str, Wording]]:
    own = [(code, "", Wording(entry.severity, entry.message, entry.remedy)) for code, entry in CATALOGUE.items()]
    return own + [
        (code, f"{kind}=", wording) for code, entry in CATALOGUE.items() for kind, wording in entry.kinds.items()
    ]


@pytest.mark.parametrize(("code", "kind", "wording"), wordings())
def test_every_wording_is_a_sentence_with_a_remedy(code: str, kind: str, wording: Wording) -> None:
    for column, value, rest in (("a-column", "a-value", "a-detail"), ("", "", "")):
        made = issue(code, column=column, value=value, detail=kind + rest)
        assert made.severity is wording.severity
        for text in (made.message, made.remedy):
            assert text.endswith((".", "?"))
            assert not set("{}[]") & set(text)


def test_optional_parts_need_their_field() -> None:
    assert issue("F03", column="tracking").message == 'The column "tracking" is missing.'
    assert 'nearest heading in your file is "traking"' in issue("F03", column="tracking", detail="traking").message


def test_braces_and_brackets_in_a_value_are_only_text() -> None:
    made = issue("S01", column="status", value="{detail}[{column}]")
    assert made.message == '"{detail}[{column}]" is not a status we know.'


def test_kinds_have_their_own_severity() -> None:
    assert severity_of("C04") is Severity.WARNING
    assert severity_of("C04", "UPS") is Severity.WARNING
    assert severity_of("C04", "mapped=UPS") is Severity.INFO
    assert issue("C04", value="ups", detail="mapped=UPS").message.startswith('The carrier "ups" is passed on as "UPS"')


def test_long_and_invisible_values_are_shown_short_and_visible() -> None:
    assert shown("x" * 80) == "x" * 80
    assert shown("x" * 81) == "x" * 79 + "…"
    assert shown("a\x00b\x7f\x85\ufffe\ud800c") == "a␀b␡\\u0085\\ufffe\\ud800c"
    assert shown("佐川 é") == "佐川 é"
    made = issue("L02", column="ship-method", value="a\x01" + "b" * 200)
    assert made.value == "a\x01" + "b" * 200
    assert "a␁bbb" in made.message
    assert len(made.message) < 200


def test_rows_are_rendered_under_the_sellers_headings() -> None:
    frame = issues_frame(
        [(2, "C03", "carrier-code", "Other", ""), (3, "O01", "order-id", "", ""), (4, "F01", "", "", "")]
    )
    rendered = issues(frame, heading={"carrier-code": "carrier", "order-id": "Order ID"}.__getitem__)
    assert [(line, made.code, made.column) for line, made in rendered] == [
        (2, "C03", "carrier"),
        (3, "O01", "Order ID"),
        (4, "F01", ""),
    ]
    assert '"Order ID"' in rendered[1][1].remedy


def test_an_unknown_code_is_our_mistake() -> None:
    with pytest.raises(KeyError):
        issue("Z99")
