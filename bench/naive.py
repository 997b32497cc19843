"""The straightforward way to do `convert`'s job: text columns of pandas, iterrows, rule after rule, trees of lxml.

It is here to be compared with, and to check that the fast way says the same: same verdicts, codes and messages, same
documents. It reads amazon-shipping-confirmation files in UTF-8 only. Rules about one cell are the package's own.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pandas as pd
from lxml import etree

from cws_filedrop.feeds.schema import SCHEMAS, DocumentKind
from cws_filedrop.model import JudgementContext, Severity
from cws_filedrop.rules import catalogue, check_digits, dates, items, orders, repeats, shifted, tracking
from cws_filedrop.rules.carriage import CarrierLookup
from cws_filedrop.rules.carriers import shipped_table
from cws_filedrop.rules.catalogue import CATALOGUE

MESSAGES: Final = 2_000
LONGEST: Final = 50
SIGNS: Final = {"#": "[0-9]", "@": "[A-Z]", "*": "[0-9A-Z]", "=": "[0-9]"}
RANKS: Final = {code: rank for rank, code in enumerate(CATALOGUE)}
RESULT: Final = ("line", "order-id", "order-item-id", "tracking", "verdict", "code", "message", "amazon-feed-id")
XSI: Final = "http://www.w3.org/2001/XMLSchema-instance"

Row = Mapping[str, str]
Said = list[tuple[str, str, str, str]]  # code, column, value, detail


@dataclass
class Shipment:
    """What a good row sends."""

    order: str
    item: str = ""
    quantity: str = ""
    date: str = ""
    carrier: str = ""
    name: str = ""
    method: str = ""
    tracking: str = ""

    @property
    def package(self) -> tuple[str, ...]:
        """What rows of one package have in common."""
        return self.order, self.tracking, self.carrier, self.name, self.method, self.date


@dataclass
class Rules:
    """What the rules need besides the row."""

    known: dates.Calendar
    lookup: CarrierLookup
    forms: dict[str, list[tuple[re.Pattern[str], check_digits.TrackingForm]]] = field(default_factory=dict)

    @classmethod
    def of(cls, context: JudgementContext) -> Rules:
        forms = defaultdict(list)
        for kind in check_digits.kinds():
            pattern = re.compile("".join(SIGNS.get(sign, re.escape(sign)) for sign in kind.form.signs))
            for carrier in kind.carriers:
                forms[carrier].append((pattern, kind))
        return cls(dates.calendar(context), CarrierLookup(shipped_table(), {}), dict(forms))

    def judge(self, row: Row, said: Said) -> Shipment:
        """Say what is wrong with a row, and what it would send."""
        sent = Shipment(row["order-id"], row["order-item-id"])
        if not orders.AMAZON_ID.fullmatch(sent.order):
            code, detail = orders.trouble(sent.order)
            said.append((code, "order-id", sent.order, detail))
        if sent.item and not items.ITEM_ID.fullmatch(sent.item):
            said.append(("I01", "order-item-id", sent.item, items.item_trouble(sent.item)[1]))
        self._quantity(row, sent, said)
        self._date(row, sent, said)
        self._tracking(row, sent, said)
        self._carrier(row, sent, said)
        self._method(row, sent, said)
        return sent

    def _quantity(self, row: Row, sent: Shipment, said: Said) -> None:
        typed = row["quantity"]
        sent.quantity = items.quantity(typed)
        if typed and not sent.quantity:
            whole = items.WHOLE.fullmatch(typed)
            said.append(("Q01", "quantity", typed, whole[1] if whole else ""))
        if sent.quantity and not sent.item:
            said.append(("Q04", "quantity", typed, ""))
            sent.quantity = ""

    def _date(self, row: Row, sent: Shipment, said: Said) -> None:
        typed = row["ship-date"]
        if not typed:
            said.append(("D01", "ship-date", "", f"missing={self.known.example}"))
            return
        found = dates.read(typed, self.known)
        sent.date = found.moment
        if found.trouble:
            said.append((found.trouble[0], "ship-date", typed, found.trouble[1]))

    def _tracking(self, row: Row, sent: Shipment, said: Said) -> None:
        typed = row["tracking-number"]
        if not typed:
            return
        found = tracking.reading(typed)
        sent.tracking = found.sent
        if found.trouble:
            said.append((found.trouble[0], "tracking-number", typed, found.trouble[1]))

    def _carrier(self, row: Row, sent: Shipment, said: Said) -> None:
        named = self.lookup.named(row["carrier-code"], row["carrier-name"])
        sent.carrier, sent.name = named.code, named.name
        said.extend((code, column, row[column], detail) for column, (code, detail) in named.troubles)
        if sent.tracking and not sent.carrier:
            sent.carrier = self._inferred(sent.tracking)
            if sent.carrier:
                said.append(("C04", "tracking-number", row["tracking-number"], sent.carrier))
            else:
                said.append(("C01", "carrier-code", "", row["tracking-number"]))
        if sent.tracking and (wrong := self._mistyped(sent.tracking.upper(), sent.carrier)):
            said.append(("T04", "tracking-number", row["tracking-number"], wrong))

    def _inferred(self, number: str) -> str:
        for kinds in self.forms.values():
            for pattern, kind in kinds:
                if kind.only and pattern.fullmatch(number.upper()) and right(number.upper(), kind):
                    return kind.only
        return ""

    def _mistyped(self, number: str, carrier: str) -> str:
        named = [kind for pattern, kind in self.forms.get(carrier, ()) if pattern.fullmatch(number)]
        if not named:
            return carrier if carrier in check_digits.CLOSED else ""
        return "" if any(right(number, kind) for kind in named) else f"check={named[0].name}"

    def _method(self, row: Row, sent: Shipment, said: Said) -> None:
        typed = row["ship-method"]
        if typed and not row["tracking-number"]:
            said.append(("M01", "ship-method", typed, ""))
        elif len(typed) > LONGEST:
            said.append(("M02", "ship-method", typed, str(len(typed))))
        elif sent.tracking:
            sent.method = typed


def right(number: str, kind: check_digits.TrackingForm) -> bool:
    """Does a number of this form have the right check digit?"""
    if not kind.check:
        return True
    check, at = check_digits.CHECKS[kind.check], kind.form.check_at
    total = check.start
    for place, sign in enumerate(reversed(number[kind.form.start : at])):
        value = int(sign) if sign.isdigit() else (ord(sign) - 63) % 10
        total += value * check.weights[place % len(check.weights)]
    return bool(check.digit(total) == int(number[at]))  # type: ignore[arg-type]


def read(path: Path) -> tuple[pd.DataFrame, dict[int, list[str]]]:
    """The lines with the right number of cells, by line number, and the cells of the others."""
    lines = path.read_text(encoding="utf-8").splitlines()
    width = lines[0].count("\t")
    good, odd = [(1, lines[0])], {}
    for number, line in enumerate(lines[1:], 2):
        if not line.strip():
            continue
        if line.count("\t") == width:
            good.append((number, line))
        else:
            odd[number] = line.split("\t")
    text = io.StringIO("\n".join(line for _, line in good))
    frame = pd.read_csv(text, sep="\t", dtype=str, quoting=csv.QUOTE_NONE, keep_default_na=False)
    frame.index = pd.Index([number for number, _ in good[1:]])
    return frame, odd


def convert(
    path: Path, out: Path, *, merchant_id: str, context: JudgementContext, validate: bool = True
) -> Counter[str]:
    """Documents, result.txt and rejected.txt of a file, as `cws_filedrop.convert` makes them; counts of verdicts."""
    frame, odd = read(path)
    rules = Rules.of(context)
    width = len(frame.columns)
    said: dict[int, Said] = {
        number: [("L01", "", f"{len(cells)} cells", f"{len(cells)} cells instead of {width}")]
        for number, cells in odd.items()
    }
    for number, cells in odd.items():
        if meant := shifted.without_surplus(cells, list(frame.columns)):
            said[number].append(("L03", "", meant[0], f"surplus={meant[1]}"))
    sent: dict[int, Shipment] = {}
    for number, row in frame.iterrows():
        found: Said = []
        sent[int(str(number))] = rules.judge(row.to_dict(), found)
        if found:
            said[int(str(number))] = found
    duplicates = _repeated(frame, sent, said)
    texts = {number: sorted(_texts(found), key=lambda one: RANKS[one[0]]) for number, found in said.items()}
    rejected = {number for number, found in texts.items() if any(one[2] is Severity.ERROR for one in found)}
    out.mkdir(parents=True, exist_ok=True)
    good = {n: one for n, one in sent.items() if n not in rejected and n not in duplicates}
    _documents(list(good.values()), out, merchant_id, validate)
    return _results(frame, out, texts, {n: _verdict(n, rejected, duplicates) for n in sorted(sent.keys() | odd)})


def _verdict(number: int, rejected: set[int], duplicates: set[int]) -> str:
    if number in rejected:
        return "rejected"
    return "duplicate" if number in duplicates else "queued"


def _texts(said: Said) -> Iterator[tuple[str, str, Severity]]:
    for code, column, value, detail in said:
        issue = catalogue.issue(code, column=column, value=value, detail=detail)
        yield code, issue.message, issue.severity


def _repeated(frame: pd.DataFrame, sent: dict[int, Shipment], said: dict[int, Said]) -> set[int]:
    lines: dict[tuple[str, str], list[int]] = defaultdict(list)
    for number, one in sent.items():
        lines[one.order, one.item].append(number)
    again = [number for numbers in lines.values() if len(numbers) > 1 for number in numbers]
    if not again:
        return set()
    found = repeats.settle(frame.loc[sorted(again)]).found
    for number, finding in found.items():
        said.setdefault(number, []).append(finding)
    return {number for number, one in found.items() if one[0] == "O05"}


def _documents(shipments: list[Shipment], out: Path, merchant_id: str, validate: bool) -> None:
    packages: dict[tuple[str, ...], list[Shipment]] = defaultdict(list)
    for one in shipments:
        packages[one.package].append(one)
    messages = list(packages.values())
    for number, first in enumerate(range(0, len(messages), MESSAGES), 1):
        tree = _tree(messages[first : first + MESSAGES], merchant_id, first + 1)
        if validate:
            SCHEMAS[DocumentKind.ORDER_FULFILLMENT].assertValid(tree)
        (out / f"feed-{number:04d}.xml").write_bytes(etree.tostring(tree, xml_declaration=True, encoding="UTF-8"))


def _tree(messages: list[list[Shipment]], merchant_id: str, first: int) -> etree._Element:
    root = etree.Element("AmazonEnvelope", nsmap={"xsi": XSI})
    root.set(f"{{{XSI}}}noNamespaceSchemaLocation", "amzn-envelope.xsd")
    header = etree.SubElement(root, "Header")
    _put(header, "DocumentVersion", "1.01")
    _put(header, "MerchantIdentifier", merchant_id)
    _put(root, "MessageType", "OrderFulfillment")
    for number, package in enumerate(messages, first):
        message = etree.SubElement(root, "Message")
        _put(message, "MessageID", str(number))
        _fulfillment(etree.SubElement(message, "OrderFulfillment"), package)
    return root


def _fulfillment(element: etree._Element, package: list[Shipment]) -> None:
    head = package[0]
    _put(element, "AmazonOrderID", head.order)
    _put(element, "FulfillmentDate", head.date)
    if head.carrier or head.tracking:
        data = etree.SubElement(element, "FulfillmentData")
        for tag, text in (
            ("CarrierCode", head.carrier),
            ("CarrierName", head.name),
            ("ShippingMethod", head.method),
            ("ShipperTrackingNumber", head.tracking),
        ):
            _put(data, tag, text)
    for one in package if all(one.item for one in package) else ():
        item = etree.SubElement(element, "Item")
        _put(item, "AmazonOrderItemCode", one.item)
        _put(item, "Quantity", one.quantity)


def _put(parent: etree._Element, tag: str, text: str) -> None:
    if text:
        etree.SubElement(parent, tag).text = text


def _results(
    frame: pd.DataFrame, out: Path, texts: Mapping[int, list[tuple[str, str, Severity]]], verdicts: Mapping[int, str]
) -> Counter[str]:
    keys = frame[["order-id", "order-item-id", "tracking-number"]].to_dict("index")
    with (out / "result.txt").open("w", newline="") as results, (out / "rejected.txt").open("w", newline="") as bad:
        results.write("\t".join(RESULT) + "\r\n")
        bad.write("\t".join([*frame.columns, "error-code", "error-message"]) + "\r\n")
        for number, verdict in verdicts.items():
            typed = list(keys[number].values()) if number in keys else ["", "", ""]
            found = texts.get(number, [])
            codes, messages = " | ".join(one[0] for one in found), " | ".join(one[1] for one in found)
            results.write("\t".join([str(number), *typed, verdict, codes, messages, ""]) + "\r\n")
            if verdict == "rejected" and number in keys:
                bad.write("\t".join([*frame.loc[number], codes, messages]) + "\r\n")
    return Counter(verdicts.values())
