"""The real client and the real sandbox, on one clock that tests move on by hand."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar
from xml.etree import ElementTree
from xml.sax.saxutils import escape

import children
import httpx

from cws_filedrop.marketplaces.amazon import Credentials, Feed, FeedsClient, Timeouts
from cws_filedrop.marketplaces.orders_api import OrdersClient
from cws_filedrop.marketplaces.reports_api import ReportsClient
from cws_filedrop.marketplaces.sandbox import SandboxServerSettings, Server

MARKET = "ATVPDKIKX0DER"
UNLIMITED = 1e9
PROCESSING_SECONDS = 30.0
QUICK = Timeouts(connect_seconds=60.0, read_seconds=60.0, write_seconds=60.0, whole_seconds=60.0)
IMPATIENT = Timeouts(connect_seconds=60.0, read_seconds=0.2, write_seconds=60.0, whole_seconds=60.0)
Found = TypeVar("Found")


class Clock:
    """Seconds since 1970, as told."""

    def __init__(self) -> None:
        self.now = 1_795_000_000.0

    def __call__(self) -> float:
        return self.now


class Market:
    """A sandbox, and clients of it."""

    def __init__(self, data: Path, **settings: Any) -> None:
        self.clock = Clock()
        usual = {"rate_scale": UNLIMITED, "processing_seconds": PROCESSING_SECONDS, "clock": self.clock} | settings
        self.server = Server(SandboxServerSettings(data, **usual))
        self._clients: list[FeedsClient] = []
        self.control = httpx.Client(timeout=60, trust_env=False, verify=False)

    def start(self) -> Market:
        self.server.start()
        return self

    def stop(self) -> None:
        for client in self._clients:
            client.close()
        self._clients.clear()
        self.control.close()
        self.server.stop()

    def credentials(self, account: str = "M1") -> Credentials:
        return Credentials(self.server.endpoint, self.server.token_url, "id", "s3cr3t", f"sandbox-{account}")

    def client(
        self,
        account: str = "M1",
        timeouts: Timeouts = QUICK,
        credentials: Credentials | None = None,
        **options: Any,
    ) -> FeedsClient:
        """The account's client, or one that has other credentials; closed at the end."""
        self._clients.append(FeedsClient(credentials or self.credentials(account), MARKET, timeouts, **options))
        return self._clients[-1]

    def orders(self, account: str = "M1", timeouts: Timeouts = QUICK, **options: Any) -> OrdersClient:
        return OrdersClient.beside(self.client(account, timeouts, **options))

    def reports(self, account: str = "M1", timeouts: Timeouts = QUICK, **options: Any) -> ReportsClient:
        return ReportsClient.beside(self.client(account, timeouts, **options))

    def load(self, *orders: dict[str, Any], account: str = "M1") -> None:
        """Put orders into an account's book."""
        url = f"{self.server.endpoint}/sandbox/orders"
        answer = self.control.post(url, json={"account": account, "orders": orders})
        assert answer.status_code == 204, answer.text

    def since(self, seconds: float = 3600) -> datetime:
        """So long ago."""
        return datetime.fromtimestamp(self.clock.now - seconds, UTC)

    def finish(self) -> None:
        """Let the time pass that a feed takes."""
        self.clock.now += PROCESSING_SECONDS

    def fault(self, operation: str, kind: str, **values: Any) -> None:
        """Have something go wrong."""
        answer = self.control.post(
            f"{self.server.endpoint}/sandbox/faults", json={"operation": operation, "kind": kind} | values
        )
        assert answer.status_code == 200, answer.text

    def ask(self, path: str, **query: str) -> Any:
        """Something that only a sandbox tells."""
        answer = self.control.get(f"{self.server.endpoint}/sandbox/{path}", params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def ledger(self, **query: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self.ask("ledger", **query)["messages"]
        return rows

    def settled(self, client: FeedsClient, body: bytes) -> Feed:
        """A feed of that document, once it was processed."""
        feed_id = submit(client, body)
        self.finish()
        return client.get_feed(feed_id)

    def results(self, body: bytes, account: str = "M1") -> list[tuple[int, str, str]]:
        """What Amazon has to say about a document: (message, severity, code)."""
        client = self.client(account)
        feed = self.settled(client, body)
        assert feed.result_document_id is not None
        return results(client.get_report(feed.result_document_id))


def submit(client: FeedsClient, body: bytes) -> str:
    """All steps of sending a document."""
    document_id, url, _ = client.create_feed_document()
    client.upload(url, body)
    return client.create_feed(document_id)


def message(
    number: int,
    order: str = "",
    items: Iterable[tuple[str, int | None]] = (("01234567890123", 1),),
    tracking: str = "",
) -> str:
    """One OrderFulfillment message."""
    lines = "".join(
        f"<Item><AmazonOrderItemCode>{code}</AmazonOrderItemCode>"
        + ("" if quantity is None else f"<Quantity>{quantity}</Quantity>")
        + "</Item>"
        for code, quantity in items
    )
    return (
        f"<Message><MessageID>{number}</MessageID><OrderFulfillment>"
        f"<AmazonOrderID>{escape(order or order_id(number))}</AmazonOrderID>"
        "<FulfillmentDate>2026-11-22T01:30:42Z</FulfillmentDate>"
        "<FulfillmentData><CarrierCode>UPS</CarrierCode><ShippingMethod>Ground</ShippingMethod>"
        f"<ShipperTrackingNumber>{escape(tracking or f'1Z{number}')}</ShipperTrackingNumber></FulfillmentData>"
        f"{lines}</OrderFulfillment></Message>"
    )


def document(*messages: str) -> bytes:
    """An envelope around them, as the service sends it."""
    head = (
        '<?xml version="1.0" encoding="UTF-8"?>\n<AmazonEnvelope'
        ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:noNamespaceSchemaLocation="amzn-envelope.xsd">'
        "<Header><DocumentVersion>1.01</DocumentVersion><MerchantIdentifier>M1</MerchantIdentifier></Header>"
        "<MessageType>OrderFulfillment</MessageType>"
    )
    return (head + "".join(messages) + "</AmazonEnvelope>\n").encode()


def order_id(number: int) -> str:
    return f"902-1000000-{number:07d}"


def results(report: bytes) -> list[tuple[int, str, str]]:
    """What a report says about messages."""
    return [
        (
            int(node.findtext("MessageID", "")),
            node.findtext("ResultCode", ""),
            node.findtext("ResultMessageCode", ""),
        )
        for node in ElementTree.fromstring(report).iter("Result")
    ]


def counts(report: bytes) -> tuple[int, int, int, int]:
    """Processed, successful, with an error, with a warning."""
    summary = ElementTree.fromstring(report).find(".//ProcessingSummary")
    assert summary is not None
    processed, successful, refused, warned = (int(node.text or "") for node in summary)
    return processed, successful, refused, warned


def wait_for(look: Callable[[], Found], seconds: float = 60.0) -> Found:
    """The first true value, asked for again and again until the deadline."""
    deadline = time.monotonic() + seconds
    pause = threading.Event()
    while True:
        if found := look():
            return found
        assert time.monotonic() < deadline, f"waited {seconds} s"
        pause.wait(0.01)


class Child:
    """The sandbox as a process of its own, by its command line."""

    def __init__(self, data: Path, *arguments: str) -> None:
        command = [sys.executable, "-m", "cws_filedrop.marketplaces.sandbox", "--data", str(data), *arguments]
        self.process = children.start(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={**os.environ, "PYTHONWARNINGS": "error"}
        )
        assert self.process.stdout is not None
        assert self.process.stdin is not None
        readable, _, _ = select.select([self.process.stdout], [], [], 60)
        assert readable, "the sandbox said nothing"
        self.said: dict[str, str] = json.loads(self.process.stdout.readline())
        self.endpoint = self.said.get("endpoint", "")

    def client(self, account: str = "M1") -> FeedsClient:
        credentials = Credentials(self.endpoint, f"{self.endpoint}/auth/o2/token", "id", "s3cr3t", f"sandbox-{account}")
        return FeedsClient(credentials, MARKET, QUICK)

    def kill(self, number: int = signal.SIGKILL) -> int:
        """Send it a signal; its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.wait()

    def wait(self) -> int:
        """Its exit code, once it ended."""
        code = self.process.wait(60)
        for pipe in (self.process.stdin, self.process.stdout):
            assert pipe is not None
            pipe.close()
        return code
