"""The oracle of the campaigns notices each promise that is broken."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest
from chaos.doors import Acknowledged
from chaos.oracle import Evidence, check, verdicts
from chaos.seller_files import HEADING

UPLOAD = "20261122-013042-k7f3"
ORDER, ITEM = "026-1520163-6049104", "12345678901234"
CONTENT = "\r\n".join([HEADING, f"{ORDER}\t{ITEM}\t1\t2026-11-22\tOther\tRiver Post\tRP1\tGround", ""]).encode()


def row(verdict: str = "confirmed", line: str = "2") -> dict[str, str]:
    return {"line": line, "order-id": ORDER, "order-item-id": ITEM, "tracking": "RP1", "verdict": verdict}


def evidence() -> Evidence:
    """All is well: a file of one line, dropped once, taken once."""
    package = {"account": "MANNA", "order_id": ORDER, "item": ITEM, "tracking": "RP1", "quantity": 1}
    return Evidence(
        acknowledged=[Acknowledged("ftp", "anna", "a.txt", UPLOAD, CONTENT)],
        uploads=[{"id": UPLOAD, "seller": "anna", "name": "a.txt", "state": "done"}],
        receipts=Counter({UPLOAD: 1}),
        results={UPLOAD: [[row()]]},
        taken=[package | {"times": 1, "feeds": ["SANDBOX-1"]}],
        twice=[],
        cancelled=Counter(),
        contents={("anna", "a.txt"): CONTENT},
        merchants={"anna": "MANNA"},
    )


def not_listed(found: Evidence) -> None:
    found.uploads.clear()


def only_cut(found: Evidence) -> None:
    found.uploads[0] = {**found.uploads[0], "state": "cut"}
    found.results.clear()


def acknowledged_by_name_and_gone(found: Evidence) -> None:
    found.acknowledged.append(Acknowledged("sftp", "anna", "b.txt", "", CONTENT))


def no_receipt(found: Evidence) -> None:
    found.receipts.clear()


def two_receipts(found: Evidence) -> None:
    found.receipts[UPLOAD] += 1


def no_result(found: Evidence) -> None:
    found.results.clear()


def two_results(found: Evidence) -> None:
    found.results[UPLOAD].append([row()])


def still_waiting(found: Evidence) -> None:
    found.uploads[0] = {**found.uploads[0], "state": "waiting"}
    found.results.clear()


def line_missing(found: Evidence) -> None:
    found.results[UPLOAD][0].clear()


def line_repeated(found: Evidence) -> None:
    found.results[UPLOAD][0].append(row())


def unknown(found: Evidence) -> None:
    found.results[UPLOAD] = [[row("unknown")]]


def still_sent(found: Evidence) -> None:
    found.results[UPLOAD] = [[row("sent")]]


def not_taken(found: Evidence) -> None:
    found.taken.clear()


def taken_and_refused(found: Evidence) -> None:
    found.results[UPLOAD] = [[row("unconfirmed")]]


def other_units(found: Evidence) -> None:
    found.taken[0] = {**found.taken[0], "quantity": 2}


def twice(found: Evidence) -> None:
    found.twice.append({**found.taken[0], "times": 2})


CANCELLING = "\r\n".join(["order-id\tstatus\torder-item-id", f"{ORDER}\tcancelled\t{ITEM}", ""]).encode()


def cancelling(found: Evidence) -> None:
    """The same, of a file that cancels the order."""
    found.contents["anna", "a.txt"] = CANCELLING
    found.taken.clear()


def cancelled_and_refused(found: Evidence) -> None:
    cancelling(found)
    found.cancelled["MANNA", ORDER] = 1
    taken_and_refused(found)


def cancelled_twice(found: Evidence) -> None:
    cancelling(found)
    found.cancelled["MANNA", ORDER] = 2


BROKEN: list[tuple[Callable[[Evidence], None], str]] = [
    (not_listed, "lost upload"),
    (only_cut, "lost upload"),
    (acknowledged_by_name_and_gone, "lost upload"),
    (no_receipt, "one receipt"),
    (two_receipts, "one receipt"),
    (no_result, "one result"),
    (two_results, "one result"),
    (still_waiting, "one result"),
    (line_missing, "lost lines"),
    (line_repeated, "lost lines"),
    (unknown, "nothing unknown"),
    (still_sent, "final verdict"),
    (not_taken, "falsely good"),
    (taken_and_refused, "falsely bad"),
    (other_units, "units"),
    (twice, "sent twice"),
    (cancelling, "falsely good"),
    (cancelled_and_refused, "falsely bad"),
    (cancelled_twice, "sent twice"),
]


def test_it_finds_nothing_where_all_is_well() -> None:
    assert check(evidence()) == []
    assert verdicts(evidence()) == {"confirmed": 1}


@pytest.mark.parametrize(("spoil", "promise"), BROKEN, ids=lambda one: getattr(one, "__name__", ""))
def test_it_notices(spoil: Callable[[Evidence], None], promise: str) -> None:
    found = evidence()
    spoil(found)
    assert promise in [one.promise for one in check(found)]


def test_a_cancellation_that_amazon_took_once_is_good() -> None:
    found = evidence()
    cancelling(found)
    found.cancelled["MANNA", ORDER] = 1
    assert check(found) == []


def test_an_order_that_somebody_confirmed_by_hand_is_good_without_our_feed() -> None:
    found = evidence()
    not_taken(found)
    found.by_hand.add(ORDER)
    assert check(found) == []
