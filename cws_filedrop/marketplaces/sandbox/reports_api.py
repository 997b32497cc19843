"""The operations of the Reports API 2021-06-30, for one type of report, and the token its document needs. No HTTP.

Shapes and status codes are those of reports_2021-06-30.json and tokens_2021-03-01.json. A report is made at the first
request after it is due, from the book as it is then.
"""

from __future__ import annotations

import json
import re
import sqlite3
from typing import Any, Final

from cws_filedrop.marketplaces.sandbox import order_report
from cws_filedrop.marketplaces.sandbox.operations import (
    Amazon,
    OperationCall,
    Payload,
    fate_of,
    let_in,
    marketplaces,
    object_,
    time_,
    unknown,
    wrong,
)
from cws_filedrop.marketplaces.sandbox.rows import SandboxRows
from cws_filedrop.marketplaces.sandbox.settings import QUEUED_SHARE, SandboxServerSettings
from cws_filedrop.marketplaces.sandbox.signing import TOKEN_SECONDS, Signer

REPORT_TYPE: Final = "GET_FLAT_FILE_ACTIONABLE_ORDER_DATA_SHIPPING"
CONTENT_TYPE: Final = "text/tab-separated-values; charset=UTF-8"
RESOURCE: Final = re.compile(r"/reports/2021-06-30/documents/([A-Za-z0-9.-]+)")
MOST_RESOURCES: Final = 50


class ReportsApi:
    """The operations, on the sandbox's state."""

    def __init__(self, rows: SandboxRows, signer: Signer, amazon: Amazon, settings: SandboxServerSettings) -> None:
        self._rows = rows
        self._signer = signer
        self._amazon = amazon
        self._settings = settings

    def create_report(self, call: OperationCall) -> Payload:
        """Queue a report; not idempotent."""
        wanted = object_(call.body)
        if wanted.get("reportType") != REPORT_TYPE:
            raise wrong(f"reportType {wanted.get('reportType')!r} is not supported here")
        markets = json.dumps(marketplaces(wanted))
        now, whole = self._rows.now(), self._settings.processing_seconds
        times = (now, now + QUEUED_SHARE * whole, now + whole)
        with self._rows.state.write() as connection:
            cursor = connection.execute(
                "INSERT INTO reports (account, type, marketplaces, created, starts, ends, fate)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                (call.account, REPORT_TYPE, markets, *times, fate_of(call.fault).status),
            )
        return {"reportId": str(cursor.lastrowid)}

    def get_report(self, call: OperationCall) -> Payload:
        """A report as it is now."""
        self._rows.settle()  # orders that are shipped by now do not belong into it
        no, now = call.path["report_id"], self._rows.now()
        with self._rows.state.write() as connection:
            query = "SELECT * FROM reports WHERE account = ? AND no = ?"
            row = connection.execute(query, (call.account, int(no) if no.isdecimal() and len(no) < 18 else 0))
            report: dict[str, Any] = dict(row.fetchone() or {})
            if not report:
                raise unknown("report")
            if report["fate"] == "DONE" and now >= report["ends"] and report["document"] is None:
                report["document"] = self._made(connection, report)
        return _shown(report, now)

    def _made(self, connection: sqlite3.Connection, report: dict[str, Any]) -> str:
        now = self._rows.now()
        until = now - self._rows.behaviour.now.show_after_seconds
        body = order_report.write(connection, report["account"], now, until=until)
        document = self._rows.add_report(connection, report["account"], CONTENT_TYPE, body, restricted=True)
        connection.execute("UPDATE reports SET document = ? WHERE no = ?", (document, report["no"]))
        return document

    def create_token(self, call: OperationCall) -> Payload:
        """A restricted data token for report documents."""
        resources = object_(call.body).get("restrictedResources")
        if not isinstance(resources, list) or not 1 <= len(resources) <= MOST_RESOURCES:
            raise wrong(f"restrictedResources must be a list of 1 to {MOST_RESOURCES}")
        documents = [_document_of(resource) for resource in resources]
        token = self._signer.restricted_token(call.account, documents, self._rows.now())
        return {"restrictedDataToken": token, "expiresIn": TOKEN_SECONDS}

    def account(self, call: OperationCall) -> str:
        """Whose restricted data token a request for a document carries.

        Raises: Refusal.
        """
        token = call.headers.get("x-amz-access-token", "")
        return let_in(self._signer.restricted_account(token, call.path["document_id"], self._rows.now()))

    def get_report_document(self, call: OperationCall) -> Payload:
        """Where the contents of a report can be fetched."""
        document = self._rows.document(call.path["document_id"])
        if document is None or document.account != call.account or document.body is None or not document.restricted:
            raise unknown("document")
        return {"reportDocumentId": document.id} | self._amazon.opened(call, document)


def _document_of(resource: object) -> str:
    if not isinstance(resource, dict) or resource.get("method") != "GET":
        raise wrong("a restricted resource is an object with method GET and a path")
    found = RESOURCE.fullmatch(str(resource.get("path")))
    if found is None:
        raise wrong(f"{resource.get('path')!r} is no restricted resource here")
    return found[1]


def _shown(report: dict[str, Any], now: float) -> Payload:
    status = _status(report, now)
    payload = {
        "reportId": str(report["no"]),
        "reportType": report["type"],
        "marketplaceIds": json.loads(report["marketplaces"]),
        "createdTime": time_(report["created"]),
        "processingStatus": status,
    }
    return payload | ({"reportDocumentId": report["document"]} if status == "DONE" else {})


def _status(report: dict[str, Any], now: float) -> str:
    if now < report["starts"]:
        return "IN_QUEUE"
    done = now >= report["ends"] or report["fate"] == "CANCELLED"
    return str(report["fate"]) if done else "IN_PROGRESS"
