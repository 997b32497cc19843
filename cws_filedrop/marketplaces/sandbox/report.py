"""Processing reports as Amazon writes them (docs/amazon.md#6-processing-reports). Knows results, not their origin."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from xml.sax.saxutils import escape

HEAD: Final = """<?xml version="1.0" encoding="UTF-8"?>
<AmazonEnvelope xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:noNamespaceSchemaLocation="amzn-envelope.xsd">
	<Header>
		<DocumentVersion>1.02</DocumentVersion>
		<MerchantIdentifier>{merchant}</MerchantIdentifier>
	</Header>
	<MessageType>ProcessingReport</MessageType>
	<Message>
		<MessageID>1</MessageID>
		<ProcessingReport>
			<DocumentTransactionID>{feed}</DocumentTransactionID>
			<StatusCode>Complete</StatusCode>
			<ProcessingSummary>
				<MessagesProcessed>{processed}</MessagesProcessed>
				<MessagesSuccessful>{successful}</MessagesSuccessful>
				<MessagesWithError>{refused}</MessagesWithError>
				<MessagesWithWarning>{warned}</MessagesWithWarning>
			</ProcessingSummary>
"""
RESULT: Final = """\t\t\t<Result>
				<MessageID>{message}</MessageID>
				<ResultCode>{severity}</ResultCode>
				<ResultMessageCode>{code}</ResultMessageCode>
				<ResultDescription>{words}</ResultDescription>{about}
			</Result>
"""
ABOUT: Final = """
				<AdditionalInfo>
					<AmazonOrderID>{order_id}</AmazonOrderID>
				</AdditionalInfo>"""
TAIL: Final = """\t\t</ProcessingReport>
	</Message>
</AmazonEnvelope>
"""


class ResultSeverity(StrEnum):
    """The severity of a result."""

    ERROR = "Error"
    WARNING = "Warning"


@dataclass(frozen=True, slots=True)
class ReportedResult:
    """A result about a message; about the document if the message is 0."""

    message: int
    severity: ResultSeverity
    code: str
    words: str
    order_id: str = ""


def write(feed: int, merchant: str, processed: int, results: Iterable[ReportedResult]) -> bytes:
    """The report of a feed of which `processed` messages were processed."""
    results = list(results)
    refused = {result.message for result in results if result.severity is ResultSeverity.ERROR}
    warned = {result.message for result in results if result.severity is ResultSeverity.WARNING} - refused
    head = HEAD.format(
        merchant=escape(merchant),
        feed=feed,
        processed=processed,
        successful=0 if 0 in refused else processed - len(refused),
        refused=len(refused),
        warned=len(warned),
    )
    return (head + "".join(map(_result, results)) + TAIL).encode()


def _result(result: ReportedResult) -> str:
    return RESULT.format(
        message=result.message,
        severity=result.severity,
        code=result.code,
        words=escape(result.words),
        about=ABOUT.format(order_id=escape(result.order_id)) if result.order_id else "",
    )
