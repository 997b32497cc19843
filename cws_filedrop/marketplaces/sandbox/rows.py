"""Documents and feeds as the sandbox remembers them, and the processing of feeds that are due. Knows no HTTP.

A feed is processed at the first request after it is due (`settle`), in order of creation: nothing runs in the
background that a crash could lose. Its effects, its ledger rows, its report and the mark that it is settled are one
transaction.
"""

from __future__ import annotations

import gzip
import json
import sqlite3
import threading
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from cws_filedrop import log
from cws_filedrop.errors import expected
from cws_filedrop.marketplaces.sandbox import cancelling, orders, report
from cws_filedrop.marketplaces.sandbox.behaviour import Behaviour, BehaviourStore
from cws_filedrop.marketplaces.sandbox.cancelling import Cancellations
from cws_filedrop.marketplaces.sandbox.reading import ReadableDocument, RefusedDocument, read
from cws_filedrop.marketplaces.sandbox.report import ReportedResult, ResultSeverity
from cws_filedrop.marketplaces.sandbox.settings import QUEUED_SHARE, SandboxServerSettings
from cws_filedrop.marketplaces.sandbox.state import State

LOG: Final = log.get(__name__)
CANCELLING: Final = "POST_ORDER_ACKNOWLEDGEMENT_DATA"  # feeds that cancel orders
FEED_DOCUMENT_SECONDS: Final = 2 * 86400.0
REPORT_SECONDS: Final = 28 * 86400.0
GZIP: Final = "GZIP"
ENDED: Final = "The feed ended as {}."
SPOILED: Final = "Nothing of the document was taken."


@dataclass(frozen=True, slots=True)
class DocumentRow:
    """A document's row. `body` is None until it is uploaded, and again when it has expired.

    A `restricted` one contains buyers' data, and is handed out only for a token of its own.
    """

    id: str
    account: str
    content_type: str
    created: float
    is_report: bool
    packing: str
    body: bytes | None
    restricted: bool


@dataclass(frozen=True, slots=True)
class Fate:
    """How a feed will end (DONE, FATAL or CANCELLED), whether its messages take effect, whether there is a report, and
    how much later than it was asked for it comes to be."""

    status: str = "DONE"
    applied: bool = True
    reported: bool = True
    later_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class SandboxFeedRow:
    """A feed's row; moments are seconds since 1970."""

    no: int
    account: str
    type: str
    marketplaces: tuple[str, ...]
    document: str
    created: float
    starts: float
    ends: float
    fate: str
    applied: bool
    settled: bool
    result: str | None
    reported: bool

    def status(self, now: float) -> str:
        """How far it has come by now."""
        if self.settled or (now >= self.starts and self.fate == "CANCELLED"):
            return self.fate
        return "IN_QUEUE" if now < self.starts else "IN_PROGRESS"


class SandboxRows:
    """All documents and feeds."""

    def __init__(self, state: State, settings: SandboxServerSettings) -> None:
        self.state = state
        self.behaviour = BehaviourStore(state, Behaviour(show_after_seconds=settings.show_after_seconds))
        self._settings = settings
        self._one_at_a_time = threading.Lock()

    def feed_id(self, no: int) -> str:
        """The id of a feed, as clients know it."""
        return f"{self._settings.feed_prefix}{no}"

    def feed_no(self, feed_id: str) -> int:
        """The number of a feed by its id, or by the number alone, as ids once were; 0 if that is none."""
        no = feed_id.removeprefix(self._settings.feed_prefix)
        return int(no) if no.isascii() and no.isdigit() and len(no) < 18 else 0

    def now(self) -> float:
        """The sandbox's time, by which it dates everything."""
        return self._settings.clock() + self.behaviour.now.clock_skew_seconds

    # Documents

    def add_document(self, account: str, content_type: str) -> str:
        """Make room for a document. Returns its id."""
        document_id = f"amzn1.tortuga.4.na.{uuid.uuid4()}"
        with self.state.write() as connection:
            connection.execute(
                "INSERT INTO documents (id, account, content_type, created) VALUES (?, ?, ?, ?)",
                (document_id, account, content_type, self.now()),
            )
        return document_id

    def document(self, document_id: str) -> DocumentRow | None:
        """A document, unless it has expired."""
        with self.state.read() as connection:
            row = connection.execute("SELECT * FROM documents WHERE id = ?", (document_id,)).fetchone()
        if row is None:
            return None
        marks = {name: bool(row[name]) for name in ("is_report", "restricted")}
        found = DocumentRow(**dict(row) | marks)
        return found if self.now() < found.created + _kept_seconds(found) else None

    def store(self, document_id: str, body: bytes) -> None:
        """Keep what was uploaded; a later upload replaces an earlier one."""
        with self.state.write() as connection:
            connection.execute("UPDATE documents SET body = ? WHERE id = ?", (body, document_id))

    def forget_old(self) -> None:
        """Drop the bytes of documents that have expired."""
        with self.state.write() as connection:
            connection.execute(
                "UPDATE documents SET body = NULL WHERE created < CASE is_report WHEN 1 THEN ? ELSE ? END",
                (self.now() - REPORT_SECONDS, self.now() - FEED_DOCUMENT_SECONDS),
            )

    # Feeds

    def add_feed(self, account: str, kind: str, marketplaces: list[str], document: str, fate: Fate) -> int:
        """Queue a new feed. Returns its number; nobody sees it before it is created, which may be in the future."""
        created, whole = self.now() + fate.later_seconds, self._settings.processing_seconds
        times = (created, created + QUEUED_SHARE * whole, created + whole)
        row = (account, kind, json.dumps(marketplaces), document, *times, fate.status, fate.applied, fate.reported)
        with self.state.write() as connection:
            cursor = connection.execute(
                "INSERT INTO feeds (account, type, marketplaces, document, created, starts, ends, fate, applied,"
                " reported) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                row,
            )
        no = expected(cursor.lastrowid, "number of a feed just created")
        LOG.info("sandbox.feed_created", amazon_feed=self.feed_id(no), merchant=account)
        return no

    def feed(self, account: str, no: int) -> SandboxFeedRow | None:
        """An account's feed as it is now."""
        self.settle()
        with self.state.read() as connection:
            query = "SELECT * FROM feeds WHERE no = ? AND account = ? AND created <= ?"
            row = connection.execute(query, (no, account, self.now())).fetchone()
        return None if row is None else _feed(row)

    def feeds(self, account: str, before: int | None) -> Iterator[SandboxFeedRow]:
        """An account's feeds before the number `before`, newest first."""
        self.settle()
        before = before or 2**62
        with self.state.read() as connection:
            rows = connection.execute(
                "SELECT * FROM feeds WHERE account = ? AND no < ? AND created <= ? ORDER BY no DESC",
                (account, before, self.now()),
            ).fetchall()
        return map(_feed, rows)

    def cancel(self, no: int) -> None:
        """End a feed that was not begun yet."""
        with self.state.write() as connection:
            connection.execute("UPDATE feeds SET fate = 'CANCELLED', applied = 0, settled = 1 WHERE no = ?", (no,))

    def settle(self) -> None:
        """Process every feed that is due."""
        with self._one_at_a_time:
            with self.state.read() as connection:
                due = connection.execute(
                    "SELECT * FROM feeds WHERE settled = 0 AND ends <= ? ORDER BY no", (self.now(),)
                ).fetchall()
            for row in due:
                self._process(_feed(row))

    def _process(self, feed: SandboxFeedRow) -> None:
        """Process a feed: parsing, which takes long, outside the transaction; what belongs together inside."""
        document = self.document(feed.document)
        reader = cancelling.read if feed.type == CANCELLING else read
        content = reader(document.body or b"") if document is not None and feed.applied else None
        with self.state.write() as connection:
            done = connection.execute("UPDATE feeds SET settled = 1 WHERE no = ? AND settled = 0", (feed.no,))
            if done.rowcount == 0:
                return  # another process on the same file was faster
            results, processed, merchant = self._outcome(connection, feed, content)
            if feed.reported or feed.fate == "DONE":  # a feed of an earlier version has no mark
                body = report.write(feed.no, merchant, processed, results)
                made = self.add_report(connection, feed.account, "text/xml; charset=UTF-8", body)
                connection.execute("UPDATE feeds SET result = ? WHERE no = ?", (made, feed.no))
        LOG.info(
            "sandbox.feed_processed",
            amazon_feed=self.feed_id(feed.no),
            status=feed.fate,
            messages=processed,
            results=len(results),
        )

    def _outcome(
        self,
        connection: sqlite3.Connection,
        feed: SandboxFeedRow,
        content: ReadableDocument | Cancellations | RefusedDocument | None,
    ) -> tuple[list[ReportedResult], int, str]:
        if content is None:
            ended = ReportedResult(0, ResultSeverity.ERROR, "5002", ENDED.format(feed.fate))
            return [ended] if feed.fate != "DONE" else [], 0, feed.account
        content = self._spoiled(content) or content
        if isinstance(content, RefusedDocument):
            faults = [
                ReportedResult(number, ResultSeverity.ERROR, code, words) for code, words, number in content.faults
            ]
            return faults, content.processed, feed.account
        told = (connection, feed.account, feed.no)
        if isinstance(content, Cancellations):
            results = cancelling.process(*told, content, self.now())
        else:
            results = orders.process(*told, content, self.now())
        return results, len(content.messages), content.merchant

    def _spoiled(self, content: ReadableDocument | Cancellations | RefusedDocument) -> RefusedDocument | None:
        """The refusal of a whole document, if it has an order that is guilty."""
        guilty = self.behaviour.now.guilty
        if isinstance(content, RefusedDocument):
            return None
        code = next((guilty[one.order_id] for one in content.messages if one.order_id in guilty), None)
        return None if code is None else RefusedDocument(0, ((code, SPOILED, 0),))

    def add_report(
        self, connection: sqlite3.Connection, account: str, content_type: str, body: bytes, *, restricted: bool = False
    ) -> str:
        """Keep a document that Amazon made. Returns its id."""
        packed = self._settings.gzip_reports
        document_id = f"amzn1.tortuga.4.na.{uuid.uuid4()}"
        kept = (GZIP, gzip.compress(body)) if packed else ("", body)
        connection.execute(
            "INSERT INTO documents (id, account, content_type, created, is_report, restricted, packing, body)"
            " VALUES (?, ?, ?, ?, 1, ?, ?, ?)",
            (document_id, account, content_type, self.now(), restricted, *kept),
        )
        return document_id


def _kept_seconds(document: DocumentRow) -> float:
    return REPORT_SECONDS if document.is_report else FEED_DOCUMENT_SECONDS


def _feed(row: sqlite3.Row) -> SandboxFeedRow:
    values = dict(row) | {
        "marketplaces": tuple(json.loads(row["marketplaces"])),
        "applied": bool(row["applied"]),
        "settled": bool(row["settled"]),
        "reported": bool(row["reported"]),
    }
    return SandboxFeedRow(**values)
