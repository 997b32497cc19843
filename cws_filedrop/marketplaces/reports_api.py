"""Order reports: the Reports API 2021-06-30, for orders that wait for shipment. Knows no order.

Shapes are those of reports_2021-06-30.json. The report's document contains buyers' data, so it is handed out only for a
restricted data token (docs/amazon.md#5-order-reports): createRestrictedDataToken, POST
/tokens/2021-03-01/restrictedDataToken, as in models/tokens-api-model/tokens_2021-03-01.json of
github.com/amzn/selling-partner-api-models (1 request a second, 10 at once). The token is for one document and is used
once; nothing of the document is logged or written to disk.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from cws_filedrop import log
from cws_filedrop.marketplaces.account import AccountClient
from cws_filedrop.marketplaces.answers import missing, moment, optional_text, text
from cws_filedrop.marketplaces.library import Reports, RestrictedTokens

LOG: Final = log.get(__name__)
REPORT_TYPE: Final = "GET_FLAT_FILE_ACTIONABLE_ORDER_DATA_SHIPPING"
DOCUMENT_PATH: Final = "/reports/2021-06-30/documents/"
MAX_BYTES: Final = 256 * 1024 * 1024  # some 500,000 order lines


class ReportStatus(StrEnum):
    """How far a report has come. Amazon also ends one as CANCELLED when there is nothing to report."""

    IN_QUEUE = "IN_QUEUE"
    IN_PROGRESS = "IN_PROGRESS"
    DONE = "DONE"
    CANCELLED = "CANCELLED"
    FATAL = "FATAL"


@dataclass(frozen=True, slots=True)
class AmazonReport:
    """A report as Amazon describes it. `document_id` is None if there is no document, or none yet."""

    report_id: str
    report_type: str
    status: ReportStatus
    created_at: datetime
    document_id: str | None = None


class ReportsClient(AccountClient):
    """One account's reports of orders that wait for shipment. May be used by several threads at once."""

    def create_report(self) -> str:
        """Let Amazon make a report. Returns its id. Called twice, Amazon makes two.

        Raises: RemoteUnavailable, RemoteRefused (403 when the application lacks the role).
        """
        doing, markets = "for an order report", [self._marketplace_id]
        payload = self._call(
            Reports, doing, lambda reports: reports.create_report(reportType=REPORT_TYPE, marketplaceIds=markets)
        )
        report_id = text(payload, "reportId", doing)
        LOG.info("amazon.report_asked", report=report_id)
        return report_id

    def get_report(self, report_id: str) -> AmazonReport:
        """How a report is doing.

        Raises: RemoteUnavailable, RemoteRefused (404 when Amazon does not know it).
        """
        doing = "how an order report is doing"
        payload = self._call(Reports, doing, lambda reports: reports.get_report(report_id))
        status = text(payload, "processingStatus", doing)
        if status not in ReportStatus.__members__:
            missing("processingStatus", status, doing)
        return AmazonReport(
            report_id=text(payload, "reportId", doing),
            report_type=text(payload, "reportType", doing),
            status=ReportStatus(status),
            created_at=moment(payload, "createdTime", doing),
            document_id=optional_text(payload, "reportDocumentId", doing),
        )

    def get_document(self, document_id: str) -> bytes:
        """A report's document, unpacked: the bytes as Amazon wrote them. It contains buyers' data.

        Raises: RemoteUnavailable, RemoteRefused.
        """
        doing = "for an order report's document"
        token = self._restricted_token(document_id)
        # Not by `_call`, which would replace a refused access token: here the restricted token is the one refused.
        payload, _ = self._once(Reports, doing, lambda reports: reports.find_document(document_id, token))
        return self._fetched(payload, doing, max_bytes=MAX_BYTES)

    def _restricted_token(self, document_id: str) -> str:
        doing = "for leave to read an order report"
        resources = [{"method": "GET", "path": DOCUMENT_PATH + document_id}]
        payload = self._call(
            RestrictedTokens, doing, lambda api: api.create_restricted_data_token(restrictedResources=resources)
        )
        return text(payload, "restrictedDataToken", doing)
