"""Links to orders on Amazon's seller site."""

from __future__ import annotations

import pytest

from cws_filedrop.marketplaces.library import ENDPOINTS
from cws_filedrop.marketplaces.seller_site import HOSTS, order_url

ORDER = "026-1520163-6049104"


@pytest.mark.parametrize(
    ("marketplace_id", "host"),
    [
        ("ATVPDKIKX0DER", "sellercentral.amazon.com"),
        ("A1PA6795UKMFR9", "sellercentral-europe.amazon.com"),
        ("A1F83G8C2ARO7P", "sellercentral-europe.amazon.com"),
        ("AE08WJ6YKNBMC", "sellercentral.amazon.co.za"),
        ("A1VC38T7YXB528", "sellercentral.amazon.co.jp"),
    ],
)
def test_an_order_is_linked_on_the_site_of_its_marketplace(marketplace_id: str, host: str) -> None:
    assert order_url(marketplace_id, ORDER) == f"https://{host}/orders-v3/order/{ORDER}"


def test_a_marketplace_that_is_not_known_has_no_link() -> None:
    assert order_url("A0000000000000", ORDER) == ""


def test_what_is_no_order_number_cannot_lead_elsewhere() -> None:
    assert order_url("ATVPDKIKX0DER", "../x?y#z") == "https://sellercentral.amazon.com/orders-v3/order/..%2Fx%3Fy%23z"


def test_every_marketplace_that_feeds_can_be_sent_to_has_a_site() -> None:
    assert set(HOSTS) == set(ENDPOINTS)
