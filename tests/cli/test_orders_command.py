"""`orders import|list|show|settle|retry`."""

from __future__ import annotations

from pathlib import Path

import pytest
from cli.commands import Command

REPORT = (
    "order-id\torder-item-id\tpurchase-date\tship-service-level\tquantity-purchased\tbuyer-name\n"
    "111-1111111-1111111\t00000000000001\t2026-11-01T10:00:00Z\tStandard\t2\tBob\n"
    "111-1111111-1111111\t00000000000002\t2026-11-01T10:00:00Z\tStandard\t1\tBob\n"
    "222-2222222-2222222\t00000000000003\t2026-11-02T10:00:00Z\tExpedited\t1\tEve\n"
)


@pytest.fixture
def on(command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    monkeypatch.setenv("CWS_FILEDROP_SERVICE__DATA_DIR", str(tmp_path / "data"))
    assert command("seller", "add", "anna", "--merchant-id", "M1").code == 0
    (tmp_path / "report.txt").write_text(REPORT)
    return command


def imported(on: Command, tmp_path: Path) -> None:
    assert on("orders", "import", tmp_path / "report.txt", "--seller", "anna").code == 0


def test_import_says_what_is_new_and_the_second_time_that_nothing_is(on: Command, tmp_path: Path) -> None:
    first = on("orders", "import", tmp_path / "report.txt", "--seller", "Anna", "--json").json()
    assert (first["orders"], first["order_lines"]["new"], first["refused_lines"]) == (
        {"new": 2, "changed": 0, "unchanged": 0},
        3,
        0,
    )
    again = on("orders", "import", tmp_path / "report.txt", "--seller", "anna")
    assert "0 new, 0 changed, 2 as before" in again.out


def test_lines_that_are_left_out_are_named_with_their_remedy(on: Command, tmp_path: Path) -> None:
    path = tmp_path / "bad.txt"
    path.write_text(REPORT.replace("00000000000003", "3") + "one cell\n")
    done = on("orders", "import", path, "--seller", "anna")
    assert done.code == 1
    assert "line 4: I01" in done.out
    assert "line 5: L01" in done.out
    assert "2 lines" in done.out
    found = on("orders", "import", path, "--seller", "anna", "--json").json()
    assert [(one["line"], one["code"], one["column"]) for one in found["issues"]] == [
        (5, "L01", ""),
        (4, "I01", "order-item-id"),
    ]


def test_a_file_that_is_no_order_file(on: Command, tmp_path: Path) -> None:
    path = tmp_path / "other.txt"
    path.write_text("order-id\tstatus\n1\tshipped\n")
    done = on("orders", "import", path, "--seller", "anna")
    assert (done.code, "not an order file" in done.err) == (1, True)


def test_nobodys_order_book(on: Command, tmp_path: Path) -> None:
    done = on("orders", "import", tmp_path / "report.txt", "--seller", "nobody")
    assert (done.code, "there is no seller nobody" in done.err) == (1, True)


def test_list_and_show(on: Command, tmp_path: Path) -> None:
    imported(on, tmp_path)
    listed = on("orders", "list", "--seller", "anna", "--state", "new", "--json").json()["orders"]
    assert {one["amazon_order_id"] for one in listed} == {"111-1111111-1111111", "222-2222222-2222222"}
    assert on("orders", "list", "--seller", "anna", "--state", "shipped", "--json").json()["orders"] == []
    order = on("orders", "show", "111-1111111-1111111", "--seller", "anna", "--json").json()["order"]
    assert [(one["order_item_id"], one["quantity"]) for one in order["lines"]] == [
        ("00000000000001", 2),
        ("00000000000002", 1),
    ]
    assert [one["what"] for one in order["history"]] == ["imported"]
    shown = on("orders", "show", order["number"], "--seller", "anna").out
    assert "111-1111111-1111111" in shown
    assert "Bob" not in shown, "nothing personal"


def test_an_order_that_is_not_there(on: Command, tmp_path: Path) -> None:
    imported(on, tmp_path)
    done = on("orders", "show", "999-9999999-9999999", "--seller", "anna")
    assert (done.code, "there is no order 999-9999999-9999999" in done.err) == (1, True)


def test_orders_are_wanted_from_amazon_once_for_an_account(on: Command) -> None:
    assert on("seller", "add", "bert", "--merchant-id", "M2").code == 0
    assert on("seller", "add", "carl", "--merchant-id", "M2").code == 0
    assert on("orders", "pulls", "--json").json() == {"version": 1, "pulls": []}
    assert on("orders", "pull", "--seller", "Anna").out == (
        "M1: order report 1 will be asked for; `orders pulls` shows how it goes\n"
    )
    assert on("orders", "pull").out == (
        "M1: order report 1 is under way already\n"
        "M2: order report 2 will be asked for; `orders pulls` shows how it goes\n"
    )
    found = on("orders", "pulls", "--json").json()["pulls"]
    assert [(one["no"], one["merchant_id"], one["state"], one["done_at"]) for one in found] == [
        (2, "M2", "open", None),
        (1, "M1", "open", None),
    ]
    assert [one["no"] for one in on("orders", "pulls", "--seller", "carl", "--json").json()["pulls"]] == [2]
    assert [one["no"] for one in on("orders", "pulls", "--limit", "1", "--json").json()["pulls"]] == [2]
    shown = on("orders", "pulls").out
    assert "Orders fetched from Amazon" in shown
    assert "M2" in shown


def test_orders_of_nobody_are_not_wanted(on: Command) -> None:
    for command in ("pull", "pulls"):
        done = on("orders", command, "--seller", "nobody")
        assert (done.code, "there is no seller nobody" in done.err) == (1, True)
    assert on("seller", "disable", "anna").code == 0
    done = on("orders", "pull")
    assert (done.code, "no seller" in done.err) == (1, True)


def test_settle_by_hand_is_kept_in_the_history(on: Command, tmp_path: Path) -> None:
    imported(on, tmp_path)
    done = on("orders", "settle", "222-2222222-2222222", "--seller", "anna", "--as", "cancelled", "--note", "buyer")
    assert (done.code, "222-2222222-2222222 is cancelled" in done.out) == (0, True)
    order = on("orders", "show", "222-2222222-2222222", "--seller", "anna", "--json").json()["order"]
    assert (order["state"], order["history"][-1]["what"]) == ("cancelled", "settled by hand: buyer")


def test_what_was_not_refused_is_not_sent_again(on: Command, tmp_path: Path) -> None:
    imported(on, tmp_path)
    done = on("orders", "retry", "222-2222222-2222222", "--seller", "anna")
    assert (done.code, done.err) == (1, "cws-filedrop: Amazon has refused nothing of 222-2222222-2222222\n")


def test_a_buyers_wish_to_cancel_is_seen_in_the_list_and_when_a_file_ships(on: Command, tmp_path: Path) -> None:
    head, first, second, third = REPORT.splitlines()
    flagged = [f"{head}\tis-buyer-requested-cancellation", f"{first}\tfalse", f"{second}\ttrue", f"{third}\tfalse"]
    (tmp_path / "report.txt").write_text("\n".join(flagged) + "\n")
    imported(on, tmp_path)
    listed = on("orders", "list", "--seller", "anna", "--json").json()["orders"]
    assert {one["amazon_order_id"][:3]: one["cancel_request"] for one in listed} == {"111": "yes", "222": ""}
    assert on("orders", "list", "--seller", "anna").out.count("the buyer wishes to cancel it") == 1
    (tmp_path / "shipped.txt").write_text(
        "order-id\tstatus\n111-1111111-1111111\tshipped\n222-2222222-2222222\tshipped\n"
    )
    checked = on("check", tmp_path / "shipped.txt", "--order-book", tmp_path / "report.txt", "--json").json()
    warned = [line["line"] for line in checked["lines"] for issue in line["issues"] if issue["code"] == "O04"]
    assert warned == [2]
