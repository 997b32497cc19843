"""What Amazon answered, message by message: the public samples, every kind of doubt, and bytes of all sorts."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cws_filedrop.feeds.processing_report import (
    EXPLANATIONS,
    Answers,
    Counts,
    ProcessingReport,
    Result,
    ResultCode,
    Unreadable,
    answers,
    explain,
    read,
)
from cws_filedrop.feeds.schema import DocumentKind, validate
from cws_filedrop.model import Verdict

SAMPLES = Path(__file__).resolve().parents[2].parent / "shared" / "reference" / "amazon" / "samples"

ERROR, WARNING = "Error", "Warning"


def result(message_id: int, weight: str = ERROR, code: str = "18028", words: str = "Not found.") -> str:
    return (
        f"<Result><MessageID>{message_id}</MessageID><ResultCode>{weight}</ResultCode>"
        f"<ResultMessageCode>{code}</ResultMessageCode><ResultDescription>{words}</ResultDescription></Result>"
    )


def report(
    *results: str, counts: tuple[int, int, int, int] | None, status: str = "Complete", encoding: str = "UTF-8"
) -> bytes:
    names = ("MessagesProcessed", "MessagesSuccessful", "MessagesWithError", "MessagesWithWarning")
    figures = "".join(f"<{name}>{count}</{name}>" for name, count in zip(names, counts or (), strict=False))
    summary = f"<ProcessingSummary>{figures}</ProcessingSummary>" if counts else ""
    return (
        f'<?xml version="1.0" encoding="{encoding}"?>\n<AmazonEnvelope><Header><DocumentVersion>1.02</DocumentVersion>'
        "<MerchantIdentifier>A1</MerchantIdentifier></Header><MessageType>ProcessingReport</MessageType>"
        "<Message><MessageID>1</MessageID><ProcessingReport><DocumentTransactionID>77</DocumentTransactionID>"
        f"<StatusCode>{status}</StatusCode>{summary}{''.join(results)}</ProcessingReport></Message></AmazonEnvelope>"
    ).encode(encoding)


def rows(answer: Answers) -> list[tuple[int, str, str, str]]:
    return list(answer.exceptions.itertuples(index=False, name=None))


def judge(document: bytes, sent: int) -> Answers:
    validate(document, DocumentKind.PROCESSING_REPORT)
    return answers(read(document), sent)


# Reports that can be believed


def test_no_result_means_confirmed() -> None:
    answer = judge(report(counts=(3, 3, 0, 0)), 3)
    assert (answer.default, answer.reason, rows(answer)) == (Verdict.CONFIRMED, "", [])
    assert [str(kind) for kind in answer.exceptions.dtypes] == ["int64"] + ["string[pyarrow]"] * 3


def test_errors_and_warnings_are_the_exceptions() -> None:
    answer = judge(report(result(3), result(1, WARNING, "90061", "Ignored."), counts=(3, 2, 1, 1)), 3)
    assert answer.default is Verdict.CONFIRMED
    assert rows(answer) == [
        (1, "confirmed-warning", "A-90061", "Ignored."),
        (3, "unconfirmed", "A-18028", "Not found."),
    ]


def test_an_error_outweighs_a_warning_and_everything_said_is_kept() -> None:
    told = [result(2, WARNING, "90061", "Ignored."), result(2), result(2, ERROR, "18181", "Too long."), result(2)]
    answer = judge(report(*told, counts=(2, 1, 1, 1)), 2)
    assert rows(answer) == [(2, "unconfirmed", "A-18028, A-18181, A-90061", "Not found. | Too long. | Ignored.")]


def test_messages_need_not_be_numbered_from_one() -> None:
    document = read(report(result(502), counts=(2, 1, 1, 0)))
    answer = answers(document, 2, first_message_id=501)
    assert [row[0] for row in rows(answer)] == [502]
    assert answers(document, 2).default is Verdict.UNKNOWN


def test_a_warning_about_the_whole_confirms_all_where_the_counts_are_perfect() -> None:
    answer = judge(report(result(0, WARNING, "90061", "Ignored."), counts=(2, 2, 0, 1)), 2)
    assert (answer.default, answer.reason, rows(answer)) == (Verdict.CONFIRMED, "", [])
    assert (answer.codes, answer.words) == ("A-90061", "Ignored.")


def test_descriptions_are_stripped_and_their_blanks_collapsed() -> None:
    answer = judge(report(result(1, words="\n  Larger \t than\n left.\n"), counts=(1, 0, 1, 0)), 1)
    assert rows(answer)[0][3] == "Larger than left."


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("25", "not to fit its schema"),
        ("5000", "skipped this or could not read"),
        ("A-5002", "a fault of its own"),
        ("18021", "More units were confirmed than are left"),
        ("A-18028 | T04", "does not know this order"),
        ("T04, A-18181", "does not have the carrier's format"),
        ("50001", "damaged or incomplete"),
        ("90012", "missed a required column"),
        ("90061", "the shipment itself was taken"),
        ("T04", ""),
    ],
)
def test_codes_in_plain_words(code: str, words: str) -> None:
    said = explain(code)
    assert words in said
    assert bool(said) == bool(words)


# Reports that cannot

DOUBTS = {
    "the document as a whole": (report(result(0), result(1), counts=(2, 0, 2, 0)), "as a whole (A-18028: Not found.)"),
    "a warning about the whole, and less than all": (report(result(0, WARNING), counts=(2, 1, 0, 1)), "contradict"),
    "a parse error": (report(result(1, ERROR, "5000", "XML Parsing Error"), counts=(2, 1, 1, 0)), "could not read"),
    "the schema": (report(result(1, ERROR, "25", "Does not fit"), counts=(2, 1, 1, 0)), "could not read"),
    "fewer processed": (report(counts=(1, 1, 0, 0)), "2 messages were sent and 1 processed"),
    "more processed": (report(counts=(3, 3, 0, 0)), "2 messages were sent and 3 processed"),
    "nothing processed": (report(counts=(0, 0, 0, 0)), "2 messages were sent and 0 processed"),
    "no counts": (report(counts=None), "no counts"),
    "contradiction": (report(counts=(2, 1, 0, 0)), "contradict"),
    "an error nobody names": (report(counts=(2, 1, 1, 0)), "counts 1 messages with an error and names 0"),
    "an error nobody counts": (report(result(1), counts=(2, 2, 0, 0)), "counts 0 messages with an error and names 1"),
    "too many warnings": (report(counts=(2, 2, 0, 9)), "9 messages with a warning out of 2"),
    "still at it": (report(counts=(2, 2, 0, 0), status="Processing"), "status is Processing"),
    "rejected": (report(counts=(2, 2, 0, 0), status="Rejected"), "status is Rejected"),
    "a stranger": (report(result(3), counts=(2, 1, 1, 0)), "names message 3, which was not sent"),
}


@pytest.mark.parametrize("doubt", DOUBTS)
def test_a_doubt_leaves_nobody_confirmed(doubt: str) -> None:
    document, words = DOUBTS[doubt]
    answer = judge(document, 2)
    assert answer.default is Verdict.UNKNOWN
    assert words in answer.reason
    assert set(answer.exceptions["verdict"]) <= {"unknown"}


def test_what_amazon_said_of_a_message_is_kept_in_doubt() -> None:
    answer = judge(report(result(1), counts=(1, 0, 1, 0)), 2)
    assert rows(answer) == [(1, "unknown", "A-18028", "Not found.")]


# Whether nothing was taken, and whether asking again may help

PARSE_ERROR = (result(1, ERROR, "5002", "Fault of ours"), result(0, ERROR, "5000", "XML Parsing Error"))


@pytest.mark.parametrize(
    ("document", "nothing", "temporary"),
    [
        (report(counts=(0, 0, 0, 0)), True, True),
        (report(counts=(0, 0, 0, 0), status="Rejected"), True, True),
        (report(counts=(0, 0, 0, 0), status="Processing"), False, True),
        (report(*PARSE_ERROR, counts=(3, 0, 2, 0)), True, True),
        (report(result(0, ERROR, "25", "Does not fit"), counts=(3, 0, 1, 0)), True, False),
        (report(*(result(n, ERROR, "25") for n in (1, 2, 3)), counts=(3, 0, 3, 0)), True, False),
        (report(result(0, ERROR, "25", "Does not fit"), counts=(3, 1, 1, 0)), False, False),
        (report(result(1), counts=(3, 0, 1, 0)), False, True),
        (report(counts=None), False, True),
        (report(result(0, ERROR, "25"), result(4, ERROR, "25"), counts=(3, 0, 2, 0)), False, False),
        (report(result(0, ERROR, "25"), counts=(4, 0, 1, 0)), False, False),
    ],
)
def test_where_amazon_took_nothing_all_may_be_sent_again(document: bytes, nothing: bool, temporary: bool) -> None:
    answer = judge(document, 3)
    assert answer.default is Verdict.UNKNOWN
    assert (answer.nothing_taken, answer.temporary) == (nothing, temporary)


def test_what_is_refused_line_by_line_is_no_refusal_of_the_whole() -> None:
    answer = judge(report(*(result(n) for n in (1, 2, 3)), counts=(3, 0, 3, 0)), 3)
    assert (answer.default, answer.nothing_taken) == (Verdict.CONFIRMED, False)
    assert [row[1] for row in rows(answer)] == ["unconfirmed"] * 3


def test_the_report_on_another_feed_says_nothing_of_ours() -> None:
    found = read(report(counts=(2, 2, 0, 0)))
    assert answers(found, 2, feed_id="77").default is Verdict.CONFIRMED
    others = answers(found, 2, feed_id="78")
    assert (others.default, others.final) == (Verdict.UNKNOWN, False)
    assert "about Amazon's feed 77, and ours is 78" in others.reason
    assert not answers(read(report(counts=(0, 0, 0, 0))), 2, feed_id="78").nothing_taken


def test_asking_again_helps_only_where_another_report_may_come() -> None:
    assert answers(read(report(counts=(2, 1, 0, 0))), 2, feed_id="77").final
    assert not answers(read(report(counts=(2, 1, 0, 0))), 2).final, "it may be another's"
    assert not answers(read(report(counts=(2, 2, 0, 0), status="Processing")), 2, feed_id="77").final
    assert not answers(read(b"<html>"), 2, feed_id="77").final


UNREADABLE = {
    "nothing": (b"", "not well-formed"),
    "a flat file": (b"Feed Processing Summary:\n\tNumber of records processed\t\t1\n", "not well-formed"),
    "cut short": (report(counts=(2, 2, 0, 0))[:-20], "not well-formed"),
    "something else": (b"<html><body>Forbidden</body></html>", "0 processing reports"),
    "no number": (report(result(1).replace(">1<", ">one<"), counts=(1, 0, 1, 0)), "'one' for MessageID"),
    "too large a number": (report(result(9**20), counts=(1, 0, 1, 0)), "for MessageID"),
    "no count": (report(counts=(1, 1, 0, 0)).replace(b">0<", b"><"), "nothing"),
    "neither nor": (report(result(1, "Fatal"), counts=(1, 0, 1, 0)), "neither Error nor Warning: Fatal"),
    "two reports": (
        report(counts=(1, 1, 0, 0)).replace(b"</Message>", b"</Message><Message><ProcessingReport/></Message>"),
        "2 processing reports",
    ),
    "entities": (
        report(counts=(1, 1, 0, 0)).replace(b"<AmazonEnvelope>", b'<!DOCTYPE x [<!ENTITY e "f">]><AmazonEnvelope>'),
        "document type declaration",
    ),
}


@pytest.mark.parametrize("kind", UNREADABLE)
def test_unreadable_bytes_leave_everybody_unknown(kind: str) -> None:
    document, words = UNREADABLE[kind]
    found = read(document)
    assert isinstance(found, Unreadable)
    assert words in found.reason
    answer = answers(found, 1)
    assert (answer.default, rows(answer)) == (Verdict.UNKNOWN, [])
    assert words in answer.reason


@settings(deadline=None, max_examples=200)
@given(st.one_of(st.binary(max_size=200), st.integers(0, 600).map(lambda cut: report(counts=(1, 1, 0, 0))[:cut])))
def test_no_bytes_confirm_by_accident(junk: bytes) -> None:
    answer = answers(read(junk), 1)
    assert answer.default is Verdict.UNKNOWN or junk == report(counts=(1, 1, 0, 0))


# Encodings


@pytest.mark.parametrize(
    ("encoding", "words"),
    [
        ("UTF-8", "Größe 漢字"),
        ("UTF-16", "Größe 漢字"),
        ("ISO-8859-1", "Größe"),
        ("windows-1252", "Größe €"),
        ("Shift_JIS", "注文番号"),
        ("EUC-JP", "注文番号"),
    ],
)
def test_the_declared_encoding_is_read(encoding: str, words: str) -> None:
    found = read(report(result(1, words=words), counts=(1, 0, 1, 0), encoding=encoding))
    assert isinstance(found, ProcessingReport)
    assert found.results[0].description == words


def test_bytes_that_contradict_their_declaration_lose_no_answer() -> None:
    lying = report(result(1, words="Größe"), counts=(1, 0, 1, 0)).decode().encode("cp1252")
    found = read(lying)
    assert isinstance(found, ProcessingReport)
    assert found.results[0].description == "Größe"


def test_the_charset_of_the_download_helps_where_the_declaration_is_wrong() -> None:
    lying = report(result(1, words="①注文"), counts=(1, 0, 1, 0)).decode().encode("cp932")
    found = read(lying, "Windows-31J")
    assert isinstance(found, ProcessingReport)
    assert found.results[0].description == "①注文"


def test_an_encoding_nobody_knows_is_tried_as_what_it_may_be() -> None:
    strange = report(result(1), counts=(1, 0, 1, 0)).replace(b"UTF-8", b"Windows-31J")
    assert isinstance(read(strange), ProcessingReport)


def test_an_element_amazon_adds_and_a_namespace_lose_no_answer() -> None:
    document = report(result(1), counts=(1, 0, 1, 0)).replace(b"<Result>", b"<Result><Hint>x</Hint><!-- y -->")
    spaced = document.replace(b"<AmazonEnvelope>", b'<AmazonEnvelope xmlns="urn:x">')
    for each in (document, spaced):
        assert answers(read(each), 1).default is Verdict.CONFIRMED


def test_a_large_report_is_read() -> None:
    count = 20_000
    found = read(report(*(result(n) for n in range(1, count + 1)), counts=(count, 0, count, 0)))
    answer = answers(found, count)
    assert (answer.reason, len(answer.exceptions)) == ("", count)


# Plain words


def test_known_codes_are_explained_and_unknown_ones_are_not_guessed() -> None:
    assert explain("A-18028") == EXPLANATIONS["18028"] == explain("18028")
    assert explain("A-18028, A-99999, A-18181") == f"{EXPLANATIONS['18028']} {EXPLANATIONS['18181']}"
    assert explain("A-99999") == explain("") == ""


# Amazon's own reports

needs_samples = pytest.mark.skipif(not SAMPLES.is_dir(), reason="the public samples are not at hand")


@needs_samples
@pytest.mark.parametrize(
    ("name", "sent", "default", "expected"),
    [
        ("success", 1, "confirmed", []),
        ("18021-quantity", 1, "confirmed", [(1, "unconfirmed", "A-18021")]),
        ("18028-unknown-merchant-order", 1, "confirmed", [(1, "unconfirmed", "A-18028")]),
        ("18028-three-of-four", 4, "confirmed", [(n, "unconfirmed", "A-18028") for n in (1, 2, 4)]),
        ("5000-warning-duplicate", 1, "confirmed", [(1, "confirmed-warning", "A-5000")]),
        ("5000-5002-parse-error", 3, "unknown", [(1, "unknown", "A-5002")]),
        ("success", 2, "unknown", []),
    ],
)
def test_the_samples(name: str, sent: int, default: str, expected: list[tuple[int, str, str]]) -> None:
    answer = judge((SAMPLES / f"report-xml-{name}.xml").read_bytes(), sent)
    assert answer.default == default
    assert [row[:3] for row in rows(answer)] == expected


@needs_samples
def test_a_sample_in_full() -> None:
    found = read((SAMPLES / "report-xml-18021-quantity.xml").read_bytes())
    assert isinstance(found, ProcessingReport)
    (only,) = found.results
    assert found == ProcessingReport("8252984128", "Complete", Counts(1, 0, 1, 0), (only,))
    assert only == Result(1, ResultCode.ERROR, "18021", only.description, "103-6652650-4045858")
    assert only.description.startswith("The quantities you provided for order id (103-6652650-4045858) were")
    assert only.description.endswith("already fulfilled.")


@needs_samples
@pytest.mark.parametrize("path", sorted(SAMPLES.glob("*.xml")), ids=lambda path: path.stem)
def test_the_samples_fit_our_schemas(path: Path) -> None:
    kind = DocumentKind.PROCESSING_REPORT if "report" in path.name else DocumentKind.ORDER_FULFILLMENT
    validate(path.read_bytes(), kind)
