"""Order reports: the real client against the real sandbox."""

from __future__ import annotations

import logging
from collections.abc import Callable
from io import BytesIO
from typing import Any

import httpx
import pytest
from marketplaces.market_kit import IMPATIENT, MARKET, PROCESSING_SECONDS, QUICK, Market, document, message, order_id
from pipeline.contexts import NOW

from cws_filedrop.errors import RemoteRefused, RemoteUnavailable
from cws_filedrop.formats.claims import ORDER_FORMATS
from cws_filedrop.formats.file import open_file
from cws_filedrop.marketplaces.amazon import Credentials
from cws_filedrop.marketplaces.limits import RATES
from cws_filedrop.marketplaces.reports_api import REPORT_TYPE, AmazonReport, ReportsClient, ReportStatus
from cws_filedrop.model import JudgementContext
from cws_filedrop.rules import order_rows

ITEM, OTHER = "01234567890123", "00000000000007"
ORDER = order_id(1)
FULL = {
    "order_id": ORDER,
    "purchase_date": "2026-11-20T10:00:00+00:00",
    "latest_ship_date": "2026-11-24T07:59:59+00:00",
    "ship_service_level": "Expedited",
    "buyer": {"buyer-name": "Zoë Quick", "recipient-name": "Zoë Quick", "ship-city": "Ōtsu", "ship-country": "JP"},
    "items": {ITEM: {"units": 3, "sku": "MUG\t1", "name": "A mug"}, OTHER: 1},
}


def made(market: Market, client: ReportsClient) -> AmazonReport:
    """A report whose time is over."""
    report_id = client.create_report()
    market.clock.now += PROCESSING_SECONDS
    return client.get_report(report_id)


def lines(body: bytes) -> list[dict[str, str]]:
    head, *rest = body.decode().split("\r\n")[:-1]
    return [dict(zip(head.split("\t"), line.split("\t"), strict=True)) for line in rest]


def pulled(market: Market, account: str = "M1") -> list[dict[str, str]]:
    """The lines of a report made now."""
    client = market.reports(account)
    report = made(market, client)
    assert report.status is ReportStatus.DONE
    assert report.document_id is not None
    return lines(client.get_document(report.document_id))


def test_a_report_from_question_to_document(market: Market) -> None:
    market.load(FULL)
    client = market.reports()
    report_id = client.create_report()
    report = client.get_report(report_id)
    assert (report.report_id, report.report_type, report.status) == (report_id, REPORT_TYPE, ReportStatus.IN_QUEUE)
    assert (report.created_at.timestamp(), report.document_id) == (market.clock.now, None)
    market.clock.now += PROCESSING_SECONDS / 2
    assert client.get_report(report_id).status is ReportStatus.IN_PROGRESS
    market.clock.now += PROCESSING_SECONDS / 2
    report = client.get_report(report_id)
    assert report.status is ReportStatus.DONE
    assert report.document_id is not None
    assert client.get_report(report_id) == report, "one document, however often it is looked at"

    body = client.get_document(report.document_id)
    other, item = lines(body)
    assert len(item) == 30
    shown = {name: cell for name, cell in item.items() if cell and name != "reporting-date"}
    assert shown == {
        "order-id": ORDER,
        "order-item-id": ITEM,
        "purchase-date": "2026-11-20T10:00:00+00:00",
        "payments-date": "2026-11-20T10:00:00+00:00",
        "promise-date": "2026-11-24T07:59:59+00:00",
        "buyer-name": "Zoë Quick",
        "sku": "MUG 1",
        "product-name": "A mug",
        "quantity-purchased": "3",
        "quantity-shipped": "0",
        "quantity-to-ship": "3",
        "ship-service-level": "Expedited",
        "recipient-name": "Zoë Quick",
        "ship-city": "Ōtsu",
        "ship-country": "JP",
        "is-business-order": "false",
        "is-iba": "false",
    }
    assert (other["order-item-id"], other["sku"], other["ship-city"]) == (OTHER, "", "Ōtsu")

    file = open_file(BytesIO(body), file_name="report.txt", limits=JudgementContext(NOW).limits, wanted=ORDER_FORMATS)
    (chunk,) = file.chunks()
    read = order_rows.read(chunk.lines, required=file.facts.format.required, context=JudgementContext(NOW))
    assert (file.facts.format.name, len(read.rows), len(read.issues)) == ("amazon-order-report", 2, 0)


def test_only_what_waits_for_shipment_is_listed(market: Market) -> None:
    market.load(FULL, {"order_id": order_id(2), "items": {ITEM: {"units": 2, "cancelled": 2}}})
    market.load({"order_id": order_id(3), "items": {ITEM: 1}}, account="")
    market.load({"order_id": order_id(4), "items": {ITEM: 1}}, account="M2")
    assert market.results(document(message(1, ORDER, items=((OTHER, 1), (ITEM, 1))))) == []
    found = [(line["order-id"], line["quantity-shipped"], line["quantity-to-ship"]) for line in pulled(market)]
    assert found == [(order_id(3), "0", "1"), (ORDER, "1", "2")]
    assert [line["order-id"] for line in pulled(market, "M2")] == [order_id(3), order_id(4)]
    assert market.results(document(message(1, ORDER, items=(), tracking="1Z9"))) == []
    assert [line["order-id"] for line in pulled(market)] == [order_id(3)]


def test_the_book_of_an_account_goes_before_the_book_of_all(market: Market) -> None:
    market.load({"order_id": ORDER, "items": {ITEM: 1}}, account="")
    market.load({"order_id": ORDER, "items": {ITEM: {"units": 1, "cancelled": 1}}}, account="M1")
    assert pulled(market) == []
    assert [line["quantity-to-ship"] for line in pulled(market, "M2")] == ["1"]


def test_a_packed_report_is_unpacked(open_market: Callable[..., Market]) -> None:
    market = open_market(gzip_reports=True)
    market.load(FULL)
    assert [line["order-item-id"] for line in pulled(market)] == [OTHER, ITEM]


def asked(market: Market, document_id: str, token: str) -> httpx.Response:
    url = f"{market.server.endpoint}/reports/2021-06-30/documents/{document_id}"
    return market.control.get(url, headers={"x-amz-access-token": token})


def token(market: Market, account: str = "M1") -> str:
    form = {"grant_type": "refresh_token", "refresh_token": f"sandbox-{account}", "client_id": "x"}
    answer = market.control.post(market.server.token_url, data=form | {"client_secret": "y"})
    return str(answer.json()["access_token"])


def restricted(market: Market, *documents: str, account: str = "M1") -> str:
    resources = [{"method": "GET", "path": f"/reports/2021-06-30/documents/{one}"} for one in documents]
    answer = market.control.post(
        f"{market.server.endpoint}/tokens/2021-03-01/restrictedDataToken",
        headers={"x-amz-access-token": token(market, account)},
        json={"restrictedResources": resources},
    )
    assert answer.json()["expiresIn"] == 3600
    return str(answer.json()["restrictedDataToken"])


def test_the_document_is_for_a_restricted_token_of_its_own_only(market: Market) -> None:
    market.load(FULL)
    client = market.reports()
    first, second = made(market, client).document_id, made(market, client).document_id
    assert first is not None
    assert second is not None
    assert asked(market, first, "").status_code == 403
    assert asked(market, first, token(market)).status_code == 403
    assert asked(market, first, restricted(market, second)).status_code == 403
    assert asked(market, first, restricted(market, second) + "0").status_code == 403
    assert asked(market, first, restricted(market, first, account="M2")).status_code == 404
    both = restricted(market, second, first)
    assert asked(market, first, both).status_code == 200
    market.clock.now += 3600
    assert asked(market, first, both).status_code == 403
    with pytest.raises(RemoteRefused) as refused:
        market.client().get_report(first)  # as if it were a feed's
    assert refused.value.status == 404


@pytest.mark.parametrize(
    "resources",
    [
        None,
        [],
        {},
        [7],
        [{"method": "GET"}],
        [{"method": "PUT", "path": "/reports/2021-06-30/documents/a"}],
        [{"method": "GET", "path": "/orders/v0/orders"}],
        [{"method": "GET", "path": "/reports/2021-06-30/documents/a"}] * 51,
    ],
)
def test_senseless_restricted_resources(market: Market, resources: object) -> None:
    answer = market.control.post(
        f"{market.server.endpoint}/tokens/2021-03-01/restrictedDataToken",
        headers={"x-amz-access-token": token(market)},
        json={"restrictedResources": resources},
    )
    assert answer.status_code == 400


@pytest.mark.parametrize("wanted", [{}, {"reportType": "GET_OTHER", "marketplaceIds": [MARKET]}])
def test_other_reports_are_not_made(market: Market, wanted: dict[str, Any]) -> None:
    url = f"{market.server.endpoint}/reports/2021-06-30/reports"
    answer = market.control.post(url, headers={"x-amz-access-token": token(market)}, json=wanted)
    assert answer.status_code == 400


def test_a_report_nobody_asked_for_is_unknown(market: Market) -> None:
    client = market.reports()
    report_id = client.create_report()
    for other, name in ((market.reports("M2"), report_id), (client, "77"), (client, "x" * 30)):
        with pytest.raises(RemoteRefused) as refused:
            other.get_report(name)
        assert refused.value.status == 404


@pytest.mark.parametrize("fate", ["fatal", "cancelled"])
def test_reports_that_come_to_nothing(market: Market, fate: str) -> None:
    client = market.reports()
    market.fault("createReport", fate)
    report = made(market, client)
    assert (report.status, report.document_id) == (ReportStatus(fate.upper()), None)


def test_a_book_with_strange_facts_is_refused(market: Market) -> None:
    orders = [FULL | {"buyer": {"shoe-size": "44"}}]
    answer = market.control.post(market.server.endpoint + "/sandbox/orders", json={"orders": orders})
    assert (answer.status_code, "shoe-size" in answer.text) == (400, True)
    assert pulled(market) == [], "nothing of it is kept"


OPERATIONS = ("createReport", "getReport", "createRestrictedDataToken", "getReportDocument", "report")


@pytest.mark.parametrize("operation", OPERATIONS)
def test_faults_of_every_operation_of_reports(market: Market, operation: str) -> None:
    market.load(FULL)
    client = market.reports()
    done = made(market, client)
    assert done.document_id is not None

    def call(client: ReportsClient) -> None:
        assert done.document_id is not None
        client.create_report()
        client.get_report(done.report_id)
        assert len(lines(client.get_document(done.document_id))) == 2

    kinds = ("throttle", "fail", "drop", "break") + (() if operation == "report" else ("garbage", "cut"))
    for kind in kinds:
        market.fault(operation, kind)
        with pytest.raises(RemoteUnavailable):
            call(client)
    market.fault(operation, "refuse", status=403)
    with pytest.raises(RemoteRefused) as refused:
        call(client)
    assert refused.value.status == 403
    market.fault(operation, "hang")
    with pytest.raises(RemoteUnavailable, match="did not answer in time"):
        call(market.reports(timeouts=IMPATIENT))
    call(client)


@pytest.mark.parametrize("operation", ["createReport", "getReport"])
def test_rates_of_reports_are_amazons(open_market: Callable[..., Market], operation: str) -> None:
    market = open_market(rate_scale=1.0)
    client = market.reports()
    report_id = client.create_report()
    market.clock.now += 1800  # the bucket is full again, and the access token has not ended

    def call() -> object:
        return client.create_report() if operation == "createReport" else client.get_report(report_id)

    for _ in range(RATES[operation].burst):
        call()
    with pytest.raises(RemoteUnavailable, match="too often"):
        call()
    market.clock.now += RATES[operation].interval_seconds
    call()


def test_nothing_of_a_report_is_logged(
    market: Market, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    for name in ("", "sp_api.base.client"):
        caplog.set_level(logging.DEBUG, logger=name)
    market.load(FULL)
    assert len(pulled(market)) == 2
    said = caplog.text + "".join(capfd.readouterr())
    assert "report_asked" in said
    assert not any(word in said for word in ("Quick", "Ōtsu", "MUG", "Atz.sprdt", "X-Amz-Signature"))


def test_what_is_sent_for_a_report() -> None:
    seen: list[httpx.Request] = []

    def network(request: httpx.Request) -> httpx.Response:
        answers: dict[str, Any] = {
            "token": {"access_token": "Atza|abc", "expires_in": 3600},
            "restrictedDataToken": {"restrictedDataToken": "Atz.sprdt|x", "expiresIn": 3600},
            "reports": {"reportId": "7"},
            "d.1": {"reportDocumentId": "d.1", "url": "https://amazon.test/bucket/file"},
            "file": {},
        }
        name = request.url.path.rsplit("/", 1)[1]
        if name != "token":
            seen.append(request)
        answer = httpx.Response(200, json=answers[name])
        return httpx.Response(200, headers=answer.headers, stream=httpx.ByteStream(answer.content))

    credentials = Credentials("https://amazon.test", "https://login.test/auth/o2/token", "id", "s3cr3t", "r3fr3sh")
    with ReportsClient(credentials, MARKET, QUICK, transport=httpx.MockTransport(network)) as client:
        assert client.create_report() == "7"
        assert client.get_document("d.1") == b"{}"
    create, restrict, find, fetch = seen
    assert (create.method, create.url.path) == ("POST", "/reports/2021-06-30/reports")
    assert create.read() == b'{"reportType": "%s", "marketplaceIds": ["%s"]}' % (REPORT_TYPE.encode(), MARKET.encode())
    assert (restrict.method, restrict.url.path) == ("POST", "/tokens/2021-03-01/restrictedDataToken")
    path = b"/reports/2021-06-30/documents/d.1"
    assert restrict.read() == b'{"restrictedResources": [{"method": "GET", "path": "%s"}]}' % path
    assert (find.method, find.url.raw_path) == ("GET", path)
    tokens = [one.headers.get("x-amz-access-token") for one in seen]
    assert tokens == ["Atza|abc", "Atza|abc", "Atz.sprdt|x", None], "the storage is not told any"
    assert fetch.url.path == "/bucket/file"
