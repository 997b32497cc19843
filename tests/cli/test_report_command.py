"""`report commission`."""

from __future__ import annotations

from pathlib import Path

import pytest
from cli.commands import Command

REPORT = (
    "order-id\torder-item-id\tpurchase-date\tship-service-level\titem-price\tbuyer-name\n"
    "111-1111111-1111111\t00000000000001\t2026-10-01T10:00:00Z\tStandard\t12.00\tBob\n"
    "222-2222222-2222222\t00000000000002\t2026-10-02T10:00:00Z\tStandard\t8.00\tEve\n"
    "333-3333333-3333333\t00000000000003\t2026-09-30T10:00:00Z\tStandard\t8.00\tEve\n"
)


@pytest.fixture
def on(command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    monkeypatch.setenv("CWS_FILEDROP_SERVICE__DATA_DIR", str(tmp_path / "data"))
    for name in ("anna", "bert"):
        assert command("seller", "add", name, "--merchant-id", f"M{name}").code == 0
    (tmp_path / "report.txt").write_text(REPORT)
    assert command("orders", "import", tmp_path / "report.txt", "--seller", "anna").code == 0
    return command


def test_a_statement_for_people(on: Command) -> None:
    said = on("report", "commission", "--month", "2026-10", "--seller", "Anna")
    assert said.code == 0
    assert "Commission of anna, 2026-10" in said.out
    assert "222-2222222-2222222" in said.out
    assert "333-3333333-3333333" not in said.out
    assert "2 orders" in said.out
    assert "20.00" in said.out
    assert "Eve" not in said.out


def test_a_statement_for_machines(on: Command) -> None:
    found = on("report", "commission", "--month", "2026-10", "--json").json()
    assert (found["version"], [one["seller"] for one in found["statements"]]) == (1, ["anna", "bert"])
    anna = found["statements"][0]
    assert anna["carrying"] == {"orders": 2, "total_price": "20.00", "without_price": 0}
    assert [(one["amazon_order_id"], one["carries_commission"]) for one in anna["orders"]] == [
        ("111-1111111-1111111", True),
        ("222-2222222-2222222", True),
    ]
    assert "Bob" not in str(found)


@pytest.mark.parametrize("how", [[], ["--json"]])
def test_a_statement_in_a_file(on: Command, tmp_path: Path, how: list[str]) -> None:
    path = tmp_path / "october"
    said = on("report", "commission", "--month", "2026-10", "--seller", "anna", "--output", path, *how)
    assert (said.code, said.out) == (0, "")
    assert path.read_text().startswith("{" if how else "seller\torder-number\tamazon-order-id\tpurchase-date")
    assert "111-1111111-1111111" in path.read_text()


def test_a_month_that_goes_on_is_not_final(on: Command) -> None:
    assert "Not final" in on("report", "commission", "--month", "9998-12", "--seller", "anna").out
    assert "Not final" not in on("report", "commission", "--month", "2020-01", "--seller", "anna").out


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--month", "2026-13"], 2, "such as 2026-11"),
        (["--month", "2026-10", "--seller", "nobody"], 1, "there is no seller nobody"),
        (["--month", "2026-10", "--output", "no/such/folder"], 2, "No such file"),
    ],
)
def test_what_cannot_be(on: Command, arguments: list[str], code: int, words: str) -> None:
    said = on("report", "commission", *arguments)
    assert (said.code, words in said.err) == (code, True)
