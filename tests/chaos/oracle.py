"""What must be so at the end of a campaign: the promises, checked against what clients saw and what Amazon took.

Pure: evidence in, broken promises out.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from chaos.doors import Acknowledged
from chaos.seller_files import rows_of

GOOD = ("confirmed", "confirmed-warning")
FINAL = (*GOOD, "unconfirmed", "updated", "duplicate", "rejected")
UNREAD = ("cut", "replaced")
Package = tuple[str, str, str, str]  # account, order, item, tracking number


@dataclass(frozen=True, slots=True)
class Broken:
    """A promise that was broken, and where."""

    promise: str
    upload: str
    line: str
    why: str


@dataclass
class Evidence:
    """All that there is to see. Results are tables, as sellers found them in their outboxes."""

    acknowledged: list[Acknowledged]
    uploads: list[Mapping[str, Any]]  # as `upload list --json` says
    receipts: Counter[str]
    results: dict[str, list[list[dict[str, str]]]]  # every result file of an upload
    taken: list[Mapping[str, Any]]  # `taken` and `twice` of the sandbox's ledger
    twice: list[Mapping[str, Any]]
    cancelled: Counter[tuple[str, str]]  # how often it took the cancellation of an order (account, order)
    contents: dict[tuple[str, str], bytes]  # what was dropped, by seller and name
    merchants: dict[str, str]  # account by seller
    by_hand: set[str] = field(default_factory=set)  # orders that somebody else shipped


@dataclass(frozen=True, slots=True)
class Told:
    """A line, what its row says, and what its seller was told of it."""

    upload: str
    line: str
    package: Package
    units: str
    verdict: str
    cancels: bool


def check(evidence: Evidence) -> list[Broken]:
    """Every promise that was broken."""
    told = list(_told(evidence))
    found = [*_uploads_lost(evidence), *_answers_wrong(evidence), *_lines_lost(evidence)]
    cancels, ships = [one for one in told if one.cancels], [one for one in told if not one.cancels]
    return [*found, *_not_final(told), *_against_amazon(evidence, ships), *_cancellations(evidence, cancels)]


def verdicts(evidence: Evidence) -> Counter[str]:
    """How many lines have which."""
    return Counter(one.verdict for one in _told(evidence))


def _uploads_lost(evidence: Evidence) -> Iterator[Broken]:
    states = {str(one["id"]): str(one["state"]) for one in evidence.uploads}
    whole = Counter((one["seller"], one["name"]) for one in evidence.uploads if one["state"] not in UNREAD)
    for ack in evidence.acknowledged:
        if ack.upload_id and ack.upload_id not in states:
            yield Broken("lost upload", ack.upload_id, "", f"{ack.door} acknowledged {ack.seller}'s {ack.name}")
        elif states.get(ack.upload_id) in UNREAD:
            yield Broken("lost upload", ack.upload_id, "", f"acknowledged by {ack.door}, and {states[ack.upload_id]}")
    for (door, seller, name), number in Counter((a.door, a.seller, a.name) for a in evidence.acknowledged).items():
        if whole[seller, name] < number:
            why = f"{door} acknowledged {seller}'s {name} {number} times, there are {whole[seller, name]} whole uploads"
            yield Broken("lost upload", "", "", why)


def _answers_wrong(evidence: Evidence) -> Iterator[Broken]:
    for one in evidence.uploads:
        upload, state = str(one["id"]), str(one["state"])
        if evidence.receipts[upload] != 1:
            yield Broken("one receipt", upload, "", f"{state}, with {evidence.receipts[upload]} receipts")
        results = len(evidence.results.get(upload, []))
        if results != (1 if state == "done" else 0):
            yield Broken("one result", upload, "", f"{state}, with {results} results")
        if state not in ("done", *UNREAD):
            yield Broken("one result", upload, "", f"it is {state} at the end")


def _lines_lost(evidence: Evidence) -> Iterator[Broken]:
    for one in evidence.uploads:
        upload, content = str(one["id"]), evidence.contents.get((str(one["seller"]), str(one["name"])))
        for table in evidence.results.get(upload, []):
            lines = sorted(int(row["line"]) for row in table)
            if content is not None and lines != list(range(2, len(rows_of(content)) + 2)):
                yield Broken("lost lines", upload, "", f"the result has lines {_shortened(lines)}")


def _shortened(lines: list[int]) -> str:
    return f"{lines[:20]} ({len(lines)} in all)"


def _told(evidence: Evidence) -> Iterator[Told]:
    for one in evidence.uploads:
        upload, seller = str(one["id"]), str(one["seller"])
        content = evidence.contents.get((seller, str(one["name"])))
        rows = {str(number): row for number, row in enumerate(rows_of(content), 2)} if content is not None else {}
        for table in evidence.results.get(upload, []):
            for line in table:
                row = rows.get(line["line"], {})
                package = (line["order-id"], line["order-item-id"], line["tracking"])
                units = row.get("quantity", "")
                place, cancels = (upload, line["line"]), row.get("status") == "cancelled"
                yield Told(*place, (evidence.merchants[seller], *package), units, line["verdict"], cancels)


def _not_final(told: Iterable[Told]) -> Iterator[Broken]:
    for one in told:
        if one.verdict == "unknown":
            yield Broken("nothing unknown", one.upload, one.line, f"{one.package} is unknown at the end")
        elif one.verdict not in FINAL:
            yield Broken("final verdict", one.upload, one.line, f"{one.package} is {one.verdict} at the end")


def _against_amazon(evidence: Evidence, told: Iterable[Told]) -> Iterator[Broken]:
    taken = {_package(one): one for one in evidence.taken}
    lines: dict[Package, list[Told]] = defaultdict(list)
    for one in told:
        lines[one.package].append(one)
        if one.verdict in GOOD and one.package not in taken and one.package[1] not in evidence.by_hand:
            yield Broken("falsely good", one.upload, one.line, f"{one.verdict}, and Amazon has no {one.package}")
    for package, what in taken.items():
        if package[1].startswith("999-"):  # of another program of the seller's
            continue
        good = [one for one in lines[package] if one.verdict in GOOD]
        if not good:
            said = ", ".join(f"line {one.line} of {one.upload} is {one.verdict}" for one in lines[package])
            yield Broken(
                "falsely bad", "", "", f"Amazon took {package} with feeds {what['feeds']}; {said or 'no line'}"
            )
        elif good[0].units not in ("", str(what["quantity"])):
            why = f"Amazon took {what['quantity']} units of {package}, the line says {good[0].units}"
            yield Broken("units", good[0].upload, good[0].line, why)
    for again in evidence.twice:
        feeds = ", ".join(again["feeds"])
        yield Broken("sent twice", "", "", f"{_package(again)} {again['times']} times, with feeds {feeds}")


def _cancellations(evidence: Evidence, told: Iterable[Told]) -> Iterator[Broken]:
    good = {one.package[:2]: one for one in told if one.verdict in GOOD}
    for order, one in good.items():
        if not evidence.cancelled[order]:
            yield Broken("falsely good", one.upload, one.line, f"{one.verdict}, and Amazon has not cancelled {order}")
    for order, times in evidence.cancelled.items():
        if order not in good:
            yield Broken("falsely bad", "", "", f"Amazon cancelled {order}, and no line says so")
        if times > 1:
            yield Broken("sent twice", "", "", f"the cancellation of {order}, {times} times")


def _package(one: Mapping[str, Any]) -> Package:
    return one["account"], one["order_id"], one["item"], one["tracking"]
