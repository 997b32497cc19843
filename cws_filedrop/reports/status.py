"""STATUS.txt and STATUS.json: what is under way, who has to act, what needs the seller (docs/domain.md#2-home)."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from cws_filedrop.reports.marketplace import MarketplaceKind

WIDTH: Final = 78
SHOWN_REFUSED: Final = 100  # orders
LEAVES_NOW_SECONDS: Final = 15
LONG_MINUTES: Final = 5.0  # below that nobody needs to hear how long looking orders up takes
WAITS_ON: Final = {
    "arrived": "us: to be read",
    "waiting": "Amazon",
    "held": "you or the operator",
    "cut": "you: upload it again, whole",
    "failed": "the operator",
}


@dataclass(frozen=True, slots=True)
class Status:
    """How a seller stands.

    `uploads` and `results`, newest first: id, name, state, line_count, waiting, counts (lines by verdict as they are
    now), outcome (the same in words), why (it is held). `unconfirmed`, newest first: upload_id, line, order_id,
    amazon_order_id, order_item_id, code, message; `refused_orders`: the same with each order once, by its newest
    refused line, and how many lines, remedy, link; `unknown`: lines whose outcome nobody can tell. `departure`: lines
    that wait to leave (or_more: counting stopped there), in how many seconds they may, whether after_feed (the feed
    before is not answered), lines with_amazon and with_amazon_since. `…_more`: how many there are beyond those that are
    listed. `late_soon`, most urgent first: order_id, number, ship_by, state, open (what is not confirmed, in words).
    `missing`, oldest first: order_id, accepted_at, note. `to_look_up`: orders that are to be looked up at Amazon now,
    and how many minutes that takes at Amazon's rate limit. `hooks_off`, web hooks that were switched off because they
    accepted nothing: id, url, why. `stopped`: why nothing is sent. `unresolved`, feeds of which nobody knows yet
    whether Amazon has them: no, lines, since, why. `marketplace` is who answers for Amazon.
    """

    seller: str
    written_at: str
    stopped: str
    uploads: Sequence[Mapping[str, Any]]
    unconfirmed: Sequence[Mapping[str, Any]]
    results: Sequence[Mapping[str, Any]]
    late_soon: Sequence[Mapping[str, Any]] = ()
    missing: Sequence[Mapping[str, Any]] = ()
    hooks_off: Sequence[Mapping[str, Any]] = ()
    unknown: Sequence[Mapping[str, Any]] = ()
    unresolved: Sequence[Mapping[str, Any]] = ()
    to_look_up: int = 0
    to_look_up_minutes: float = 0.0
    ignored: Sequence[Mapping[str, Any]] = ()
    refused_orders: Sequence[Mapping[str, Any]] = ()
    departure: Mapping[str, Any] = field(default_factory=dict)
    uploads_more: int = 0
    unconfirmed_more: int = 0
    marketplace: MarketplaceKind = MarketplaceKind.AMAZON


def as_json(status: Status) -> bytes:
    """For programs: version 1, which is only ever extended."""
    return json.dumps({"version": 1, **asdict(status)}, indent=1, ensure_ascii=False).encode() + b"\n"


def text(status: Status) -> str:
    """For people, 78 columns wide, with CRLF line ends."""
    lines = [f"{status.seller}: status of {status.written_at[:19].replace('T', ' ')} UTC", "=" * WIDTH, ""]
    said = status.marketplace.said
    if status.marketplace.notice:
        lines += [*_wrapped(status.marketplace.notice, "", ""), ""]
    if status.stopped:
        lines += [*_wrapped(f"NOTHING IS SENT TO AMAZON at the moment: {status.stopped}", "", ""), ""]
    in_work = [_upload(item, status.marketplace) for item in status.uploads]
    lines += _section("In work", [*in_work, *_leaving(status), *_more(status.uploads_more, "upload")], "nothing")
    if status.ignored:
        lines += _section("In your folders, and not taken", [_ignored(item) for item in status.ignored], "")
    refused = [_refused_order(item) for item in status.refused_orders[:SHOWN_REFUSED]]
    lines += _section(said("Refused by Amazon (unconfirmed)"), [*refused, *_refused_more(status)], "none")
    if status.unknown:
        rows = [_refused(item) for item in status.unknown]
        lines += _section(said("Sent, and nobody knows whether Amazon took them (unknown)"), rows, "")
    if status.unresolved:
        rows = [_unresolved(item) for item in status.unresolved]
        lines += _section(said("Being looked for at Amazon: they wait, and are not sent twice"), rows, "")
    if status.late_soon:
        rows = [_late(item, status.written_at) for item in status.late_soon]
        lines += _section("To be shipped soon, and not confirmed", rows, "")
    if status.missing:
        rows = [_missing(item) for item in status.missing]
        lines += _section(said("Accepted by Amazon, but not seen in its orders"), rows, "")
    if status.to_look_up_minutes >= LONG_MINUTES:
        takes = _duration(status.to_look_up_minutes)
        rows = [f"{status.to_look_up:,} wait, which takes about {takes} at Amazon's pace"]
        lines += _section(said("Orders to be looked up at Amazon"), rows, "")
    if status.hooks_off:
        rows = [f"{item['id']} {item['url']}: {item['why']}" for item in status.hooks_off]
        lines += _section("Web hooks that are switched off", rows, "")
    lines += _section("Last results", [_result(item, status.marketplace) for item in status.results], "none yet")
    return "\r\n".join(lines).rstrip() + "\r\n"


def _duration(minutes: float) -> str:
    if minutes >= 120:
        return f"{minutes / 60:.0f} hours"
    return "a minute" if round(minutes) == 1 else f"{minutes:.0f} minutes"


def _section(title: str, entries: Sequence[str], nothing: str) -> list[str]:
    rows = [line for entry in entries for line in _wrapped(entry, "  ", "    ")]
    return [title, *(rows or [f"  {nothing}"]), ""]


def _wrapped(sentence: str, first: str, indent: str) -> list[str]:
    words = " ".join(sentence.split())
    return textwrap.wrap(words, WIDTH, initial_indent=first, subsequent_indent=indent, break_on_hyphens=False)


def _upload(item: Mapping[str, Any], marketplace: MarketplaceKind) -> str:
    lines = f", {item['waiting']:,} of {item['line_count']:,} lines" if item["waiting"] else ""
    why = f". {item['why']}" if item.get("why") else ""
    return f"{item['name']} ({item['id']}): waits on {marketplace.said(WAITS_ON[item['state']])}{lines}{why}"


def _leaving(status: Status) -> list[str]:
    """What waits to leave and when it may; what Amazon has. A stopped account is spoken of above."""
    leaving, said = status.departure, status.marketplace.said
    told = []
    if leaving.get("lines") and not status.stopped:
        more = " or more" if leaving["or_more"] else ""
        told.append(said(f"{_number(leaving['lines'], 'line')}{more} to be sent to Amazon: {_when(leaving)}"))
    if leaving.get("with_amazon"):
        since = _minute(leaving["with_amazon_since"])
        told.append(said(f"{_number(leaving['with_amazon'], 'line')} with Amazon since {since}, not answered yet"))
    return told


def _when(leaving: Mapping[str, Any]) -> str:
    if leaving["after_feed"]:
        return "once Amazon has answered what was sent before"
    if leaving["seconds"] < LEAVES_NOW_SECONDS:
        return "they leave now"
    minutes = max(1.0, leaving["seconds"] / 60)
    return f"they leave in about {_duration(minutes)}, at Amazon's pace"


def _refused_order(item: Mapping[str, Any]) -> str:
    number, own = item["amazon_order_id"], item["order_id"]
    order = number if own in ("", number) else f"{number} (your {own})"
    where = f"upload {item['upload_id']}, line {item['line']}"
    if item["lines"] > 1:
        where = f"{item['lines']:,} lines, the last in {where}"
    told = f"{order}, {where}: {item['code']} {item['message'].partition(' | ')[0]}"
    return " ".join(filter(None, (told, item["remedy"], item["link"])))


def _refused_more(status: Status) -> list[str]:
    unseen = sum(item["lines"] for item in status.refused_orders[SHOWN_REFUSED:]) + status.unconfirmed_more
    return _more(unseen, "line")


def _more(number: int, what: str) -> list[str]:
    return [f"and {_number(number, what)} more"] if number else []


def _number(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def _ignored(item: Mapping[str, Any]) -> str:
    return f"{item['name'].partition('/')[0]}: {item['why']}"


def _refused(item: Mapping[str, Any]) -> str:
    what = " ".join(filter(None, (item["order_id"], item["order_item_id"])))
    return f"{what} (upload {item['upload_id']}, line {item['line']}): {item['code']} {item['message']}"


def _unresolved(item: Mapping[str, Any]) -> str:
    return f"{item['lines']:,} lines, sent {_minute(item['since'])} with no answer (feed {item['no']}): {item['why']}"


def _late(item: Mapping[str, Any], now: str) -> str:
    when = "was to be shipped by" if item["ship_by"] < now else "is to be shipped by"
    state = ": ".join(filter(None, (item["state"], item.get("open", ""))))
    return f"{item['order_id']} ({state}) {when} {_minute(item['ship_by'])}"


def _missing(item: Mapping[str, Any]) -> str:
    note = f": {item['note']}" if item["note"] else ""
    return f"{item['order_id']}, accepted {_minute(item['accepted_at'])}{note}"


def _minute(stamp: str) -> str:
    return f"{stamp[:16].replace('T', ' ')} UTC"


def _result(item: Mapping[str, Any], marketplace: MarketplaceKind) -> str:
    return f"{item['name']} ({item['id']}): {marketplace.said(item['outcome'])}"
