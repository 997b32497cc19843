"""README.txt of the evidence of an order: all of it in plain words. Made from the same values as evidence.json."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from cws_filedrop.reports.marketplace import NOTICE, MarketplaceKind, is_sandbox_feed

WIDTH: Final = 78
LABEL: Final = 16
Values = Mapping[str, Any]
WHOLE: Final = (
    "Uploaded files, feed documents and reports are whole, so that their sums can be checked against what was recorded"
    " at the time. They hold other orders, too, perhaps other sellers': give this to nobody outside."
    " `cws-filedrop order evidence --only-this-order` makes one that can be given away."
)
EXTRACTS: Final = (
    "Uploaded files, feed documents and reports are not whole: only what is about this order was taken out of them."
    " Their sums, as recorded at the time, are those of the whole files, which are kept."
)
CHECK: Final = "`sha256sum -c SHA256SUMS` checks the files of this archive; evidence.json has the same as data."


def text(evidence: Values) -> str:
    """The whole text, with LF line ends. Lines as typed by sellers are not wrapped."""
    order = evidence["order"]
    title = f"Evidence for order {order['order_id']}"
    parts = [
        [title, "=" * len(title), ""],
        *([[*_wrapped(NOTICE), ""]] if _of_sandbox(evidence) else []),
        _wrapped(EXTRACTS if evidence["only_this_order"] else WHOLE),
        _wrapped(f"All moments are UTC. {CHECK}"),
        [""],
        _headed("The order", _order(order)),
        _headed("In short", _short(evidence)),
        *(_headed(f"Upload {one['id']}: {one['name']}", _upload(one)) for one in evidence["uploads"]),
        *(_headed(_feed_title(one), _feed(one)) for one in evidence["feeds"]),
        _headed("What Amazon's own order showed", _read_back(evidence["read_back"])),
        _headed("What people decided", [_decision(one) for one in _decided(evidence)] or ["Nothing."]),
        _headed("History of the order", [_event(one) for one in evidence["history"]] or ["None is kept."]),
    ]
    return "\n".join(_printable(line) for part in parts for line in part).rstrip() + "\n"


def _of_sandbox(evidence: Values) -> bool:
    """Has the sandbox to do with it: now, or when one of its feeds was sent?"""
    now = evidence["marketplace"] == MarketplaceKind.SANDBOX
    return now or any(is_sandbox_feed(one["amazon_feed_id"]) for one in evidence["feeds"])


def _headed(title: str, lines: Sequence[str]) -> list[str]:
    return [title, "-" * len(title), *lines, ""]


def _order(order: Values) -> list[str]:
    ordered = [
        f"{one['order_item_id']}" + (f" x {one['quantity']}" if one["quantity"] else "") + f" {one['sku']}"
        for one in order["lines"]
    ]
    facts = {
        "account": f"merchant {order['merchant_id']}, marketplace {order['marketplace_id']}",
        "at Amazon": order["amazon_url"],
        "our number": order.get("number"),
        "reference": order.get("reference"),
        "state": order.get("state"),
        "bought": _clock(order.get("purchase_date")),
        "ship by": _clock(order.get("latest_ship_date")),
        "shipped": _clock(order.get("shipped_at")),
        "ordered": "; ".join(ordered),
    }
    return _facts(facts)


def _short(evidence: Values) -> list[str]:
    """The main events, in order of time."""
    entries: list[tuple[str, str]] = []
    for one in evidence["uploads"]:
        verdicts = ", ".join(dict.fromkeys(line["verdict"] for line in one["lines"]))
        entries.append((one["arrived_at"], f"{one['seller']} dropped {one['name']} by {one['door']}: {verdicts}"))
    for one in evidence["feeds"]:
        name = f"feed {one['no']}" + (f" (Amazon's {one['amazon_feed_id']})" if one["amazon_feed_id"] else "")
        entries.append((one["submitted_at"] or "", f"given to Amazon with {name}"))
        entries.append((one["settled_at"] or "", f"Amazon answered {name}"))
    entries += [(one["at"], f"{one['who']}: {one['what']} {one['detail']}") for one in _decided(evidence)]
    back = evidence["read_back"]
    if back and back["looked_at"]:
        entries.append((back["looked_at"], f"Amazon's own order: {back['shown'].get('status') or 'there is none'}"))
    return [line for at, what in sorted(entries, key=lambda entry: entry[0]) if at for line in _entry(at, what)]


def _upload(one: Values) -> list[str]:
    whence = one["client"] or "this machine"
    facts = {
        "dropped": f"{_clock(one['arrived_at'])} by {one['seller']}, by {one['door']} from {whence}",
        "complete": _beside(one["grade"], one["evidence"]),
        "file": f"{one['size']:,} bytes, lines: {one['line_count']:,}",
        "SHA-256": one["sha256"],
        "in here": _file(one["file"]),
        "state": one["state"],
        "receipt": _clock(one["answered_at"]),
        "last answer": _clock(one["done_at"]),
    }
    lines = _facts(facts)
    lines += [line for row in one["session"] for line in _entry(row["at"], _at_the_door(row))]
    lines += [f"  headings: {one['heading']}"] if one["heading"] else []
    for line in one["lines"]:
        lines += ["", *_line(line)]
    lines += ["", "  what the seller was answered:"] if one["answers"] else ["", "  no answer of it is kept any more"]
    return lines + [f"    {answer['path']} (SHA-256 {answer['sha256']})" for answer in one["answers"]]


def _file(file: Values) -> str:
    checked = {
        True: "the SHA-256 of the kept file was checked and is the recorded one",
        False: f"the SHA-256 of the kept file IS NOT the recorded one, but {file['sha256']}: it has changed since",
        None: "",
    }[file["matches"]]
    return "; ".join(filter(None, (file["path"], file["why"], checked)))


def _at_the_door(row: Values) -> str:
    whence = f" from {row['address']}" if row["address"] else ""
    what = f"{row['event']} as {row['seller']} by {row['door']}{whence}"
    size = f"{row['size']:,} bytes" if row["size"] is not None else ""
    return ", ".join(filter(None, (what, row["client"], row["name"], size, row["detail"])))


def _line(line: Values) -> Iterator[str]:
    yield f"  line {line['line']}: {line['text'] if line['text'] is not None else 'the file is not kept any more'}"
    shipment = line["shipment"]
    if shipment is None:
        yield "    Amazon was told nothing of it"
    else:
        named = ", ".join(f"{name} {value}" for name, value in shipment.items() if value)
        yield from _wrapped(f"told to Amazon: {named}".replace("\x1f", " / "), "    ")
    if line["feed_no"] is not None:
        yield f"    in feed {line['feed_no']}, message {line['message_id']}"
    reason = " ".join(filter(None, (line["code"], line["message"])))
    yield from _wrapped(f"verdict: {_beside(line['verdict'], reason)}", "    ")
    if line["seen_at"]:
        yield f"    shown by Amazon's own order: {_clock(line['seen_at'])}"


def _feed_title(one: Values) -> str:
    return f"Feed {one['no']}" + (f" (Amazon's {one['amazon_feed_id']})" if one["amazon_feed_id"] else "")


def _feed(one: Values) -> list[str]:
    messages = ", ".join(map(str, one["message_ids"]))
    facts = {
        "of this order": f"MessageID {messages} of {one['message_count']:,} messages ({one['kind']})",
        "given to Amazon": _clock(one["submitted_at"]) or "not yet",
        "answered": _clock(one["settled_at"]) or "not yet",
        "note": one["note"],
        "document": _document(one["document"]),
        "report": _document(one["report"]),
    }
    lines = _facts(facts)
    results = one["results"]
    if results is None:
        return lines + _wrapped("No report is here that could be read.", "  ")
    if not results:
        return lines + _wrapped("Amazon's report names no error and no warning for this order's messages.", "  ")
    for result in results:
        about = f"message {result['message_id']}" if result["message_id"] else "the document as a whole"
        lines += _wrapped(f"{result['result']} {result['code']} about {about}: {result['text']}", "  ")
    return lines


def _document(document: Values) -> str:
    whole = f"SHA-256 of all of it {document['sha256']}" if document["sha256"] else ""
    return "; ".join(filter(None, (document["path"], document["why"], whole)))


def _read_back(back: Values | None) -> list[str]:
    if back is None:
        return ["It was not looked for: nothing of it was accepted, or that was too long ago."]
    if not back["looked_at"]:
        return ["It has not been looked at yet."]
    shown = back["shown"]
    lines = [f"Looked at {_clock(back['looked_at'])}: {shown.get('status') or 'Amazon knew no such order'}"]
    for one in shown.get("packages", []):
        items = ", ".join(f"{item['item']} x {item['quantity']}" for item in one["items"])
        sent = f"shipped {_clock(one['shipped_at'])}" if one["shipped_at"] else ""
        named = one["tracking"] or "without a tracking number"
        lines += _wrapped("package " + ", ".join(filter(None, (named, one["carrier"], sent, items))), "  ")
    for one in shown.get("items", []):
        lines.append(
            f"  item {one['item']}: {one['shipped']} of {one['ordered']} shipped, {one['cancelled']} cancelled"
        )
    return lines


def _decided(evidence: Values) -> list[Values]:
    """All that people decided about the order, its uploads and its feeds, by time."""
    decisions = [*evidence["decided"]]
    for subject in (*evidence["uploads"], *evidence["feeds"]):
        decisions += subject["decided"]
    return sorted(decisions, key=lambda decision: str(decision["at"]))


def _decision(one: Values) -> str:
    return f"{_clock(one['at'])}  {one['who']}: {one['what']} {one['detail']}".rstrip()


def _event(one: Values) -> str:
    where = f" (upload {one['upload_id']}, line {one['line']})" if one["upload_id"] else ""
    return f"{_clock(one['at'])}  {one['who']}: {one['state']}, {one['what']}{where}"


def _entry(at: str, what: str) -> list[str]:
    return textwrap.wrap(f"{_clock(at)}  {what}", WIDTH, subsequent_indent=" " * 21, break_on_hyphens=False)


def _facts(facts: Mapping[str, str | None]) -> list[str]:
    lines = []
    for name, value in facts.items():
        if value:
            wrapped = textwrap.wrap(value, WIDTH - LABEL, break_on_hyphens=False, break_long_words=False)
            lines += [f"{name:<{LABEL}}{wrapped[0]}", *(" " * LABEL + more for more in wrapped[1:])]
    return lines


def _wrapped(sentence: str, indent: str = "") -> list[str]:
    words = " ".join(sentence.split())
    return textwrap.wrap(words, WIDTH, initial_indent=indent, subsequent_indent=indent + "  " if indent else "")


def _clock(at: str | None) -> str:
    return at[:19].replace("T", " ") if at else ""


def _beside(word: str, more: str) -> str:
    return f"{word} ({more})" if more else word


def _printable(line: str) -> str:
    """The line without characters that could play tricks on a terminal: it may hold what a stranger typed."""
    return "".join(char if char.isprintable() or char == "\t" else "\N{REPLACEMENT CHARACTER}" for char in line)
