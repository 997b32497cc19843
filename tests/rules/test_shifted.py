"""A tracking number under the heading of a carrier, ship method or transparency code is seen by its check digit."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from formats.pollution import NOW

from cws_filedrop.convert import Conversion, convert
from cws_filedrop.model import JudgementContext

FILLZ = "order-id\tstatus\ttracking\tcarrier\tship_method"
AMAZON = "order-id\tship-date\tcarrier-code\tcarrier-name\ttracking-number\tship-method\ttransparency_code"


def rejected(tmp_path: Path, *lines: str) -> list[dict[str, str]]:
    """The rows of rejected.txt of a tab-delimited file."""
    source = io.BytesIO("\r\n".join([*lines, ""]).encode())
    convert(source, tmp_path / "out", file_name="a.txt", how=Conversion("M", JudgementContext(NOW)))
    path = tmp_path / "out" / "rejected.txt"
    if not path.exists():
        return []
    heading, *rows = path.read_text(encoding="utf-8").splitlines()
    return [dict(zip(heading.split("\t"), row.split("\t"), strict=True)) for row in rows]


@pytest.mark.parametrize("number", ["1Z999AA10123456784", "9405511206213839284658", "RB123456785GB"])
def test_the_line_as_it_was_meant_is_offered_with_the_proof(tmp_path: Path, number: str) -> None:
    (row,) = rejected(tmp_path, FILLZ, f"112-1234567-1234567\tshipped\t\t{number}\tUPS")
    assert "L03" in row["error-code"]
    assert f'"{number}"' in row["error-message"]
    assert "check digit" in row["error-message"]
    assert f"[112-1234567-1234567] [shipped] [{number}] [UPS]" in row["what-to-do"]


@pytest.mark.parametrize(
    "shifted",
    [
        "{n}\t\t\tGround\t",
        "UPS\t{n}\t\tGround\t",
        "UPS\t\t\t{n}\tGround",
        "UPS\t\t\t\t{n}",
        "{n}\tUPS\t\tGround\t",
        "UPS\tx\t\t{n}\t",
    ],
)
def test_a_number_in_any_other_column_is_an_error(tmp_path: Path, shifted: str) -> None:
    (row,) = rejected(tmp_path, AMAZON, f"112-1234567-1234567\t2026-11-28\t{shifted.format(n='1Z999AA10123456784')}")
    assert "L03" in row["error-code"]


@pytest.mark.parametrize("cell", ["1Z999AA10123456783", "UPS Ground 2", "12345678", "Ground 1234567890", ""])
def test_what_no_check_digit_proves_is_left_to_other_rules(tmp_path: Path, cell: str) -> None:
    rows = rejected(tmp_path, AMAZON, f"112-1234567-1234567\t2026-11-28\tUPS\t\t1Z999AA10123456784\t{cell}\t")
    assert not [row for row in rows if "L03" in row["error-code"]]


def test_transparency_codes_are_no_tracking_numbers(tmp_path: Path) -> None:
    codes = ["AZ:2KNFSQ2N8NVK6XDQJ4KM2EHBTA", "2KNFSQ2N8NVK6XDQJ4KM2EHBTA", "01008884130013342112345678"]
    head = AMAZON.replace("\tship-date", "\torder-item-id\tquantity\tship-date")
    lines = [
        f"112-1234567-{1234567 + at}\t12345678901234\t1\t2026-11-28\tUPS\t\t1Z999AA10123456784\tGround\t{code}"
        for at, code in enumerate(codes)
    ]
    assert not [row for row in rejected(tmp_path, head, *lines) if "L03" in row["error-code"]]


SURPLUS = [
    "112-1234567-1234567\tshipped\t\t{n}\tUPS\tGround",
    "112-1234567-1234567\tshipped\t\t\t{n}\tUPS\tGround",
    "\t112-1234567-1234567\tshipped\t{n}\tUPS\tGround",
    "112-1234567-1234567\tshipped\t{n}\t\tUPS\tGround",
    "112-1234567-1234567\tshipped\t{n}\tUPS\t\tGround",
    "112-1234567-1234567\tshipped\t{n}\tUPS\tGround\t",
]


@pytest.mark.parametrize("number", ["1Z999AA10123456784", "9405511206213839284658", "RB123456785GB"])
@pytest.mark.parametrize("line", SURPLUS)
@pytest.mark.parametrize("sign", ["\t", ";", "|"])
def test_a_line_with_an_empty_cell_too_many_is_offered_without_it(
    tmp_path: Path, number: str, line: str, sign: str
) -> None:
    typed = line.format(n=number).replace("\t", sign)
    good = f"112-1234567-1234568\tshipped\t{number}\tUPS\tGround".replace("\t", sign)
    source = io.BytesIO("\n".join([FILLZ.replace("\t", sign), good, typed, ""]).encode())
    convert(source, tmp_path / "out", file_name="a.txt", how=Conversion("M", JudgementContext(NOW)))
    (row,) = (tmp_path / "out" / "rejected.txt").read_text(encoding="utf-8").splitlines()[1:]
    assert row.startswith(typed)
    assert f"[112-1234567-1234567] [shipped] [{number}] [UPS] [Ground]" in row
    assert "check digit" in row


@pytest.mark.parametrize(
    "line",
    [
        "112-1234567-1234567\tshipped\t\t1Z999AA10123456785\tUPS\tGround",
        "112-1234567-1234567\tshipped\t1Z999AA10123456784\tUPS",
        "112-1234567-1234567\tshipped\t\t\t1Z999AA10123456784\tUPS",
        "112-1234567-1234567\tshipped\t1Z999AA10123456784\t\tUPS\t",
        "112-1234567-1234567\tshipped\tnote\t1Z999AA10123456784\tUPS\tGround",
        "order\tshipped\t\t1Z999AA10123456784\tUPS\tGround",
    ],
)
def test_a_line_that_may_have_been_several_or_none_is_not_offered(tmp_path: Path, line: str) -> None:
    source = io.BytesIO(f"{FILLZ}\n{line}\n".encode())
    convert(source, tmp_path / "out", file_name="a.txt", how=Conversion("M", JudgementContext(NOW)))
    assert "stands in its column once" not in (tmp_path / "out" / "rejected.txt").read_text(encoding="utf-8")
