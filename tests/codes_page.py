"""`docs/codes.md`: the page that explains all that can be said of a file or a line, made of the tables of the code."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from cws_filedrop.feeds.processing_report import CODE_PREFIX, DOCUMENT_CODES, EXPLANATIONS
from cws_filedrop.model import Issue, Severity, Verdict
from cws_filedrop.rules.catalogue import CATALOGUE, CatalogueEntry, issue


class Example(NamedTuple):
    """What a message is filled in with; `detail` comes after the kind of the wording."""

    column: str = ""
    value: str = ""
    detail: str = ""


TODAY: Final = "2026-11-22"
ORDER: Final = "026-1520163-6049104"
UPLOAD: Final = "upload 20261120-091500-k7f3"
EXAMPLES: Final = {
    ("F01", ""): Example(),
    ("F01", "no-header"): Example(),
    ("F01", "no-rows"): Example(),
    ("F01", "left-out"): Example(),
    ("F02", ""): Example(detail="this is a web page, whatever its name says"),
    ("F02", "spreadsheet"): Example(detail="an Excel workbook"),
    ("F02", "pdf"): Example(),
    ("F02", "archive"): Example(detail="there are 2 files in it: a.txt and b.txt"),
    ("F02", "letters"): Example(detail="line 3 has the bytes 0xE9 0x81"),
    ("F03", ""): Example("ship-date", detail="ship-dat"),
    ("F04", ""): Example("tracking-number", detail="columns 3 and 4"),
    ("F05", ""): Example(detail="3,000,000 lines, 2,000,000 are allowed"),
    ("F05", "shape"): Example(detail="a line is longer than 1,048,576 bytes"),
    ("F05", "stopped"): Example(detail="nothing happened for 60 seconds"),
    ("F06", ""): Example(detail="the first row has 3 cells, and none is a heading we know"),
    ("F06", "two"): Example(detail="fillz-confirmation and amazon-shipping-confirmation"),
    ("F06", "order-file"): Example(detail="fillz-orders"),
    ("F06", "orders"): Example(detail="this is a confirmation of shipments, not an order file"),
    ("F06", "profiles"): Example(detail="warehouse and shop"),
    ("F06", "result"): Example(),
    ("F06", "all-orders"): Example(),
    ("F07", ""): Example(detail="the last line has no end"),
    ("F07", "doubtful"): Example(detail="the connection dropped right after the transfer"),
    ("F08", ""): Example(detail=UPLOAD),
    ("F09", ""): Example(detail="it cancels 36 orders, at most 4 at a time in the last 30 days"),
    ("F09", "tracking"): Example(value="1ZS8TJ337928714462", detail="25 orders"),
    ("F10", ""): Example("traking", detail="tracking"),
    ("F10", "read-as"): Example("Order ID", detail="order-id"),
    ("F10", "separator"): Example(detail="commas"),
    ("F11", ""): Example(value="shipped.txt.release"),
    ("F11", "released"): Example(value="shipped.txt", detail="20261120-091500-k7f3"),
    ("F12", ""): Example(detail="these tracking numbers are last week's"),
    ("F13", ""): Example("traking", detail="tracking"),
    ("L01", ""): Example(detail="9 cells instead of 8"),
    ("L01", "quote"): Example("tracking", '"1Z999AA10123456784'),
    ("L01", "headings"): Example(value="order-id"),
    ("L02", ""): Example("carrier-name", "River\x07Post"),
    ("L03", ""): Example("carrier", "1Z999AA10123456784", f"[{ORDER}] [shipped] [1Z999AA10123456784] [UPS]"),
    ("L03", "surplus"): Example(value="1Z999AA10123456784", detail=f"[{ORDER}] [shipped] [1Z999AA10123456784] [UPS]"),
    ("L04", ""): Example("tracking-number", "'00340434161094042557"),
    ("L05", ""): Example("carrier", "Kurier Gr\ufffd\ufffde"),
    ("O01", ""): Example("order-id"),
    ("O02", ""): Example("order-id", "026-1520163-604910"),
    ("O02", "rounded"): Example("order-id", "1.12E+16"),
    ("O02", "hyphens"): Example("order-id", "02615201636049104", ORDER),
    ("O02", "dashes"): Example("order-id", "026–1520163–6049104", ORDER),
    ("O02", "date"): Example("order-id", "2026-01-02"),
    ("O02", "repaired"): Example("order-id", "02615201636049104", ORDER),
    ("O02", "error"): Example("order-id", "#REF!"),
    ("O02", "around"): Example("order-id", f"\u201c{ORDER}\u201d", ORDER),
    ("O03", ""): Example("order-id", ORDER),
    ("O03", "own"): Example("order-id", "4711"),
    ("O03", "several"): Example("order-id", "SHOP-17"),
    ("O03", "unlisted"): Example("order-id", ORDER),
    ("O04", ""): Example("order-id", ORDER),
    ("O04", "requested"): Example("amazon-order-id", ORDER),
    ("O05", ""): Example("order-id", ORDER, f"line 2 of {UPLOAD}"),
    ("O05", "line"): Example("order-id", ORDER, "2"),
    ("O05", "confirmed"): Example("order-id", ORDER, f"line 2 of {UPLOAD}"),
    ("O05", "queued"): Example("order-id", ORDER, f"line 2 of {UPLOAD}"),
    ("O05", "sent"): Example("order-id", ORDER, f"line 2 of {UPLOAD}"),
    ("O05", "waits"): Example("order-id", ORDER, f"line 2 of {UPLOAD}"),
    ("O05", "unknown"): Example("order-id", ORDER, f"line 2 of {UPLOAD}"),
    ("O05", "blank"): Example("order-id", ORDER, f"line 2 of {UPLOAD}, with 1Z65CS8T0536011397"),
    ("O05", "corrected"): Example(
        "order-id", ORDER, f"line 2 of {UPLOAD}; line 5 of upload 20261121-101500-m2q8 has corrected it since"
    ),
    ("O06", ""): Example("order-id", ORDER, "line 2"),
    ("O06", "differs"): Example("ship-date", "2026-11-20", "line 2"),
    ("O06", "whole"): Example("order-id", ORDER, "lines 2 and 3"),
    ("O07", ""): Example(
        "tracking-number",
        "1ZS8TJ337928714462",
        f"1Z65CS8T0536011397 before (line 2 of {UPLOAD}), 1ZS8TJ337928714462 now",
    ),
    ("O08", ""): Example("tracking-number", "1ZS8TJ337928714462", f"line 2 of {UPLOAD}, with 1Z65CS8T0536011397"),
    ("O08", "by"): Example(detail=f"line 2 of {UPLOAD}"),
    ("O09", ""): Example("tracking-number", "1ZS8TJ337928714462", f"line 2 of {UPLOAD}"),
    ("O09", "unknown"): Example("tracking-number", "1ZS8TJ337928714462", f"line 2 of {UPLOAD}"),
    ("S01", ""): Example("status", "shiped", "shipped"),
    ("S01", "missing"): Example("status"),
    ("S01", "opposite"): Example("status", "not shipped"),
    ("S02", ""): Example("status", "packed", "it is shipped"),
    ("S03", ""): Example("cancel-reason", "NoInventry", "NoInventory"),
    ("S03", "items"): Example("cancel-reason", "NoInventory"),
    ("S03", "part"): Example("cancel-reason", "NoInventory", "2"),
    ("I01", ""): Example("order-item-id", "5824838"),
    ("I01", "zero"): Example("order-item-id", "1234567890123", "01234567890123"),
    ("I01", "rounded"): Example("order-item-id", "1.23E+13"),
    ("I01", "missing"): Example("order-item-id"),
    ("I01", "repaired"): Example("order-item-id", "1234567890123", "01234567890123"),
    ("I01", "error"): Example("order-item-id", "#REF!"),
    ("I01", "float"): Example("order-item-id", "58615248383716.0", "58615248383716"),
    ("I01", "only"): Example("order-item-id", "5824838", "58615248383716"),
    ("I02", ""): Example("order-item-id", "58615248383716"),
    ("I02", "only"): Example("order-item-id", "58615248383716", "01234567890123"),
    ("Q01", ""): Example("quantity", "0"),
    ("Q01", "whole"): Example("quantity", "2.0", "2"),
    ("Q01", "error"): Example("quantity", "#VALUE!"),
    ("Q02", ""): Example("quantity", "4", "3 ordered, 1 confirmed or on the way"),
    ("Q02", "package"): Example("quantity", "2", f"1 in 1Z65CS8T0536011397 (line 2 of {UPLOAD})"),
    ("Q03", ""): Example("quantity", detail="see also line 2"),
    ("Q03", "items"): Example("quantity", detail="see also line 2"),
    ("Q03", "earlier"): Example("quantity", detail=f"line 2 of {UPLOAD}"),
    ("Q03", "rest"): Example("order-item-id", detail=f"line 2 of {UPLOAD}"),
    ("Q03", "part"): Example("quantity", "1", "3"),
    ("Q04", ""): Example("quantity", "2"),
    ("Q04", "codes"): Example("transparency_code", "AZ:1A2B3C"),
    ("Q04", "item"): Example("quantity", "2", "58615248383716"),
    ("D01", ""): Example("ship-date", "yesterday", TODAY),
    ("D01", "missing"): Example("ship-date", detail=TODAY),
    ("D01", "number"): Example("ship-date", "45981", TODAY),
    ("D01", "short-year"): Example("ship-date", "20/11/26", TODAY),
    ("D01", "error"): Example("ship-date", "#N/A"),
    ("D01", "left-out"): Example("payments-date", "soon"),
    ("D02", ""): Example("ship-date", "2026-02-30", TODAY),
    ("D03", ""): Example("ship-date", "2027-11-20"),
    ("D03", "zone"): Example("ship-date", "2027-11-20", "Europe/Berlin"),
    ("D04", ""): Example("ship-date", "2026-11-20", "2026-11-21"),
    ("D05", ""): Example("ship-date", "2026-08-01"),
    ("D05", "year"): Example("ship-date", "1970-01-01"),
    ("D06", ""): Example("ship-date", "03/04/2026", "3 April 2026 or 4 March 2026"),
    ("D06", "disproved"): Example("ship-date", "03/04/2026", "line 7"),
    ("D06", "against"): Example("ship-date", "04/13/2026", "line 7"),
    ("C01", ""): Example("carrier-code", detail="QX12345"),
    ("C01", "nothing"): Example("carrier-code"),
    ("C02", ""): Example("carrier-code", "River Post", "River Post"),
    ("C02", "near"): Example("carrier-code", "Fedex Two Balance", "FedEx"),
    ("C03", ""): Example("carrier-code", "Other"),
    ("C03", "error"): Example("carrier-code", "#NV"),
    ("C03", "logical"): Example("carrier-code", "TRUE"),
    ("C03", "date"): Example("carrier-code", "2026-11-20"),
    ("C03", "amount"): Example("carrier-code", "1"),
    ("C03", "tracking"): Example("carrier-code", "00340434161094042557"),
    ("C04", ""): Example("tracking-number", "1Z65CS8T0536011397", "UPS"),
    ("C04", "mapped"): Example("carrier-code", "U.S. Postal Service", "USPS"),
    ("C04", "none"): Example("carrier-code", "n/a"),
    ("T01", ""): Example("tracking-number", "9.4E+21"),
    ("T01", "zeros"): Example("tracking-number", "9400111899223100000000"),
    ("T01", "float"): Example("tracking-number", "201298452277.0", "201298452277"),
    ("T01", "thousands"): Example("tracking-number", "340.434.161.094.042.557", "340434161094042557"),
    ("T02", ""): Example("tracking-number", "RP72039461587203946158720394615872039461587203946158", "52"),
    ("T03", ""): Example("tracking-number", "RP#7203", "#"),
    ("T03", "placeholder"): Example("tracking-number", "N/A"),
    ("T03", "several"): Example("tracking-number", "RP7203946158 and RP7203946159"),
    ("T03", "word"): Example("tracking-number", "Shipped"),
    ("T03", "carrier"): Example("tracking-number", "DHL"),
    ("T03", "swapped"): Example("tracking-number", "DHL", "00340434161094042557"),
    ("T03", "error"): Example("tracking-number", "#NV"),
    ("T03", "date"): Example("tracking-number", "2026-11-20"),
    ("T03", "amount"): Example("tracking-number", "12.50"),
    ("T03", "address"): Example("tracking-number", "t.example/?n=9405511206213839284658", "9405511206213839284658"),
    ("T03", "order"): Example("tracking-number", ORDER),
    ("T03", "item"): Example("tracking-number", "58615248383716"),
    ("T03", "short"): Example("tracking-number", "7"),
    ("T03", "remark"): Example("tracking-number", "sent by hand 4"),
    ("T03", "glued"): Example("tracking-number", "DHL 00340434161094042557", "00340434161094042557"),
    ("T03", "signs"): Example("tracking-number", "#00340434161094042557", "00340434161094042557"),
    ("T03", "plain"): Example("tracking-number", "１２３４５６７８９", "123456789"),
    ("T04", ""): Example("tracking-number", "1Z999", "UPS"),
    ("T04", "check"): Example("tracking-number", "1ZFFL5LC4973169885", "UPS parcel"),
    ("T04", "blanks"): Example("tracking-number", "1Z 65CS 8T05 3601 1397", "1Z65CS8T0536011397"),
    ("T04", "other"): Example("tracking-number", "1Z65CS8T0536011397", "UPS"),
    ("T04", "order"): Example("tracking-number", ORDER),
    ("T04", "day"): Example("tracking-number", "20261120"),
    ("T04", "signs"): Example("tracking-number", "A/12345678", "/"),
    ("T04", "short"): Example("tracking-number", "A7"),
    ("T05", ""): Example("tracking-number", detail="1Z65CS8T0536011397"),
    ("M01", ""): Example("ship-method", "Ground"),
    ("M02", ""): Example("ship-method", "Ground, to the door, by day, never on a Sunday or holiday", "57"),
    ("X01", ""): Example("transparency_code", detail="11"),
    ("N01", ""): Example("ship_from_address_line1", detail="the first address line is missing"),
    ("N01", "invoice"): Example("amazon-order-id", ORDER),
    ("P01", ""): Example("cod-collection-method", "Cash"),
}
GROUPS: Final = {
    "F": "The file as a whole",
    "L": "Cells",
    "O": "Order numbers, and lines that come again",
    "S": "Status",
    "I": "Items of an order",
    "Q": "Quantities",
    "D": "Dates",
    "C": "Carriers",
    "T": "Tracking numbers",
    "M": "Ship method",
    "X": "Transparency codes",
    "N": "Ship-from address",
    "P": "Cash on delivery",
}
REMARKS: Final = {"C": "Amazon's list of carriers: [schemas/carrier-codes.txt](../schemas/carrier-codes.txt)."}
VERDICTS: Final = {
    Verdict.CONFIRMED: "Amazon accepted it",
    Verdict.CONFIRMED_WARNING: "accepted with a warning, which is shown",
    Verdict.UNCONFIRMED: "Amazon refused it",
    Verdict.UNKNOWN: "sent, but nobody can say what became of it; never shown as good, never sent again blindly",
    Verdict.QUEUED: "on its way: waits to be sent",
    Verdict.SENT: "on its way: waits for Amazon's answer",
    Verdict.UPDATED: "a packed, deferred or cancelled row, or one that a later line replaced: nothing goes to Amazon",
    Verdict.DUPLICATE: "the same shipment was told before; the message says where, and what became of it",
    Verdict.REJECTED: "the line breaks a rule; nothing was sent for it",
    Verdict.HELD: "waits for a word from you or the operator, or (O09) for the answer to an earlier line",
}
OF_A_LINE: Final = {
    Severity.ERROR: "the line is rejected; nothing is sent for it",
    Severity.HELD: "waits for a word",
    Severity.WARNING: "the line goes on; look at it all the same",
    Severity.INFO: "the line goes on; nothing to do",
}
OF_A_FILE: Final = {
    Severity.ERROR: "the whole file is rejected; nothing is sent of it",
    Severity.HELD: "nothing of the file is sent until somebody says so, or a better one comes in its place",
    Severity.WARNING: "the file is read; look at it all the same",
    Severity.INFO: "for your information",
}
INTRODUCTION: Final = """# What the service says, and what to do

Every line of a file gets a **verdict**. A **code** says what was found, in the receipt (with the number of the line),
in the rejected file and in the result. The messages below are filled in with examples: yours name your own columns and
cells. This page is made from the tables of the service itself; a test keeps it true."""
AMAZON: Final = f"""Codes that begin with `{CODE_PREFIX}` are Amazon's own. They come with Amazon's words, in the
language of its marketplace; those below come with an explanation too. Others are shown as Amazon gives them: compare
the line with the order in Seller Central, correct it, and drop it again."""


def verdicts() -> str:
    """The table of verdicts."""
    rows = [f"| `{verdict}` | {VERDICTS[verdict]} |" for verdict in Verdict]
    return "\n".join(["| verdict | meaning |", "| --- | --- |", *rows])


def codes() -> str:
    """The table of codes."""
    rows = [
        f"| [{one.code}](#{one.code.lower()}) | {one.severity}{_scope(one)} | {_cell(one.rule)} |"
        for one in CATALOGUE.values()
    ]
    return "\n".join(["| code | severity | rule |", "| --- | --- | --- |", *rows])


def _scope(entry: CatalogueEntry) -> str:
    return " (file)" if entry.scope == "file" else ""


def said(code: str, kind: str) -> Issue:
    """One wording with its example."""
    example = EXAMPLES[code, kind]
    detail = f"{kind}={example.detail}" if kind else example.detail
    return issue(code, column=example.column, value=example.value, detail=detail)


def page() -> str:
    """The whole page."""
    parts = [INTRODUCTION, f"## Contents\n\n{_contents()}"]
    parts += [f"## Verdicts\n\n{_marked('verdicts', verdicts())}", f"## All codes\n\n{_marked('codes', codes())}"]
    parts += [f"## {title}\n\n{_group(letter)}" for letter, title in GROUPS.items()]
    parts += [f"## What Amazon answers\n\n{AMAZON}\n\n{_amazon()}"]
    return "\n\n".join(parts) + "\n"


def _marked(name: str, table: str) -> str:
    return f"<!-- {name} -->\n{table}\n<!-- /{name} -->"


def _contents() -> str:
    rows = ["- [Verdicts](#verdicts)", "- [All codes](#all-codes)"]
    for letter, title in GROUPS.items():
        codes = ", ".join(f"[{code}](#{code.lower()})" for code in CATALOGUE if code[0] == letter)
        rows.append(f"- {title}: {codes}")
    return "\n".join([*rows, "- [What Amazon answers](#what-amazon-answers)"])


def _group(letter: str) -> str:
    remarks = [REMARKS[letter]] if letter in REMARKS else []
    return "\n\n".join([*remarks, *(_entry(entry) for entry in CATALOGUE.values() if entry.code[0] == letter)])


def _entry(entry: CatalogueEntry) -> str:
    meanings = OF_A_FILE if entry.scope == "file" else OF_A_LINE
    head = [f"### {entry.code}", f"{_upper(entry.rule)}.", f"**{entry.severity}**: {meanings[entry.severity]}."]
    rows = ["| message | what to do |", "| --- | --- |", *_rows(entry)]
    return "\n\n".join([*head, "\n".join(rows)])


def _rows(entry: CatalogueEntry) -> Iterator[str]:
    meanings = OF_A_FILE if entry.scope == "file" else OF_A_LINE
    for kind in ("", *entry.kinds):
        made = said(entry.code, kind)
        other = made.severity is not entry.severity
        milder = f"**{made.severity}** ({meanings[made.severity]}): " if other else ""
        yield f"| {milder}{_cell(made.message)} | {_cell(made.remedy)} |"


def _amazon() -> str:
    rows = ["| code | in plain words, and what to do | speaks of |", "| --- | --- | --- |"]
    for code, words in sorted(EXPLANATIONS.items(), key=lambda item: int(item[0])):
        about = "the document that we sent" if code in DOCUMENT_CODES else "the line"
        rows.append(f"| `{CODE_PREFIX}{code}` | {_cell(words)} | {about} |")
    return "\n".join(rows)


def _upper(text: str) -> str:
    return text[0].upper() + text[1:]


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("*", "\\*").replace("<", "&lt;")
