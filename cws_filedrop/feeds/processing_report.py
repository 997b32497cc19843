"""Amazon's processing reports: reading them, and what they say about every message of a feed.

Sources: docs/amazon.md#6-processing-reports; what follows from them: docs/domain.md#9-sending. Knows message ids, never
lines or uploads. Reads leniently, so that an element which Amazon adds some day costs nobody an answer; judges
strictly: if the report leaves any doubt about what became of the messages, all of them are `unknown`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from io import BytesIO
from typing import Any, Final

import pandas as pd
from lxml import etree

from cws_filedrop.model import Verdict
from cws_filedrop.tables import TEXT

CODE_PREFIX: Final = "A-"
BETWEEN_CODES: Final = ", "
BETWEEN_MESSAGES: Final = " | "
LARGEST_ID: Final = 2**63 - 1

# Codes that are about the document, not the message they name (docs/amazon.md#6-processing-reports).
DOCUMENT_CODES: Final = frozenset({"25", "5000", "5001", "5002", "50001", "90012"})

# Amazon's codes for order feeds in plain words, and what to do (docs/amazon.md#6-processing-reports). Other codes are
# shown as they are.
EXPLANATIONS: Final = {
    "25": "Amazon found the document not to fit its schema and did not take it. There is nothing to correct in your"
    " file; the operator has to look into it.",
    "5000": "Amazon skipped this or could not read the document. As a warning it is harmless: the same data had been"
    " sent before. As an error the operator has to look into it.",
    "5002": "Amazon could not read the document, or had a fault of its own. There is nothing to correct in your file;"
    " the operator has to look into it.",
    "18021": "More units were confirmed than are left to ship: the order line was confirmed before, or partly"
    " cancelled. Compare with the order in Seller Central; if it shows as shipped, there is nothing to do.",
    "18028": "Amazon does not know this order under your seller account, or the data for it are incomplete. Check the"
    " order-id, the seller account and the order-item-id, correct the line and drop it again.",
    "18181": "The tracking number does not have the carrier's format, such as a wrong length. Correct tracking number"
    " or carrier and drop the line again.",
    "50001": "The document reached Amazon damaged or incomplete. There is nothing to correct in your file; the"
    " operator has to look into it.",
    "90012": "Amazon missed a required column and took nothing. The operator has to look into it.",
    "90061": "Amazon ignored a column it does not know; the shipment itself was taken.",
}

ENCODINGS: Final = {"windows-31j": "cp932", "x-sjis": "cp932", "shift_jis": "cp932"}
DECLARED: Final = re.compile(rb"""^(<\?xml[^>]*?encoding\s*=\s*["'])([A-Za-z][A-Za-z0-9._-]*)(["'])""")

# Fetch nothing, expand no entity, keep libxml2's limits. Comments are removed, since one would split an element's text.
READER: Final[dict[str, Any]] = {
    "events": ("end",),
    "tag": ("{*}Result", "{*}ProcessingReport"),
    "resolve_entities": False,
    "load_dtd": False,
    "no_network": True,
    "remove_comments": True,
    "remove_pis": True,
}


class ResultCode(StrEnum):
    """The severity of a Result."""

    ERROR = "Error"
    WARNING = "Warning"


WEIGHTS: Final = frozenset(ResultCode)


@dataclass(frozen=True, slots=True)
class Counts:
    """The ProcessingSummary."""

    processed: int
    successful: int
    with_error: int
    with_warning: int


@dataclass(frozen=True, slots=True)
class Result:
    """What Amazon reports about one message. `message_id` 0 is the document; `order_id` is "" if not given."""

    message_id: int
    result_code: ResultCode
    code: str
    description: str
    order_id: str


@dataclass(frozen=True, slots=True)
class ProcessingReport:
    """A processing report as Amazon wrote it. `counts` is None where it has no summary."""

    document_transaction_id: str
    status_code: str
    counts: Counts | None
    results: tuple[Result, ...]


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Bytes that are no processing report, and why not."""

    reason: str


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """A verdict for every message of a feed: `default`, but for the messages in `exceptions`.

    `reason` is "" where the report can be trusted, else a sentence that says why all are `unknown`.
    `exceptions` has one row a message, by message id: message_id int64; verdict, code ("A-18028", several joined by
    ", ") and message (Amazon's words, several joined by " | ") TEXT. All its messages are ones that were sent.
    """

    default: Verdict
    exceptions: pd.DataFrame
    reason: str


class _Malformed(Exception):
    """Well-formed XML that is no processing report."""


def read(document: bytes, charset: str | None = None) -> ProcessingReport | Unreadable:
    """A report, parsed; `charset` is that of the download's Content-Type, if it had one.

    The encoding is the one declared; bytes that contradict it are read as `charset`, else as Windows-1252, so that an
    accent in a description does not cost the answers.
    """
    reason = ""
    for attempt in _readings(document, charset):
        try:
            return _report(attempt)
        except etree.XMLSyntaxError as error:
            reason = reason or str(error.msg)
        except _Malformed as error:
            return Unreadable(str(error))
    return Unreadable(f"the report is not well-formed XML: {reason}")


def answers(report: ProcessingReport | Unreadable, messages_sent: int, *, first_message_id: int = 1) -> Answers:
    """What became of the `messages_sent` messages numbered from `first_message_id` on.

    A message succeeded if a Complete report, whose counts add up, has no Error for it: Amazon does not list successes.
    Otherwise none is confirmed: all are `unknown`, those that Amazon named with its words.
    """
    if isinstance(report, Unreadable):
        return Answers(Verdict.UNKNOWN, _exceptions({}), _sentence(report.reason))
    sent = range(first_message_id, first_message_id + messages_sent)
    reason = next(_doubts(report, sent), "")
    named: dict[int, list[Result]] = {}
    for result in report.results:
        if result.message_id in sent:
            named.setdefault(result.message_id, []).append(result)
    if reason:
        return Answers(Verdict.UNKNOWN, _exceptions(named, Verdict.UNKNOWN), _sentence(reason))
    return Answers(Verdict.CONFIRMED, _exceptions(named), "")


def explain(code: str) -> str:
    """Amazon's code ("A-18028", "18028" or several joined) in plain words with what to do; "" where none is known."""
    bare = (part.removeprefix(CODE_PREFIX) for part in code.split(BETWEEN_CODES))
    return " ".join(EXPLANATIONS[part] for part in bare if part in EXPLANATIONS)


# Judging


def _doubts(report: ProcessingReport, sent: range) -> Iterator[str]:
    """Why the report cannot be trusted, weightiest reason first."""
    if report.status_code != "Complete":
        yield f"the report's status is {report.status_code or 'missing'}, not Complete"
    for result in report.results:
        if result.message_id == 0:
            yield f"Amazon speaks of the document as a whole ({_said(result)})"
        elif result.result_code is ResultCode.ERROR and result.code in DOCUMENT_CODES:
            yield f"Amazon could not read the document ({_said(result)})"
        elif result.message_id not in sent:
            yield f"the report names message {result.message_id}, which was not sent"
    yield from _miscounts(report, len(sent))


def _miscounts(report: ProcessingReport, sent: int) -> Iterator[str]:
    counts = report.counts
    if counts is None:
        yield "the report has no counts"
        return
    refused = len({result.message_id for result in report.results if result.result_code is ResultCode.ERROR})
    if counts.processed != sent:
        yield f"{sent} messages were sent and {counts.processed} processed"
    if counts.successful + counts.with_error != counts.processed:
        yield (
            f"the counts contradict each other: {counts.processed} processed, {counts.successful} successful,"
            f" {counts.with_error} with error"
        )
    if counts.with_error != refused:
        yield f"the report counts {counts.with_error} messages with an error and names {refused}"
    if counts.with_warning > counts.processed:
        yield f"the report counts {counts.with_warning} messages with a warning out of {counts.processed}"


def _said(result: Result) -> str:
    return f"{CODE_PREFIX}{result.code}: {result.description}"


def _sentence(reason: str) -> str:
    return f"Nobody can say what became of these shipments: {reason.rstrip('.')}."


def _exceptions(named: dict[int, list[Result]], verdict: Verdict | None = None) -> pd.DataFrame:
    rows = [_exception(message_id, named[message_id], verdict) for message_id in sorted(named)]
    frame = pd.DataFrame(rows, columns=["message_id", "verdict", "code", "message"])
    return frame.astype({"message_id": "int64", "verdict": TEXT, "code": TEXT, "message": TEXT})


def _exception(message_id: int, results: list[Result], verdict: Verdict | None) -> tuple[int, str, str, str]:
    """One message's row. An Error outweighs a Warning; all codes and texts about it are kept once, errors first."""
    ranked = sorted(results, key=lambda result: result.result_code is not ResultCode.ERROR)
    refused = ranked[0].result_code is ResultCode.ERROR
    own = Verdict.UNCONFIRMED if refused else Verdict.CONFIRMED_WARNING
    codes = dict.fromkeys(f"{CODE_PREFIX}{result.code}" for result in ranked)
    messages = dict.fromkeys(result.description for result in ranked if result.description)
    return message_id, str(verdict or own), BETWEEN_CODES.join(codes), BETWEEN_MESSAGES.join(messages)


# Reading


def _readings(document: bytes, charset: str | None) -> Iterator[bytes]:
    """The bytes as they are; then, in case they contradict their declaration, re-encoded from what they may be."""
    yield document
    declared = DECLARED.match(document)
    names = (declared[2].decode() if declared else None, charset, "cp1252")
    for name in filter(None, names):
        try:
            text = document.decode(ENCODINGS.get(name.lower(), name))
        except (LookupError, UnicodeDecodeError):
            continue
        yield DECLARED.sub(rb"\1UTF-8\3", text.encode())


def _report(document: bytes) -> ProcessingReport:
    """Parse result by result, dropping each when done, so that memory stays flat however many there are."""
    texts: dict[str, str] = {}
    results: list[Result] = []
    reports = 0
    for node in _finished(document):
        if etree.QName(node).localname == "Result":
            results.append(_result(_texts(node)))
        else:
            reports += 1
            texts = _texts(node)
    if reports != 1:
        raise _Malformed(f"the document holds {reports} processing reports instead of one")
    return ProcessingReport(
        texts.get("DocumentTransactionID", ""), texts.get("StatusCode", ""), _counts(texts), tuple(results)
    )


def _finished(document: bytes) -> Iterator[etree._Element]:
    """Every Result, and the report around them without its results, in whatever namespace."""
    earlier: etree._Element | None = None
    events: Iterator[tuple[str, etree._Element]] = etree.iterparse(BytesIO(document), **READER)
    for _, node in events:
        if earlier is None and node.getroottree().docinfo.internalDTD is not None:
            raise _Malformed("the report has a document type declaration, which Amazon's never have")
        parent = None if earlier is None else earlier.getparent()
        if earlier is not None and parent is not None:
            parent.remove(earlier)  # only now that the parser has left it
        earlier = node
        yield node


def _texts(node: etree._Element) -> dict[str, str]:
    """The text of every element below, by local name, blanks collapsed."""
    return {
        str(child.tag).rpartition("}")[2]: " ".join(child.text.split())
        for child in node.iterdescendants()
        if child.text
    }


def _result(texts: dict[str, str]) -> Result:
    weight = texts.get("ResultCode", "")
    if weight not in WEIGHTS:
        raise _Malformed(f"the report has a result that is neither Error nor Warning: {weight or 'nothing'}")
    return Result(
        _number(texts, "MessageID"),
        ResultCode(weight),
        texts.get("ResultMessageCode", ""),
        texts.get("ResultDescription", ""),
        texts.get("AmazonOrderID", ""),
    )


def _counts(texts: dict[str, str]) -> Counts | None:
    if "MessagesProcessed" not in texts:
        return None
    names = ("MessagesProcessed", "MessagesSuccessful", "MessagesWithError", "MessagesWithWarning")
    return Counts(*(_number(texts, name) for name in names))


def _number(texts: dict[str, str], name: str) -> int:
    text = texts.get(name, "")
    if not (text.isascii() and text.isdecimal()) or len(text) > 20 or int(text) > LARGEST_ID:
        raise _Malformed(f"the report has {text or 'nothing'!r} for {name}, where a number belongs")
    return int(text)
