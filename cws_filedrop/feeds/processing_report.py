"""Amazon's processing reports: reading them, and what they say about every message of a feed.

Sources: docs/amazon.md#6-processing-reports; what follows from them: docs/domain.md#9-sending. Knows message ids, never
lines or uploads. Reads leniently, so that an element which Amazon adds some day costs nobody an answer; judges
strictly: if the report leaves any doubt about what became of the messages, all of them are `unknown`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
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
EXCERPT_CHARACTERS: Final = 300
TAG: Final = re.compile(r"<[^<>]*>")

# Codes that are about the document, not the message they name (docs/amazon.md#6-processing-reports).
DOCUMENT_CODES: Final = frozenset({"25", "5000", "5001", "5002", "50001", "90012"})
TEMPORARY_CODES: Final = frozenset({"5002", "14001", "20003", "159144"})  # Amazon's own trouble, perhaps

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
COMPLETE: Final = "Complete"
ENDED: Final = (COMPLETE, "Rejected")  # statuses of reports that will not change any more


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
    `codes` and `words` are what Amazon said of the document as a whole. `nothing_taken`: Amazon says that it took no
    message at all, so that all may be sent again; `temporary`: it may then take them as they are. `final`: doubtful or
    not, it is the whole report on this very feed, and asking again brings no other.
    """

    default: Verdict
    exceptions: pd.DataFrame
    reason: str
    codes: str = ""
    words: str = ""
    nothing_taken: bool = False
    temporary: bool = False
    final: bool = False


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


def answers(
    report: ProcessingReport | Unreadable, messages_sent: int, *, first_message_id: int = 1, feed_id: str = ""
) -> Answers:
    """What became of the `messages_sent` messages numbered from `first_message_id` on, of Amazon's feed `feed_id`.

    A message succeeded if a Complete report, whose counts add up, has no Error for it: Amazon does not list successes.
    Otherwise none is confirmed: all are `unknown`, those that Amazon named with its words.
    """
    if isinstance(report, Unreadable):
        return Answers(Verdict.UNKNOWN, _exceptions({}), _sentence(report.reason))
    sent = range(first_message_id, first_message_id + messages_sent)
    reason = next(_doubts(report, sent, feed_id), "")
    named: dict[int, list[Result]] = {}
    for result in report.results:
        if result.message_id in sent:
            named.setdefault(result.message_id, []).append(result)
    of_all = [result for result in report.results if _about_all(result)]
    found = Answers(Verdict.CONFIRMED, _exceptions(named), "", *_joined(of_all), final=True)
    if not reason:
        return found
    ours = not any(_strangeness(report, sent, feed_id))
    return replace(
        found,
        default=Verdict.UNKNOWN,
        exceptions=_exceptions(named, Verdict.UNKNOWN),
        reason=_sentence(reason),
        nothing_taken=ours and _took_nothing(report, bool(of_all)),
        temporary=not of_all or any(result.code in TEMPORARY_CODES for result in of_all),
        final=ours and bool(feed_id) and report.document_transaction_id == feed_id and report.status_code in ENDED,
    )


def explain(code: str) -> str:
    """Amazon's code ("A-18028", "18028" or several, also beside ours) in plain words with what to do; "" where none is
    known."""
    bare = (part.strip().removeprefix(CODE_PREFIX) for part in code.replace("|", ",").split(","))
    return " ".join(EXPLANATIONS[part] for part in bare if part in EXPLANATIONS)


def excerpt(report: bytes) -> str:
    """The beginning of an answer that is no report, on one line and without tags, to be shown to people; "" when there
    is nothing to read in it."""
    text = TAG.sub(" ", report[: 4 * EXCERPT_CHARACTERS].decode("utf-8", "replace"))
    words = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
    return words if len(words) <= EXCERPT_CHARACTERS else words[:EXCERPT_CHARACTERS] + "…"


# Judging


def _doubts(report: ProcessingReport, sent: range, feed_id: str) -> Iterator[str]:
    """Why the report cannot be trusted, weightiest reason first. A warning about the whole document is no doubt."""
    if report.status_code != COMPLETE:
        yield f"the report's status is {report.status_code or 'missing'}, not Complete"
    for result in report.results:
        if result.result_code is ResultCode.ERROR and result.message_id == 0:
            yield f"Amazon speaks of the document as a whole ({_said(result)})"
        elif result.result_code is ResultCode.ERROR and result.code in DOCUMENT_CODES:
            yield f"Amazon could not read the document ({_said(result)})"
    yield from _strangeness(report, sent, feed_id)
    yield from _miscounts(report, len(sent))


def _strangeness(report: ProcessingReport, sent: range, feed_id: str) -> Iterator[str]:
    """Why it may be the report on another feed."""
    about = report.document_transaction_id
    if feed_id and about and about != feed_id:
        yield f"the report is about Amazon's feed {about}, and ours is {feed_id}"
    for result in report.results:
        if result.message_id and result.message_id not in sent:
            yield f"the report names message {result.message_id}, which was not sent"
    if report.counts is not None and report.counts.processed > len(sent):
        yield f"{len(sent)} messages were sent and {report.counts.processed} processed"


def _about_all(result: Result) -> bool:
    """Is it about the document, whichever message it names?"""
    return result.message_id == 0 or (result.result_code is ResultCode.ERROR and result.code in DOCUMENT_CODES)


def _took_nothing(report: ProcessingReport, speaks_of_all: bool) -> bool:
    """Does Amazon say that no message was taken? Counts that contradict each other otherwise are usual then."""
    counts = report.counts
    if counts is None or counts.successful or report.status_code not in ENDED:
        return False
    return counts.processed == 0 or speaks_of_all


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
    """One message's row. An Error outweighs a Warning."""
    refused = any(result.result_code is ResultCode.ERROR for result in results)
    own = Verdict.UNCONFIRMED if refused else Verdict.CONFIRMED_WARNING
    return message_id, str(verdict or own), *_joined(results)


def _joined(results: list[Result]) -> tuple[str, str]:
    """All their codes and texts, each once, errors first."""
    ranked = sorted(results, key=lambda result: result.result_code is not ResultCode.ERROR)
    codes = dict.fromkeys(f"{CODE_PREFIX}{result.code}" for result in ranked)
    messages = dict.fromkeys(result.description for result in ranked if result.description)
    return BETWEEN_CODES.join(codes), BETWEEN_MESSAGES.join(messages)


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
